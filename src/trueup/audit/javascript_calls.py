"""JavaScript calls: what a block sends by `fetch` or `axios`, as the curl commands that would send
the same. A block is often no whole program, so literals alone are read. Nothing of it is run."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from trueup.audit.as_curl import COMPUTED, LARGEST, NO_BODY, as_curl, is_short

CALL = re.compile(r"\b(?:(fetch)|axios(?:\.(get|post|put|patch|delete))?)\s*\(")
ASSIGNED = re.compile(r"\b(?:const|let|var)\s+(\w+)\s*=\s*(?=[\"'`{\[])")
TOKEN = re.compile(
    r"\s+|//[^\n]*|/\*.*?\*/"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)"
    r"|(?P<number>-?\d[\d_]*(?:\.\d+)?)|(?P<name>[\w$]+(?:\??\.[\w$]+)*)|(?P<sign>.)",
    re.DOTALL,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
HOLE = re.compile(r"\$\{([^{}]*)\}")
WORDS = {"true": True, "false": False, "null": None, "undefined": None}
CLOSING = {"(": ")", "[": "]", "{": "}"}
MOST = 50
"""Calls of a block, and names that it assigns, that are read."""
Token = tuple[str, str]
"""Kind and text."""


def javascript_commands(text: str) -> list[tuple[int, str]]:
    """Return the curl command of each call, with its line in the block, counted from 0. What the
    block computes is `$name`, as if the reader filled it in."""
    if len(text) > LARGEST or not CALL.search(text):
        return []
    try:
        known = _assigned(text)
        found = [_command(text, call, known) for call in islice(CALL.finditer(text), MOST)]
    except RecursionError:
        return []
    return [(line, command) for line, command in found if command]


def _assigned(text: str) -> dict[str, Any]:
    """Return the values of the names that are assigned once and never changed."""
    known: dict[str, Any] = {}
    for found in islice(ASSIGNED.finditer(text), MOST):
        uses = re.findall(rf"(?<![\w.]){found[1]}(?:[.\[][^=\n]*)?\s*\+?=(?!=)", text)
        value = _Reader(text, found.end(), known).value()
        if len(uses) == 1 and is_short(value):
            known[found[1]] = value
    return known


def _command(text: str, call: re.Match[str], known: Mapping[str, Any]) -> tuple[int, str]:
    """Return the line of a call and its command, none for a comment and for no request."""
    before = text[: call.start()].rpartition("\n")[2].lstrip()
    if before.startswith(("//", "*", "/*")):
        return 0, ""
    arguments = _Reader(text, call.end(), known).several(")")
    request = _request(call[1] or "axios", call[2] or "", arguments)
    return text.count("\n", 0, call.start()), as_curl(*request)


def _request(name: str, method: str, arguments: list[Any]) -> tuple[Any, Any, Any, Any]:
    """Return method, address, headers and body of a call."""
    address, *rest = arguments or [None]
    is_fetch, body = name == "fetch", NO_BODY
    if not is_fetch and method in ("post", "put", "patch"):
        body, *rest = rest or [NO_BODY]
    options = rest[0] if rest else {}
    if isinstance(address, dict):
        address, options = address.get("url"), address
    if not isinstance(options, dict):
        return method, address, COMPUTED, COMPUTED
    body = options.get("body" if is_fetch else "data", body)
    query = options.get("params")
    if isinstance(query, dict) and query and isinstance(address, str):
        address += ("&" if "?" in address else "?") + urlencode(query, safe="$")
    method = method or options.get("method", "get")
    return method, address, options.get("headers", {}), body


class _Reader:
    """The values of a text from a place on: literals, and `$name` for what is computed."""

    def __init__(self, text: str, start: int, known: Mapping[str, Any]) -> None:
        self._text, self._at, self._known = text, start, known

    def _next(self) -> Token:
        """Return the next token and go behind it; an empty one at the end."""
        while found := TOKEN.match(self._text, self._at):
            self._at = found.end()
            if found.lastgroup:
                return found.lastgroup, found[0]
        return "", ""

    def _peek(self) -> str:
        at = self._at
        _, text = self._next()
        self._at = at
        return text

    def several(self, end: str) -> list[Any]:
        """Return the values between commas up to a closing sign."""
        values = []
        while self._peek() not in (end, ""):
            values.append(self.value())
            if self._peek() == ",":
                self._next()
        self._next()
        return values

    def value(self) -> Any:
        """Return one value, up to a comma, a semicolon, or the end of what it is in."""
        value = self._first()
        while (sign := self._peek()) not in (",", ";", ")", "]", "}", ":", ""):
            self._next()
            if sign in CLOSING:
                self.several(CLOSING[sign])
            other = self._first() if sign == "+" else None
            is_text = isinstance(value, str) and isinstance(other, str)
            value = value + other if is_text else COMPUTED
        return value

    def _first(self) -> Any:
        kind, text = self._next()
        if kind == "string":
            return self._string(text)
        if kind == "number":
            number = text.replace("_", "")
            return float(number) if "." in number else int(number)
        if kind == "name":
            return self._name(text)
        if text == "{":
            return self._object()
        return self._list() if text == "[" else COMPUTED

    def _string(self, text: str) -> str:
        inner = ESCAPE.sub(lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text[1:-1])
        if text[0] != "`":
            return inner
        return HOLE.sub(lambda found: str(self._named(found[1].strip())), inner)

    def _named(self, name: str) -> Any:
        value = self._known.get(name, COMPUTED)
        return "$" + re.sub(r"\W+", "_", name).strip("_$") if value is COMPUTED else value

    def _name(self, text: str) -> Any:
        if text in WORDS:
            return WORDS[text]
        if text == "JSON.stringify" and self._peek() == "(":
            self._next()
            return (self.several(")") or [COMPUTED])[0]
        return self._named(text)

    def _list(self) -> Any:
        values = self.several("]")
        return values if not any(value is COMPUTED for value in values) else COMPUTED

    def _object(self) -> Any:
        found: dict[str, Any] = {}
        is_whole = True
        while (sign := self._peek()) not in ("}", ""):
            kind, text = self._next()
            name = self._string(text) if kind == "string" else text
            if kind in ("string", "name", "number") and self._peek() == ":":
                self._next()
                found[name] = self.value()
            elif kind == "name" and self._peek() in (",", "}"):
                found[name] = self._named(name)
            elif sign != ",":
                is_whole = False
                self.value()
        self._next()
        return found if is_whole else COMPUTED
