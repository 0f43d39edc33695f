"""The host's end of `inside.py`: starts it, sends it blocks, and starts it again after it died."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from trueup.errors import Unreachable
from trueup.sandbox.contract import Limits, Ran
from trueup.sandbox.node import MISSING, Node
from trueup.sandbox.server import GatewaySocket
from trueup.snippet import PROGRAMS, Fence

INSIDE, CHILD = (Path(__file__).with_name(f"{name}.py") for name in ("inside", "child"))
BLOCK_PATH = "/usr/local/bin:/usr/bin:/bin"
_PATIENCE_S = 10
_PROBE_LIMITS = Limits(timeout_s=_PATIENCE_S)


def environment(ca: str) -> dict[str, str]:
    """All that a block finds in its environment besides HOME; `ca` as the block sees it."""
    stores = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return {"PATH": BLOCK_PATH, "LANG": "C.UTF-8"} | dict.fromkeys(stores, ca)


def settings(gateway: GatewaySocket, **changed: Any) -> dict[str, Any]:
    """What `inside.py` is told at its start; the keys say what it does about each."""
    return {
        "ports": [],  # to listen on at 127.0.0.1 and lead to `socket`
        "socket": str(gateway.socket),
        "writable": [],  # folders emptied after each block; the first holds the blocks
        "devices": [],  # to make read-only
        "capable": False,  # whether there are capabilities to use and then drop
        "ruleset": None,  # a Landlock descriptor that it inherits
        "environment": environment(str(gateway.ca)),
    } | changed


class Runner:
    """One `inside.py` at a time, started by `command` with the settings as its last argument."""

    def __init__(
        self,
        command: Sequence[str],
        told: Mapping[str, Any],
        node: Node | None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self._command = [*command, json.dumps(told)]
        self._descriptors = descriptors
        self._node = node
        self._probed = False
        self._one_block = threading.Lock()
        self._files = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises Unreachable with what the program said unless it is ready for a block."""
        with ExitStack() as files:
            self._complaint = files.enter_context(tempfile.TemporaryFile())
            self._channel, theirs = socket.socketpair()
            files.enter_context(self._channel)
            self._channel.settimeout(_PATIENCE_S)
            self._replies = files.enter_context(self._channel.makefile("rb"))
            with theirs:
                self._process = self._open_process(theirs.fileno())
            self._files = files.pop_all()
        with self._ending_on_failure("did not start"):
            self._read_line()

    def _open_process(self, stdin: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._command,
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=self._complaint,
                env={},
                cwd="/",
                pass_fds=self._descriptors,
                start_new_session=True,
            )
        except OSError as error:
            raise Unreachable(f"{self._command[0]}: {error.strerror}.") from error

    def lacks(self, language: Fence) -> str | None:
        """Why no block of a language can run here; None where one can."""
        if language != "javascript":
            tools = PROGRAMS[language].tools
            missing = [tool for tool in tools if not shutil.which(tool, path=BLOCK_PATH)]
            return f"{missing[0]} was not found; install it" if missing else None
        if self._node is None:
            return MISSING
        if not self._probed:
            ran = self.run("javascript", self._node.probe, _PROBE_LIMITS)
            self._fit, self._probed = ran.exit_code == 0, True
        return None if self._fit else self._node.unfit

    def run(self, language: Fence, source: bytes, limits: Limits) -> Ran:
        """The block's result, with nothing refused. `language` is one that is not lacking."""
        command, name = self._start(language), PROGRAMS[language].file
        order = {"command": command, "name": name, "size": len(source)} | vars(limits)
        with self._one_block:
            if self._process is None or self._process.poll() is not None:
                self.close()
                self.start()
            self._channel.settimeout(limits.timeout_s + _PATIENCE_S)
            with self._ending_on_failure(
                "ended while it ran a block; the next block gets a new one"
            ):
                self._channel.sendall(json.dumps(order).encode() + b"\n" + source)
                head = json.loads(self._read_line())
                stdout, stderr, *files = [self._read(size) for size in head["sizes"]]
        found = dict(zip(head["names"], files, strict=True))
        return Ran(
            head["exit_code"], head["stopped"], stdout, stderr, head["duration_ms"], found, ()
        )

    def _start(self, language: Fence) -> list[str]:
        if language == "javascript" and self._node is not None:
            return list(self._node.command)
        return list(PROGRAMS[language].tools[:1]) or [sys.executable]

    def close(self) -> None:
        """Hangs up, which ends the program and all that it started."""
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

    @contextmanager
    def _ending_on_failure(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError) as error:
            assert self._process is not None
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)  # a program that is ending says why first
            self._process.kill()
            self._process.wait()
            self._complaint.seek(0)
            said = self._complaint.read().decode(errors="replace").strip().splitlines()
            self.close()
            reason = said[-1] if said else "it said nothing"
            raise Unreachable(f"the sandbox's runner {what}: {reason}.") from error
        except BaseException:
            self.close()  # a reply that nobody read would be taken for the next block's
            raise
