"""Forwarder: sends a block's requests on with the key added, and returns the replies without it.

The budget is checked before each call; every exchange is reported with the key masked.
"""

import json
import re
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from trueup.exchange import Exchange, Failure
from trueup.mock.incoming_request import BODY_LIMIT as REQUEST_LIMIT
from trueup.mock.incoming_request import read_body
from trueup.model import TRANSPORT_HEADERS, Target, headers_without_key, keys_in, query_without_key
from trueup.relay.budget import Budget
from trueup.relay.redirect import origins_of
from trueup.relay.response_stream import BODY_LIMIT, ForwardedResponse, ResponseStream
from trueup.relay.secret import PLACEHOLDER, Secret
from trueup.relay.upstream import Deadlines, UpstreamClient, UpstreamRequest

TOO_LARGE = 413
MOST_POLLS = 1000
"""Polls of a run that count as no call: an hour of them for each of ten tasks."""
HOST = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?")
MODEL_IN_PATH = re.compile(r"/models/([^/:]+)")


def create_relay(
    target: Target,
    *,
    key: str,
    max_calls: int | None = None,
    on_exchange: Callable[[Exchange], None],
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
    label: Callable[[], str] = str,
    deadlines: Deadlines | None = None,
    body_limit: int = BODY_LIMIT,
    polls: Collection[str] = (),
    tls: ssl.SSLContext | None = None,
) -> Starlette:
    """Return an app that streams the target's replies back.

    The caps are those of `budget`, or else `max_calls`; BadInput is raised when neither is given,
    and for a key that no header can carry. A call beyond a cap, and one without a reply, get a 504
    of the relay's own; where the target's reply breaks off, so does the block's. Each of these
    exchanges is inconclusive and holds the reason. `label` is the purpose of a call in the
    budget's journal. `body_limit` is in bytes; a larger reply is cut off. A request larger than the
    mock takes gets a 413 and is not sent.

    Requests to a media host of the target are forwarded without a key, count as no call, and go
    over TLS whatever the link says. A GET without a key, as one that follows a link to the target
    itself, counts as no call either, nor does one of `polls` after a call, which gets the key.
    Redirects are passed back, not followed; one to a host that is not the target's is withheld from
    the block, and inconclusive. Where a reply repeats the key, the block and the exchange get
    `***`.
    """
    app = Starlette()
    app.router.default = Relay(
        target=target,
        secret=Secret(key),
        budget=budget or Budget(max_calls),
        upstream=UpstreamClient(deadlines or Deadlines(), transport, tls),
        on_exchange=on_exchange,
        label=label,
        body_limit=body_limit,
        polls=polls,
    )
    return app


