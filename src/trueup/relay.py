"""Relay: an ASGI app that forwards a published block's requests to a live target.

The key lives in its memory alone; it goes in on the wire and into no exchange, log or message.
"""

import re
from collections.abc import Callable, Collection
from typing import get_args
from urllib.parse import quote

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.model import AuthKind, Target

PLACEHOLDER = "YOUR_API_KEY"
TIMEOUT_S = 300.0
NOT_TOLD = JSONResponse({"error": {"message": "the relay: no answer, or its cap is reached"}}, 504)
FORWARDED = ("content-type", "accept", "user-agent")
PASSED_BACK = ("content-type", "x-oneapi-request-id", "location", "retry-after")
IN_QUERY = re.compile(rb"(?<==)YOUR_API_KEY(?=&|$)")
MASK = "***"


def create_relay(
    target: Target,
    *,
    key: str,
    max_calls: int,
    on_exchange: Callable[[Exchange], None],
    transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """An app that answers with what the target answers.

    Calls beyond `max_calls` are not forwarded; they, and calls that the target does not answer,
    get a 504 of the relay's own, and their exchange is marked as not told. Requests to a media
    host of the target are forwarded without a key. Redirects are passed back, not followed. Where
    a reply repeats the key, the block and the exchange get `***`. Raises BadInput for a key that
    no header can carry.
    """
    secrets = _secrets(key)
    calls = 0

    async def forward(request: Request) -> Response:
        nonlocal calls
        host = request.headers.get("host", "").lower()
        body = await request.body()
        media = host in target.media_hosts
        reply = None
        if media or calls < max_calls:
            calls += not media
            base = f"https://{host}" if media else target.base_url
            sent = await _send(request, base, body, None if media else key, transport)
            reply = None if sent is None else _masked(sent, secrets)
        on_exchange(_exchange(request, host, body, reply or NOT_TOLD, reply is not None))
        return reply or NOT_TOLD

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", forward, methods=methods)])


def _secrets(key: str) -> tuple[str, ...]:
    """Each way in which a reply can repeat the key, longest first."""
    if not re.fullmatch("[!-~]+", key):
        raise BadInput(
            "the API key: empty, or with white space or letters that no header takes; a key as the"
            " gateway hands it out was expected. Export it again."
        )
    ways = {key, key.removeprefix("sk-"), quote(key, safe="")} - {""}
    return tuple(sorted(ways, key=len, reverse=True))


async def _send(
    request: Request,
    base: str,
    body: bytes,
    key: str | None,
    transport: httpx.AsyncBaseTransport | None,
) -> httpx.Response | None:
    headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
    path, query = request.scope["raw_path"], request.scope["query_string"]
    if key is not None:
        query = IN_QUERY.sub(quote(key, safe="").encode(), query)
        for name in ("authorization", "x-goog-api-key"):
            if name in request.headers:
                headers[name] = request.headers[name].replace(PLACEHOLDER, key)
    try:
        async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S) as client:
            url = httpx.URL(base, raw_path=path + b"?" + query if query else path)
            return await client.request(request.method, url, headers=headers, content=body)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


def _masked(reply: httpx.Response, secrets: Collection[str]) -> Response:
    """What goes back to the block, without the key wherever the target repeated it."""
    content = reply.content
    kept = {name: reply.headers[name] for name in PASSED_BACK if name in reply.headers}
    for secret in secrets:
        content = content.replace(secret.encode(), MASK.encode())
        kept = {name: value.replace(secret, MASK) for name, value in kept.items()}
    return Response(content, reply.status_code, kept)


def _exchange(request: Request, host: str, body: bytes, reply: Response, told: bool) -> Exchange:
    found = {
        "query-key": "key" in request.query_params,
        "bearer": "authorization" in request.headers,
        "x-goog-api-key": "x-goog-api-key" in request.headers,
    }
    return Exchange(
        method=request.method,
        host=host,
        path=request.scope["path"],
        query=tuple(item for item in request.query_params.multi_items() if item[0] != "key"),
        auth=tuple(kind for kind in get_args(AuthKind) if found[kind]),
        request_body=body,
        status=reply.status_code,
        content_type=reply.headers.get("content-type", ""),
        response_body=bytes(reply.body),
        request_id=reply.headers.get("x-oneapi-request-id"),
        told=told,
    )
