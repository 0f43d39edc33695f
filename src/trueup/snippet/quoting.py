"""Quoting: a value as text of a language that reads back as the very same value. Text that cannot
be published unchanged, or a number that would arrive as another, is never written.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trueup.errors import BadInput

ARGUMENT_LIMIT = 120_000
"""Bytes of one shell argument; Linux refuses from 131072."""
JS_INTEGERS = 2**53
JS_EXPONENTS = 1e21
"""From here on JavaScript writes a whole number with an exponent, as JSON does a float."""
IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def quote_shell(text: str) -> str:
    """One shell word that bash reads back as `text`. Raises BadInput where it is too long."""
    if len(text.encode()) > ARGUMENT_LIMIT:
        raise BadInput(
            f"snippet: a shell argument of {len(text.encode())} bytes was found; at most"
            f" {ARGUMENT_LIMIT} can be passed. Shorten the body."
        )
    return "'" + text.replace("'", "'\\''") + "'"


def render_json(value: Any, indent: int = 0) -> str:
    """JSON text, its lines after the first indented by `indent` spaces, fit for publishing."""
    return _render(value, indent, Form(2, _json_scalar, ""))


def render_python(value: Any, indent: int = 0) -> str:
    """A Python literal, laid out as the usual formatters leave it."""
    return _render(value, indent, Form(4, _python_scalar, ","))


def render_javascript(value: Any, indent: int = 0) -> str:
    """A JavaScript literal, laid out as the usual formatters leave it.

    Raises BadInput for a number that JavaScript would send as another one; see `is_javascript`.
    """
    return _render(value, indent, Form(2, _js_scalar, ",", _js_keys))


def render_raw_json(value: Any) -> str:
    """A JavaScript literal of the value's JSON text, for what is no JavaScript value itself."""
    # Neither character stands anywhere in JSON but inside strings, which may escape any.
    text = render_json(value).replace("`", "\\u0060").replace("$", "\\u0024")
    return f"String.raw`{text}`"


def is_javascript(value: Any) -> bool:
    """Whether JavaScript writes the value as the same JSON: its numbers are doubles, written
    without a point when whole (ECMA-262, Number::toString)."""
    if isinstance(value, dict | list):
        return all(map(is_javascript, value.values() if isinstance(value, dict) else value))
    if isinstance(value, float) and math.isfinite(value):
        return not value.is_integer() or abs(value) >= JS_EXPONENTS
    return not isinstance(value, int) or abs(value) < JS_INTEGERS


def is_plain(text: str) -> bool:
    """Whether Markdown, HTML, the clipboard and a terminal all keep the text as it is: no control
    or unassigned character is in it, and no space but the usual one."""
    return text.isprintable()


def _quoted_keys(keys: list[str], scalar: Callable[[Any], str]) -> list[str]:
    return [scalar(key) for key in keys]


@dataclass(frozen=True)
class Form:
    """How a language writes a value: `last` ends the last item of a broken list."""

    step: int
    scalar: Callable[[Any], str]
    last: str
    keys: Callable[[list[str], Callable[[Any], str]], list[str]] = _quoted_keys


def _render(value: Any, indent: int, form: Form) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(
            f"snippet: the body holds the number {value}; one that JSON can carry was expected."
            " Correct it."
        )
    if not isinstance(value, dict | list) or not value:
        return "{}" if value == {} else "[]" if value == [] else form.scalar(value)
    inner = indent + form.step
    if isinstance(value, dict):
        opening, closing = "{", "}"
        names = zip(form.keys(list(value), form.scalar), value.values(), strict=True)
        items = [f"{name}: {_render(item, inner, form)}" for name, item in names]
    else:
        opening, closing = "[", "]"
        items = [_render(item, inner, form) for item in value]
        flat = f"[{', '.join(items)}]"
        if not any(isinstance(item, dict | list) for item in value) and len(flat) <= 48:
            return flat
    lines = f",\n{' ' * inner}".join(items)
    return f"{opening}\n{' ' * inner}{lines}{form.last}\n{' ' * indent}{closing}"


def _json_scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    return "".join(
        char if is_plain(char) else json.dumps(char)[1:-1]
        for char in json.dumps(value, ensure_ascii=False)
    )


def _python_scalar(value: Any) -> str:
    if not isinstance(value, str):
        return repr(value)
    return _quoted(value, lambda code: f"\\U{code:08x}")


def _js_scalar(value: Any) -> str:
    if isinstance(value, str):
        # Inside a page's own script these two would end it, or begin a comment.
        return re.sub("<(?=[/!])", r"\\x3c", _quoted(value, lambda code: f"\\u{{{code:x}}}"))
    if not is_javascript(value):
        raise BadInput(
            f"snippet: the body holds the number {json.dumps(value)}; one that JavaScript sends"
            " unchanged was expected. Write the body with render_raw_json."
        )
    return json.dumps(value)


def _js_keys(keys: list[str], scalar: Callable[[Any], str]) -> list[str]:
    bare = all(IDENTIFIER.fullmatch(key) for key in keys)
    # Written as a name, __proto__ would set the prototype and be sent to nobody.
    return [
        f"[{scalar(key)}]" if key == "__proto__" else key if bare else scalar(key) for key in keys
    ]


def _quoted(text: str, wide: Callable[[int], str]) -> str:
    """The text between quotes; `wide` writes a character beyond the first plane."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_char(char, quote, wide) for char in text) + quote


def _char(char: str, quote: str, wide: Callable[[int], str]) -> str:
    if char in (quote, "\\"):
        return f"\\{char}"
    if is_plain(char):
        return char
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    return named or (f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else wide(ord(char)))
