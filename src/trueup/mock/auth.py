"""Auth: where the gateway looks for the key, and how a key is kept out of what is written down.

The reading order is that of the gateway family; a later way overrides an earlier one.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from trueup.model import AuthKind

GEMINI_PATHS = ("/v1beta/models", "/v1/models/")
BEARER = re.compile(r"^\s*[Bb]earer(\s+|$)")
MASK = "***"
SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Arrival:
    """The ways in which a key arrived, those of them that the path reads, and the key that won.

    An `Authorization` without its scheme is read, and is none of the ways that a record knows.
    """

    ways: tuple[AuthKind, ...]
    read: tuple[AuthKind, ...]
    key: str = field(repr=False)
    seen: tuple[str, ...] = field(repr=False)
    """Every key that arrived, whether it was read or not."""


def arrival(
    path: str,
    query: Collection[tuple[str, str]],
    headers: Mapping[str, str],
    recorded: Collection[AuthKind] = (),
) -> Arrival:
    """How a key came; `recorded` are ways that the record shows to be read on this path."""
    came: dict[AuthKind, str] = {
        "bearer": BEARER.sub("", headers.get("authorization", "")).strip(),
        "query-key": next((value for name, value in query if name == "key"), ""),
        "x-goog-api-key": headers.get("x-goog-api-key", ""),
    }
    came = {way: key for way, key in came.items() if key}
    seen = (*came.values(), headers.get("x-api-key", ""))
    gemini = path.startswith(GEMINI_PATHS)
    read = tuple(way for way in came if way == "bearer" or gemini or way in recorded)
    winner = came[read[-1]] if read else ""
    ways = tuple(way for way in came if way != "bearer" or BEARER.match(headers["authorization"]))
    return Arrival(ways, read, bare(winner), seen)


def bare(key: str) -> str:
    """The key without the prefix that the gateway hands out and does not store."""
    return key.removeprefix("sk-")


def secrets_of(keys: Collection[str], came: Arrival) -> tuple[str, ...]:
    """What must not be written down, longest first: the valid keys, and every key that arrived.

    An arrived key of fewer than eight characters is no secret, and masking it would blot out text.
    """
    seen = (bare(key) for key in came.seen)
    found = {bare(key) for key in keys} | {key for key in seen if len(key) >= SHORTEST_SECRET}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def masked(text: str, secrets: Collection[str]) -> str:
    """The text with every secret in it replaced."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def masked_bytes(content: bytes, secrets: Collection[str]) -> bytes:
    """The content with every secret in it replaced."""
    for secret in secrets:
        content = content.replace(secret.encode(), MASK.encode())
    return content
