"""Response stream: one reply on its way from the target to the block, masked, recorded, limited."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import httpx
from starlette.responses import JSONResponse
from starlette.types import Send

from trueup.relay.redirect import Origin, redirect_problem
from trueup.relay.secret import Masker, Secret

BODY_LIMIT = 64 * 1024 * 1024
"""The size in base64 of an image of 4096 x 4096 pixels without compression."""
PASSED_BACK = ("content-type", "x-oneapi-request-id", "location", "retry-after")
NO_REPLY = 504


@dataclass(frozen=True)
class ForwardedResponse:
    """A reply as the block got it; `reason` says why it is inconclusive."""

    status: int
    content_type: str
    content: bytes
    request_id: str | None
    reason: str | None


@dataclass
class ResponseStream:
    """Passes a reply on piece by piece; `finish` gets the whole of it.

    `known` are the origins that it may redirect to. The end is passed on after `finish`: a block
    that has its whole reply has an exchange.
    """

    secret: Secret
    known: Collection[Origin]
    limit: int
    send: Send
    finish: Callable[[ForwardedResponse], None]
    status: int = NO_REPLY
    headers: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)
    masker: Masker = field(init=False)
    has_begun: bool = False

    def __post_init__(self) -> None:
        self.masker = Masker(self.secret)

    async def head(self, reply: httpx.Response) -> str | None:
        """Pass the status and headers on. Return why the reply is withheld, or None."""
        problem = redirect_problem(reply.status_code, reply.headers.get("location"), self.known)
        if problem is not None:
            return f"HTTP {reply.status_code} of {reply.url.host} {self.secret.mask_text(problem)}"
        self.status = reply.status_code
        self.headers = {
            name: self.secret.mask_text(reply.headers[name])
            for name in PASSED_BACK
            if name in reply.headers
        }
        self.has_begun = True
        await self.send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [(n.encode(), v.encode("latin-1")) for n, v in self.headers.items()],
            }
        )
        return None

    async def chunk(self, content: bytes) -> str | None:
        """Pass a piece of the body on. Return why no more of it is read, or None."""
        return await self._pass_on(self.masker.feed(content))

    async def end(self, reason: str | None) -> None:
        """End the block's reply: whole, with an error of the relay's own, or broken off."""
        if not self.has_begun:
            await self._refuse(reason or "no answer")
            return
        if reason is None:
            reason = await self._pass_on(self.masker.end())
        self.finish(self._response(reason))
        if reason is None:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        # Otherwise the server finds the reply unfinished and closes the connection: the block
        # meets what it would have met at the target.

    async def _pass_on(self, masked: bytes) -> str | None:
        if len(self.content) + len(masked) > self.limit:
            return f"the reply is larger than {_size(self.limit)}"
        if masked:
            self.content += masked
            await self.send({"type": "http.response.body", "body": masked, "more_body": True})
        return None

    async def _refuse(self, reason: str) -> None:
        own = JSONResponse({"error": {"message": f"the relay: {reason}"}}, NO_REPLY)
        self.status, self.headers = NO_REPLY, dict(own.headers)
        self.content = bytearray(bytes(own.body))
        self.finish(self._response(reason))
        await self.send(
            {"type": "http.response.start", "status": NO_REPLY, "headers": own.raw_headers}
        )
        await self.send({"type": "http.response.body", "body": bytes(own.body)})

    def _response(self, reason: str | None) -> ForwardedResponse:
        return ForwardedResponse(
            status=self.status,
            content_type=self.headers.get("content-type", ""),
            content=bytes(self.content),
            request_id=self.headers.get("x-oneapi-request-id"),
            reason=reason,
        )


def _size(limit: int) -> str:
    mib, rest = divmod(limit, 1024 * 1024)
    return f"{limit} bytes" if rest else f"{mib} MiB"
