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
InstallSource = tuple[str, int]
"""A host and a port."""


def origins_of(urls: Iterable[str]) -> frozenset[InstallSource]:
    """Return the origins of absolute addresses; one with an impossible port has none."""
    found = set[InstallSource]()
    for url in urls:
        with suppress(ValueError):
            found.add(_origin(url))
    return frozenset(found)


def stranger_in(status: int, location: str | None, known: Collection[InstallSource]) -> str | None:
    """Return the host that a reply redirects to if it is not a known one, or None.

    A `location` that clients could read differently, such as one with a user name, a backslash or
    another scheme, is reported as such.
    """
    if location is None or not 300 <= status < 400:
        return None
    if not PLAIN.fullmatch(location):
        return "an address that clients read differently"
    if location.startswith("/"):
        return None
    try:
        host, port = _origin(location)
    except ValueError:
        return "an address that clients read differently"
    if (host, port) in known:
        return None
    return host if port == PORTS[urlsplit(location).scheme] else f"{host}:{port}"


def _origin(url: str) -> InstallSource:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]
