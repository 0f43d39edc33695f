"""Python calls: what a Python block sends by `requests` or `httpx`, as the curl commands that would
send the same. Nothing of the block is run."""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from trueup.audit.as_curl import COMPUTED, MOST_CALLS, NO_BODY, SHORTENED, as_curl, is_short
from trueup.audit.blocks import LARGEST, parse_python

LIBRARIES = frozenset(("requests", "httpx"))
POSITIONS = {
    "get": ("url", "params"),
    "post": ("url", "data", "json"),
    "put": ("url", "data"),
    "patch": ("url", "data"),
    "request": ("method", "url"),
    "stream": ("method", "url"),
}
"""The arguments that have no name, by function; of any other it is the address alone."""
MOST_PARTS = 10_000
"""Parts of the values of a block that are read."""
KEY_ARGUMENTS = frozenset(("auth", "cookies", "cert"))
PLAIN = (ast.Constant, ast.JoinedStr, ast.BinOp)
CONTAINERS = (ast.Dict, ast.List)


def python_commands(text: str) -> list[tuple[int, str]]:
    """Return the curl command of each call, with its line in the block, counted from 0; none of a
    block that is no Python. What the block computes is `$name`, as if the reader filled it in."""
    if len(text) > LARGEST or not any(f"{name}." in text for name in LIBRARIES):
        return []
    text = textwrap.dedent(text)
    try:
        tree = parse_python(text)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_call(node)]
        values = _Values(_known(tree, calls), text.split("\n"))
        found = [(call.lineno - 1, _command(call, values)) for call in calls[:MOST_CALLS]]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return sorted((line, command) for line, command in found if command)


def _is_call(call: ast.Call) -> bool:
    """Return whether a call is one of a library, with all its arguments written down."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id in LIBRARIES
        and all(one.arg for one in call.keywords)
    )


def _known(tree: ast.Module, calls: list[ast.Call]) -> dict[str, ast.expr]:
    """Return the values of the names that are assigned once: an object or a list only where it is
    used in calls alone, since it may change anywhere else."""
    given: Counter[str] = Counter()
    loads: Counter[str] = Counter()
    values: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        if isinstance(node, ast.arg):
            given[node.arg] += 1
        elif isinstance(node, ast.Name):
            (loads if isinstance(node.ctx, ast.Load) else given)[node.id] += 1
    sent = Counter(
        node.id
        for call in calls
        for value in (*call.args, *(one.value for one in call.keywords))
        for node in ast.walk(value)
        if isinstance(node, ast.Name)
    )
    return {
        name: value
        for name, value in values.items()
        if given[name] == 1
        and (
            isinstance(value, PLAIN)
            or (isinstance(value, CONTAINERS) and loads[name] == sent[name])
        )
    }


def _command(call: ast.Call, values: "_Values") -> str:
    assert isinstance(call.func, ast.Attribute)
    function = call.func.attr
    nodes = {str(one.arg): one.value for one in call.keywords}
    nodes |= dict(zip(POSITIONS.get(function, ("url",)), call.args, strict=False))
    given = {name: values.visit(node) for name, node in nodes.items()}
    headers = COMPUTED if KEY_ARGUMENTS & given.keys() else given.get("headers", {})
    method = given.get("method", function)
    body = _body(given, nodes, values)
    parts = _parts(given)
    return as_curl(method, given.get("url"), headers, body, params=given.get("params"), parts=parts)


def _parts(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the parts of a form with files."""
    if "files" in given:
        files, data = given["files"], given.get("data")
        yield from ((name, "@file") for name in (files if isinstance(files, dict) else ["file"]))
        for name, value in data.items() if isinstance(data, dict) else ():
            yield name, str(value)


def _body(given: Mapping[str, Any], nodes: Mapping[str, ast.expr], values: "_Values") -> Any:
    if "json" in given:
        return given["json"]
    content = nodes.get("data", nodes.get("content"))
    if content is None or "files" in given:
        return NO_BODY
    if isinstance(content, ast.Call) and ast.unparse(content.func) == "json.dumps":
        return values.visit(content.args[0]) if content.args else COMPUTED
    text = values.visit(content)
    return text if isinstance(text, str) else COMPUTED


class _Values(ast.NodeVisitor):
    """The JSON value of an expression: what is computed is `$name`, and so is an object or a list
    of which a part is spread from elsewhere, or left out by a comment."""

    def __init__(self, known: Mapping[str, ast.expr], lines: list[str]) -> None:
        self._known, self._lines, self._left = known, lines, MOST_PARTS

    def visit(self, node: ast.AST) -> Any:
        """Return the value. Raises ValueError for a block of too many values."""
        self._left -= 1
        if self._left < 0:
            raise ValueError
        return super().visit(node)

    def visit_Constant(self, node: ast.Constant) -> Any:
        return node.value if isinstance(node.value, str | int | float | None) else COMPUTED

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        return "".join(str(self.visit(part)) for part in node.values)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        return self.visit(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        sides = (self.visit(node.left), self.visit(node.right))
        is_text = isinstance(node.op, ast.Add) and all(isinstance(side, str) for side in sides)
        return "".join(sides) if is_text else COMPUTED

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        is_number = isinstance(node.op, ast.USub) and isinstance(value, int | float)
        return -value if is_number else COMPUTED

    def visit_Name(self, node: ast.Name) -> Any:
        known = self._known.get(node.id)
        value = None if known is None else self.visit(known)
        return value if value is not None and is_short(value) else f"${node.id}"

    def visit_Dict(self, node: ast.Dict) -> Any:
        names = [self.visit(name) if name else None for name in node.keys]
        is_whole = all(isinstance(name, str) and "$" not in name for name in names)
        if not is_whole or self._is_shortened(node):
            return COMPUTED
        return dict(zip(names, map(self.visit, node.values), strict=True))

    def visit_List(self, node: ast.List) -> Any:
        is_whole = not any(isinstance(each, ast.Starred) for each in node.elts)
        return [self.visit(each) for each in node.elts] if is_whole else COMPUTED

    def generic_visit(self, node: ast.AST) -> Any:
        return "$" + re.sub(r"\W+", "_", ast.unparse(node)[:40]).strip("_")

    def _is_shortened(self, node: ast.Dict) -> bool:
        """Return whether a comment within an object stands for fields of it."""
        comments = (
            line.partition("#")[2] for line in self._lines[node.lineno - 1 : node.end_lineno]
        )
        return any(SHORTENED.search(comment) for comment in comments)
