"""App: the simulated gateway as an ASGI app. Answers each request from the record, and reports it.

It reads no file, prints nothing and sends nothing; a request that is not on record is refused in
the gateway's own words, and every reply is marked as simulated.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.mock.auth import Arrival, arrival, bare, masked, masked_bytes, secrets_of
from trueup.mock.picture import EXTENSIONS, draw_picture, drawn_mime
from trueup.mock.record import Record, Recorded, called_model
from trueup.mock.reply import (
    NO_TEXT,
    Answer,
    index_page,
    invalid_url,
    new_request_id,
    refusal,
    relay_error,
    success,
)
from trueup.model import Body, Observation, Replay, Signature, Status
from trueup.protocols import Picture

BODY_LIMIT = 32 * 1024 * 1024
TOO_LARGE = Replay(status=413, message="request body too large", code="read_request_body_failed")
MEDIA_PATH = re.compile(r"/simulated-media/(.+)\.(png|jpg|webp)")
API = ("/v1", "/api", "/assets")


@dataclass(frozen=True)
class Asked:
    """A request as it came; `query` is without the key, `body` is None when it was too large."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    host: str
    site: str
    came: Arrival
    body: bytes | None

    @property
    def line(self) -> str:
        """Method, path and what is left of the query."""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}?{query}" if query else f"{self.method} {self.path}"


def create_app(
    status: Status,
    *,
    target: str | None = None,
    media_url: str | None = None,
    on_exchange: Callable[[Exchange], None] | None = None,
    keys: Collection[str] = ("YOUR_API_KEY",),
    place_of: Callable[[Observation], str] | None = None,
    request_ids: Callable[[], str] = new_request_id,
) -> Starlette:
    """An app that replays the observations of one target (the reference unless `target` is given).

    A request that repeats what an observation sent gets what that observation saw, the newest
    first; the prompt is free. A mixed observation fails on its first call, gives an image on the
    second, and so on. `media_url` is where linked images are said to live: None is the request's
    own scheme and host, and any host that leads to this app serves them. `on_exchange` gets every
    request with its reply, without the key, before the reply goes out; `place_of` names the
    observation in it. Raises `BadInput` when the status file has no such target.
    """
    name = status.reference if target is None else target
    if name not in status.targets:
        known = ", ".join(status.targets)
        raise BadInput(f"target '{name}': not in the status file; targets are {known}.")
    app = Starlette()
    app.router.default = Gateway(
        record=Record(status, name),
        signatures=status.signatures,
        media_url=media_url,
        on_exchange=on_exchange,
        keys=frozenset(bare(key) for key in keys),
        place_of=place_of,
        request_ids=request_ids,
    )
    return app


@dataclass(frozen=True)
class Gateway:
    """The ASGI app behind every path."""

    record: Record
    signatures: Mapping[str, Signature]
    media_url: str | None
    on_exchange: Callable[[Exchange], None] | None
    keys: frozenset[str]
    place_of: Callable[[Observation], str] | None
    request_ids: Callable[[], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            asked = self._asked(request, await _body(request))
        except ClientDisconnect:
            return
        request_id = self.request_ids()
        answer = self._answer(asked, request_id)
        if self.on_exchange is not None:
            self.on_exchange(self._exchange(asked, answer, request_id))
        headers = {
            "Content-Type": answer.content_type,
            "X-Oneapi-Request-Id": request_id,
            "X-New-Api-Version": "simulated",
            "X-Trueup-Mock": "simulated",
        }
        await Response(answer.content, answer.status, headers)(scope, receive, send)

    def _asked(self, request: Request, body: bytes | None) -> Asked:
        method, path = request.method, request.scope["path"]
        query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        host = _host(request.headers, request.scope)
        return Asked(
            method=method,
            path=path,
            query=tuple((name, value) for name, value in query if name != "key"),
            host=host,
            site=f"{request.scope['scheme']}://{host}",
            came=arrival(path, query, request.headers, self.record.ways(method, path)),
            body=body,
        )

    def _answer(self, asked: Asked, request_id: str) -> Answer:
        if found := MEDIA_PATH.fullmatch(asked.path):
            return self._media(asked, found[1], found[2])
        if not self.record.is_known(asked.method, asked.path):
            api = asked.path.startswith(API)
            return invalid_url(asked.method, asked.path) if api else index_page()
        if not asked.came.key:
            return refusal(401, "未提供令牌", request_id)
        if asked.came.key not in self.keys:
            return refusal(401, "无效的令牌", request_id)
        if asked.body is None:
            return relay_error(TOO_LARGE, request_id)
        body = _json_object(asked.body)
        if body is None:
            text = "Invalid request, 无效的请求, a JSON object was expected"
            return refusal(400, text, request_id)
        recorded = self.record.find(asked.line, asked.came.read, body)
        if recorded is None:
            return _not_on_record(called_model(asked.path, body), request_id)
        return self._replay(recorded, asked, body, request_id)

    def _replay(self, found: Recorded, asked: Asked, body: Body, request_id: str) -> Answer:
        row, protocol = found.row, found.protocol
        if found.is_failing() or protocol is None:
            names = [name for name in row.signatures if name in self.signatures]
            replay = self.signatures[names[0]].replay if names else NO_TEXT
            return relay_error(replay, request_id, row)
        mime = drawn_mime(row.image.mime if row.image else None)
        url = f"{self.media_url or asked.site}/simulated-media/{quote(found.model, safe='')}"
        picture = Picture(draw_picture(found.model, mime), mime, f"{url}.{EXTENSIONS[mime]}")
        return success(protocol, row, picture, called_model(asked.path, body) or found.model)

    def _media(self, asked: Asked, model: str, extension: str) -> Answer:
        if asked.method not in ("GET", "HEAD") or model not in self.record.models():
            return invalid_url(asked.method, asked.path)
        mime = next(mime for mime, ending in EXTENSIONS.items() if ending == extension)
        return Answer(200, draw_picture(model, mime), mime)

    def _exchange(self, asked: Asked, answer: Answer, request_id: str) -> Exchange:
        secrets = secrets_of(self.keys, asked.came)
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
            answered_from=self._place(answer.row),
        )

    def _place(self, row: Observation | None) -> str | None:
        if row is None:
            return None
        if self.place_of is not None:
            return self.place_of(row)
        return next(item.place for item in self.record.told if item.row is row)


def _not_on_record(model: str | None, request_id: str) -> Answer:
    if model is None:
        return refusal(400, "未指定模型名称，模型名称不能为空", request_id)
    text = f"分组 default 下模型 {model} 无可用渠道（distributor）"
    return refusal(503, text, request_id, "model_not_found")


def _host(headers: Headers, scope: Scope) -> str:
    server = scope.get("server") or ("localhost", None)
    fallback = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    return (headers.get("host") or fallback).lower()


async def _body(request: Request) -> bytes | None:
    """The body, or None once it turns out to be larger than the gateway takes."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            return None
    return bytes(content)


def _json_object(content: bytes) -> Body | None:
    try:
        body = json.loads(content.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
