"""As curl: a request that a block of another language makes, as the curl command that would make
the same, so that every rule reads calls in one form."""

import json
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

METHODS = frozenset(("get", "post", "put", "patch", "delete"))
LARGEST = 50_000
"""Characters of a block that is read: a larger one is data."""
COMPUTED = "$value"
"""A value that the block computes, as if the reader filled it in."""
NO_BODY = object()
LONGEST = 1_000
"""Characters of a value that a name stands for: values of values grow without a bound."""


def as_curl(
    method: object,
    address: object,
    headers: Any,
    body: Any = NO_BODY,
    parts: Iterable[tuple[str, str]] = (),
) -> str:
    """Return the command; nothing for what is no request with a known method and address.

    A body that is no object or list, and headers that are no object, are not all written down.
    """
    if not isinstance(method, str) or method.lower() not in METHODS or not isinstance(address, str):
        return ""
    words = ["curl", "-X", method.upper(), address, *_headers(headers)]
    for name, value in parts:
        words += ["-F", f"{name}={value}"]
    if body is not NO_BODY:
        words += ["-d", json.dumps(body) if isinstance(body, dict | list) else "@body"]
    return shlex.join(words)


def _headers(headers: Any) -> Iterator[str]:
    """Yield the headers, or one that the reader fills in."""
    if not isinstance(headers, dict):
        yield from ("-H", "$headers")
        return
    for name, text in headers.items():
        yield from ("-H", f"{name}: {text}")


def is_short(value: Any) -> bool:
    """Return whether a value is read where its name stands."""
    return len(json.dumps(value)) <= LONGEST
