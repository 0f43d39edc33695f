"""Control group: the kernel's own cap on the memory of a sandbox, where this user may make one.
Elsewhere only the supervisor's watch holds.

Format: https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_ROOT, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_PREFIX = "trueup-"
_PATIENCE_S = 1.0  # for processes that were killed to be gone
_ENTER = 'echo $$ 2>/dev/null > "$0/cgroup.procs"; exec "$@"'


class ControlGroup:
    """A group by its folder; without one it limits nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command that starts `command` in the group."""
        enter = ["/bin/sh", "-c", _ENTER, str(self._folder)] if self._folder else []
        return [*enter, *command]

    def kills(self) -> int:
        """Return how many processes were killed for want of memory so far."""
        for name in ("memory.events", "memory.oom_control") if self._folder else ():
            with suppress(OSError, ValueError):
                words = Path(str(self._folder), name).read_text().split()
                return int(words[words.index("oom_kill") + 1])
        return 0

    def close(self) -> None:
        """Remove the group, whose processes have been killed."""
        until = time.monotonic() + _PATIENCE_S
        while self._folder and time.monotonic() < until:
            with suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.005)


def open_group(memory_bytes: int, root: Path = _ROOT, own: Path = _OWN) -> ControlGroup:
    """Return a new group with a cap on its memory, or one that limits nothing."""
    for parent in _parents(root, own):
        with suppress(OSError):
            _sweep(parent)
            folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
            limit_memory(folder, memory_bytes)
            return ControlGroup(folder)
    return ControlGroup(None)


def limit_memory(folder: Path, memory_bytes: int) -> None:
    """Write the cap of a group, swap included, in the files that its version has."""
    names = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max")
    for name, value in {**dict.fromkeys(names, memory_bytes), "memory.swap.max": 0}.items():
        with suppress(OSError):
            if (folder / name).exists():
                (folder / name).write_text(str(value))


def _parents(root: Path, own: Path) -> Iterator[Path]:
    """Yield the groups to make one in: our own of version 1, and of version 2 each above that
    hands the control of memory down, the nearest first."""
    with suppress(OSError):
        for line in own.read_text().splitlines():
            _, names, path = line.split(":", 2)
            if names == "memory":
                yield root / names / path.lstrip("/")
            elif not names:
                place = root / path.lstrip("/")
                yield from filter(_hands_down, (place, *place.parents))


def _hands_down(folder: Path) -> bool:
    with suppress(OSError):
        return "memory" in (folder / "cgroup.subtree_control").read_text().split()
    return False


def _sweep(parent: Path) -> None:
    """Remove the groups of runs that were killed; one with processes cannot be removed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            with suppress(OSError):
                folder.rmdir()
