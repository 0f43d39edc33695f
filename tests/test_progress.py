"""Progress: one line on a terminal, gone at the end; in a log, a line now and then."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from command import trueup
from pytest import MonkeyPatch

from trueup.cli import progress
from trueup.progress import no_progress

SHOW = """
import time
from trueup.cli.progress import shown_progress
with shown_progress() as progress:
    for done in range(4):
        progress("running [red]blocks", done, 2517)
        time.sleep(0.15)
print("stdout")
"""
CONTROL = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])")


def on_terminal(
    width: int, code: str = SHOW, exit_code: int = 0, **variables: str
) -> tuple[str, str]:
    """What a program writes to a terminal that is its stderr, and to its stdout, a pipe."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **variables}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=its,
        env=environment,
        text=True,
    ) as process:
        os.close(its)
        written = b""
        try:
            while piece := os.read(ours, 4096):
                written += piece
        except OSError:  # how Linux ends a terminal that nobody writes to
            pass
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(ours)
    assert process.returncode == exit_code
    return written.decode(), printed


def screen(written: str) -> list[str]:
    """The lines that are left on a terminal."""
    lines, row, column, at = [""], 0, 0, 0
    while at < len(written):
        if control := CONTROL.match(written, at):
            at, kind, count = control.end(), control[2], int(control[1] or 1)
            if kind == "A":
                row -= count
            elif kind == "K":
                lines[row] = ""
            continue
        letter, at = written[at], at + 1
        if letter == "\r":
            column = 0
        elif letter == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        else:
            lines[row] = lines[row][:column].ljust(column) + letter + lines[row][column + 1 :]
            column += 1
    return lines


def test_a_terminal_shows_what_is_done_and_nothing_is_left_at_the_end() -> None:
    written, printed = on_terminal(80)
    assert "running [red]blocks: 0 of 2517" in written
    assert "running [red]blocks: 3 of 2517" in written
    assert "".join(screen(written)) == ""
    assert printed == "stdout\n"


@pytest.mark.parametrize("width", [10, 24, 40])
def test_the_line_is_no_wider_than_the_terminal(width: int) -> None:
    written, _ = on_terminal(width)
    plain = CONTROL.sub("", written)
    assert "runn" in plain
    assert max(map(len, re.split(r"[\r\n]+", plain))) <= width
    assert written.count("\n") == 1  # that of the end: each frame is one line
    assert "".join(screen(written)) == ""


def test_an_error_leaves_no_line_before_its_message() -> None:
    code = SHOW.replace("time.sleep(0.15)", "done and exit('it failed')")
    written, _ = on_terminal(80, code, exit_code=1)
    assert [line for line in screen(written) if line] == ["it failed"]


def test_a_dumb_terminal_gets_no_control_characters() -> None:
    written, _ = on_terminal(80, TERM="dumb")
    assert "\x1b" not in written


def test_a_log_gets_no_line_of_short_work(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown_progress() as report:
        for done in range(100):
            report("running blocks", done, 100)
    assert capsys.readouterr() == ("", "")


def test_a_log_gets_a_line_every_half_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 30.0)
    times = iter([0.0, 29.9, 30.0, 31.0, 59.9, 61.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(times))
    with progress.shown_progress() as report:
        for done in range(4):
            report("running blocks", done, 9)
        report("stamping the pages", 0, 0)
    assert capsys.readouterr() == ("", "running blocks: 1 of 9\nstamping the pages\n")


def test_a_command_reports_each_language_block_and_step(
    starter: Path, monkeypatch: MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    done = trueup(starter, "docs", "--no-serve")
    lines = done.stderr.splitlines()
    assert done.returncode == 0
    assert lines[0] == "checking the sources"
    assert lines[1:3] == ["building languages: 0 of 1", "building languages: 1 of 1"]
    assert lines[3:5] == ["writing the exports", "reading the pages"]
    count = len(lines) - 7
    assert count > 0
    assert lines[5:-1] == [f"running blocks: {n} of {count}" for n in range(count + 1)]
    assert lines[-1] == "stamping and checking the pages"


def test_by_default_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    no_progress("running blocks", 1, 2)
    assert capsys.readouterr() == ("", "")
