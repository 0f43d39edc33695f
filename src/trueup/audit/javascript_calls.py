"""JavaScript calls: what a block of JavaScript or TypeScript sends by `fetch` or `axios`, as the
curl commands that would send the same. Nothing of the block is run."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from trueup.audit.as_curl import (
    COMPUTED,
    METHODS,
    MOST_CALLS,
    NO_BODY,
    SHORTENED,
    as_curl,
    is_short,
)

CALLS = re.compile(r"\b(?:fetch|axios)\b")
LARGEST = 10_000
"""Characters of a block that is read: the parser takes long for brackets that may be types."""
DEEPEST = 100
"""Nodes within nodes: those below are not read."""
FETCH = frozenset(("fetch", "window.fetch", "globalThis.fetch", "self.fetch"))
AXIOS = {"axios": "", "axios.request": "", **{f"axios.{method}": method for method in METHODS}}
WITH_BODY = frozenset(("post", "put", "patch"))
SETTINGS = re.compile(r"\baxios\.(?:defaults|interceptors)\b")
"""Where a key may be for every call."""
PLAIN = frozenset(("string", "template_string", "number"))
CONTAINERS = frozenset(("object", "array"))
NAMES = frozenset(("identifier", "shorthand_property_identifier"))
WORDS = {"true": True, "false": False, "null": None, "undefined": None}


def javascript_commands(text: str) -> list[tuple[int, str]]:
    """Return the curl command of each call, with its line in the block, counted from 0. What the
    block computes is `$name`, as if the reader filled it in."""
    if len(text) > LARGEST or not CALLS.search(text):
        return []
    tree = Parser(Language(tree_sitter_typescript.language_tsx())).parse(text.encode())
    nodes = list(_nodes(tree.root_node))
    calls = [node for node in nodes if node.type == "call_expression" and _name(node) is not None]
    values = _Values(_known(nodes, calls))
    has_settings = bool(SETTINGS.search(text))
    found = [(call.start_point.row, _command(call, values, has_settings)) for call in calls]
    return [(line, command) for line, command in found[:MOST_CALLS] if command]


def _nodes(node: Node, depth: int = 0) -> Iterator[Node]:
    """Yield a node and those within it, in their order."""
    yield node
    for child in node.named_children if depth < DEEPEST else ():
        yield from _nodes(child, depth + 1)


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node else ""


def _name(call: Node) -> str | None:
    """Return the name of the function that sends a request, None for any other."""
    name = _text(call.child_by_field_name("function"))
    return name if name in FETCH or name in AXIOS else None


def _arguments(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    return [one for one in arguments.named_children if one.type != "comment"] if arguments else []


def _known(nodes: list[Node], calls: list[Node]) -> dict[str, Node]:
    """Return the values of the names that are assigned once: an object or a list only where it is
    used in calls alone, since it may change anywhere else."""
    uses = Counter(_text(node) for node in nodes if node.type in NAMES)
    sent = Counter(
        _text(node)
        for call in calls
        for argument in _arguments(call)
        for node in _nodes(argument)
        if node.type in NAMES
    )
    changed = {
        _text(node.child_by_field_name("left")) for node in nodes if "assignment" in node.type
    }
    given: dict[str, list[Node | None]] = {}
    for node in nodes:
        if node.type in ("variable_declarator", "required_parameter", "optional_parameter"):
            name = node.child_by_field_name("name") or node.child_by_field_name("pattern")
            given.setdefault(_text(name), []).append(node.child_by_field_name("value"))
    return {
        name: value
        for name, (value, *others) in given.items()
        if value is not None and not others and name not in changed
        if value.type in PLAIN or (value.type in CONTAINERS and uses[name] == 1 + sent[name])
    }


def _command(call: Node, values: "_Values", has_settings: bool) -> str:
    name, arguments = _name(call) or "", _arguments(call)
    is_fetch, method = name in FETCH, AXIOS.get(name, "")
    given = [values.of(one) for one in arguments]
    address, *rest = given or [None]
    body = NO_BODY
    if method in WITH_BODY and rest:
        body, *rest = rest
    options = rest[0] if rest else {}
    if isinstance(address, dict):
        address, options = address.get("url"), address
    if not isinstance(options, dict):
        return as_curl(method, address, COMPUTED, COMPUTED)
    headers = COMPUTED if has_settings and not is_fetch else options.get("headers", {})
    if {"auth", "credentials"} & options.keys():
        headers = COMPUTED
    body = options.get("body" if is_fetch else "data", body)
    method = method or options.get("method", "get")
    return as_curl(method, address, headers, body, params=options.get("params"))


class _Values:
    """The JSON value of an expression: what is computed is `$name`, and so is an object or a list
    of which a part is spread from elsewhere, or left out by a comment."""

    def __init__(self, known: Mapping[str, Node]) -> None:
        self._known = known
        self._named_values: dict[str, Any] = {}

    def of(self, node: Node, depth: int = 0) -> Any:
        """Return the value."""
        text = _text(node)
        if depth > DEEPEST:
            return COMPUTED
        if node.type in ("parenthesized_expression", "as_expression", "satisfies_expression"):
            return self.of(node.named_children[0], depth + 1)
        if node.type in WORDS:
            return WORDS[node.type]
        if node.type in NAMES:
            return self._named(text, depth)
        made = getattr(self, f"_{node.type}", None)
        return self._computed(text) if made is None else made(node, depth + 1)

    def _computed(self, text: str) -> str:
        return "$" + re.sub(r"\W+", "_", text[:40]).strip("_$")

    def _named(self, name: str, depth: int) -> Any:
        if name not in self._named_values:
            self._named_values[name] = self._computed(name)
            value = self.of(self._known[name], depth + 1) if name in self._known else COMPUTED
            if value is not COMPUTED and is_short(value):
                self._named_values[name] = value
        return self._named_values[name]

    def _number(self, node: Node, _: int) -> Any:
        text = _text(node).replace("_", "")
        if not re.fullmatch(r"\d{1,15}(?:\.\d{1,15})?", text):
            return COMPUTED
        return float(text) if "." in text else int(text)

    def _unary_expression(self, node: Node, depth: int) -> Any:
        value = self.of(node.named_children[-1], depth)
        is_number = _text(node).startswith("-") and isinstance(value, int | float)
        return -value if is_number else COMPUTED

    def _string(self, node: Node, _: int) -> Any:
        return "".join(map(self._part, node.named_children))

    def _template_string(self, node: Node, depth: int) -> Any:
        return "".join(
            str(self.of(one.named_children[0], depth))
            if one.type == "template_substitution" and one.named_children
            else self._part(one)
            for one in node.named_children
        )

    def _part(self, node: Node) -> str:
        """Return a part of a text; an escape by its character where it is a common one."""
        text = _text(node)
        if node.type != "escape_sequence":
            return text
        return {"n": "\n", "t": "\t", "r": "\r"}.get(text[1:], text[1:] if len(text) == 2 else "$")

    def _binary_expression(self, node: Node, depth: int) -> Any:
        sides = [self.of(one, depth) for one in node.named_children]
        is_sum = _text(node.child_by_field_name("operator")) == "+"
        is_text = is_sum and all(isinstance(side, str) for side in sides)
        return "".join(sides) if is_text else COMPUTED

    def _call_expression(self, node: Node, depth: int) -> Any:
        given = _arguments(node)
        if _text(node.child_by_field_name("function")) == "JSON.stringify" and given:
            return self.of(given[0], depth)
        return self._computed(_text(node))

    def _array(self, node: Node, depth: int) -> Any:
        kinds = {one.type for one in node.named_children}
        if kinds & {"spread_element", "comment", "ERROR"}:
            return COMPUTED
        return [self.of(one, depth) for one in node.named_children]

    def _object(self, node: Node, depth: int) -> Any:
        found: dict[str, Any] = {}
        for one in node.named_children:
            if one.type == "comment" and not SHORTENED.search(_text(one)):
                continue
            if one.type == "shorthand_property_identifier":
                found[_text(one)] = self._named(_text(one), depth)
                continue
            key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
            if one.type != "pair" or key is None or value is None:
                return COMPUTED
            if key.type == "computed_property_name":
                return COMPUTED
            name = self.of(key, depth) if key.type == "string" else _text(key)
            found[name] = self.of(value, depth)
        return found
