"""Control group: the kernel's own cap on the memory and the processes of a sandbox, where this user
may make one. Elsewhere only the supervisor's watch holds.

Format: https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from trueup.sandbox.usage import PROCESSES

_ROOT, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_CONTROLLERS = ("memory", "pids")
_PREFIX = "trueup-"
_PATIENCE_S = 1.0  # for processes that were killed to be gone
_ENTER = (
    'while [ "$1" != -- ]; do echo $$ 2>/dev/null > "$1/cgroup.procs"; shift; done; shift; '
    'exec "$@"'
)


class ControlGroup:
    """A group of each of `folders`; with none of them it limits nothing."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command that starts `command` in the group."""
        if not self._folders:
            return [*command]
        return ["/bin/sh", "-c", _ENTER, "sh", *map(str, self._folders), "--", *command]

    def kills(self) -> int:
        """Return how many processes were killed for want of memory so far."""
        total = 0
        for folder in self._folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    words = (folder / name).read_text().split()
                    total += int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0
        return total

    def close(self) -> None:
        """Remove the group, whose processes have been killed."""
        until = time.monotonic() + _PATIENCE_S
        for folder in self._folders:
            while time.monotonic() < until:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.005)


def open_group(memory_bytes: int, root: Path = _ROOT, own: Path = _OWN) -> ControlGroup:
    """Return a new group with a cap on its memory, or one that limits nothing."""
    folders = []
    for parent in _parents(root, own):
        with contextlib.suppress(OSError):
            _sweep(parent)
            folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
            folders.append(folder)
            _limit(folder, memory_bytes)
    return ControlGroup(folders)


def _parents(root: Path, own: Path) -> Iterator[Path]:
    """Yield the groups to make one in: of version 2 the nearest that hands both controllers down,
    of version 1 our own of each controller."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, names, path = line.split(":", 2)
        place = root / path.lstrip("/")
        if names in _CONTROLLERS:
            yield root / names / path.lstrip("/")
        elif not names:
            for folder in (place, *place.parents):
                if folder.is_relative_to(root) and _hands_down(folder):
                    yield folder
                    break


def _hands_down(folder: Path) -> bool:
    try:
        names = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return set(_CONTROLLERS) <= set(names) and os.access(folder, os.W_OK)


def _sweep(parent: Path) -> None:
    """Remove the groups of runs that were killed; one with processes cannot be removed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def _limit(folder: Path, memory_bytes: int) -> None:
    limits = {
        "memory.max": memory_bytes,
        "memory.swap.max": 0,
        "memory.limit_in_bytes": memory_bytes,
        "memory.memsw.limit_in_bytes": memory_bytes,
        "pids.max": PROCESSES + 8,  # the supervisor, and what started it
    }
    for name, value in limits.items():
        if (folder / name).exists():
            (folder / name).write_text(str(value))
