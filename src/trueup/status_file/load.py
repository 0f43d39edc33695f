"""Load: the status file, from disk and from text, to the model. Writes nothing, reads no clock."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from trueup.errors import BadInput, BadStatus
from trueup.message import Place
from trueup.model import Hold, Mapping, Observation, Status
from trueup.status_file.complaint import MOST, refusal
from trueup.status_file.form import parse_form
from trueup.status_file.references import check_references
from trueup.status_file.version import UPGRADE, VERSION, is_version_1, upgrade
from trueup.status_file.yaml_text import Document, parse_yaml

MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Stored:
    """A status and its text; after an edit, `loaded_text` is still what was on disk."""

    status: Status
    document: Document
    loaded_text: str

    @property
    def text(self) -> str:
        """The text of the file, edits included."""
        return self.document.text

    @property
    def path(self) -> str:
        """The path as the caller gave it."""
        return self.document.path

    @property
    def data(self) -> dict[str, Any]:
        """The plain data, before the model."""
        return self.document.data

    def place(self, *keys: str | int) -> Place:
        """Where a mapping's key or a list's item stands; for what is missing, its parent's."""
        return self.document.place(*keys)

    def place_of(self, row: Observation | Mapping | Hold) -> Place:
        """Where a row of this very status stands; BadInput for any other."""
        return self.document.place(*self.keys_of(row))

    def keys_of(self, row: Observation | Mapping | Hold) -> tuple[str, int]:
        """The list that a row of this very status is in, and its index; BadInput for any other."""
        lists: dict[str, Sequence[object]] = {
            "observations": self.status.observations,
            "mappings": self.status.mappings,
            "holds": self.status.holds,
        }
        for name, rows in lists.items():
            for index, one in enumerate(rows):
                if one is row:
                    return name, index
        raise BadInput(f"{self.path}: a row of another status; one of this was expected. Load it.")


def load_status(path: Path, now: datetime) -> Stored:
    """The status file at a path; BadStatus with every complaint when it cannot be used."""
    try:
        content = _read(path)
    except FileNotFoundError as error:
        raise _refused(path, "no such file; a status file was expected. Check the path.") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        message = f"it cannot be read ({reason}); a readable file was expected. Check the path."
        raise _refused(path, message) from error
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode()) + 1
        byte = f"the byte 0x{content[error.start]:02x} is no UTF-8"
        message = f"{byte}; UTF-8 was expected. Save the file as UTF-8."
        place = Place(path=str(path), line=line, column=column)
        raise refusal([(place, message)]) from error
    return parse_status(text, str(path), now)


def parse_status(text: str, path: str, now: datetime, *, is_base: bool = False) -> Stored:
    """Return the status that a text holds; `path` is for the complaints of BadStatus.

    With `is_base`, the text is of an earlier commit and may be of version 1.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > MOST_BYTES:
        raise _too_big(path, size)
    document = parse_yaml(text, path)
    if is_version_1(document.data):
        if not is_base:
            message = f"version is 1; this release reads version {VERSION}. {UPGRADE}"
            raise refusal([(document.place("version"), message)])
        document = replace(document, data=upgrade(document.data))
    status = parse_form(document)
    complaints = list(islice(check_references(status, now), MOST + 1))
    if complaints:
        raise refusal((document.place(*keys), message) for keys, message in complaints)
    return Stored(status, document, text)


def _read(path: Path) -> bytes:
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        what = "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise _refused(path, f"it is {what}; a status file was expected. Check the path.")
    if found.st_size > MOST_BYTES:
        raise _too_big(str(path), found.st_size)
    with open(path, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _too_big(path: str, size: int) -> BadStatus:
    found = f"it is too big ({size} bytes)"
    todo = "Is it the right file?"
    return _refused(path, f"{found}; at most {MOST_BYTES} bytes were expected. {todo}")


def _refused(path: Path | str, message: str) -> BadStatus:
    return BadStatus([f"{path}: {message}"])
