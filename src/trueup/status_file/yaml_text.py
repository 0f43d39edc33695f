"""YAML text: from text to plain data and the places of its parts. Knows no key of the status file.

Text that two readers of YAML could read differently is refused, and text that takes endless memory.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from trueup.errors import BadStatus
from trueup.message import Message
from trueup.place import Place, TextPositions
from trueup.status_file.value_text import shown

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 40
"""Levels of nesting: far above what a body has, far below Python's limit of recursion."""
MOST_PARTS = 200_000
"""Events of the parser, which takes about four seconds for as many."""
LARGEST = 10**60
"""Numbers above it are a mistake, and slow to convert to text."""
_STRANGE = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
# The core schema of YAML 1.2.2, §10.3.2. PyYAML resolves by YAML 1.1, editors by this one.
_CORE = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)")),
    ("octal", re.compile(r"(?:[-+]?0[0-9]+|0o[0-7]+)")),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0x[0-9a-fA-F]+)")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")),
    ("float", re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))")),
)
_PROBLEMS = {
    "mapping values are not allowed": "a colon where no key can end",
    "cannot start any token": "a value begins with a character that YAML reserves",
    "expected <document start>": "more text after the end of the data",
    "could not find expected ':'": "a line has no colon after its key",
    "found unexpected end of stream": "a quoted text has no closing quote",
}
Problem = tuple[int, str, str]
"""The index of a problem in the text, the problem, and the fix."""


@dataclass(frozen=True)
class Document:
    """A YAML mapping: its text, its plain data, and the places of its parts."""

    text: str
    path: str
    root: yaml.MappingNode
    data: dict[str, Any]

    def node(self, *keys: str | int) -> yaml.Node | None:
        """Return the node of a value, or None where the file has none."""
        node: yaml.Node = self.root
        for key in keys:
            found = _child(node, key)
            if found is None:
                return None
            node = found[1]
        return node

    def place(self, *keys: str | int) -> Place:
        """Return the place of a mapping's key or a list's item, or of the nearest parent."""
        node: yaml.Node = self.root
        at = node
        for key in keys:
            found = _child(node, key)
            if found is None:
                break
            at, node = found
        return self._lines.place(at.start_mark.index)

    @cached_property
    def _lines(self) -> TextPositions:
        return TextPositions(self.path, self.text)


@lru_cache(maxsize=4)  # a command reads the status file several times
def parse_yaml(text: str, path: str, loader: Any = LOADER) -> Document:
    """Return the one mapping that a text holds; BadStatus has all that is not plain in it."""
    lines = TextPositions(path, text)
    problems = _characters(text) or _structure(text, loader)
    if not problems:
        root = yaml.compose(text, Loader=loader)
        builder = _Builder(lines)
        if isinstance(root, yaml.MappingNode):
            data = builder.mapping(root)
            if not builder.problems:
                return Document(text, path, root, data)
        problems = builder.problems or [(0, _no_mapping(root), "Start with version: 2.")]
    raise BadStatus(Message(lines.place(index), *problem) for index, *problem in problems)


