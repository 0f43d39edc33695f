"""Crash: commands of Trueup in forks of one warm process, each to be killed at a step of its own.

Run as a program, it reads one order a line and answers with the number of the process and then
with how it ended.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

STEPS = ("fsync", "pwrite", "rename", "replace")
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
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._number()

    def end(self) -> Ended:
        """How the command that was started ended."""
        code = self._number()
        noted = self._noted.read_text().splitlines()
        return Ended(code, self._said.read_text(), tuple(noted))

    def run(self, *arguments: str, kill_at: int = 0, full_from: int = 0) -> Ended:
        self.start(*arguments, kill_at=kill_at, full_from=full_from)
        return self.end()

    def _number(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


def _serve() -> None:
    from trueup.cli import group
    from trueup.sandbox import best_containment

    # What every command finds out first is found out once, before the fork.
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
    steps = Steps(os.open(order["noted"], os.O_WRONLY), order["kill_at"], order["full_from"])
    for name in STEPS:
        setattr(os, name, steps.around(name, getattr(os, name)))
    code = 99
    try:
        main(order["arguments"])
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Steps:
    """Counts the steps before, within and after each call, and ends the process at one of them."""

    def __init__(self, noted: int, kill_at: int, full_from: int) -> None:
        self._noted, self._count = noted, 0
        self._kill_at, self._full_from = kill_at, full_from

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any) -> Any:
            what = f"{name} of {_file(arguments)}"
            self._step(f"before {what}")
            if name == "pwrite":
                handle, content, offset = arguments
                call(handle, content[: len(content) // 2], offset)
                self._step(f"amid {what}")
            done = call(*arguments)
            self._step(f"after {what}")
            return done

        return stepped

    def _step(self, what: str) -> None:
        self._count += 1
        os.write(self._noted, f"{what}\n".encode())
        if 0 < self._full_from <= self._count:
            raise OSError(28, "No space left on device")
        if self._count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _file(arguments: tuple[Any, ...]) -> str:
    """The name of the file that a call is about: where a handle leads, or the new name."""
    if isinstance(arguments[0], int):
        return Path(os.readlink(f"/proc/self/fd/{arguments[0]}")).name
    return Path(arguments[-1]).name


if __name__ == "__main__":
    _serve()
