"""Row text: a row or an entry as block YAML that YAML 1.1 and 1.2 read alike. Reads no file."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from trueup.model import Frozen

WIDEST_FLOW = 70
"""Characters of a list or a mapping on one line, which stays below 100 with its indentation."""
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ./_-]|:(?=[A-Za-z0-9/]))*(?<! )")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off"}
_ESCAPED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def render_row(row: Frozen, column: int) -> str:
    """Return the row as a list item, its dash at a column (from 0), without defaults."""
    return "".join(f"{line}\n" for line in _items([row.model_dump(exclude_defaults=True)], column))


def render_entry(name: str, entry: Frozen, column: int) -> str:
    """Return a named model as an entry, its key at a column (from 0), without defaults."""
    data = entry.model_dump(by_alias=True, exclude_defaults=True)
    return "".join(f"{line}\n" for line in _entries({name: data}, column))


def render_moment(moment: date | datetime) -> str:
    """Return a date as ISO 8601; a time too, in UTC with Z."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.isoformat()


def _items(items: list[Any], column: int) -> Iterator[str]:
    for item in items:
        if _is_flat(item):
            yield f"{' ' * column}- {_flow(item)}"
        else:
            lines = _entries if isinstance(item, dict) else _items
            for index, line in enumerate(lines(item, column + 2)):
                yield line if index else f"{' ' * column}- {line[column + 2 :]}"


def _entries(data: dict[str, Any], column: int) -> Iterator[str]:
    for key, value in data.items():
        head = f"{' ' * column}{render_scalar(key)}:"
        if _is_flat(value):
            yield f"{head} {_flow(value)}"
        else:
            yield head
            lines = _entries if isinstance(value, dict) else _items
            yield from lines(value, column + 2)


def _is_flat(value: Any) -> bool:
    if not isinstance(value, dict | list | tuple):
        return True
    inner = value.values() if isinstance(value, dict) else value
    flat = not any(isinstance(part, dict | list | tuple) for part in inner)
    return not value or (flat and len(_flow(value)) <= WIDEST_FLOW)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{render_scalar(key)}: {render_scalar(part)}" for key, part in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(render_scalar(part) for part in value)}]"
    return render_scalar(value)


def render_scalar(value: Any) -> str:
    """Return a text, or another value without parts, as a scalar on one line."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        quoted = json.dumps(value, ensure_ascii=False)
        return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    if isinstance(value, date):
        return render_moment(value)
    text = json.dumps(value)
    # YAML 1.1 knows no float without a dot: 1e+16 would be text.
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text
