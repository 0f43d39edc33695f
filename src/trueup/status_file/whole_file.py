"""Whole file: content put on disk in one step, so that a crash leaves the old file or the new."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Puts content in a file's place, with the mode, its name on the disk too.

    Until it is whole it has one name beside it, so that the next write takes the place of one that
    was killed; the caller's lock keeps a second writer away.
    """
    name = path.with_name(f".{path.name}.part")
    try:
        with open(name, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
