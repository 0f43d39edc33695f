"""JSON pointer: a value by its place in a JSON document (RFC 6901)."""

import re
from typing import Any

INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)
MOST_ITEMS = 100
"""Items of a list that is made for a place in it."""


def steps_of(pointer: str) -> list[str]:
    """Return the keys and indexes of a pointer such as `/error/message`."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def value_at(document: object, pointer: str) -> Any:
    """Return the value at a pointer such as `/error/message`, None where there is none."""
    value: Any = document
    for key in steps_of(pointer):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def with_value(document: object, pointer: str, value: object) -> Any:
    """Return a document with a value at a pointer, what leads to it made where it lacks."""
    steps = steps_of(pointer)
    return _with(document, steps, value)


def pointer_of(steps: list[str | int]) -> str:
    """Return the pointer that keys and indexes make."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _with(document: object, steps: list[str], value: object) -> Any:
    if not steps:
        return value
    key, rest = steps[0], steps[1:]
    if isinstance(document, dict) or not INDEX.fullmatch(key) or int(key) >= MOST_ITEMS:
        fields = document if isinstance(document, dict) else {}
        return {**fields, key: _with(fields.get(key), rest, value)}
    items = [*document] if isinstance(document, list) else []
    items += [None] * (int(key) + 1 - len(items))
    items[int(key)] = _with(items[int(key)], rest, value)
    return items
