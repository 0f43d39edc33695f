"""Status translation: the texts of a status file that readers see, and their translations, one
file for each language beside its folder of pages."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po

from trueup.errors import BadInput
from trueup.model import TRANSLATED, Frozen, Status
from trueup.place import Place
from trueup.source_file import read_source

ENTRY_LINE = re.compile(
    r'\s*(?:#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*)?"(?:[^"\\]|\\.)*"\s*)?'
)
"""A line of a gettext catalogue."""
T = TypeVar("T")
Keys = tuple[str | int, ...]


def prose_of(status: Status) -> dict[str, Keys]:
    """Return every text that is translated for readers, with the keys to its first place."""
    found: dict[str, Keys] = {}
    for keys, text in texts_of(status, TRANSLATED):
        found.setdefault(text, keys)
    return found


def texts_of(status: Status, mark: str) -> list[tuple[Keys, str]]:
    """Return the texts of the fields that the model marks as `TRANSLATED` or as `VERBATIM`, in the
    order of the file, each behind its keys."""
    found: list[tuple[Keys, str]] = []

    def note(text: str, keys: Keys) -> str:
        found.append((keys, text))
        return text

    _replaced(status, mark, note)
    return found


def in_language(status: Status, texts: Mapping[str, str]) -> Status:
    """Return the status with its texts translated; a text without a translation is kept."""
    return _replaced(status, TRANSLATED, lambda text, _: texts.get(text, text))


def translations_file(folder: Path) -> Path:
    """Return the path of the translations for a folder of pages."""
    return folder.with_suffix(".po")


@dataclass(frozen=True)
class Translation:
    """The translation of a text, and the line of its entry."""

    text: str
    translation: str
    line: int


def load_translations(folder: Path) -> dict[str, str]:
    """Return the translations for a folder of pages, by text; none without such a file.

    Raises BadInput as `read_translations` does.
    """
    return {one.text: one.translation for one in read_translations(folder)}


def read_translations(folder: Path) -> list[Translation]:
    """Return the entries of the translations for a folder of pages; none without such a file.

    Raises BadInput, with the line, for a file that cannot be read as a whole.
    """
    file = translations_file(folder)
    if not file.is_file():
        return []
    try:
        content = read_source(file, folder.parent.parent)
        _refuse_other_lines(file, content)
        catalogue: Catalog = read_po(BytesIO(content), abort_invalid=True)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _bad_catalogue(file, line, "not valid UTF-8") from error
    except (OSError, ValueError, LookupError, PoFileError) as error:
        raise _bad_catalogue(file, getattr(error, "lineno", 0), str(error)) from error
    return [
        Translation(message.id, message.string, message.lineno or 0)
        for message in catalogue
        if isinstance(message.id, str) and message.id and isinstance(message.string, str)
        if message.string and not message.fuzzy
    ]


def _refuse_other_lines(file: Path, content: bytes) -> None:
    """Raise BadInput for a line that is no part of a catalogue, which Babel would pass over."""
    for number, line in enumerate(content.decode("utf-8-sig").split("\n"), 1):
        if not ENTRY_LINE.fullmatch(line):
            raise _bad_catalogue(file, number, "neither a keyword with a quoted text nor a comment")


def _bad_catalogue(file: Path, line: int, reason: str) -> BadInput:
    place = Place(str(file), line)
    return BadInput(place, f"not a gettext catalogue ({reason})", "Correct it.")


def _replaced(value: T, mark: str, replace: Callable[[str, Keys], str], keys: Keys = ()) -> T:
    """Return the value with each text of a field that has the mark replaced."""
    changed: Any = value
    if isinstance(value, Frozen):
        update: dict[str, Any] = {}
        for name, marks in _fields_of(type(value)).items():
            inner, place = getattr(value, name), (*keys, name)
            is_text = isinstance(inner, str) and mark in marks
            update[name] = (
                replace(inner, place) if is_text else _replaced(inner, mark, replace, place)
            )
        changed = value.model_copy(update=update)
    elif isinstance(value, dict):
        changed = {key: _replaced(one, mark, replace, (*keys, key)) for key, one in value.items()}
    elif isinstance(value, tuple):
        changed = tuple(_replaced(one, mark, replace, (*keys, i)) for i, one in enumerate(value))
    return cast(T, changed)


@cache
def _fields_of(noun: type[Frozen]) -> dict[str, list[Any]]:
    """Return the fields of a noun, each with its marks, also those of one that may be left out."""
    return {
        name: [*field.metadata, *chain(*map(_marks_of, get_args(field.annotation)))]
        for name, field in noun.model_fields.items()
    }


def _marks_of(annotation: object) -> tuple[Any, ...]:
    return getattr(annotation, "__metadata__", ())
