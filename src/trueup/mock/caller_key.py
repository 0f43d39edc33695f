"""Caller key: where the gateway looks for the key of a request, and the mask of what is recorded.

The order of reading is that of the gateway family; a later auth method overrides an earlier one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import AnyStr

from trueup.model import Auth, keys_in

GEMINI_PATHS = ("/v1beta/models", "/v1/models/")
AUTHORIZATION = ("bearer", "header authorization")
GEMINI_AUTHS = ("query key", "header x-goog-api-key")
MASK = "***"
SHORTEST_SECRET = 8
"""A shorter key that a caller sent is no secret, and masking it would garble innocent text."""


@dataclass(frozen=True)
class CallerKey:
    """The key of a request."""

    sent: tuple[Auth, ...]
    """Auth methods by which a key was sent."""
    read: tuple[Auth, ...]
    """Auth methods that the path reads, of those by which a key was sent."""
    key: str = field(repr=False)
    """The key that the gateway uses, empty without one."""
    all_keys: tuple[str, ...] = field(repr=False)
    """Every key in the request, read or not."""


def find_key(
    path: str,
    query: Collection[tuple[str, str]],
    headers: Mapping[str, str],
    recorded: Collection[Auth] = (),
) -> CallerKey:
    """Return the key of a request; `recorded` are auth methods that the record has for the path."""
    keys = keys_in(headers.items(), query, recorded)
    usual = AUTHORIZATION + (GEMINI_AUTHS if path.startswith(GEMINI_PATHS) else ())
    read = [sent for sent in keys if sent.auth in usual or sent.auth in recorded]
    return CallerKey(
        sent=tuple(sent.auth for sent in keys),
        # A key in `Authorization` is read without its scheme too.
        read=tuple("bearer" if sent.auth in AUTHORIZATION else sent.auth for sent in read),
        key=bare(read[-1].key) if read else "",
        all_keys=tuple(sent.key for sent in keys),
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
