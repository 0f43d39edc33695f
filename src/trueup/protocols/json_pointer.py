"""JSON pointer: a value by its place in a JSON document (RFC 6901)."""

import re
from typing import Any

INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)


def value_at(document: object, pointer: str) -> Any:
    """Return the value at a pointer such as `/error/message`, None where there is none."""
    value: Any = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
