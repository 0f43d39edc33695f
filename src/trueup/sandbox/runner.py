"""Runner: the host's end of `inside.py`. Starts it, sends it blocks, and replaces one that died."""

import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trueup.errors import Unreachable
from trueup.sandbox.contract import (
    NOTHING,
    USUAL,
    CompletedBlock,
    Containment,
    Limits,
    Sandbox,
)
from trueup.sandbox.control_group import open_group
from trueup.sandbox.gateway_server import GatewaySocket
from trueup.sandbox.reader_python import ReaderPython
from trueup.sandbox.syscalls import filter_here
from trueup.snippet import PROGRAMS, Fence

PROGRAM = [Path(__file__).with_name(f"{name}.py") for name in ("inside", "child", "usage")]
"""The program inside a sandbox; the first file is the one to start."""
BLOCK_PATH = "/usr/local/bin:/usr/bin:/bin"
_PATIENCE_S = 10  # a start, a probe or an end takes milliseconds, more on a machine under load
_GROUP_BYTES = USUAL.memory_bytes + (1 << 30)  # and the output that the supervisor holds
_PROBE_LIMITS = Limits(timeout_s=_PATIENCE_S)


def environment(ca: str) -> dict[str, str]:
    """Return a block's environment besides HOME; `ca` is the path that the block sees."""
    stores = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return {"PATH": BLOCK_PATH, "LANG": "C.UTF-8"} | dict.fromkeys(stores, ca)


def runner_options(gateway: GatewaySocket, **changed: Any) -> dict[str, Any]:
    """Return the options of `inside.py`."""
    return {
        "ports": [],  # to listen on at 127.0.0.1 and forward to `socket`
        "socket": str(gateway.socket),
        "plain_ports": [],  # the same to `plain_socket`
        "plain_socket": str(gateway.plain_socket),
        "writable": [],  # folders emptied after each block; the first holds the blocks
        "sizes": {},  # the bytes of each of them that is a file system of its own
        "read_only": [],  # to make so before the first block
        "capable": False,  # whether there are capabilities to use and then drop
        "ruleset": None,  # a Landlock descriptor that it inherits
        "filter": (filter_here() or b"").hex(),  # of system calls
        "environment": environment(str(gateway.ca)),
    } | changed


@dataclass(frozen=True)
class Launcher:
    """The start of a language's program where its name alone does not do.

    `command` is empty, and `missing` the reason, if it is not installed. A block of `probe` ends
    with 0 if published blocks can run; otherwise `unfit` is the reason.
    """

    language: Fence
    command: tuple[str, ...]
    missing: str
    probe: bytes
    unfit: str


class Runner(Sandbox):
    """One `inside.py` at a time, started by `command` with its options as the last argument.
    Python blocks run in the environments of `python`.

    `take_refused` returns the hosts that were refused since its last call.
    """

    def __init__(
        self,
        containment: Containment,
        command: Sequence[str],
        options: Mapping[str, Any],
        launchers: Sequence[Launcher],
        python: ReaderPython,
        descriptors: Sequence[int] = (),
        take_refused: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self.containment = containment
        self._command = [*command, json.dumps(options)]
        self._descriptors = descriptors
        self._launchers = {launcher.language: launcher for launcher in launchers}
        self._python = python
        self._take_refused = take_refused
        self._is_fit: dict[Fence, bool] = {}
        self._one_block = threading.Lock()
        self._files = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program. Raises Unreachable with the end of its stderr if it is not ready."""
        with ExitStack() as files:
            self._group = open_group(_GROUP_BYTES)
            files.callback(self._group.close)
            self._stderr = files.enter_context(tempfile.TemporaryFile())
            self._channel, theirs = socket.socketpair()
            files.enter_context(self._channel)
            self._channel.settimeout(_PATIENCE_S)
            self._replies = files.enter_context(self._channel.makefile("rb"))
            with theirs:
                self._process = self._open_process(theirs.fileno())
            self._files = files.pop_all()
        try:
            self._read_line()
        except (OSError, EOFError) as error:
            problem = f"the runner did not start ({self._end()})"
            fix = "Correct that and run it again."
            raise Unreachable(self.containment, problem, fix) from error
        except BaseException:
            self.close()
            raise

    def _open_process(self, stdin: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._group.command(self._command),
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                env={},
                cwd="/",
                pass_fds=self._descriptors,
                start_new_session=True,
            )
        except OSError as error:
            fix = "Make it executable for this user."
            raise Unreachable(
                self.containment, f"{self._command[0]}: {error.strerror}", fix
            ) from error

    def lacks(self, language: Fence) -> str | None:
        launcher = self._launchers.get(language)
        if launcher is None:
            tools = PROGRAMS[language].tools
            missing = [tool for tool in tools if not shutil.which(tool, path=BLOCK_PATH)]
            return f"{missing[0]} was not found; install it" if missing else None
        if not launcher.command:
            return launcher.missing
        if language not in self._is_fit:
            self._is_fit[language] = (
                self.run(language, launcher.probe, _PROBE_LIMITS).exit_code == 0
            )
        return None if self._is_fit[language] else launcher.unfit

    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = USUAL,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        order = {
            "command": self._start_of(language, source),
            "name": PROGRAMS[language].file,
            "size": len(source),
            "given": {name: len(content) for name, content in given.items()},
        } | vars(limits)
        with self._one_block:
            self._take_refused()
            if self._process is None or self._process.poll() is not None:
                self.close()
                self.start()
            self._channel.settimeout(limits.timeout_s + _PATIENCE_S)
            began, kills = time.monotonic(), self._group.kills()
            try:
                completed = self._complete(order, b"".join((source, *given.values())))
            except (OSError, EOFError, ValueError, KeyError):
                duration_ms = round((time.monotonic() - began) * 1000)
                completed = CompletedBlock(None, "sandbox", b"", b"", duration_ms, {}, ())
            except BaseException:
                self.close()  # a reply that was not read would be taken for the next block's
                raise
            is_killed = self._group.kills() > kills
            if completed.stopped == "sandbox":
                completed = replace(completed, stderr=self._end().encode())
            refused = self._take_refused()
        if is_killed:
            completed = replace(completed, exit_code=None, stopped="memory")
        return replace(completed, refused=refused)

    def _complete(self, order: Mapping[str, Any], sources: bytes) -> CompletedBlock:
        """Send a block, its files behind it, and read its result."""
        self._channel.sendall(json.dumps(order).encode() + b"\n" + sources)
        head = json.loads(self._read_line())
        stdout, stderr, *files = [self._read(size) for size in head["sizes"]]
        found = dict(zip(head["names"], files, strict=True))
        end = (head["exit_code"], head["stopped"])
        return CompletedBlock(*end, stdout, stderr, head["duration_ms"], found, ())

    def _start_of(self, language: Fence, source: bytes) -> list[str]:
        if language in self._launchers:
            return list(self._launchers[language].command)
        return list(PROGRAMS[language].tools[:1]) or [self._python.program(source)]

    def close(self) -> None:
        """Close the channel, which ends the program and all its processes."""
        if self._process is None:
            return
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_PATIENCE_S / 2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._files.close()

    def _read_line(self) -> bytes:
        line = self._replies.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line

    def _read(self, size: int) -> bytes:
        content = self._replies.read(size)
        if len(content) < size:
            raise EOFError
        return content

    def _end(self) -> str:
        """End the program and return the last line of its stderr."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)  # for the last line of a program that is ending
        self._process.kill()
        self._process.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        self.close()
        return lines[-1] if lines else "nothing on stderr"
