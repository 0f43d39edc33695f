"""Document: an OpenAPI file as plain data, and its parts with their places. Nothing is fetched, and
no reference leads out of the file."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import yaml

from trueup.errors import BadInput
from trueup.place import Place
from trueup.protocols import steps_of
from trueup.source_file import read_source
from trueup.status_file import refuse_depth, shown

MOST_BYTES = 20_000_000
"""Half again as much as the largest public API has as JSON."""
MOST_YAML_BYTES = 5_000_000
"""YAML is read a hundred times slower than JSON: this takes about ten seconds."""
MOST_PARTS = 2_000_000
"""Values of a document, each alias written out: four times as many as the largest public API."""
DEEPEST = 100
"""Levels of nesting, below Python's limit of recursion."""
MOST_STEPS = 20_000
"""Parts that are read for one operation: a schema that nests its choices has no end otherwise."""
LARGEST = 10**60
"""Numbers above it are a mistake; the status file has none."""
PLAIN = "/~{}[]()!$&'*+,;=:@"
"""Signs of a pointer that are shown as they are, beside letters and digits."""
SCALARS = (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
)
"""What is no text, as in JSON: a date or `yes` of YAML 1.1 is text."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML by the rules of JSON; a tag makes nothing but plain data."""

    yaml_implicit_resolvers: dict[str, Any] = {}


for _kind, _form, _first in SCALARS:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_form})$"), _first
    )


@dataclass
class Document:
    """An OpenAPI document, its file's name, and what may still be read for one operation."""

    name: str
    root: dict[str, Any]
    steps: Iterator[int] = field(default_factory=lambda: iter(range(MOST_STEPS)))

    @property
    def top(self) -> "Node":
        """The whole document."""
        return Node(self, self.root, "")

    def refill(self) -> None:
        """Let as much be read as one operation may need."""
        self.steps = iter(range(MOST_STEPS))


@dataclass(frozen=True)
class Node:
    """A value of a document, and its JSON pointer. A part that is not there is None."""

    document: Document
    value: Any
    pointer: str

    @property
    def place(self) -> Place:
        """The place for a message, such as `openapi.json#/paths/~1pets/get`."""
        return Place(f"{self.document.name}#{quote(self.pointer, safe=PLAIN)}")

    @property
    def text(self) -> str:
        """The value where it is a text, or an empty one."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def above(self) -> "Node":
        """The part that has it as a field."""
        steps = steps_of(self.pointer)[:-1]
        return self.document.top.get(*steps)

    def __bool__(self) -> bool:
        return self.value is not None

    def refused(self, problem: str, fix: str) -> BadInput:
        """Return the error of a part that cannot be used."""
        return BadInput(self.place, problem, fix)

    def raw(self, key: str | int) -> "Node":
        """Return a field or an item as it is written."""
        if next(self.document.steps, None) is None:
            fix = "Flatten its schemas, or give an example."
            raise self.refused(f"takes more than {MOST_STEPS} steps to read", fix)
        found = None
        if isinstance(self.value, dict):
            found = self.value.get(str(key))
        elif isinstance(self.value, list) and isinstance(key, int) and key < len(self.value):
            found = self.value[key]
        step = str(key).replace("~", "~0").replace("/", "~1")
        return Node(self.document, found, f"{self.pointer}/{step}")

    def get(self, *keys: str | int) -> "Node":
        """Return a field of a field, references followed; BadInput for one that leads nowhere."""
        part = self
        for key in keys:
            part = part.raw(key).resolved()
        return part

    def children(self) -> list[tuple[str, "Node"]]:
        """Return the fields or the items of the part, references followed."""
        keys: Any = range(len(self.value)) if isinstance(self.value, list) else self.value
        return [(str(key), self.get(key)) for key in keys] if self._is_collection else []

    def resolved(self) -> "Node":
        """Return what the part refers to; fields beside a reference replace those of its target."""
        part, beside, seen = self, dict[str, Any](), set[str]()
        while isinstance(part.value, dict) and isinstance(part.value.get("$ref"), str):
            beside = {**{k: v for k, v in part.value.items() if k != "$ref"}, **beside}
            part = part.target()
            if part.pointer in seen:
                raise self.refused("the reference leads back to itself", "Correct it.")
            seen.add(part.pointer)
        if beside and isinstance(part.value, dict):
            return Node(self.document, {**part.value, **beside}, part.pointer)
        return part

    def target(self) -> "Node":
        """Return the part that a reference names; BadInput for one out of the document."""
        reference = self.value["$ref"]
        if reference != "#" and not reference.startswith("#/"):
            problem = f"the reference {shown(reference)} leads out of the document"
            raise self.refused(problem, "Bundle the documents into one.")
        part = self.document.top
        for step in steps_of(unquote(reference[1:])):
            part = part.raw(
                int(step) if isinstance(part.value, list) and step.isdecimal() else step
            )
        if not part:
            raise self.refused(f"the reference {shown(reference)} leads nowhere", "Correct it.")
        return part

    @property
    def _is_collection(self) -> bool:
        return isinstance(self.value, dict | list)


def load_document(file: Path, name: str | None = None) -> Document:
    """Return the OpenAPI 3.0 or 3.1 document of a file, JSON or YAML, which places call `name`, or
    by that of the file without its folder.

    Raises BadInput for any other, and for one that is too large or nested too deep.
    """
    try:
        text = read_source(file, file.parent, MOST_BYTES).decode("utf-8-sig")
        root = _read(file, text)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
        raise BadInput(file, problem, "Give an OpenAPI document, JSON or YAML.") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(getattr(error, "problem", None) or error).split())[:100]
        problem = f"is neither JSON nor YAML that can be read ({reason})"
        raise BadInput(file, problem, "Correct it.") from error
    version = root.get("openapi") if isinstance(root, dict) else None
    if not (isinstance(version, str) and re.match(r"3\.[01](\.|$)", version)):
        problem = f"openapi is {shown(version)}, expected 3.0 or 3.1"
        raise BadInput(file, problem, "Convert it to one of these.")
    return Document(name or file.name, root)


def _read(file: Path, text: str) -> Any:
    if text.lstrip()[:1] == "{":
        return _plain(json.loads(text), iter(range(MOST_PARTS)))
    if len(text) > MOST_YAML_BYTES:
        raise BadInput(file, f"more than {MOST_YAML_BYTES} bytes of YAML", "Convert it to JSON.")
    refuse_depth(text)
    return _plain(yaml.load(text, Loader=_Loader), iter(range(MOST_PARTS)))


def _plain(value: Any, parts: Iterator[int], depth: int = 0) -> Any:
    """Return data as JSON has it, each alias of YAML written out; ValueError for any other."""
    if next(parts, None) is None or depth > DEEPEST:
        raise ValueError(f"more than {MOST_PARTS} values, or {DEEPEST} levels")
    if isinstance(value, dict):
        if "<<" in value:
            raise ValueError("a merge key <<")
        return {_key(key): _plain(one, parts, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, parts, depth + 1) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number that is not finite")
    if isinstance(value, int) and abs(value) >= LARGEST:
        raise ValueError("a number of unusual length")
    if not isinstance(value, str | int | float | None):
        raise ValueError(f"a value of type {type(value).__name__}")
    return value


def _key(key: object) -> str:
    """Return a key as JSON has it: a status such as 200 is often written as a number."""
    if isinstance(key, bool) or key is None:
        return json.dumps(key)
    return str(key)
