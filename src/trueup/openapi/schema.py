"""Schema: what a schema of an OpenAPI document says of a value: an example, the parameters that it
documents, and itself as a JSON Schema without references. No pattern of one is ever run."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import ValidationError

from trueup.model import Parameter
from trueup.model.documented import ParameterType
from trueup.openapi.document import Node

DEEPEST = 8
"""Levels of an example that is made, and of choices within choices."""
TYPES = get_args(ParameterType)
SCHEMA_LEVELS, MOST_SCHEMA_PARTS = 6, 200
"""Of a published schema, which each command checks anew: enough for the shape of a reply."""
KEPT = (
    *("const", "enum", "maximum", "minimum", "maxItems", "minItems", "maxLength", "minLength"),
    "type",
)
"""Keywords that a published schema has as they are. The others are left out, so that it never
refuses what the document allows: without a `pattern`, `oneOf` and `not` have another meaning."""
CHOICES = ("oneOf", "anyOf")
SAID = ("const", "example", "examples", "default", "enum")
"""Keywords that give a value, the best one first."""


class Schema:
    """A schema with all that it is made of: itself, each of its `allOf`, and the first of each
    choice that is not null."""

    def __init__(self, part: Node) -> None:
        self.part = part
        self.parts = list(_parts(part))

    def keyword(self, name: str) -> Node:
        """Return the first such keyword of its parts; a part that is not there without one."""
        return next((one.get(name) for one in self.parts if one.get(name)), self.part.raw(name))

    @property
    def type(self) -> str:
        """Its type, the first where it has several; empty if it has none."""
        value = self.keyword("type").value
        names = value if isinstance(value, list) else [value]
        named = next((one for one in names if isinstance(one, str) and one != "null"), "")
        return named or ("object" if self.keyword("properties") else "")

    @property
    def is_file(self) -> bool:
        """Whether a form sends it as a file."""
        coded = self.keyword("contentMediaType") and not self.keyword("contentEncoding")
        return self.keyword("format").value == "binary" or bool(coded)

    def fields(self) -> dict[str, tuple["Schema", bool]]:
        """Return its properties, each with whether it is required."""
        found: dict[str, Node] = {}
        required: set[str] = set()
        for one in self.parts:
            for name, part in one.get("properties").children():
                found.setdefault(name, part)
            names = one.get("required").value
            required |= {str(name) for name in names} if isinstance(names, list) else set()
        return {name: (Schema(one), name in required) for name, one in found.items()}

    def documented(self) -> Any:
        """Return the value that it documents: a constant, an example, the default or the first
        allowed value. The examples of an object's parts are one. None without any."""
        objects: dict[str, Any] = {}
        for key in SAID:
            for part in self.parts:
                found = part.get(key).value
                if key in ("examples", "enum"):
                    listed = found if isinstance(found, list) else []
                    found = next((one for one in listed if one is not None), None)
                if isinstance(found, dict):
                    objects = {**found, **objects}
                elif found is not None:
                    return found
        return objects or None


def _parts(schema: Node, depth: int = 0) -> Iterator[Node]:
    yield schema
    if depth < DEEPEST and isinstance(schema.value, dict):
        chosen = [one for _, one in schema.get("allOf").children()]
        for key in CHOICES:
            choices = [one for _, one in schema.get(key).children()]
            # One that has a value of its own says more than a bare type beside it.
            choices.sort(key=lambda one: not any(one.get(name) for name in SAID))
            chosen += [one for one in choices if one.get("type").value != "null"][:1]
        for one in chosen:
            yield from _parts(one, depth + 1)


def documented_value(owner: Node) -> Node:
    """Return the example that a media type or a parameter has of its own, if it is given here."""
    values = (one.raw("value") for _, one in owner.get("examples").children())
    return next(filter(None, (owner.raw("example"), *values)), owner.raw("example"))


def example_of(schema: Schema, name: str, missing: list[str], depth: int = 0) -> Any:
    """Return a value of a schema as the document has it, or else one of its type, whose `name` is
    then added to the `missing` ones.

    Raises BadInput for required fields that nest without an end.
    """
    found = schema.documented()
    if found is not None and not isinstance(found, dict):
        return found
    if depth > DEEPEST:
        raise schema.part.refused("its required fields nest without end", "Give it an example.")
    if isinstance(found, dict) or schema.type == "object":
        made = {**(found or {})}
        for key, (one, required) in schema.fields().items():
            is_shown = required or one.keyword("example") or one.keyword("examples")
            if key not in made and is_shown and one.keyword("readOnly").value is not True:
                made[key] = example_of(one, f"{name}.{key}".lstrip("."), missing, depth + 1)
        return made
    if schema.type == "array":
        return [example_of(Schema(schema.keyword("items")), f"{name}[]", missing, depth + 1)]
    missing.append(name or "the body")
    if schema.type in ("integer", "number"):
        least = schema.keyword("minimum").value
        return least if isinstance(least, int | float) else 1
    letters = re.sub(r"[^A-Z0-9]+", "_", name.rpartition(".")[2].upper()).strip("_")
    return False if schema.type == "boolean" else f"YOUR_{letters}"


def parameter_of(schema: Schema, *, required: bool) -> Parameter | None:
    """Return what a schema documents of a field; None where no status file can say it."""
    types = schema.keyword("type").value
    named = types if isinstance(types, list) else [types]
    values, default = (schema.keyword(name).value for name in ("enum", "default"))
    facts = {
        "type": ["file"] if schema.is_file else [one for one in named if one in TYPES],
        "required": required,
        "least": schema.keyword("minimum").value,
        "most": schema.keyword("maximum").value,
        "values": [one for one in values if one is not None] if isinstance(values, list) else [],
        "default": None if isinstance(default, dict | list) else default,
    }
    for left_out in (
        (),
        ("values",),
        ("values", "default"),
        ("values", "default", "least", "most"),
    ):
        try:
            return Parameter.model_validate({k: v for k, v in facts.items() if k not in left_out})
        except ValidationError:
            continue
    return None


def json_schema_of(schema: Node, left: Iterator[int], depth: int = 0) -> dict[str, Any]:
    """Return the schema of a reply as one without references, looser than the document where it
    has more levels, or more parts than are `left`."""
    value = schema.value
    if not isinstance(value, dict) or depth > SCHEMA_LEVELS or next(left, None) is None:
        return {}
    made = {key: value[key] for key in KEPT if key in value}
    fields = dict(schema.get("properties").children())
    if isinstance(value.get("properties"), dict):
        made["properties"] = {
            name: json_schema_of(one, left, depth + 1) for name, one in fields.items()
        }
    if isinstance(value.get("items"), dict):
        made["items"] = json_schema_of(schema.get("items"), left, depth + 1)
    if isinstance(value.get("required"), list):
        # What only a request has is in no reply.
        sent = {name for name, one in fields.items() if one.get("writeOnly").value is True}
        made["required"] = [str(one) for one in value["required"] if str(one) not in sent]
    for key in ("allOf", *CHOICES):
        parts = schema.get(key).children() if isinstance(value.get(key), list) else []
        if parts:
            kept = "allOf" if key == "allOf" else "anyOf"
            made[kept] = [json_schema_of(one, left, depth + 1) for _, one in parts]
    return {"anyOf": [made, {"type": "null"}]} if value.get("nullable") is True else made
