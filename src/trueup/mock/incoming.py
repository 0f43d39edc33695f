"""Asked: a request as it came, read once, and the exchange that is written down of it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from trueup.exchange import Exchange
from trueup.mock.auth import Arrival, masked, masked_bytes, secrets_of
from trueup.mock.reply import MockReply
from trueup.model import Body

BODY_LIMIT = 32 * 1024 * 1024


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


STRICT = json.JSONDecoder(parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request as it came; `query` is without the key, `body` is None when it was too large."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    host: str
    site: str
    headers: Mapping[str, str] = field(repr=False)
    came: Arrival = field(repr=False)
    body: bytes | None

    @property
    def line(self) -> str:
        """Method, path and what is left of the query, as the record writes them."""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}{'?' if query else ''}{query}"

    def parameter(self, name: str) -> str:
        """The first value of a query parameter, or nothing."""
        return next((value for known, value in self.query if known == name), "")


def read_headers(scope: Scope) -> dict[str, str]:
    """The headers by name; the first of several of one name counts."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in reversed(scope["headers"])
    }


def read_query(scope: Scope) -> list[tuple[str, str]]:
    """The query's parameters, in their order."""
    query = scope["query_string"]
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []


def read_host(headers: Mapping[str, str], scope: Scope) -> str:
    """The host that was asked for, or else the one that answers."""
    host = headers.get("host")
    if host is None:
        name, port = scope.get("server") or ("localhost", None)
        host = name if port is None else f"{name}:{port}"
    return host.lower()


async def read_body(receive: Receive) -> bytes | None:
    """The body, or None once it turns out to be larger than the gateway takes.

    Raises ClientDisconnect when the client left before its end.
    """
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content += message.get("body", b"")
        if len(content) > BODY_LIMIT:
            return None
        if not message.get("more_body", False):
            return bytes(content)


def json_object(content: bytes) -> Body | None:
    """The JSON object in a body, or None when there is none."""
    try:
        body = STRICT.decode(content.decode())
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def exchange(
    asked: IncomingRequest,
    answer: MockReply,
    request_id: str,
    place: str | None,
    keys: Collection[str],
) -> Exchange:
    """What is written down of a request and its reply; none of `keys` and no key that came."""
    secrets = secrets_of(keys, asked.came)
    return Exchange(
        method=asked.method,
        host=asked.host,
        path=masked(asked.path, secrets),
        query=tuple((masked(n, secrets), masked(v, secrets)) for n, v in asked.query),
        auth=asked.came.ways,
        request_body=masked_bytes(asked.body or b"", secrets),
        status=answer.status,
        content_type=answer.content_type,
        response_body=masked_bytes(answer.content, secrets),
        request_id=request_id,
        answered_from=place,
    )
