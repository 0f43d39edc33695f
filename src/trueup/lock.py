"""Lock: one process at a time, by the system's lock on an open file. It ends with its process,
however that ends, so nobody clears it by hand; the note with its holder is only for messages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from trueup.errors import BadInput


def try_lock(handle: int, note: Path) -> str | None:
    """Lock an open file without waiting. Return None, or its holder as the note has it."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with suppress(OSError, UnicodeDecodeError):
            return note.read_text("utf-8") or "another process"
        return "another process"
    return None


def holder_since(since: datetime) -> str:
    """Return the note of this process."""
    return f"process {os.getpid()} since {since:%Y-%m-%d %H:%M:%SZ}"


@contextmanager
def wait_for_lock(folder: Path) -> Iterator[None]:
    """Wait for the lock of a folder and hold it; no file is left behind."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def hold_lock(file: Path, since: datetime) -> Iterator[None]:
    """Hold the lock of a file, which is created if missing.

    Raises BadInput with the holder's name where that is another process.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if other := try_lock(handle, file):
            raise BadInput(
                file, f"held by {other}", "Wait until it has finished, then run this again."
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, holder_since(since).encode(), 0)
        yield
    finally:
        os.close(handle)
