"""Usage of a block's processes, read from /proc. Part of the program inside a sandbox: the
standard library only, found by path."""

import contextlib
import os
from collections.abc import Callable, Sequence

PROCESSES = 512  # far above a shell with curl or Node's threads, far below a host's own limit
_PAGE = os.sysconf("SC_PAGE_SIZE")


def excess(memory_bytes: int) -> str | None:
    """Return `processes` or `memory` if the processes below this one use more than the limit of
    it, or None; also where there is no /proc."""
    block = _descendants()
    if len(block) > PROCESSES:
        return "processes"
    # What processes share is counted once only by the second sum, which takes longer.
    is_over = _sum(block, _resident) > memory_bytes and _sum(block, _proportional) > memory_bytes
    return "memory" if is_over else None


def _descendants() -> list[int]:
    found = [os.getpid()]
    for process in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children") as file:
                    found += map(int, file.read().split())
    return found[1:]


def _sum(processes: Sequence[int], measure: Callable[[int], int]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):  # it has ended
            total += measure(process)
    return total


def _resident(process: int) -> int:
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * _PAGE


def _proportional(process: int) -> int:
    """Return the bytes of a process with its shares alone. One that hides them is counted whole."""
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            return next(int(line.split()[1]) << 10 for line in file if line[:4] == "Pss:")
    except PermissionError:
        return _resident(process)
