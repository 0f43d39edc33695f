"""Source files: how a file of a repository is read. None is read through a link out of it, from a
device or a pipe, or beyond a size."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from trueup.errors import BadInput
from trueup.message import Message
from trueup.place import Place

LARGEST_BYTES = 20_000_000
"""More than any page, picture or template has, and little enough to read at once."""
FOLDERS = ("docs", "snippets", "overrides")
FILES = ("status.yml", "baseline.yml", "mkdocs*.yml", "site", ".cache")
"""All that a check, a build or a retest reads or writes at the top of a repository."""


def read_source(file: Path, top: Path, most: int = LARGEST_BYTES) -> bytes:
    """Return the content of a file in the repository at `top`.

    Raises BadInput for a link out of the repository, for what is no plain file, and for more than
    `most` bytes; OSError where the file cannot be opened.
    """
    if refused := problem_of_source(file, top, most):
        raise BadInput(refused.where, refused.problem, refused.fix)
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as opened:
        return opened.read(most)


def problem_of_source(file: Path, top: Path, most: int = LARGEST_BYTES) -> Message | None:
    """Return why a file is not read, or None; also None for a file that does not exist."""
    if refused := problem_of_link(file, top):
        return refused
    place = Place(str(file))
    try:
        found = os.stat(file)
    except OSError:
        return None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return Message(place, "not a file", "Replace it by a file.")
    if stat.S_ISREG(found.st_mode) and found.st_size > most:
        return Message(place, f"more than {most} bytes", "Remove it, or make it smaller.")
    return None


def problem_of_link(file: Path, top: Path) -> Message | None:
    """Return why a link, of the file or of a folder above it, is not followed, or None."""
    if _is_without_links(file, top):
        return None
    here, real = (os.path.join(os.path.realpath(one), "") for one in (top, file))
    place, fix = Place(str(file)), "Replace it by the file itself."
    if not real.startswith(here):
        return Message(place, "a link out of the repository", fix)
    inside = real.removeprefix(here).rstrip(os.sep)
    is_hidden = any(part.startswith(".") for part in inside.split(os.sep))
    if is_hidden and inside != os.path.relpath(file, top):
        return Message(place, "a link to a hidden file or folder", fix)
    return None


def _is_without_links(file: Path, top: Path) -> bool:
    """Return whether the way from `top` down to a file is plain, as almost always: to resolve both
    takes ten times as long."""
    depth, at = len(top.parts), str(top)
    below = file.parts[depth:]
    if file.is_absolute() != top.is_absolute() or file.parts[:depth] != top.parts or ".." in below:
        return False
    for name in below:
        at = os.path.join(at, name)
        if os.path.islink(at):
            return False
    return True


def unsafe_sources(top: Path) -> Iterator[Message]:
    """Return a message for each file of the docs, templates and settings that is not read."""
    found = [file for name in (*FILES, *FOLDERS) for file in sorted(top.glob(name))]
    for folder in FOLDERS:
        if problem_of_link(top / folder, top):
            continue
        for home, folders, names in os.walk(top / folder):
            found += [Path(home, name) for name in sorted([*folders, *names])]
    yield from filter(None, (problem_of_source(file, top) for file in found))
