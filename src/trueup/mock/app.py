"""App: the simulated gateway as an ASGI app. Tells the routes apart, answers, and then closes.

It reads no file, prints nothing and sends nothing; a request that is not on record is refused in
the gateway's own words, and every reply is marked as simulated.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.mock.auth import arrival
from trueup.mock.calls import Calls
from trueup.mock.clock import new_request_id
from trueup.mock.incoming import (
    IncomingRequest,
    exchange,
    read_body,
    read_headers,
    read_host,
    read_query,
)
from trueup.mock.ledger import Charge, GatewayLedger
from trueup.mock.management import PREFIX, manage
from trueup.mock.picture import EXTENSIONS, draw_picture
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.reply import MockReply, index_page, invalid_url
from trueup.model import Observation, Status

MEDIA_PATH = re.compile(r"/simulated-media/(.+)\.(png|jpg|webp)")
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
    """An app that replays the observations of one target (the reference unless `target` is given).

    A request that repeats what an observation sent gets what that observation saw, the newest
    first; the prompt is free. A mixed observation fails on its first call, gives an image on the
    second, and so on. `media_url` is where linked images are said to live: None is the request's
    own scheme and host, and any host that leads to this app serves them. `on_exchange` gets every
    request with its reply, without the key, before the reply goes out; `place_of` names the
    observation in it. `ledger` holds user, tokens, prices, options and faults; without one, each of
    `keys` is a token that never runs dry. Raises `BadInput` when the status file has no such
    target.
    """
    name = status.reference if target is None else target
    if name not in status.targets:
        known = ", ".join(status.targets)
        raise BadInput(f"target '{name}': not in the status file; targets are {known}.")
    record = ReplayIndex(status, name)
    books = GatewayLedger.of(keys) if ledger is None else ledger
    app = Starlette()
    app.router.default = MockApp(
        record=record,
        ledger=books,
        calls=Calls(record, status.signatures, media_url, books),
        on_exchange=on_exchange,
        place_of=place_of,
    )
    return app


@dataclass(frozen=True)
class MockApp:
    """The ASGI app behind every path."""

    record: ReplayIndex
    ledger: GatewayLedger
    calls: Calls
    on_exchange: Callable[[Exchange], None] | None
    place_of: Callable[[Observation], str] | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        try:
            asked = self._asked(scope, await read_body(receive))
        except ClientDisconnect:
            return
        request_id = new_request_id()
        self.ledger.catch_up()
        answer, charge = self._answer(asked, request_id)
        if self.on_exchange is not None:
            place, secrets = self._place(answer.row), self._secrets()
            self.on_exchange(exchange(asked, answer, request_id, place, secrets))
        try:
            await send(_head(answer, request_id))
            await send({"type": "http.response.body", "body": answer.content})
        finally:
            if charge is not None:
                self.ledger.catch_up()
                self.ledger.close(charge)
                self.ledger.catch_up()

    def _asked(self, scope: Scope, body: bytes | None) -> IncomingRequest:
        method, path = scope["method"], scope["path"]
        headers, query = read_headers(scope), read_query(scope)
        host = read_host(headers, scope)
        return IncomingRequest(
            method=method,
            path=path,
            query=tuple(pair for pair in query if pair[0] != "key"),
            host=host,
            site=f"{scope['scheme']}://{host}",
            headers=headers,
            came=arrival(path, query, headers, self.record.ways(method, path)),
            body=body,
        )

    def _answer(self, asked: IncomingRequest, request_id: str) -> tuple[MockReply, Charge | None]:
        path = asked.path
        if self.record.is_known(asked.method, path):
            return self.calls.answer(asked, request_id)
        if found := MEDIA_PATH.fullmatch(path):
            return self._media(asked, found[1], found[2]), None
        if path.startswith(PREFIX):
            return manage(self.ledger, self.record, asked), None
        return self._nowhere(asked), None

    def _nowhere(self, asked: IncomingRequest) -> MockReply:
        api = asked.path.startswith(API)
        return invalid_url(asked.method, asked.path) if api else index_page()

    def _media(self, asked: IncomingRequest, model: str, extension: str) -> MockReply:
        if asked.method not in ("GET", "HEAD") or model not in self.record.models():
            return invalid_url(asked.method, asked.path)
        mime = next(mime for mime, ending in EXTENSIONS.items() if ending == extension)
        return MockReply(200, draw_picture(model, mime), mime)

    def _secrets(self) -> list[str]:
        return [*self.ledger.keys, self.ledger.user.access_token]

    def _place(self, row: Observation | None) -> str | None:
        if row is None:
            return None
        if self.place_of is not None:
            return self.place_of(row)
        return next(item.place for item in self.record.told if item.row is row)


def _head(answer: MockReply, request_id: str) -> dict[str, object]:
    headers = [
        (b"content-length", b"%d" % len(answer.content)),
        (b"x-oneapi-request-id", request_id.encode("latin-1")),
        (b"x-new-api-version", b"simulated"),
        (b"x-trueup-mock", b"simulated"),
    ]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
