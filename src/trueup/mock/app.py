"""App: the simulated gateway as an ASGI app: finds the route, replies, and closes the charge.

It reads no file, prints nothing and sends nothing; a request that is not on record is refused in
the words of the dialect, and every reply is marked as simulated.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.mock.dialects import (
    MARKS,
    OVERLOADED,
    Header,
    id_header,
    new_request_id,
    refuse,
    unknown_path,
)
from trueup.mock.incoming_request import IncomingRequest, exchange_of, read_body, read_request
from trueup.mock.ledger import Charge, GatewayLedger
from trueup.mock.ledger_routes import KEY_LOG, PREFIX, QUERY_KEY, read_ledger
from trueup.mock.model_calls import ModelCalls
from trueup.mock.new_api_routes import RELAYED, as_sent, read_new_api
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.replies import MockReply, index_page
from trueup.mock.sample import linked_file
from trueup.model import Observation, Status

MEDIA_PATH = re.compile(r"/simulated-media/(.+)\.([a-z0-9]+)")
API = ("/v1", "/api", "/assets")


def create_app(
    status: Status,
    *,
    target: str | None = None,
    media_url: str | None = None,
    on_exchange: Callable[[Exchange], None] | None = None,
    keys: Collection[str] = ("YOUR_API_KEY",),
    place_of: Callable[[Observation], str] | None = None,
    ledger: GatewayLedger | None = None,
) -> Starlette:
    """Return an app that replays the observations of one target (default: the reference).

    A request that repeats what an observation sent gets what that observation received, the newest
    first; the prompt is free. A mixed observation fails on its first call, gives an image on the
    second, and so on. `media_url` is the address of linked images: None is the request's own scheme
    and host, and any host that leads to this app serves them. `on_exchange` gets every request with
    its reply, without the key, before the reply goes out; `place_of` names the observation in it.
    `ledger` holds user, tokens, prices and options, the dialect among them; without one, each of
    `keys` is a token that never runs dry, and the dialect is `plain`. Raises `BadInput` when the
    status file has no such target.
    """
    name = status.reference if target is None else target
    if name not in status.targets:
        known = ", ".join(status.targets)
        problem = f"not in the status file; targets are {known}"
        raise BadInput(f"target '{name}'", problem, "Use one of them.")
    index = ReplayIndex(status, name, place_of)
    ledger = ledger or GatewayLedger.of(keys)
    app = MockApp(
        index=index,
        ledger=ledger,
        calls=ModelCalls(index, status.signatures, media_url, ledger),
        on_exchange=on_exchange,
    )
    return _Unrouted(app)


class _Unrouted(Starlette):
    """An app that has no routes to be searched: each request goes to one app."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self.router.default = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.router.default(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


@dataclass(frozen=True)
class MockApp:
    """The ASGI app behind every path."""

    index: ReplayIndex
    ledger: GatewayLedger
    calls: ModelCalls
    on_exchange: Callable[[Exchange], None] | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive)
        except ClientDisconnect:
            return
        dialect = self.ledger.options.dialect
        auths = self.index.auths(scope["method"], scope["path"])
        if dialect == "new-api-d" and scope["path"] == KEY_LOG:
            auths = frozenset([QUERY_KEY])
        request = read_request(scope, auths)
        request_id = new_request_id(dialect)
        self.ledger.catch_up()
        reply, charge = self._answer(request, body, request_id)
        if self.on_exchange is not None:
            secrets = [*self.ledger.keys, self.ledger.user.access_token]
            self.on_exchange(exchange_of(request, body, reply, request_id, secrets))
        try:
            content, headers = reply.content, MARKS[dialect]
            if dialect != "plain":
                content, more = as_sent(dialect, request, content)
                headers += more
            headers += ((id_header(dialect), request_id.encode("latin-1")),)
            await send(_head(reply, len(content), headers))
            await send({"type": "http.response.body", "body": content})
        finally:
            if charge is not None:
                self.ledger.catch_up()
                self.ledger.close(charge)
                self.ledger.catch_up()

    def _answer(
        self, request: IncomingRequest, body: bytes | None, request_id: str
    ) -> tuple[MockReply, Charge | None]:
        options = self.ledger.options
        is_known = self.index.is_known(request.method, request.path)
        is_call = is_known or request.path.startswith(RELAYED)
        if "overloaded" in options.faults and is_call:
            return refuse(options.dialect, OVERLOADED, request, request_id), None
        if is_known:
            return self.calls.answer(request, body, request_id)
        if options.dialect != "plain":
            if request.path.startswith(PREFIX):
                return read_ledger(self.ledger, self.index, request, request_id), None
            if found := read_new_api(self.ledger, self.index, request, body, request_id):
                return found, None
        return self._page(request), None

    def _page(self, request: IncomingRequest) -> MockReply:
        """Return a linked file, or the page that a gateway has outside its API: of new-api at any
        path, else at the root alone."""
        dialect = self.ledger.options.dialect
        found = MEDIA_PATH.fullmatch(request.path)
        if found and found[1] in self.index.linked() and request.method in ("GET", "HEAD"):
            file = linked_file(found[1], found[2])
            if file is not None:
                return MockReply(200, file.content, file.mime)
        is_page = not found and not request.path.startswith(API)
        if dialect == "plain":
            is_page = (request.method, request.path) == ("GET", "/")
        return index_page() if is_page else unknown_path(dialect, request)


def _head(reply: MockReply, size: int, headers: tuple[Header, ...]) -> dict[str, object]:
    content_type = reply.content_type.encode("latin-1")
    typed = ((b"content-type", content_type),) if content_type else ()
    headers = ((b"content-length", b"%d" % size), *typed, *headers)
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
