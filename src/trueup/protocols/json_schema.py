"""JSON Schema: whether a value matches one, and a small value that does, in bounded work.

The library is imported where a schema is used: without one, no command waits for it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

from trueup.protocols.json_pointer import pointer_of, value_at

MOST_STEPS = 200_000
"""Keywords that are applied to a value: a hundred to each of two thousand items."""
MOST_VALUES = 1_000
"""Values within one that is made: more than a reader reads."""
NAMES = ("properties", "$defs", "definitions", "dependentSchemas")
DATA = ("const", "enum", "default", "examples")
UNBOUNDED = ("pattern", "patternProperties", "uniqueItems")
"""Keywords whose work a reply could make endless."""
CHOICES = ("allOf", "anyOf", "oneOf")
TOO_MUCH = "takes more work than any reply needs"


class _TooMuch(Exception):
    """The validation takes too many steps."""


def problem_of_schema(schema: object) -> str | None:
    """Return why a document cannot be used as a schema, as a clause, or None."""
    from jsonschema.exceptions import SchemaError

    if not isinstance(schema, dict):
        return "is no mapping"
    try:
        _validator(schema).check_schema(schema)
        return next(_refused(schema, schema), None)
    except SchemaError as error:
        return f"is no JSON Schema at {pointer_of([*error.absolute_path]) or 'its root'}"
    except RecursionError:
        return TOO_MUCH


def violation(schema: Mapping[str, Any], value: object) -> str | None:
    """Return place and kind of the first violation, as a clause; None for a value that matches."""
    from jsonschema.validators import extend
    from referencing import Registry

    steps, validator = iter(range(MOST_STEPS)), _validator(schema)
    checks = {name: _counted(check, steps) for name, check in validator.VALIDATORS.items()}
    try:
        made: Any = extend
        counted = made(validator, checks)(schema, registry=Registry())
        error = next(counted.iter_errors(value), None)
    except (RecursionError, ArithmeticError, _TooMuch):
        return TOO_MUCH
    return None if error is None else _worded(error)


def least_value(schema: Mapping[str, Any]) -> Any:
    """Return a small value for a schema; it need not match one with rare keywords."""
    return _Maker(schema).make(schema)


def _validator(schema: Mapping[str, Any]) -> Any:
    from jsonschema.validators import Draft202012Validator, validator_for

    return validator_for(schema, default=Draft202012Validator)


def _counted(check: Callable[..., Any], steps: Iterator[int]) -> Callable[..., Any]:
    def call(*arguments: Any) -> "Iterator[ValidationError]":
        if next(steps, None) is None:
            raise _TooMuch
        yield from check(*arguments) or ()

    return call


def _worded(error: "ValidationError") -> str:
    place = pointer_of([*error.absolute_path]) or "its root"
    expected: Any = error.validator_value
    if error.validator == "required" and isinstance(expected, list):
        fields = error.instance if isinstance(error.instance, dict) else {}
        lacking = next((name for name in expected if name not in fields), "a field")
        return f"{place} lacks {json.dumps(lacking, ensure_ascii=False)[:80]}"
    shown = json.dumps(expected, ensure_ascii=False)
    return f"{place} does not fit {error.validator} {shown[:80]}"


def _refused(schema: object, root: object) -> Iterator[str]:
    """Yield what a schema has that could make its work endless, or that leads out of it."""
    if isinstance(schema, list):
        for item in schema:
            yield from _refused(item, root)
    for key, value in schema.items() if isinstance(schema, dict) else ():
        if key == "$ref":
            if not isinstance(_target(root, value), dict | bool):
                yield f"has the reference {json.dumps(value)[:80]}, which is none within the file"
        elif key in UNBOUNDED and value is not False:
            yield f"has {key}, whose work has no bound"
        elif key in ("$dynamicRef", "$recursiveRef") or (key == "$id" and schema is not root):
            yield f"has {key}, which this check does not follow"
        elif key in NAMES and isinstance(value, dict):
            yield from _refused([*value.values()], root)
        elif key not in DATA:
            yield from _refused(value, root)


def _target(root: object, reference: object) -> object:
    """Return the part of a schema that a reference within it leads to."""
    text = unquote(reference) if isinstance(reference, str) else ""
    return value_at(root, text[1:]) if text == "#" or text.startswith("#/") else None


class _Maker:
    """Makes a small value, part by part, as long as it stays small."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root, self.left = root, MOST_VALUES

    def make(self, schema: Any, depth: int = 0) -> Any:
        """Return a value for a part of the schema."""
        self.left -= 1
        if not isinstance(schema, Mapping) or self.left < 0 or depth > 30:
            return None
        if "$ref" in schema:
            return self.make(_target(self.root, schema["$ref"]), depth + 1)
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        chosen = [
            *schema.get("allOf", ()),
            *(schema[key][0] for key in CHOICES[1:] if key in schema),
        ]
        if chosen:
            return self.make(self._merged([*chosen, schema]), depth + 1)
        return self._of_type(schema, depth)

    def _merged(self, parts: list[Any]) -> dict[str, Any]:
        """Return the keywords of all parts; names and requirements add up."""
        merged: dict[str, Any] = {}
        for part in parts:
            found = _target(self.root, part["$ref"]) if "$ref" in part else part
            for key, value in found.items() if isinstance(found, Mapping) else ():
                if key == "properties":
                    value = {**merged.get(key, {}), **value}
                if key == "required":
                    value = [*merged.get(key, ()), *value]
                if key not in CHOICES or found is not parts[-1]:
                    merged[key] = value
        return merged

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else None)
        kind = kind[0] if isinstance(kind, list) and kind else kind
        if kind == "object":
            fields = schema.get("properties", {})
            names = schema.get("required", ())
            return {name: self.make(fields.get(name, {}), depth + 1) for name in names}
        if kind == "array":
            items = schema.get("items", {})
            first = items if isinstance(items, list) else schema.get("prefixItems", ())
            more = schema.get("minItems", 0) - len(first)
            parts = [*first, *[items] * min(max(more, 0), MOST_VALUES)]
            return [self.make(part, depth + 1) for part in parts]
        if kind == "string":
            longest = schema.get("maxLength")
            return "simulated".ljust(min(schema.get("minLength", 0), MOST_VALUES), ".")[:longest]
        if kind in ("integer", "number"):
            return _number(schema)
        return False if kind == "boolean" else None


def _number(schema: Mapping[str, Any]) -> float:
    """Return a number that fits, of the few that are likely to."""
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    most = schema.get("maximum", schema.get("exclusiveMaximum", 0))
    step = schema.get("multipleOf", 1)
    likely = (0, step, least, least + 1, least // step * step + step, most, most - 1)
    tried = [*likely, (least + most) / 2]
    return next((one for one in tried if violation(dict(schema), one) is None), 0)
