"""Faults: every fault that has a name. Those of the wire are played between the gateway, which has
answered and charged by then, and its client; those of the ledger are the ledger's own."""

import asyncio
import base64
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trueup.errors import BadInput
from trueup.exchange import content_in
from trueup.mock.ledger import GatewayLedger
from trueup.mock.ledger_options import Dialect, Fault, Options, Refused
from trueup.mock.ledger_routes import PREFIX
from trueup.mock.replies import HTML, JSON, encoded
from trueup.model import Body

WireFault = Literal[
    "slow-drip",
    "stall",
    "reset-mid-body",
    "truncated-json",
    "wrong-content-type",
    "html-502",
    "empty-429",
    "empty-429-retry-after",
    "error-in-200",
    "no-output",
    "broken-image",
    "big-body",
    "redirect-elsewhere",
]
UNLIMITED, EXPIRED_CERTIFICATE = "unlimited", "expired-certificate"
FAULTS = (
    *get_args(Fault),
    UNLIMITED,
    *get_args(Refused),
    *get_args(WireFault),
    EXPIRED_CERTIFICATE,
)
"""The ledger's faults, refused calls, the wire's faults, and that of a server's certificate."""
REPLY_FAULTS = ("no-usage", "blocked-prompt")
"""The faults of a ledger that a reply shows too."""
BIG_BYTES = 50_000_000
"""More than any image, and less than the limit of the relay: it is forwarded whole."""
ELSEWHERE = "https://elsewhere.example/"
MEDIA = "/simulated-media/"
BASE64 = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")
BAD_GATEWAY = b"""<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>simulated</center></body>
</html>
"""
UPSTREAM_ERROR = {
    "error": {
        "message": "simulated: the upstream failed",
        "type": "upstream_error",
        "param": "",
        "code": "bad_response",
    }
}


def ledger_with(
    names: Collection[str], keys: Collection[str], dialect: Dialect = "plain"
) -> GatewayLedger:
    """Return a ledger with those of the named faults that are not the wire's.

    Raises BadInput for a fault that the dialect does not have.
    """
    faults = [fault for fault in (*get_args(Fault), *get_args(Refused)) if fault in names]
    for name in names:
        if reason := _absence(name, dialect):
            fix = "Choose another with --dialect, such as new-api-b."
            raise BadInput(f"fault '{name}'", f"{reason}; the dialect is {dialect}", fix)
    ledger = GatewayLedger.of(keys, Options(dialect, faults))
    for token in ledger.tokens.values():
        token.unlimited_quota = UNLIMITED in names
    return ledger


def _absence(name: str, dialect: Dialect) -> str | None:
    """Return why a dialect does not have a fault, or None."""
    is_shown = name not in (*get_args(Fault), UNLIMITED, "no-channel") or name in REPLY_FAULTS
    if dialect == "plain" and not is_shown:
        return "needs the ledger or the channels of new-api"
    if dialect == "new-api-d" and name == "overloaded":
        return "needs a load guard, which came later"
    return None


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def typed(self, content: bytes, mime: str, status: int = 200) -> "_Reply":
        """Return the reply with other content."""
        return replace(
            self, status=status, content=content, headers={**self.headers, "content-type": mime}
        )


class Faulty:
    """A gateway whose calls of models get those of the named faults that are the wire's.

    Every call gets all of them, in the order of `WireFault`: first those that change a reply, then
    those that delay or cut it. Of these faults a linked image gets `broken-image` alone, and the
    routes of the ledger none. `pause_s` is the time between the bytes of `slow-drip`. A
    `reset-mid-body` closes the connection in the orderly way with half of the promised body sent:
    an ASGI app cannot do more. `on_exchange` gets the gateway's reply before any fault of the wire.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], pause_s: float = 1.0) -> None:
        self._app = app
        self._names = set(names) & set(get_args(WireFault))
        self._pause_s = pause_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names, path = self._names, scope["path"]
        if path.startswith(MEDIA):
            names = names & {"broken-image"}
        elif scope["method"] != "POST" or path.startswith(PREFIX):
            names = set()
        if not names:
            await self._app(scope, receive, send)
            return
        reply = await self._answer(scope, receive)
        if reply is None:
            return
        for name, change in CHANGES.items():
            if name in names:
                reply = change(reply)
        await self._play(reply, names, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> _Reply | None:
        """Return the whole reply, or None when the client left before it."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        if not messages:
            return None
        head, *bodies = messages
        headers = {name.decode(): value.decode("latin-1") for name, value in head["headers"]}
        return _Reply(head["status"], headers, b"".join(body["body"] for body in bodies))

    async def _play(
        self, reply: _Reply, names: Collection[str], receive: Receive, send: Send
    ) -> None:
        content = reply.content
        headers = {**reply.headers, "content-length": str(len(content))}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        if "stall" in names or "reset-mid-body" in names:
            content = _half(content)
        if "slow-drip" in names:
            await self._drip(content, receive, send)
        else:
            await send({"type": "http.response.body", "body": content, "more_body": True})
        if "stall" in names:
            await _until_left(receive)
        elif "reset-mid-body" not in names:
            await send({"type": "http.response.body", "body": b""})

    async def _drip(self, content: bytes, receive: Receive, send: Send) -> None:
        left = asyncio.ensure_future(_until_left(receive))
        try:
            for byte in content:
                if left.done():
                    return
                await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
                await asyncio.wait({left}, timeout=self._pause_s)
        finally:
            left.cancel()


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _without_image(reply: _Reply) -> _Reply:
    body: Body = (content_in(JSON, reply.content) or {}).get("body", {})
    if "candidates" in body:
        content: Body = {"role": "model", "parts": [{"text": "simulated: text without an image"}]}
        body["candidates"] = [{"content": content, "finishReason": "STOP", "index": 0}]
    else:
        body = {"created": 0, "data": []}
    return reply.typed(encoded(body), JSON)


def _with_broken_image(reply: _Reply) -> _Reply:
    if reply.headers.get("content-type", "").startswith("image/"):
        return replace(reply, content=_broken(reply.content))

    def break_it(found: re.Match[bytes]) -> bytes:
        return base64.b64encode(_broken(base64.b64decode(found[0])))

    return replace(reply, content=BASE64.sub(break_it, reply.content))


def _broken(image: bytes) -> bytes:
    """Return bytes that begin like an image and are none."""
    return image[:12] + b"simulated: a broken image"


CHANGES: Mapping[WireFault, Callable[[_Reply], _Reply]] = {
    "truncated-json": lambda reply: replace(reply, content=_half(reply.content)),
    "wrong-content-type": lambda reply: reply.typed(reply.content, HTML, reply.status),
    "html-502": lambda reply: reply.typed(BAD_GATEWAY, HTML, 502),
    "empty-429": lambda reply: _Reply(429, {}, b""),
    "empty-429-retry-after": lambda reply: _Reply(429, {"retry-after": "7"}, b""),
    "error-in-200": lambda reply: reply.typed(encoded(UPSTREAM_ERROR), JSON),
    "no-output": _without_image,
    "broken-image": _with_broken_image,
    "big-body": lambda reply: replace(reply, content=reply.content.rjust(BIG_BYTES)),
    "redirect-elsewhere": lambda reply: _Reply(307, {"location": ELSEWHERE}, b""),
}
