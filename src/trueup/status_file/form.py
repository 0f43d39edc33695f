"""Form: plain data against the nouns of the model. Rewords pydantic; checks no reference."""

import re
from collections.abc import Callable, Iterator
from inspect import isclass
from typing import Any, TypeGuard, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trueup.message import Place
from trueup.model import NAME, REQUEST, Frozen, Status
from trueup.status_file.complaint import MOST, did_you_mean, listed, refusal, shown
from trueup.status_file.yaml_text import Document

Keys = tuple[str | int, ...]
Form = TypeVar("Form", bound=Frozen)
NAMES = "lower-case letters, digits, '.', '_' and '-', a letter or digit first,"
_PATTERNS = {
    NAME: NAMES,
    REQUEST: "a method and a path, such as POST /v1/things,",
    "^[0-9a-f]{64}$": "a SHA-256 hash of 64 hexadecimal digits",
    r"^image/[a-z0-9.+-]+$": "an image type such as image/png",
}
_EXPECTED: dict[str, Callable[[dict[str, Any]], str]] = {
    "string_type": lambda _: "text",
    "int_type": lambda _: "a whole number",
    "bool_type": lambda _: "true or false",
    "dict_type": lambda _: "a mapping",
    "model_type": lambda _: "a mapping",
    "tuple_type": lambda _: "a list",
    "list_type": lambda _: "a list",
    "invalid-json-value": lambda _: "a value that JSON has",
    "literal_error": lambda ctx: _one_of(_literals(ctx)),
    "string_pattern_mismatch": lambda ctx: _PATTERNS.get(ctx["pattern"], ctx["pattern"]),
    "string_too_short": lambda _: "text",
    "string_too_long": lambda ctx: f"text of at most {ctx['max_length']} characters",
    "greater_than_equal": lambda ctx: f"{ctx['ge']} or more",
    "less_than_equal": lambda ctx: f"{ctx['le']} or less",
}


def parse_form(document: Document) -> Status:
    """The status that the data spell; BadStatus names every part of another form."""
    status = parse_as(document, Status)
    if type(document.data["version"]) is not int:
        found = shown(document.data["version"])
        message = f"version is {found}; 2 was expected. Write version: 2."
        raise refusal([(document.place("version"), message)])
    return status


def parse_as(document: Document, noun: type[Form]) -> Form:
    """The noun that the data spell; BadStatus names every part of another form."""
    try:
        return noun.model_validate(document.data)
    except ValidationError as error:
        raise refusal(_complaints(document, error.errors(include_url=False))) from error


def _complaints(document: Document, errors: list[ErrorDetails]) -> Iterator[tuple[Place, str]]:
    """One for each part; a part that fits no member of a union names what all of them expect."""
    seen: dict[tuple[Keys, str], list[ErrorDetails]] = {}
    for error in errors[: 10 * MOST]:
        keys = _keys(error["loc"], document.data)
        whole = error["type"] == "missing"
        seen.setdefault((keys, str(error["loc"][-1]) if whole else ""), []).append(error)
    for (keys, _), same in seen.items():
        yield document.place(*keys), _worded(keys, same)


def _keys(loc: Keys, data: Any) -> Keys:
    """The part of pydantic's location that the file has: no tags of unions, nothing missing."""
    keys: list[str | int] = []
    for part in loc:
        here = isinstance(data, dict) and part in data
        if here or (isinstance(data, list) and isinstance(part, int) and part < len(data)):
            keys.append(part)
            data = data[part]
    return tuple(keys)


def _worded(keys: Keys, same: list[ErrorDetails]) -> str:
    error = same[0]
    name, value, context = _name(keys), error["input"], error.get("ctx", {})
    if error["type"] == "missing":
        return f"{name} has no {error['loc'][-1]!r}; it was expected. Add it."
    if error["type"] == "extra_forbidden":
        return _unknown_key(keys)
    if error["loc"][-1] == "[key]":
        return f"the name {shown(keys[-1])} cannot be used; {NAMES} were expected. Rename it."
    if error["type"] == "value_error":
        return _broken_rule(name, value, str(context["error"]))
    expected = " or ".join(
        dict.fromkeys(
            _EXPECTED[one["type"]](one.get("ctx", {})) if one["type"] in _EXPECTED else one["msg"]
            for one in same
        )
    )
    todo = "Quote it." if "text" in expected and _is_bare(value) else "Change it."
    if error["type"] == "literal_error":
        todo = did_you_mean(value, _literals(context)).strip() or "Change it."
    if error["type"] == "invalid-json-value":
        todo = "Quote it."
    return f"{name} is {shown(value)}; {expected} was expected. {todo}"


def _broken_rule(name: str, value: Any, rule: str) -> str:
    found = "at odds with itself" if isinstance(value, dict) else shown(value)
    return f"{name} is {found}{':' if ';' in rule else ';'} {rule}. Change it."


def _unknown_key(keys: Keys) -> str:
    key, owner = keys[-1], _name(keys[:-1])
    if key == "standing":
        return (
            f"{owner} has a typed 'standing'; none was expected, since a standing is derived, "
            "never typed. Record an observation, or use a hold to lower it."
        )
    names = list(_model_at(keys[:-1]).model_fields)
    remedy = did_you_mean(key, names).strip() or "Remove it."
    return f"{owner} has the unknown key {shown(key)}; keys are {', '.join(names)}. {remedy}"


def _model_at(keys: Keys) -> type[BaseModel]:
    model: type[BaseModel] = Status
    left = iter(keys)
    for key in left:
        kind = model.model_fields[str(key)].annotation
        model = next(one for one in (kind, *get_args(kind)) if _is_model(one))
        if get_origin(kind) in (dict, tuple):
            next(left)
    return model


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isclass(kind) and issubclass(kind, BaseModel)


def _is_bare(value: Any) -> bool:
    return value is not None and not isinstance(value, str | dict | list)


def _literals(context: dict[str, Any]) -> list[str]:
    return re.findall(r"'([^']+)'", context["expected"]) or [context["expected"]]


def _one_of(names: list[str]) -> str:
    return listed(names, " or ") if len(names) < 3 else f"one of {listed(names)}"


def _name(keys: Keys) -> str:
    if not keys:
        return "the file"
    if isinstance(keys[-1], int):
        return f"item {keys[-1] + 1} of {keys[-2]}"
    return keys[-1] if keys[-1].isprintable() and len(keys[-1]) <= 80 else shown(keys[-1])
