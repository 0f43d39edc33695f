"""Shape: where a JSON value differs from the schemas of a document. A value that a reader fills in
differs from none, and no pattern of a schema is run."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trueup.audit.code import CONSTANT, PLACEHOLDER
from trueup.audit.replaced import is_correction
from trueup.audit.tokens import Swap
from trueup.openapi import Node

Way = tuple[Node, ...]
"""Parts of a schema that hold together."""
MOST_WAYS = 64
"""Choices of a schema that are compared; one with more allows nearly everything."""
DEEPEST = 12
"""Levels of a value, and of choices within choices."""
MOST_ITEMS = 50
MOST_SHOWN = 8
"""Allowed values in a message."""
TYPES: dict[type, tuple[str, ...]] = {
    dict: ("object",),
    list: ("array",),
    str: ("string",),
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number", "integer"),
}
FILLED = re.compile(r"\.{3}|…|^[$<{]|\$\{|\{\{")


@dataclass(frozen=True)
class Difference:
    """A field of a value that a schema requires (`lacks`), does not have (`unknown`), has with
    other values (`value`), or calls `deprecated`; `known` is what the schema has in its place."""

    kind: Literal["lacks", "unknown", "value", "deprecated"]
    name: str
    schema: Node
    value: Any = None
    known: tuple[Any, ...] = ()


def differences(
    value: Any, schemas: Sequence[Node], *, is_reply: bool = False, name: str = "", depth: int = 0
) -> Iterator[Difference]:
    """Yield where a value differs from all of some schemas that it may have.

    Raises BadInput where a reference leads out of the document, and for one that takes too long.
    """
    if depth > DEEPEST or is_filled_in(value):
        return
    ways = [way for schema in schemas for way in _ways(schema)]
    ways = [way for way in ways if _is_of_type(way, value)]
    if not ways or () in ways:
        return
    if isinstance(value, dict):
        yield from _object(value, ways, is_reply, name, depth)
    elif isinstance(value, list):
        items = [part.get("items") for way in ways for part in way if part.get("items")]
        for item in value[:MOST_ITEMS] if items else ():
            yield from differences(item, items, is_reply=is_reply, name=name, depth=depth + 1)
    elif not is_reply:
        allowed = [_allowed(way) for way in ways]
        known = [one for values in allowed for one in values or ()]
        if None not in allowed and not _is_in(value, known):
            yield Difference("value", name, ways[0][0], value, tuple(known[:MOST_SHOWN]))


def is_filled_in(value: Any) -> bool:
    """Return whether a value is none yet: a reader fills it in, or it was shortened."""
    if not isinstance(value, str):
        return value is None
    return bool(FILLED.search(value) or PLACEHOLDER.search(value) or CONSTANT.fullmatch(value))


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that another one is probably misspelt from."""
    plain = re.sub(r"[_\-]", "", name.lower())
    for one in names:
        if re.sub(r"[_\-]", "", one.lower()) == plain or is_correction(Swap(name, one, 0)):
            return one
    return None


def _ways(schema: Node, depth: int = 0) -> list[Way]:
    """Return the ways to satisfy a schema; an empty one where anything may do."""
    found: list[Way] = [(schema,)]
    if depth > DEEPEST or schema.value is True:
        return [()]
    choices = [[part] for _, part in schema.get("allOf").children()]
    for key in ("oneOf", "anyOf"):
        choices += [[part for _, part in schema.get(key).children()]]
    for parts in filter(None, choices):
        others = [way for part in parts for way in _ways(part, depth + 1)]
        if len(found) * len(others) > MOST_WAYS or () in others:
            return [()]
        found = [(*one, *other) for one in found for other in others]
    return found


def _is_of_type(way: Way, value: Any) -> bool:
    for part in way:
        stated = part.get("type").value
        names = stated if isinstance(stated, list) else [stated]
        if stated is not None and not set(map(str, names)) & {*TYPES.get(type(value), ())}:
            return False
    return True


def _object(
    value: dict[str, Any], ways: list[Way], is_reply: bool, name: str, depth: int
) -> Iterator[Difference]:
    fields = [(way, _fields(way)) for way in ways]
    fields = [(way, has) for way, has in fields if not _conflicts(has, value)] or fields
    known: dict[str, list[Node]] = {}
    for _, has in fields:
        for field, parts in has.items():
            known.setdefault(field, []).extend(parts)
    is_short = any(is_filled_in(key) for key in value) or (bool(name) and not value)
    is_open = not known or any(_states(way, {True, dict}) for way, _ in fields)
    is_closed = all(_states(way, {False}) for way, _ in fields)
    inside = {field: f"{name}.{field}" if name else field for field in (*value, *known)}
    for field, one in value.items() if not is_short else ():
        if field not in known and not is_open:
            near = nearest(field, [each for each in known if each not in value])
            if near or is_closed or is_reply:
                found = tuple(filter(None, (near,)))
                yield Difference("unknown", inside[field], fields[0][0][0], one, found)
        elif field in known and all(part.get("deprecated").value is True for part in known[field]):
            yield Difference("deprecated", inside[field], known[field][0])
    if not is_reply and not is_short:
        lacking = min((_lacking(way, has, value) for way, has in fields), key=len)
        yield from (Difference("lacks", inside.get(one, one), part) for one, part in lacking)
    for field, one in value.items():
        if field in known and all(field in has for _, has in fields):
            yield from differences(
                one, known[field], is_reply=is_reply, name=inside[field], depth=depth + 1
            )


def _fields(way: Way) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for part in way:
        for name, field in part.get("properties").children():
            found.setdefault(name, []).append(field)
    return found


def _conflicts(fields: dict[str, list[Node]], value: dict[str, Any]) -> bool:
    """Return whether a value is of another choice, as one of its fields says."""
    for name, parts in fields.items():
        one, allowed = value.get(name), _allowed(tuple(parts))
        is_plain = not is_filled_in(one) and not isinstance(one, dict | list)
        if allowed is not None and is_plain and not _is_in(one, allowed):
            return True
    return False


def _states(way: Way, wanted: set[Any]) -> bool:
    """Return whether a way says one of some things of the fields that it does not name."""
    for part in way:
        if dict in wanted and part.get("patternProperties"):
            return True
        for key in ("additionalProperties", "unevaluatedProperties"):
            stated = part.raw(key).value
            if isinstance(stated, dict) and dict in wanted:
                return True
            if isinstance(stated, bool) and stated in wanted:
                return True
    return False


def _lacking(
    way: Way, fields: dict[str, list[Node]], value: dict[str, Any]
) -> list[tuple[str, Node]]:
    found = {}
    for part in way:
        for _, one in part.get("required").children():
            is_sent = not any(
                each.get("readOnly").value is True for each in fields.get(one.text, ())
            )
            if one.text and one.text not in value and is_sent:
                found[one.text] = part
    return list(found.items())


def _allowed(way: Way) -> list[Any] | None:
    """Return the values that a way allows, None for any."""
    for part in way:
        if isinstance(part.get("enum").value, list):
            return list(part.get("enum").value)
        if isinstance(part.value, dict) and "const" in part.value:
            return [part.value["const"]]
    return None


def _is_in(value: Any, values: Iterable[Any]) -> bool:
    return json.dumps(value) in {json.dumps(one) for one in values}
