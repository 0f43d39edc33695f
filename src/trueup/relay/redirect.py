"""Redirect: whether a reply leads to a stranger. Only an address that every client reads alike
is trusted; the block is told of no other, so neither it nor a key can go there."""

import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from urllib.parse import urlsplit

PLAIN = re.compile(
    r"/(?![/\\])[!-\[\]-~]*|https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][!-\[\]-~]*)?"
)
PORTS = {"http": 80, "https": 443}
Place = tuple[str, int]


def places_of(urls: Iterable[str]) -> frozenset[Place]:
    """The places of addresses with a scheme; one with an impossible port is nowhere."""
    found = set[Place]()
    for url in urls:
        with suppress(ValueError):
            found.add(_place(url))
    return frozenset(found)


def stranger_in(status: int, location: str | None, known: Collection[Place]) -> str | None:
    """The host that a reply redirects to when it is none of the known ones, or None.

    A `location` that clients could read differently, such as one with a user name, a backslash or
    another scheme, is a stranger too, and is told as such.
    """
    if location is None or not 300 <= status < 400:
        return None
    if not PLAIN.fullmatch(location):
        return "an address that clients read differently"
    if location.startswith("/"):
        return None
    try:
        host, port = _place(location)
    except ValueError:
        return "an address that clients read differently"
    if (host, port) in known:
        return None
    return host if port == PORTS[urlsplit(location).scheme] else f"{host}:{port}"


def _place(url: str) -> Place:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]
