"""Form: plain data against the nouns of the model. Rewords pydantic; checks no reference."""

import re
from collections.abc import Iterator
from inspect import isclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trueup.errors import BadStatus
from trueup.message import Message
from trueup.model import (
    AUTH,
    FILE_NAME,
    MIME,
    NAME,
    PART_NAME,
    POINTER,
    POLL,
    REQUEST,
    TASK_OUTPUT,
    URL,
    WORD,
    Frozen,
    Status,
)
from trueup.status_file.value_text import did_you_mean, listed, shown
from trueup.status_file.yaml_text import Document

Keys = tuple[str | int, ...]
Problem = tuple[Keys, str, str]
"""The keys that lead to a problem, the problem, and the fix."""
Form = TypeVar("Form", bound=Frozen)
MOST_ERRORS = 10 * BadStatus.MOST
"""A value that fits no member of a union has an error for each member, of which one is made."""
OTHER_TYPE = re.compile(r"_type$|^literal_error$")
NAMES = "lower-case letters, digits, '.', '_' and '-', a letter or digit first"
_PATTERNS = {
    NAME: NAMES,
    AUTH: "bearer, none, or a place such as header x-api-key or query key",
    REQUEST: "a method and a path, such as POST /v1/things",
    URL: "an https URL",
    WORD: "a text without white space",
    "^[0-9a-f]{64}$": "a SHA-256 hash of 64 hexadecimal digits",
    FILE_NAME: "a file name without a folder, such as square.png",
    PART_NAME: "a name of a part of a form, such as prompt or image[]",
    MIME: "a media type such as image/png",
    POLL: "a GET whose path or query has {task_id}, such as GET /v1/tasks/{task_id}",
    POINTER: "a JSON pointer such as /error/message",
    TASK_OUTPUT: "a JSON pointer such as /data/url, or a GET whose path has {task_id}",
}
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a decimal number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "invalid-json-value": "a value that JSON has",
    "string_too_short": "text",
    "too_short": "one item or more",
    "string_too_long": "text of at most {max_length} characters",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}


def parse_form(document: Document) -> Status:
    """Return the status that the data are; BadStatus has every part of another form."""
    status = parse_as(document, Status)
    version = document.data["version"]
    if type(version) is not int:
        problem = f"version is {shown(version)}, expected 2"
        raise BadStatus([Message(document.place("version"), problem, "Write version: 2.")])
    return status


def parse_as(document: Document, model_type: type[Form]) -> Form:
    """Return the model that the data are; BadStatus has every part of another form."""
    try:
        return model_type.model_validate(document.data)
    except ValidationError as error:
        problems = _problems(document.data, model_type, error.errors(include_url=False))
        raise BadStatus(
            Message(document.place(*keys), problem, fix) for keys, problem, fix in problems
        ) from error


def _problems(
    data: Any, model_type: type[BaseModel], errors: list[ErrorDetails]
) -> Iterator[Problem]:
    """Yield a problem for each part, with what every member of a union expects there."""
    parts: dict[tuple[Keys, str], list[ErrorDetails]] = {}
    for error in errors[:MOST_ERRORS]:
        missing = str(error["loc"][-1]) if error["type"] == "missing" else ""
        parts.setdefault((_keys(error["loc"], data), missing), []).append(error)
    for (keys, missing), same in parts.items():
        if not missing and all(OTHER_TYPE.search(error["type"]) for error in same):
            others = [deep for deep, name in parts if (deep, name) != (keys, "")]
            if any(deep[: len(keys)] == keys for deep in others):
                continue  # the value is of another member of the union, and has errors as that
        yield keys, *_worded(keys, same, model_type)


def _keys(loc: Keys, data: Any) -> Keys:
    """Return the part of pydantic's location that the file has, without the tags of unions."""
    keys: list[str | int] = []
    for part in loc:
        here = isinstance(data, dict) and part in data
        if here or (isinstance(data, list) and isinstance(part, int) and part < len(data)):
            keys.append(part)
            data = data[part]
    return tuple(keys)


def _worded(keys: Keys, same: list[ErrorDetails], model_type: type[BaseModel]) -> tuple[str, str]:
    """Return the problem of the errors of one part, and its fix."""
    error = same[0]
    name, value, context = _name(keys), error["input"], error.get("ctx", {})
    if error["type"] == "missing":
        return f"{name} has no {error['loc'][-1]!r}", "Add it."
    if error["type"] == "extra_forbidden":
        return _unknown_key(keys, model_type)
    if error["loc"][-1] == "[key]":
        return f"the name {shown(keys[-1])} cannot be used", f"Rename it: {_expected(error)}."
    if error["type"] == "value_error":
        return f"{name} is inconsistent: {context['error']}", "Correct it."
    expected = " or ".join(dict.fromkeys(_expected(each) for each in same))
    fix = "Change it."
    if error["type"] == "invalid-json-value" or ("text" in expected and _is_bare(value)):
        fix = "Quote it."
    if error["type"] == "literal_error":
        fix = did_you_mean(value, _literals(context)) or "Change it."
    return f"{name} is {shown(value)}, expected {expected}", fix


def _expected(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        names = _literals(context)
        return listed(names, " or ") if len(names) < 3 else f"one of {listed(names)}"
    if error["type"] == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return _PATTERNS.get(pattern, pattern)
    known = _EXPECTED.get(error["type"])
    return known.format_map(context) if known else error["msg"]


def _unknown_key(keys: Keys, model_type: type[BaseModel]) -> tuple[str, str]:
    key, owner = keys[-1], _name(keys[:-1])
    if key == "standing":
        problem = f"{owner} has the key 'standing', which is always derived"
        return problem, "Record an observation, or use a hold to lower it."
    names = list(_model_at(keys[:-1], model_type).model_fields)
    problem = f"{owner} has the unknown key {shown(key)}; keys are {', '.join(names)}"
    return problem, did_you_mean(key, names) or "Remove it."


def _model_at(keys: Keys, model: type[BaseModel]) -> type[BaseModel]:
    left = iter(keys)
    for key in left:
        if key not in model.model_fields:  # of a list within a mapping
            continue
        kind = model.model_fields[str(key)].annotation
        model = next(_models_in(kind))
        if any(get_origin(member) in (dict, tuple) for member in (kind, *get_args(kind))):
            next(left)
    return model


def _models_in(kind: Any) -> Iterator[type[BaseModel]]:
    if isclass(kind) and get_origin(kind) is None and issubclass(kind, BaseModel):
        yield kind
    for member in get_args(kind):
        yield from _models_in(member)


def _is_bare(value: Any) -> bool:
    return value is not None and not isinstance(value, str | dict | list)


def _literals(context: dict[str, Any]) -> list[str]:
    return re.findall(r"'([^']+)'", context["expected"]) or [context["expected"]]


def _name(keys: Keys) -> str:
    if not keys:
        return "the file"
    if isinstance(keys[-1], int):
        return f"item {keys[-1] + 1} of {keys[-2]}"
    return keys[-1] if keys[-1].isprintable() and len(keys[-1]) <= 80 else shown(keys[-1])
