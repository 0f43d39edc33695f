"""Incoming request: a request as it came, read once, and the exchange that is recorded of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from trueup.exchange import Exchange
from trueup.mock.caller_key import CallerKey, find_key, masked, secrets_of
from trueup.mock.replies import MockReply
from trueup.model import Auth, headers_without_key, query_without_key

BODY_LIMIT = 32 * 1024 * 1024
"""As in the gateway family."""


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request as it came, but for its body. `query` and `own_headers` are without the key, the
    latter without those of connection and body too; `line` is method, path and query, as the record
    writes them."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    host: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    own_headers: tuple[tuple[str, str], ...] = field(repr=False)
    caller: CallerKey = field(repr=False)
    line: str

    @property
    def content_type(self) -> str:
        """The media type of the body, empty without one."""
        return self.headers.get("content-type", "")


def read_request(scope: Scope, recorded: frozenset[Auth]) -> IncomingRequest:
    """Return the request of an ASGI scope; `recorded` are the auth methods known for its path.

    Of several headers of one name the first counts.
    """
    return _read_head(
        scope["method"],
        scope["path"],
        scope["query_string"],
        scope["scheme"],
        tuple(scope.get("server") or ("localhost", None)),
        tuple(map(tuple, scope["headers"])),
        recorded,
    )


@lru_cache(maxsize=64)
def _read_head(
    method: str,
    path: str,
    query_string: bytes,
    scheme: str,
    server: tuple[str, int | None],
    raw_headers: tuple[tuple[bytes, bytes], ...],
    recorded: frozenset[Auth],
) -> IncomingRequest:
    """Return the request with such a head; a client sends the same one again and again."""
    headers = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(raw_headers)
    }
    query = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    name, port = server
    host = headers.get("host", name if port is None else f"{name}:{port}").lower()
    own_query = query_without_key(query, recorded)
    line_query = "&".join(f"{name}={value}" for name, value in own_query)
    return IncomingRequest(
        method=method,
        path=path,
        query=own_query,
        host=host,
        base_url=f"{scheme}://{host}",
        headers=headers,
        own_headers=headers_without_key(headers.items(), recorded),
        caller=find_key(path, query, headers, recorded),
        line=f"{method} {path}{'?' if line_query else ''}{line_query}",
    )


async def read_body(receive: Receive) -> bytes | None:
    """Return the body, or None once it turns out to be larger than the gateway takes.

    Raises ClientDisconnect when the client left before its end.
    """
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        if len(content) + len(piece) > BODY_LIMIT:
            return None
        is_last = not message.get("more_body", False)
        if is_last and not content:
            return piece  # the usual case, without a copy
        content += piece
        if is_last:
            return bytes(content)


def exchange_of(
    request: IncomingRequest,
    body: bytes | None,
    reply: MockReply,
    request_id: str,
    valid_keys: Collection[str],
) -> Exchange:
    """Return the exchange without any of `valid_keys`, and without the keys of the request."""
    secrets = secrets_of(valid_keys, request.caller)
    return Exchange(
        method=request.method,
        host=request.host,
        path=masked(request.path, secrets),
        query=tuple((masked(n, secrets), masked(v, secrets)) for n, v in request.query),
        auth=request.caller.sent,
        request_body=masked(body or b"", secrets),
        request_type=request.content_type,
        headers=tuple((n, masked(v, secrets)) for n, v in request.own_headers),
        status=reply.status,
        content_type=reply.content_type,
        response_body=masked(reply.content, secrets),
        request_id=request_id,
        answered_from=reply.place,
    )
