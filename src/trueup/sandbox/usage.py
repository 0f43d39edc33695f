"""Usage of a block's processes, read from /proc. Part of the program inside a sandbox: the
standard library only, found by path."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

PROCESSES = 512  # far above a shell with curl or Node's threads, far below a host's own limit
_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def excess(memory_bytes: int) -> str | None:
    """Return `processes` or `memory` if the processes below this one use more than the limit of
    it, or None; also where there is no /proc."""
    try:
        block = _processes()
    except OSError:
        return None
    if len(block) > PROCESSES:
        return "processes"
    # What processes share is counted once only by the second sum, which takes longer.
    is_over = _sum(block, "statm") > memory_bytes and _sum(block, "smaps_rollup") > memory_bytes
    return "memory" if is_over else None


def _processes() -> list[int]:
    """Return the processes of the block: all others in a namespace, else those below this one."""
    own = os.getpid()
    if own == 1:
        return [int(name) for name in os.listdir(_PROC) if name.isdecimal() and name != "1"]
    found, left = list[int](), [own]
    while left:
        for file in _PROC.glob(f"{left.pop()}/task/*/children"):
            with contextlib.suppress(OSError):
                children = [int(child) for child in file.read_text().split()]
                found += children
                left += children
    return found


def _sum(processes: Sequence[int], file: str) -> int:
    return sum(_memory(process, file) for process in processes)


def _memory(process: int, file: str) -> int:
    """Return the bytes of a process. One that hides its shares is counted whole."""
    try:
        text = (_PROC / str(process) / file).read_text()
    except PermissionError:
        return _memory(process, "statm") if file != "statm" else 0
    except OSError:
        return 0  # it has ended
    if file == "statm":
        return int(text.split()[1]) * _PAGE
    return next(int(line.split()[1]) << 10 for line in text.splitlines() if line[:4] == "Pss:")
