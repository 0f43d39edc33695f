"""Quoting: a value as code that reads back as the same value. No text that cannot be published
unchanged and no number that would arrive as another is ever written."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trueup.errors import BadInput

ARGUMENT_LIMIT = 120_000
"""Bytes of one shell argument, with a margin below the 131072 that Linux refuses."""
JS_INTEGERS = 2**53
"""The first whole number whose successor is no double."""
JS_EXPONENTS = 1e21
"""The first whole number that JavaScript writes with an exponent, as JSON does a float."""
FLAT_LIST = 48
"""Characters of a list in one line: 40 are left to its name and indentation in black's 88."""
IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class Constant(str):
    """A text with a part that code has as a constant, so that it stands in one place; JSON and the
    shell have the whole text."""

    name: str
    before: str
    after: str

    def __new__(cls, value: str, name: str, before: str = "", after: str = "") -> "Constant":
        text = super().__new__(cls, f"{before}{value}{after}")
        text.name, text.before, text.after = name, before, after
        return text


def quote_shell(text: str) -> str:
    """Return a shell word that bash reads back as `text`. Raises BadInput if it is too long."""
    size = len(text.encode())
    if size > ARGUMENT_LIMIT:
        problem = f"a shell argument has {size} bytes, more than the limit of {ARGUMENT_LIMIT}"
        raise BadInput("snippet", problem, "Shorten the body.")
    return "'" + text.replace("'", "'\\''") + "'"


def render_json(value: Any, indent: int = 0) -> str:
    """Return publishable JSON text; lines after the first are indented by `indent` spaces."""
    return _render(value, indent, Syntax(2, _json_scalar, ""))


def render_python(value: Any, indent: int = 0) -> str:
    """Return a Python literal, formatted as by black."""
    return _render(value, indent, Syntax(4, _python_scalar, ","))


def render_javascript(value: Any, indent: int = 0) -> str:
    """Return a JavaScript literal, formatted as by prettier.

    Raises BadInput for a number that JavaScript would send as another one; see `is_javascript`.
    """
    return _render(value, indent, Syntax(2, _js_scalar, ",", _js_keys))


def render_raw_json(value: Any) -> str:
    """Return a JavaScript literal of the value's JSON text, for a value JavaScript cannot hold."""
    # In JSON both characters occur only inside strings, where any character can be escaped.
    text = render_json(value).replace("`", "\\u0060").replace("$", "\\u0024")
    return f"String.raw`{text}`"


def is_javascript(value: Any) -> bool:
    """Return whether JavaScript writes the value as the same JSON.

    Its numbers are doubles, written without a point when whole (ECMA-262, Number::toString).
    """
    if isinstance(value, dict | list):
        return all(map(is_javascript, value.values() if isinstance(value, dict) else value))
    if isinstance(value, float) and math.isfinite(value):
        return not value.is_integer() or abs(value) >= JS_EXPONENTS
    return not isinstance(value, int) or abs(value) < JS_INTEGERS


def is_plain(text: str) -> bool:
    """Return whether Markdown, HTML, the clipboard and a terminal all keep the text unchanged.

    It then has no control or unassigned character, and no other space than U+0020.
    """
    return text.isprintable()


@dataclass(frozen=True)
class Syntax:
    """The literals of a language: `last` ends the last item of a list of several lines."""

    step: int
    scalar: Callable[[Any], str]
    last: str
    keys: Callable[[list[str]], list[str]] | None = None


def _render(value: Any, indent: int, syntax: Syntax) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        problem = f"the body contains the number {value}, which JSON cannot represent"
        raise BadInput("snippet", problem, "Correct the body.")
    if not isinstance(value, dict | list) or not value:
        return "{}" if value == {} else "[]" if value == [] else syntax.scalar(value)
    inner = indent + syntax.step
    if isinstance(value, dict):
        opening, closing = "{", "}"
        names = syntax.keys(list(value)) if syntax.keys else map(syntax.scalar, value)
        pairs = zip(names, value.values(), strict=True)
        items = [f"{name}: {_render(item, inner, syntax)}" for name, item in pairs]
    else:
        opening, closing = "[", "]"
        items = [_render(item, inner, syntax) for item in value]
        flat = f"[{', '.join(items)}]"
        if not any(isinstance(item, dict | list) for item in value) and len(flat) <= FLAT_LIST:
            return flat
    lines = f",\n{' ' * inner}".join(items)
    return f"{opening}\n{' ' * inner}{lines}{syntax.last}\n{' ' * indent}{closing}"


def _json_scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    text = json.dumps(value, ensure_ascii=False)
    if is_plain(text):
        return text
    return "".join(char if is_plain(char) else json.dumps(char)[1:-1] for char in text)


def _python_scalar(value: Any) -> str:
    if isinstance(value, Constant):
        whole = f'f"{value.before}{{{value.name}}}{value.after}"'
        return whole if value.before or value.after else value.name
    if not isinstance(value, str):
        return repr(value)
    return _quoted(value, lambda code: f"\\U{code:08x}")


def _js_scalar(value: Any) -> str:
    if isinstance(value, Constant):
        whole = f"`{value.before}${{{value.name}}}{value.after}`"
        return whole if value.before or value.after else value.name
    if isinstance(value, str):
        # In a script within a page, these two would end it or begin a comment.
        return re.sub("<(?=[/!])", r"\\x3c", _quoted(value, lambda code: f"\\u{{{code:x}}}"))
    if not is_javascript(value):
        problem = f"the body contains {json.dumps(value)}, which JavaScript sends as another number"
        raise BadInput("snippet", problem, "Write the body with the filter raw_json.")
    return json.dumps(value)


def _js_keys(keys: list[str]) -> list[str]:
    names = keys if all(map(IDENTIFIER.fullmatch, keys)) else [_js_scalar(key) for key in keys]
    # As a plain name, __proto__ would set the prototype and not be sent.
    return [
        '["__proto__"]' if key == "__proto__" else name
        for key, name in zip(keys, names, strict=True)
    ]


def _quoted(text: str, wide: Callable[[int], str]) -> str:
    """Return the text in quotes; `wide` escapes a character beyond the first plane."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_char(char, quote, wide) for char in text) + quote


def _char(char: str, quote: str, wide: Callable[[int], str]) -> str:
    if char in (quote, "\\"):
        return f"\\{char}"
    if is_plain(char):
        return char
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    return named or (f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else wide(ord(char)))