@dataclass(frozen=True)
class Relay:
    """The ASGI app behind every path."""

    target: Target
    secret: Secret
    budget: Budget
    upstream: UpstreamClient
    on_exchange: Callable[[Exchange], None]
    label: Callable[[], str]
    body_limit: int
    polls: Collection[str] = ()
    polled: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            content = await read_body(receive)
        except ClientDisconnect:
            return
        body = content or b""
        if content is None:
            reason = f"the request is larger than {REQUEST_LIMIT >> 20} MiB; nothing was sent"
            await self._stream(request, body, send, None).end(
                Failure(reason, "unreadable"), TOO_LARGE
            )
            return
        host = request.headers.get("host", "").lower()
        if host in self.target.media_hosts:
            upstream = self._upstream_request(request, f"https://{host}", body, None)
            await self._forward(upstream, self._stream(request, body, send, None))
            return
        if request.method == "GET" and not _has_key(request):
            upstream = self._upstream_request(request, self.target.base_url, body, None)
            await self._forward(upstream, self._stream(request, body, send, None))
            return
        if request.method == "GET" and not body and self._is_poll(request):
            upstream = self._upstream_request(request, self.target.base_url, body, self.secret)
            await self._forward(upstream, self._stream(request, body, send, None))
            return
        path = request.scope["path"]
        called = _model_or_path(path, body)
        reserved = self.budget.reserve(called, self.label(), request.method, path)
        if isinstance(reserved, str):
            await self._stream(request, body, send, None).end(Failure(reserved, "capped"))
            return
        upstream = self._upstream_request(request, self.target.base_url, body, self.secret)
        await self._forward(upstream, self._stream(request, body, send, reserved.ordinal))

    def _is_poll(self, request: Request) -> bool:
        """Return whether a request polls a task, which a counted call has created."""
        path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"]
        sent = f"GET {path}" + (f"?{query.decode('latin-1')}" if query else "")
        if self.budget.calls == 0 or len(self.polled) >= MOST_POLLS:
            return False
        for poll in self.polls:
            start, end = poll.split("{task_id}")
            if re.match(f"{re.escape(start)}[^/?&]{{1,600}}{re.escape(end)}(?=$|[?&])", sent):
                self.polled.append(path)
                return True
        return False

    async def _forward(self, upstream: UpstreamRequest | Failure, stream: ResponseStream) -> None:
        if isinstance(upstream, UpstreamRequest):
            await stream.end(await self.upstream.fetch(upstream, stream.head, stream.chunk))
        else:
            await stream.end(upstream)

    def _upstream_request(
        self, request: Request, base: str, body: bytes, secret: Secret | None
    ) -> UpstreamRequest | Failure:
        """Return the request to send, or why it cannot be sent."""
        headers = dict(headers_without_key(request.headers.items(), (), PLACEHOLDER))
        if "content-type" in request.headers:
            headers["content-type"] = request.headers["content-type"]
        path, query = request.scope["raw_path"], request.scope["query_string"]
        if secret is not None:
            query = secret.in_query(query)
            for name, value in request.headers.items():
                if name not in TRANSPORT_HEADERS:
                    headers[name] = secret.in_header(value)
        try:
            url = httpx.URL(base, raw_path=path + b"?" + query if query else path)
        except httpx.InvalidURL:
            reason = "the block requested an address that cannot be sent; nothing was sent"
            return Failure(reason, "unreadable")
        return UpstreamRequest(request.method, url, headers, body)

    def _stream(
        self, request: Request, body: bytes, send: Send, call: int | None
    ) -> ResponseStream:
        host = request.headers.get("host", "").lower()

        def finish(response: ForwardedResponse) -> None:
            if call is not None:
                reason = response.failure.reason if response.failure else None
                self.budget.answered(call, response.status, response.request_id, reason)
            self.on_exchange(self._exchange(request, host, body, response))

        served = [host] if HOST.fullmatch(host) else []
        hosts = [*served, *self.target.media_hosts]
        known = origins_of([self.target.base_url, *(f"https://{name}" for name in hosts)])
        return ResponseStream(self.secret, known, self.body_limit, send, finish)

    def _exchange(
        self, request: Request, host: str, body: bytes, response: ForwardedResponse
    ) -> Exchange:
        query, headers = request.query_params.multi_items(), request.headers.items()
        return Exchange(
            method=request.method,
            host=host,
            path=request.scope["path"],
            query=query_without_key(query, (), PLACEHOLDER),
            auth=tuple(sent.auth for sent in keys_in(headers, query, (), PLACEHOLDER)),
            request_body=body,
            request_type=request.headers.get("content-type", ""),
            headers=headers_without_key(headers, (), PLACEHOLDER),
            status=response.status,
            content_type=response.content_type,
            response_body=response.content,
            request_id=response.request_id,
            failure=response.failure,
            location=response.location,
        )


def _has_key(request: Request) -> bool:
    """Return whether a request has the placeholder of the key in its address or a header."""
    return any(PLACEHOLDER in text for text in (str(request.url), *request.headers.values()))


def _model_or_path(path: str, body: bytes) -> str:
    """Return the model that a request names, or else its path."""
    if found := MODEL_IN_PATH.search(path):
        return found[1]
    try:
        model = json.loads(body)["model"]
    except (ValueError, RecursionError, KeyError, TypeError, IndexError):
        return path
    return model if isinstance(model, str) and model else path