def refuse_depth(text: str | bytes) -> None:
    """Raise YAMLError for text nested so deep that reading it could end the program."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} levels")


def _no_mapping(root: yaml.Node | None) -> str:
    if root is None:
        return "the file is empty"
    found = "a list" if isinstance(root, yaml.SequenceNode) else "one bare value"
    return f"the file is {found}, expected a mapping"


def _characters(text: str) -> list[Problem]:
    found = _STRANGE.search(text)
    if not found:
        return []
    if found.start() == 0 and found[0] == "\ufeff":
        return [
            (0, "the file starts with a byte order mark", "Save the file as UTF-8 without one.")
        ]
    if found[0] == "\t":
        return [
            (
                found.start(),
                "a tab is not allowed",
                "Replace it with spaces, or write \\t in double quotes.",
            )
        ]
    fix = "Remove it, or write it as an escape in double quotes."
    return [(found.start(), f"the character U+{ord(found[0]):04X} is not allowed", fix)]


def _structure(text: str, loader: Any) -> list[Problem]:
    problems: list[Problem] = []
    try:
        for problem in _refused_events(text, loader):
            problems.append(problem)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or "not readable"
        plain = next((text for known, text in _PROBLEMS.items() if known in reason), reason)
        fix = "Check the quotes, colons and indentation here and just above."
        problems.append((mark.index if mark else 0, f"not valid YAML ({plain})", fix))
    return problems


def _refused_events(text: str, loader: Any) -> Iterator[Problem]:
    depth = documents = 0
    events: Iterator[Any] = yaml.parse(text, Loader=loader)
    for count, event in enumerate(events):
        index = event.start_mark.index
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                yield index, "a second document is not allowed", "Remove the --- line."
                return
        if isinstance(event, yaml.AliasEvent):
            yield index, f"the alias *{event.anchor} is not allowed", "Write the value out."
        elif getattr(event, "anchor", None):
            yield index, f"the anchor &{event.anchor} is not allowed", "Remove it."
        if getattr(event, "tag", None) is not None:
            yield index, f"the tag {shown(event.tag)} is not allowed", "Remove it."
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if count > MOST_PARTS:
            yield index, f"more than {MOST_PARTS} parts", "Check that it is the right file."
            return
        if depth > DEEPEST:
            yield index, f"more than {DEEPEST} levels of nesting", "Flatten them."
            return


class _Builder:
    """Plain data of nodes, and the problems in them."""

    def __init__(self, lines: TextPositions) -> None:
        self.problems: list[Problem] = []
        self._lines = lines
        self._constructor = SafeConstructor()

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        assert isinstance(node, yaml.ScalarNode)
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        data: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            value = self.value(value_node)
            key = self.key(key_node)
            if key is None:
                continue
            if key in data:
                line = self._lines.place(first[key])
                self.refuse(key_node, f"the key {shown(key)} is already at {line}", "Keep one.")
                continue
            data[key], first[key] = value, key_node.start_mark.index
        return data

    def key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, "the key is a collection, expected text", "Write a name.")
            return None
        kind = _kind(node)
        if kind == "merge":
            self.refuse(node, "the merge key << is not allowed", "Write the values out.")
            return None
        # YAML 1.1 reads the key `on` as true; it is the name of a hold's date.
        if kind != "str" and not (kind == "bool" and _core_kind(node) == "str"):
            problem = f"the key {shown(node.value)} reads as {kind}, expected text"
            self.refuse(node, problem, "Quote it.")
            return None
        return self.text(node)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        kind = _kind(node)
        if kind not in ("timestamp", _core_kind(node)):
            problem = f"{shown(node.value)} has another meaning in YAML 1.1 than in 1.2"
            self.refuse(node, problem, "Quote it, or write it out.")
            return node.value
        if kind == "str":
            return self.text(node)
        try:
            return self.plain(kind, node)
        except (ValueError, OverflowError):
            kinds = {"timestamp": "a date, or a time with its zone"}
            expected = kinds.get(kind, "a finite number of usual length")
            problem = f"the value is {shown(node.value)}, expected {expected}"
            self.refuse(node, problem, "Correct it, or quote it if it is text.")
            return None

    def plain(self, kind: str, node: yaml.ScalarNode) -> Any:
        """Return a scalar that is not text; ValueError or OverflowError where it has no value."""
        if kind == "null":
            return None
        if kind == "bool":
            return node.value.lower() == "true"
        if kind == "int":
            number = int(node.value, 0)
            if abs(number) >= LARGEST:
                raise ValueError(node.value)
            return number
        if kind == "float":
            real = float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))
            if not math.isfinite(real):
                raise ValueError(node.value)
            return real
        moment = self._constructor.construct_yaml_timestamp(node)
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise ValueError(node.value)
            moment.astimezone(UTC)
        return moment

    def text(self, node: yaml.Node) -> str:
        if _SURROGATE.search(node.value):
            self.refuse(node, "the escape is half of a surrogate pair", "Correct the escape.")
        return str(node.value)

    def refuse(self, node: yaml.Node, problem: str, fix: str) -> None:
        self.problems.append((node.start_mark.index, problem, fix))


def _kind(node: yaml.Node) -> str:
    return str(node.tag.rpartition(":")[2])


def _core_kind(node: yaml.ScalarNode) -> str:
    if node.style:
        return "str"
    return next((kind for kind, form in _CORE if form.fullmatch(node.value)), "str")


def _child(node: yaml.Node, key: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if pair[0].value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key]
    return None
