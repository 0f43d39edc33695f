"""Child: starts a block's process within its limits. Part of the program inside a sandbox: the
standard library only, found by path."""

import ctypes
import math
import os
import resource
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

_SET_PDEATHSIG, _SET_SECCOMP, _FILTER, _SET_NO_NEW_PRIVS = 1, 22, 2, 38  # prctl(2)
_RESTRICT_SELF = 446  # landlock_restrict_self(2)
_DESCRIPTORS = 1024  # the usual soft limit
_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)
_usage = import_module("usage")


def start(
    options: dict[str, Any], order: dict[str, Any], script: str, folder: str
) -> subprocess.Popen[bytes]:
    """Start the block's process: a child of ours, in a session of its own."""
    return subprocess.Popen(
        [*order["command"], script],
        cwd=folder,
        env=options["environment"] | {"HOME": folder},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_confinement(options, order),
    )


def _confinement(options: dict[str, Any], order: dict[str, Any]) -> Callable[[], None]:
    """Return the child's own step before it becomes the block; there is no other thread here."""
    ruleset, limits = options["ruleset"], list(_limits(order))
    steps = bytes.fromhex(options["filter"])

    def apply() -> None:
        for kind, value in limits:
            resource.setrlimit(kind, (value, value))
        if _LINUX:
            _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if ruleset is not None and _libc.syscall(_RESTRICT_SELF, ruleset, 0):
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
        if steps:
            _install(steps)

    return apply


def _install(steps: bytes) -> None:
    """Hold this process and all that it starts to a seccomp filter."""
    kept = ctypes.create_string_buffer(steps, len(steps))
    head = struct.pack("@HP", len(steps) // 8, ctypes.addressof(kept))
    if _libc.prctl(_SET_SECCOMP, _FILTER, head, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def _limits(order: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Yield the block's limits of each kind, never above those of this program itself."""
    limits = {
        resource.RLIMIT_CORE: 0,
        # The clock stops a block first; this ends a process that outlives its sandbox.
        resource.RLIMIT_CPU: math.ceil(order["timeout_s"]) + 5,
        resource.RLIMIT_FSIZE: order["file_bytes"],
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
    }
    # Before Linux 5.14 processes were counted for the user of the host, not for the namespace.
    if os.getpid() == 1 and tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 14):
        limits[resource.RLIMIT_NPROC] = _usage.PROCESSES
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        yield kind, value if hard == resource.RLIM_INFINITY else min(value, hard)
