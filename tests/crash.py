"""Crash: the steps by which a command writes to the disk, and commands in forks of one warm
process, each to be killed at a step of its own.

Run as a program, it reads one order a line and answers with the number of the process and then
with how it ended.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

CALLS = ("fsync", "pwrite", "rename", "replace")
"""What puts bytes or names on the disk."""


class Ended(NamedTuple):
    """How a command ended, what it said, and the steps that it came to."""

    code: int
    said: str
    steps: tuple[str, ...]


class Nursery:
    """A warm process that runs one command at a time, over the repository at `top`."""

    def __init__(self, top: Path, environment: dict[str, str]) -> None:
        self.top, self._environment = top, environment
        self._said, self._noted = top.with_suffix(".said"), top.with_suffix(".steps")

    def __enter__(self) -> Self:
        self.is_busy = False
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._environment},
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, *arguments: str, kill_at: int = 0, full_from: int = 0) -> int:
        """The number of the process that runs a command. It is killed at its step `kill_at`, from
        1; from its step `full_from` on the disk is full."""
        order = {
            "arguments": ["--top", str(self.top), *arguments],
            "kill_at": kill_at,
            "full_from": full_from,
            "said": str(self._said),
            "noted": str(self._noted),
        }
        assert self._process.stdin and not self.is_busy
        self.is_busy = True
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._number()

    def end(self) -> Ended:
        """How the command that was started ended."""
        code = self._number()
        self.is_busy = False
        noted = self._noted.read_text().splitlines()
        return Ended(code, self._said.read_text(), tuple(noted))

    def run(self, *arguments: str, kill_at: int = 0, full_from: int = 0) -> Ended:
        self.start(*arguments, kill_at=kill_at, full_from=full_from)
        return self.end()

    def _number(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


def _serve() -> None:
    from trueup.cli import check, group, retest
    from trueup.sandbox import best_containment

    # What every command reads and finds out first is there before the fork.
    assert {check.check.name, retest.retest.name} <= group.cli.commands.keys()
    vars(group)["best_containment"] = cache(best_containment)
    vars(group)["best_containment"]()
    for line in sys.stdin:
        order = json.loads(line)
        for name in ("said", "noted"):
            Path(order[name]).write_bytes(b"")
        number = os.fork()
        if number == 0:
            _run(order)
        _tell(number)
        _tell(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _run(order: dict[str, Any]) -> None:
    from trueup.cli import main

    said = os.open(order["said"], os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    noted, count = os.open(order["noted"], os.O_WRONLY), 0

    def reach(step: str) -> None:
        nonlocal count
        count += 1
        os.write(noted, f"{step}\n".encode())
        if 0 < order["full_from"] <= count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if count == order["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 99
    try:
        with stepwise(reach):
            main(order["arguments"])
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def stepwise(reach: Callable[[str], None]) -> Iterator[None]:
    """Calls `reach` with the name of each step: before and after what puts bytes or names on the
    disk, and where half of the bytes are there."""
    calls = {name: getattr(os, name) for name in CALLS}
    for name, call in calls.items():
        setattr(os, name, _around(name, call, reach))
    try:
        yield
    finally:
        for name, call in calls.items():
            setattr(os, name, call)


def _around(
    name: str, call: Callable[..., Any], reach: Callable[[str], None]
) -> Callable[..., Any]:
    def stepped(*arguments: Any) -> Any:
        what = f"{name} of {_file(arguments)}"
        reach(f"before {what}")
        if name == "pwrite":
            handle, content, offset = arguments
            call(handle, content[: len(content) // 2], offset)
            reach(f"amid {what}")
        done = call(*arguments)
        reach(f"after {what}")
        return done

    return stepped


def _file(arguments: tuple[Any, ...]) -> str:
    """The name of the file that a call is about: where a handle leads, or the new name."""
    if isinstance(arguments[0], int):
        return Path(os.readlink(f"/proc/self/fd/{arguments[0]}")).name
    return Path(arguments[-1]).name


if __name__ == "__main__":
    _serve()
