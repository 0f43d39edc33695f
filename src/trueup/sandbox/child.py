"""Child: how a block's process is started, and what it may use. Part of the program inside a
sandbox: the standard library only, found by path."""

import ctypes
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38  # prctl(2)
_RESTRICT_SELF = 446  # landlock_restrict_self(2)
_PROCESSES = 512
_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)


def start(
    settings: dict[str, Any], order: dict[str, Any], script: str, folder: str
) -> subprocess.Popen[bytes]:
    """The block's process: a child of ours, in a session of its own."""
    return subprocess.Popen(
        [*order["command"], script],
        cwd=folder,
        env=settings["environment"] | {"HOME": folder},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_confinement(settings, order),
    )


def _confinement(settings: dict[str, Any], order: dict[str, Any]) -> Callable[[], None]:
    """What the child does to itself before it becomes the block; there is no other thread here."""
    ruleset, limits = settings["ruleset"], list(_limits(order))

    def apply() -> None:
        for kind, value in limits:
            resource.setrlimit(kind, (value, value))
        if _LINUX:
            _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if ruleset is not None:
            _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            if _libc.syscall(_RESTRICT_SELF, ruleset, 0):
                raise OSError(ctypes.get_errno(), "landlock_restrict_self")

    return apply


def _limits(order: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """What a block may use of each kind, never more than this program itself."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: math.ceil(order["timeout_s"]) + 5,
        resource.RLIMIT_FSIZE: order["file_bytes"],
    }
    # Before Linux 5.14 processes were counted for the user of the host, not for the namespace.
    if os.getpid() == 1 and tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 14):
        wanted[resource.RLIMIT_NPROC] = _PROCESSES
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        yield kind, value if hard == resource.RLIM_INFINITY else min(value, hard)
