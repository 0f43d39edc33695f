"""Child: how a block's process comes to be, by a spawn or from a warm interpreter, and what it may
use. Part of the program inside a sandbox: the standard library only, found by path."""

import contextlib
import ctypes
import io
import math
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38  # prctl(2)
_RESTRICT_SELF = 446  # landlock_restrict_self(2)
_PROCESSES = 512
_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)

_MOST_WARM = 4
_PATIENCE_S = 5
_IMPORT = re.compile(r"import ([\w.]+)|from ([\w.]+) import [\w, ]+", re.ASCII)
_PRELOADED = frozenset(
    ("argparse", "base64", "collections", "dataclasses", "datetime", "io", "json", "math")
    + ("mimetypes", "os", "pathlib", "random", "re", "shutil", "string", "sys", "tempfile")
    + ("textwrap", "time", "typing", "urllib", "uuid", "httpx", "google")
)
"""What is imported ahead of a block; importing it prints nothing and starts nothing."""


class Forked:
    """A process that a warm interpreter became, seen as `subprocess.Popen` shows its own."""

    def __init__(self, pid: int, stdout: io.FileIO, stderr: io.FileIO) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, -N after signal N, or None while it runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        """The exit code, once there is one."""
        return self._reap(0)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            done, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if done else None
        return self.returncode


Child = subprocess.Popen[bytes] | Forked


def head_of(source: bytes) -> str:
    """The imports that a block starts with, as far as they can be made ahead of it."""
    lines = []
    for line in source.decode(errors="replace").split("\n"):
        found = _IMPORT.fullmatch(line)
        if found and (found[1] or found[2]).partition(".")[0] in _PRELOADED:
            lines.append(line)
        elif line.strip() and not line.startswith("#"):
            break
    return "\n".join(lines)


class Starter:
    """Starts blocks one after the other; knows the interpreters that it keeps warm."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        # Before Linux 5.14 processes were counted for the user of the host, not for the namespace.
        release = tuple(map(int, os.uname().release.split(".")[:2])) if _LINUX else (0, 0)
        self._counted = os.getpid() == 1 and release >= (5, 14)
        self._warm: dict[str, _Warm | None] = {}

    def start(self, order: dict[str, Any], script: str, folder: str, source: bytes) -> Child:
        """The block's process: a child of ours, in a session of its own."""
        if self._counted and self._settings["warm"] and order["name"].endswith(".py"):
            forked = self._fork(order, script, folder, head_of(source))
            if forked is not None:
                return forked
        process = self._spawn(
            order, script, folder, None if self._counted else _confinement(self._settings, order)
        )
        # A child that runs no Python starts 3 ms sooner; it has read no line of the block yet.
        for kind, value in _limits(order, _PROCESSES) if self._counted else ():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process.pid, kind, (value, value))
        return process

    def kept(self) -> set[int]:
        """The warm interpreters that are alive; those that a block ended are forgotten."""
        alive = {
            head: warm
            for head, warm in self._warm.items()
            if warm is None or warm.process.poll() is None
        }
        for head in self._warm.keys() - alive.keys():
            self._drop(head)
        return {warm.process.pid for warm in alive.values() if warm is not None}

    def drop(self) -> None:
        """Ends the warm interpreters: a block left processes, so they are not to be trusted."""
        for head in [head for head, warm in self._warm.items() if warm is not None]:
            self._drop(head)

    def _drop(self, head: str) -> None:
        warm = self._warm.pop(head)
        if warm is not None:
            warm.close()

    def _fork(self, order: dict[str, Any], script: str, folder: str, head: str) -> Forked | None:
        """The block in a fork of the interpreter that has made its first imports; None where that
        cannot be had, as with imports that start a thread."""
        if head not in self._warm:
            kept = [known for known, warm in self._warm.items() if warm is not None]
            if len(kept) >= _MOST_WARM:
                self._drop(kept[0])
            self._warm[head] = self._warm_up(order, script, folder, head)
        warm = self._warm.pop(head)
        self._warm[head] = warm  # the one used last is dropped last
        if warm is None:
            return None
        try:
            return warm.fork(folder, list(_limits(order, _PROCESSES)))
        except (OSError, EOFError, ValueError):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)  # whatever came of it, the block is not run twice
            self.drop()
            return None

    def _warm_up(
        self, order: dict[str, Any], script: str, folder: str, head: str
    ) -> "_Warm | None":
        ours, theirs = socket.socketpair()
        told = {"PYTHONPATH": self._settings["warm"], "TRUEUP_WARM": str(theirs.fileno())}
        with theirs:
            process = self._spawn(order, script, folder, None, told, (theirs.fileno(),))
        warm = _Warm(process, ours)
        try:
            warm.preload(head)
        except (OSError, EOFError):
            warm.close()
            return None
        return warm

    def _spawn(
        self,
        order: dict[str, Any],
        script: str,
        folder: str,
        confinement: Callable[[], None] | None,
        told: dict[str, str] | None = None,
        descriptors: tuple[int, ...] = (),
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*order["command"], script],
            cwd=folder,
            env=self._settings["environment"] | {"HOME": folder} | (told or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=confinement,
            pass_fds=descriptors,
        )


class _Warm:
    """One interpreter that waits in `hatch.py`, and the channel to it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self.process, self._channel = process, channel
        channel.settimeout(_PATIENCE_S)

    def preload(self, head: str) -> None:
        """Raises EOFError where the imports leave an interpreter that must not be forked."""
        content = head.encode()
        self._channel.sendall(b"%d\n" % len(content) + content)
        self._read_line()

    def fork(self, folder: str, limits: list[tuple[int, int]]) -> Forked:
        (out, out_theirs), (err, err_theirs) = os.pipe(), os.pipe()
        stdout, stderr = io.FileIO(out), io.FileIO(err)
        try:
            order = " ".join(f"{kind}={value}" for kind, value in limits)
            message = f"{order}\n{folder}".encode()
            socket.send_fds(self._channel, [message], [out_theirs, err_theirs])
            return Forked(int(self._read_line()), stdout, stderr)
        except BaseException:
            stdout.close()
            stderr.close()
            raise
        finally:
            os.close(out_theirs)
            os.close(err_theirs)

    def _read_line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            more = self._channel.recv(64)
            if not more:
                raise EOFError
            line += more
        return line

    def close(self) -> None:
        self._channel.close()
        self.process.kill()
        self.process.communicate()


def _limits(order: dict[str, Any], processes: int | None = None) -> Iterator[tuple[int, int]]:
    """What a block may use of each kind, never more than this program itself."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: math.ceil(order["timeout_s"]) + 5,
        resource.RLIMIT_FSIZE: order["file_bytes"],
    }
    if processes is not None:
        wanted[resource.RLIMIT_NPROC] = processes
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        yield kind, value if hard == resource.RLIM_INFINITY else min(value, hard)


def _confinement(settings: dict[str, Any], order: dict[str, Any]) -> Callable[[], None]:
    """What the child does to itself before it becomes the block; there is no other thread here."""
    ruleset = settings["ruleset"]

    def apply() -> None:
        for kind, value in _limits(order):
            resource.setrlimit(kind, (value, value))
        if _LINUX:
            _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if ruleset is not None:
            _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            if _libc.syscall(_RESTRICT_SELF, ruleset, 0):
                raise OSError(ctypes.get_errno(), "landlock_restrict_self")

    return apply
