"""Crash: the steps by which a command writes to the disk, and a process that is killed at one.

Run as a program, it runs one command over the repository at a path.
"""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

CALLS = ("fsync", "pwrite", "rename", "replace")
"""The calls that put bytes or names on the disk."""


class Ended(NamedTuple):
    """The exit code of a command, its output, and the steps that it reached."""

    code: int
    output: str
    steps: tuple[str, ...]


class Process:
    """A command over the repository at `top`, in a process of its own.

    It is killed at its step `kill_at`, from 1; from its step `full_from` on the disk is full.
    """

    def __init__(self, top: Path, *arguments: str, kill_at: int = 0, full_from: int = 0) -> None:
        self._output, self._steps = top.with_suffix(".output"), top.with_suffix(".steps")
        self._steps.touch()
        numbers = [str(number) for number in (kill_at, full_from)]
        command = [sys.executable, __file__, str(self._steps), *numbers, "--top", str(top)]
        # A file and no pipe: what a killed process has started may hold a pipe open.
        with self._output.open("w") as output:
            self._popen = subprocess.Popen(
                [*command, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.pid = self._popen.pid

    def send(self, number: int) -> None:
        self._popen.send_signal(number)

    def end(self) -> Ended:
        code = self._popen.wait()
        return Ended(code, self._output.read_text(), tuple(self._steps.read_text().splitlines()))


def _run(steps: str, kill_at: int, full_from: int, *arguments: str) -> None:
    from trueup.cli import main

    handle = os.open(steps, os.O_WRONLY | os.O_TRUNC)

    def reach(number: int, step: str) -> None:
        os.write(handle, f"{step}\n".encode())
        if number == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with stepwise(reach, full_from):
        main(arguments)


@contextmanager
def stepwise(reach: Callable[[int, str], None], full_from: int = 0) -> Iterator[None]:
    """Calls `reach` with number and name of each step: before and after each of `CALLS`, and where
    half of the bytes are there. From step `full_from` on the disk is full."""
    count = 0

    def step(name: str) -> None:
        nonlocal count
        count += 1
        reach(count, name)
        if 0 < full_from <= count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    calls = {name: getattr(os, name) for name in CALLS}
    for name, call in calls.items():
        setattr(os, name, _around(name, call, step))
    try:
        yield
    finally:
        for name, call in calls.items():
            setattr(os, name, call)


def _around(name: str, call: Callable[..., Any], step: Callable[[str], None]) -> Callable[..., Any]:
    def stepped(*arguments: Any) -> Any:
        what = f"{name} of {_file(arguments)}"
        step(f"before {what}")
        if name == "pwrite":
            handle, content, offset = arguments
            call(handle, content[: len(content) // 2], offset)
            step(f"amid {what}")
        done = call(*arguments)
        step(f"after {what}")
        return done

    return stepped


def _file(arguments: tuple[Any, ...]) -> str:
    """The name of the file that a call is about: that of the handle, or the new name."""
    if isinstance(arguments[0], int):
        return Path(os.readlink(f"/proc/self/fd/{arguments[0]}")).name
    return Path(arguments[-1]).name


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
