"""Redirect: checks that a reply redirects to a host of the target. Only an address that every
client reads alike is trusted; no other reaches the block, so neither it nor a key can go there."""

import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from urllib.parse import urlsplit

PLAIN = re.compile(
    r"/(?![/\\])[!-\[\]-~]*|https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][!-\[\]-~]*)?"
)
PORTS = {"http": 80, "https": 443}
AMBIGUOUS = "redirects to an address that clients parse in different ways; not followed"
Origin = tuple[str, int]
"""A host and a port."""


def origins_of(urls: Iterable[str]) -> frozenset[Origin]:
    """Return the origins of absolute addresses; one with an impossible port has none."""
    found = set[Origin]()
    for url in urls:
        with suppress(ValueError):
            found.add(_origin(url))
    return frozenset(found)


def redirect_problem(status: int, location: str | None, known: Collection[Origin]) -> str | None:
    """Return why a reply is not passed on: it redirects to an unknown host. None for any other.

    A `location` that clients could parse in different ways, such as one with a user name, a
    backslash or another scheme, is reported as such.
    """
    if location is None or not 300 <= status < 400:
        return None
    if not PLAIN.fullmatch(location):
        return AMBIGUOUS
    if location.startswith("/"):
        return None
    try:
        host, port = _origin(location)
    except ValueError:
        return AMBIGUOUS
    if (host, port) in known:
        return None
    if port != PORTS[urlsplit(location).scheme]:
        host = f"{host}:{port}"
    return f"redirects to {host}, which is not a known host of the target; not followed"


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]
