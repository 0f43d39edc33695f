"""YAML text: from text to plain data and the places of its parts. Knows no key of the status file.

What two readers of YAML could read differently is refused, and so is all that can blow up.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from trueup.message import Place
from trueup.status_file.complaint import refusal, shown

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 40
MOST_PARTS = 200_000
_STRANGE = re.compile(
    "[^\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
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
    "mapping values are not allowed": "a colon stands where no key can end",
    "cannot start any token": "a character that YAML reserves begins a value",
    "expected <document start>": "text stands after the end of the data",
    "could not find expected ':'": "a line has no colon after its key",
    "found unexpected end of stream": "a quoted text has no closing quote",
}
Complaints = list[tuple[int, str]]


@dataclass(frozen=True)
class Document:
    """One YAML mapping: its text, its plain data, and where each part stands."""

    text: str
    path: str
    root: yaml.MappingNode
    data: dict[str, Any]

    def node(self, *keys: str | int) -> yaml.Node | None:
        """The node of a value, or None where the file has none."""
        node: yaml.Node = self.root
        for key in keys:
            found = _child(node, key)
            if found is None:
                return None
            node = found[1]
        return node

    def place(self, *keys: str | int) -> Place:
        """Where a mapping's key or a list's item stands; for what is missing, its parent's."""
        node: yaml.Node = self.root
        at = node
        for key in keys:
            found = _child(node, key)
            if found is None:
                break
            at, node = found
        return self._lines.place(at.start_mark.index)

    @cached_property
    def _lines(self) -> "_Lines":
        return _Lines(self.text, self.path)


def parse_yaml(text: str, path: str, loader: Any = LOADER) -> Document:
    """The one mapping that a text holds; BadStatus names everything that is not plain in it."""
    lines = _Lines(text, path)
    complaints = _characters(text) or _structure(text, loader)
    if not complaints:
        root = yaml.compose(text, Loader=loader)
        builder = _Builder(lines)
        if isinstance(root, yaml.MappingNode):
            data = builder.mapping(root)
            if not builder.complaints:
                return Document(text, path, root, data)
        complaints = builder.complaints or [(0, _no_mapping(root))]
    raise refusal((lines.place(index), message) for index, message in complaints)


def refuse_depth(text: str | bytes) -> None:
    """Raises YAMLError for what is nested so deep that reading it could end the whole program."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} levels")


def _no_mapping(root: yaml.Node | None) -> str:
    if root is None:
        return "the file is empty; the keys of a status file were expected. Start with version: 2."
    found = "a list" if isinstance(root, yaml.SequenceNode) else "one bare value"
    return f"the file holds {found}; a mapping was expected. Start with version: 2."


def _characters(text: str) -> Complaints:
    found = _STRANGE.search(text)
    if not found:
        return []
    name = f"U+{ord(found[0]):04X}"
    if found.start() == 0 and found[0] == "\ufeff":
        return [
            (0, "the file begins with a byte order mark; plain UTF-8 was expected. Save it so.")
        ]
    if found[0] == "\t":
        return [(found.start(), "a tab; spaces were expected. Replace it, or write \\t in quotes.")]
    todo = "Remove it, or write it as an escape in double quotes."
    return [(found.start(), f"the character {name} is not allowed; text was expected. {todo}")]


def _structure(text: str, loader: Any) -> Complaints:
    complaints: Complaints = []
    try:
        for complaint in _refused_events(text, loader):
            complaints.append(complaint)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "not YAML"
        plain = next((said for known, said in _PROBLEMS.items() if known in problem), problem)
        todo = "Look at the quotes, colons and indentation here and just above."
        complaints.append((mark.index if mark else 0, f"{plain}; YAML was expected. {todo}"))
    return complaints


def _refused_events(text: str, loader: Any) -> Iterator[tuple[int, str]]:
    depth = documents = 0
    events: Iterator[Any] = yaml.parse(text, Loader=loader)
    for count, event in enumerate(events):
        index = event.start_mark.index
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                yield index, "a second document begins; one was expected. Remove the --- line."
                return
        if isinstance(event, yaml.AliasEvent):
            yield index, f"an alias, *{event.anchor}; plain values were expected. Write it out."
        elif getattr(event, "anchor", None):
            yield index, f"an anchor, &{event.anchor}; plain values were expected. Remove it."
        if getattr(event, "tag", None) is not None:
            yield index, f"a tag, {shown(event.tag)}; plain values were expected. Remove it."
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if count > MOST_PARTS:
            yield index, f"more than {MOST_PARTS} parts; fewer were expected. Is it the right file?"
            return
        if depth > DEEPEST:
            yield index, f"more than {DEEPEST} levels; a flatter file was expected. Unnest it."
            return


class _Lines:
    """From an index into a text to its place. Only a line feed ends a line, as in editors."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._size = len(text)
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, index: int) -> Place:
        index = min(index, self._size)
        line = bisect_right(self._starts, index)
        return Place(path=self._path, line=line, column=index - self._starts[line - 1] + 1)


class _Builder:
    """Makes plain data of nodes and keeps what it had to refuse."""

    def __init__(self, lines: _Lines) -> None:
        self.complaints: Complaints = []
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
                found = f"the key {shown(key)} stands here again; it is already at {line}"
                self.refuse(key_node, f"{found}; each key was expected once. Keep one.")
                continue
            data[key], first[key] = value, key_node.start_mark.index
        return data

    def key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, "a key that is a collection; text was expected. Write a name.")
            return None
        kind = _kind(node)
        if kind == "merge":
            self.refuse(node, "a merge key, <<; plain keys were expected. Write the values out.")
            return None
        # YAML 1.1 reads the key `on` as true; it is the name of a hold's date.
        if kind != "str" and not (kind == "bool" and _core_kind(node) == "str"):
            found = f"the key {shown(node.value)} is no text ({kind})"
            self.refuse(node, f"{found}; text was expected. Quote it.")
            return None
        return self.text(node)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        kind = _kind(node)
        if kind not in ("timestamp", _core_kind(node)):
            found = f"{shown(node.value)} means different things to different readers of YAML"
            self.refuse(node, f"{found}; a plain value was expected. Quote it, or write it out.")
            return node.value
        if kind == "str":
            return self.text(node)
        try:
            return self.plain(kind, node)
        except (ValueError, OverflowError):
            kinds = {"timestamp": "a date, or a time with its zone,"}
            wanted = kinds.get(kind, "a finite number of usual length")
            todo = "Correct it, or quote it if it is text."
            self.refuse(node, f"the value is {shown(node.value)}; {wanted} was expected. {todo}")
            return None

    def plain(self, kind: str, node: yaml.ScalarNode) -> Any:
        """A scalar that is no text; ValueError or OverflowError where it stands for no value."""
        if kind == "null":
            return None
        if kind == "bool":
            return node.value.lower() == "true"
        if kind == "int":
            number = int(node.value, 0)
            if abs(number) >= 10**60:
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
            message = (
                "half of a surrogate pair; whole characters were expected. Correct the escape."
            )
            self.refuse(node, message)
        return str(node.value)

    def refuse(self, node: yaml.Node, message: str) -> None:
        self.complaints.append((node.start_mark.index, message))


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
