"""Memory: what a check found in files that have not changed since, kept beside the repository.

It only saves time: without it, or with another engine, everything is looked at again.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from trueup.store import write_whole

FILE = Path(".cache", "check.json")
ENGINE = Path(__file__).parent.parent
T = TypeVar("T")


class Memory:
    """Values by name, each with the mark of all that it was made of."""

    def __init__(self, top: Path) -> None:
        self.file = top / FILE
        self.engine = _engine_mark()
        self.known = self._load()
        self.used: dict[str, list[Any]] = {}

    def recall(self, name: str, mark: str, form: TypeAdapter[T], make: Callable[[], T]) -> T:
        """The value of a name where its mark is the one it was kept with; else it is made."""
        kept = self.known.get(name)
        if kept is not None and kept[0] == mark:
            with suppress(ValidationError):
                value = form.validate_python(kept[1])
                self.used[name] = kept
                return value
        value = make()
        self.used[name] = [mark, form.dump_python(value, mode="json")]
        return value

    def save(self) -> None:
        """Keeps what was used; where nothing can be written, nothing is kept."""
        if self.used == self.known:
            return
        with suppress(OSError, PydanticSerializationError):  # a name of a file that is no text
            content = to_json({"engine": self.engine, "known": self.used})
            self.file.parent.mkdir(exist_ok=True)
            write_whole(self.file, content, 0o644)

    def _load(self) -> dict[str, list[Any]]:
        try:
            data = from_json(self.file.read_bytes())
            known = data["known"] if data["engine"] == self.engine else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return known if isinstance(known, dict) else {}


def mark_of(*parts: object) -> str:
    """A short name for some values, which other values do not get."""
    return sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()[:24]


def file_mark(file: Path | str) -> tuple[int, int, int] | None:
    """What changes when a file does, without reading it; None for one that is not there."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _engine_mark() -> str:
    return mark_of(*((file.name, file_mark(file)) for file in sorted(ENGINE.rglob("*.[pt]*"))))
