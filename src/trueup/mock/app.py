"""App: the simulated gateway as an ASGI app: finds the route, replies, and closes the charge.

It reads no file, prints nothing and sends nothing; a request that is not on record is refused in
the gateway's own words, and every reply is marked as simulated.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.mock.incoming_request import IncomingRequest, exchange_of, read_body, read_request
from trueup.mock.ledger import Charge, GatewayLedger
from trueup.mock.ledger_routes import PREFIX, read_ledger
from trueup.mock.model_calls import ModelCalls
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.replies import MockReply, index_page, invalid_url, new_request_id
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
    `ledger` holds user, tokens, prices, options and faults; without one, each of `keys` is a token
    that never runs dry. Raises `BadInput` when the status file has no such target.
    """
    name = status.reference if target is None else target
    if name not in status.targets:
        known = ", ".join(status.targets)
        problem = f"not in the status file; targets are {known}"
        raise BadInput(f"target '{name}'", problem, "Use one of them.")
    index = ReplayIndex(status, name, place_of)
    ledger = ledger or GatewayLedger.of(keys)
    app = Starlette()
    app.router.default = MockApp(
        index=index,
        ledger=ledger,
        calls=ModelCalls(index, status.signatures, media_url, ledger),
        on_exchange=on_exchange,
    )
    return app


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
        request = read_request(scope, body, self.index.auths(scope["method"], scope["path"]))
        request_id = new_request_id()
        self.ledger.catch_up()
        reply, charge = self._answer(request, request_id)
        if self.on_exchange is not None:
            secrets = [*self.ledger.keys, self.ledger.user.access_token]
            self.on_exchange(exchange_of(request, reply, request_id, secrets))
        try:
            await send(_head(reply, request_id))
            await send({"type": "http.response.body", "body": reply.content})
        finally:
            if charge is not None:
                self.ledger.catch_up()
                self.ledger.close(charge)
                self.ledger.catch_up()

    def _answer(self, request: IncomingRequest, request_id: str) -> tuple[MockReply, Charge | None]:
        if self.index.is_known(request.method, request.path):
            return self.calls.answer(request, request_id)
        if request.path.startswith(PREFIX):
            return read_ledger(self.ledger, self.index, request), None
        return self._page(request), None

    def _page(self, request: IncomingRequest) -> MockReply:
        """Return a linked file, or the page that a gateway has outside its API."""
        found = MEDIA_PATH.fullmatch(request.path)
        if found and found[1] in self.index.linked() and request.method in ("GET", "HEAD"):
            file = linked_file(found[1], found[2])
            if file is not None:
                return MockReply(200, file.content, file.mime)
        if found or request.path.startswith(API):
            return invalid_url(request.method, request.path)
        return index_page()


def _head(reply: MockReply, request_id: str) -> dict[str, object]:
    headers = [
        (b"content-length", b"%d" % len(reply.content)),
        (b"x-oneapi-request-id", request_id.encode("latin-1")),
        (b"x-new-api-version", b"simulated"),
        (b"x-trueup-mock", b"simulated"),
    ]
    if reply.content_type:
        headers.append((b"content-type", reply.content_type.encode("latin-1")))
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
