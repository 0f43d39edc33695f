"""As curl: a request that a block of another language makes, as the curl command that would make
the same, so that every rule reads calls in one form."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

METHODS = frozenset(("get", "post", "put", "patch", "delete"))
ADDRESS = re.compile(r"(?:https?://[^/\s]+|\$\w+)/[^\x00-\x1f]*")
MOST_CALLS = 50
"""Calls of a block that are read."""
COMPUTED = "$value"
"""A value that the block computes, as if the reader filled it in."""
NO_BODY = object()
SHORTENED = re.compile(r"\.{3}|…")
"""What a comment has that stands for fields."""
LONGEST = 1_000
"""Characters of a value that a name stands for: values of values grow without a bound."""


def as_curl(
    method: object,
    address: object,
    headers: Any,
    body: Any = NO_BODY,
    *,
    params: Any = None,
    parts: Iterable[tuple[str, str]] = (),
) -> str:
    """Return the command; nothing for what is no request with a known method and a path.

    Headers or params that are no object are not all written down, nor is a body of `COMPUTED`.
    """
    if not isinstance(method, str) or method.lower() not in METHODS:
        return ""
    if not isinstance(address, str) or not ADDRESS.fullmatch(address):
        return ""
    is_known = params is None or isinstance(params, dict)
    if isinstance(params, dict) and params:
        pairs = {name: value for name, value in params.items() if value is not None}
        address += ("&" if "?" in address else "?") + urlencode(pairs, safe="$")
    words = ["curl", "-X", method.upper(), address, *_headers(headers if is_known else COMPUTED)]
    for name, value in parts:
        words += ["-F", _text(f"{name}={value}")]
    if body is not NO_BODY:
        words += ["-d", _text(body if isinstance(body, str) else json.dumps(body))]
    return shlex.join(words)


def _headers(headers: Any) -> Iterator[str]:
    """Yield the headers, or one that the reader fills in: there may be a key among them."""
    if not isinstance(headers, dict):
        yield from ("-H", "$headers")
        return
    for name, text in headers.items():
        yield from ("-H", _text(f"{name}: {text}"))


def _text(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.splitlines())


def is_short(value: Any) -> bool:
    """Return whether a value is read where its name stands."""
    return len(json.dumps(value)) <= LONGEST
