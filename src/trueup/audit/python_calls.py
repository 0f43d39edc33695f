"""Python calls: what a Python block sends by `requests` or `httpx`, as the curl commands that would
send the same. Nothing of the block is run."""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from trueup.audit.as_curl import COMPUTED, LARGEST, NO_BODY, as_curl, is_short

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
"""Parts of the values of a call that are read."""
KEY_ARGUMENTS = frozenset(("auth", "cookies", "cert"))
CHANGES = frozenset(("update", "pop", "setdefault", "append", "extend", "clear"))
SIMPLE = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Dict, ast.List)


def python_commands(text: str) -> list[tuple[int, str]]:
    """Return the curl command of each call, with its line in the block, counted from 0; none of a
    block that is no Python. What the block computes is `$name`, as if the reader filled it in."""
    if len(text) > LARGEST or not any(f"{name}." in text for name in LIBRARIES):
        return []
    try:
        tree = ast.parse(textwrap.dedent(text))
        known = _assigned(tree)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        found = [(call.lineno - 1, _command(call, known)) for call in calls]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return sorted((line, command) for line, command in found if command)


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the values of the names that are assigned once and never changed."""
    given: Counter[str] = Counter()
    values: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        if isinstance(node, ast.arg):
            given[node.arg] += 1
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            given[node.id] += 1
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.value, ast.Name):
            is_changed = isinstance(node, ast.Attribute) and node.attr in CHANGES
            given[node.value.id] += is_changed or not isinstance(node.ctx, ast.Load)
    return {name: value for name, value in values.items() if given[name] == 1}


def _command(call: ast.Call, known: Mapping[str, ast.expr]) -> str:
    """Return a call as a curl command; nothing for one that is no request."""
    function = call.func
    if not (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id in LIBRARIES
        and all(one.arg for one in call.keywords)
    ):
        return ""
    nodes = {str(one.arg): one.value for one in call.keywords}
    nodes |= dict(zip(POSITIONS.get(function.attr, ("url",)), call.args, strict=False))
    values = _Values(known)
    given = {name: values.visit(node) for name, node in nodes.items()}
    headers = COMPUTED if KEY_ARGUMENTS & given.keys() else given.get("headers", {})
    method = given.get("method", function.attr)
    return as_curl(method, _address(given), headers, _body(given, nodes, values), _parts(given))


def _address(given: Mapping[str, Any]) -> Any:
    address, params = given.get("url"), given.get("params")
    if not isinstance(address, str) or not isinstance(params, dict) or not params:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode(params, safe='$')}"


def _parts(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the parts of a form with files."""
    if "files" in given:
        files, data = given["files"], given.get("data")
        yield from ((name, "@file") for name in (files if isinstance(files, dict) else ["file"]))
        yield from (
            ((name, str(value)) for name, value in data.items()) if isinstance(data, dict) else ()
        )


def _body(given: Mapping[str, Any], nodes: Mapping[str, ast.expr], values: "_Values") -> Any:
    if "json" in given:
        return given["json"]
    content = nodes.get("data", nodes.get("content"))
    if content is None or "files" in given:
        return NO_BODY
    if isinstance(content, ast.Call) and ast.unparse(content.func) == "json.dumps":
        return values.visit(content.args[0]) if content.args else COMPUTED
    return COMPUTED


class _Values(ast.NodeVisitor):
    """The JSON value of an expression: what is computed is `$name`, and so is an object or a list
    of which a part is spread from elsewhere."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self._known, self._left = known, MOST_PARTS

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
        value = self.visit(known) if isinstance(known, SIMPLE) else None
        return value if value is not None and is_short(value) else f"${node.id}"

    def visit_Dict(self, node: ast.Dict) -> Any:
        names = [self.visit(name) if name else None for name in node.keys]
        if not all(isinstance(name, str) and "$" not in name for name in names):
            return COMPUTED
        return dict(zip(names, map(self.visit, node.values), strict=True))

    def visit_List(self, node: ast.List) -> Any:
        is_whole = not any(isinstance(each, ast.Starred) for each in node.elts)
        return [self.visit(each) for each in node.elts] if is_whole else COMPUTED

    def generic_visit(self, node: ast.AST) -> Any:
        return "$" + re.sub(r"\W+", "_", ast.unparse(node)[:40]).strip("_")
