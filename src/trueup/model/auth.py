"""Auth: the place of the key in a request, as a text such as `bearer` or `query key`."""

from collections.abc import Collection, Iterable
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from trueup.model.values import other_form

BEARER = "bearer"
NO_AUTH = "none"
AUTH = r"^(bearer|none|query [A-Za-z0-9._-]{1,64}|header [a-z0-9-]{1,64}( [A-Za-z][A-Za-z0-9-]*)?)$"
USUAL_PLACES = ("header x-goog-api-key", "header x-api-key", "header api-key", "query key")
"""Places of a key in the APIs of gateways and their upstreams, `Authorization` aside."""
TRANSPORT_HEADERS = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("cookie", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers of the connection or the body, which no status file sets."""


def _auth(value: str) -> str:
    header = header_of(value)
    if header is not None and header[0] in TRANSPORT_HEADERS:
        raise other_form(f"a header of the request's own, which {header[0]} is not")
    if value.lower() == "header authorization bearer":
        raise other_form("bearer")
    return value


Auth = Annotated[str, Field(pattern=AUTH), AfterValidator(_auth)]
"""`bearer` (`Authorization: Bearer KEY`), `query NAME`, `header NAME`, `header NAME SCHEME` (the
name in lower case), or `none`."""


def header_of(auth: str) -> tuple[str, str] | None:
    """Return name and scheme of the header that has the key; the scheme is empty without one."""
    if auth == BEARER:
        return "authorization", "Bearer"
    kind, _, place = auth.partition(" ")
    name, _, scheme = place.partition(" ")
    return (name, scheme) if kind == "header" else None


def query_name_of(auth: str) -> str | None:
    """Return the name of the query parameter that has the key."""
    kind, _, name = auth.partition(" ")
    return name if kind == "query" else None


class SentKey(NamedTuple):
    """A key in a request, and the auth method that its place is."""

    auth: Auth
    key: str


def keys_in(
    headers: Iterable[tuple[str, str]],
    query: Iterable[tuple[str, str]],
    places: Collection[Auth] = (),
    placeholder: str | None = None,
) -> tuple[SentKey, ...]:
    """Return each key of a request, by its place: the usual ones and `places`, and any whose value
    is the `placeholder`: `Authorization` first, then the query, then other headers. Header names
    are in lower case; of several headers of a name the first counts."""
    names, parameters = _names("header", places), _names("query", places)
    found: dict[str, str] = {}
    for name, value in headers:
        scheme, _, key = value.strip().partition(" ")
        if name != "authorization" and name not in names and placeholder not in (value, key):
            continue
        if not key:
            scheme, key = "", "" if scheme.lower() == BEARER else scheme
        auth = f"header {name} {scheme}".rstrip()
        found.setdefault(BEARER if auth.lower() == "header authorization bearer" else auth, key)
    for name, value in query:
        if name in parameters or value == placeholder:
            found.setdefault(f"query {name}", value)
    keys = (SentKey(auth, key.strip()) for auth, key in found.items() if key.strip())
    return tuple(sorted(keys, key=lambda sent: _order(sent.auth)))


def headers_without_key(
    headers: Iterable[tuple[str, str]],
    places: Collection[Auth] = (),
    placeholder: str | None = None,
) -> tuple[tuple[str, str], ...]:
    """Return a request's headers without those in which `keys_in` looks for a key, and without
    those of the connection and the body."""
    hidden = _names("header", places) | TRANSPORT_HEADERS | {"authorization"}
    return tuple(
        (name, value)
        for name, value in headers
        if name not in hidden and (placeholder is None or placeholder not in value.split())
    )


def query_without_key(
    query: Iterable[tuple[str, str]], places: Collection[Auth] = (), placeholder: str | None = None
) -> tuple[tuple[str, str], ...]:
    """Return the query without the parameters in which `keys_in` looks for a key."""
    hidden = _names("query", places)
    return tuple(
        (name, value) for name, value in query if name not in hidden and value != placeholder
    )


def _names(kind: str, places: Collection[Auth]) -> set[str]:
    """Return the names of the headers or the parameters (`query`) that can hold a key."""
    known = (place.split() for place in (*USUAL_PLACES, *places))
    return {words[1] for words in known if words[0] == kind}


def _order(auth: Auth) -> int:
    header = header_of(auth)
    return 1 if header is None else 0 if header[0] == "authorization" else 2
