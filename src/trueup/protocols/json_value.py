"""JSON value: what stands at a place in a reply, by the type that belongs there."""

from typing import Any


def text_of(value: object) -> str:
    """Return a text; an empty one in place of any other value."""
    return value if isinstance(value, str) else ""


def object_of(value: object) -> dict[str, Any]:
    """Return a JSON object; an empty one in place of any other value."""
    return value if isinstance(value, dict) else {}


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; none in place of any other value."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first_choice(choices: object) -> dict[str, Any]:
    """Return the choice whose index is 0; a stream has the others in events of their own."""
    first = object_of(choices[0] if isinstance(choices, list) and choices else None)
    return {} if first.get("index") else first
