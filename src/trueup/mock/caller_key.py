"""Caller key: where the gateway looks for the key of a request, and the mask of what is recorded.

The order of reading is that of the gateway family; a later auth method overrides an earlier one.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import AnyStr

from trueup.model import AuthKind

GEMINI_PATHS = ("/v1beta/models", "/v1/models/")
BEARER = re.compile(r"^\s*[Bb]earer(\s+|$)")
MASK = "***"
SHORTEST_SECRET = 8
"""A shorter key that a caller sent is no secret, and masking it would garble innocent text."""


@dataclass(frozen=True)
class CallerKey:
    """The key of a request. A key in `Authorization` without its scheme is read, though its
    auth method is none that a record knows.
    """

    sent: tuple[AuthKind, ...]
    """Auth methods by which a key was sent."""
    read: tuple[AuthKind, ...]
    """Auth methods that the path reads, of those by which a key was sent."""
    key: str = field(repr=False)
    """The key that the gateway uses, empty without one."""
    all_keys: tuple[str, ...] = field(repr=False)
    """Every key in the request, read or not."""


def find_key(
    path: str,
    query: Collection[tuple[str, str]],
    headers: Mapping[str, str],
    recorded: Collection[AuthKind] = (),
) -> CallerKey:
    """Return the key of a request; `recorded` are auth methods that the record has for the path."""
    keys: dict[AuthKind, str] = {
        "bearer": BEARER.sub("", headers.get("authorization", "")).strip(),
        "query-key": next((value for name, value in query if name == "key"), ""),
        "x-goog-api-key": headers.get("x-goog-api-key", ""),
    }
    keys = {auth: key for auth, key in keys.items() if key}
    is_gemini = path.startswith(GEMINI_PATHS)
    read = tuple(auth for auth in keys if auth == "bearer" or is_gemini or auth in recorded)
    return CallerKey(
        sent=tuple(
            auth for auth in keys if auth != "bearer" or BEARER.match(headers["authorization"])
        ),
        read=read,
        key=bare(keys[read[-1]]) if read else "",
        all_keys=(*keys.values(), headers.get("x-api-key", "")),
    )


def bare(key: str) -> str:
    """Return the key without the prefix that the gateway hands out and does not store."""
    return key.removeprefix("sk-")


def secrets_of(valid_keys: Collection[str], caller: CallerKey) -> tuple[str, ...]:
    """Return the texts to mask, longest first: the valid keys, and every key of the request."""
    sent = (bare(key) for key in caller.all_keys)
    found = {bare(key) for key in valid_keys} | {key for key in sent if len(key) >= SHORTEST_SECRET}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def masked(content: AnyStr, secrets: Collection[str]) -> AnyStr:
    """Return the content with every secret in it replaced."""
    for secret in secrets:
        if isinstance(content, str):
            content = content.replace(secret, MASK)
        else:
            content = content.replace(secret.encode(), MASK.encode())
    return content
