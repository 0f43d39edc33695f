"""Progress of a command on stderr: one line that is rewritten on a terminal and gone at the end;
elsewhere a line every half minute, so that no CI takes long work for a hung one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

import click

from trueup.progress import Progress

EVERY_S = 30.0
"""Seconds between two lines of a log."""


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield what shows the progress of the work inside."""
    if not sys.stderr.isatty():
        yield _log()
        return
    # Imported here: other commands do not wait for it.
    from rich.console import Console
    from rich.progress import Progress as Display
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(Column(no_wrap=True)),
    )
    display = Display(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with display:
        task = display.add_task("", total=None)
        yield lambda step, done, total: display.update(task, description=_text(step, done, total))


def _log() -> Progress:
    """Return what prints a line if the last one, or the start, is long ago."""
    lock, last = Lock(), monotonic()

    def report(step: str, done: int, total: int) -> None:
        nonlocal last
        with lock:
            if (now := monotonic()) - last >= EVERY_S:
                last = now
                click.echo(_text(step, done, total), err=True)

    return report


def _text(step: str, done: int, total: int) -> str:
    return f"{step}: {done} of {total}" if total else step
