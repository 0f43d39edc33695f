"""Status translation: the texts of a status file that readers see, and their translations, one
file for each language beside its folder of pages."""

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po
from pydantic.fields import FieldInfo

from trueup.errors import BadInput
from trueup.model import TRANSLATED, Frozen, Status
from trueup.source_file import read_source

T = TypeVar("T")
Keys = tuple[str | int, ...]


def prose_of(status: Status) -> dict[str, Keys]:
    """Return every text that is translated for readers, with the keys to its first place."""
    found: dict[str, Keys] = {}

    def note(text: str, keys: Keys) -> str:
        found.setdefault(text, keys)
        return text

    _translated(status, note)
    return found


def in_language(status: Status, texts: Mapping[str, str]) -> Status:
    """Return the status with its texts translated; a text without a translation is kept."""
    return _translated(status, lambda text, _: texts.get(text, text))


def translations_file(folder: Path) -> Path:
    """Return the path of the translations for a folder of pages."""
    return folder.with_suffix(".po")


def load_translations(folder: Path) -> dict[str, str]:
    """Return the translations for a folder of pages, by text; none without such a file.

    Raises BadInput for a file that cannot be read.
    """
    file = translations_file(folder)
    if not file.is_file():
        return {}
    try:
        content = BytesIO(read_source(file, folder.parent.parent))
        catalogue: Catalog = read_po(content, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        raise BadInput(file, f"not a gettext catalogue ({error})", "Correct it.") from error
    return {
        message.id: message.string
        for message in catalogue
        if isinstance(message.id, str) and message.id and isinstance(message.string, str)
        if message.string and not message.fuzzy
    }


def _translated(value: T, translate: Callable[[str, Keys], str], keys: Keys = ()) -> T:
    """Return the value with each of its texts replaced by `translate`."""
    changed: Any = value
    if isinstance(value, Frozen):
        update: dict[str, Any] = {}
        for name, field in type(value).model_fields.items():
            inner, place = getattr(value, name), (*keys, name)
            is_text = isinstance(inner, str) and _is_prose(field)
            update[name] = (
                translate(inner, place) if is_text else _translated(inner, translate, place)
            )
        changed = value.model_copy(update=update)
    elif isinstance(value, dict):
        changed = {key: _translated(one, translate, (*keys, key)) for key, one in value.items()}
    elif isinstance(value, tuple):
        changed = tuple(_translated(one, translate, (*keys, i)) for i, one in enumerate(value))
    return cast(T, changed)


def _is_prose(field: FieldInfo) -> bool:
    inner = (getattr(one, "__metadata__", ()) for one in get_args(field.annotation))
    return TRANSLATED in field.metadata or any(TRANSLATED in metadata for metadata in inner)
