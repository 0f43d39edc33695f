"""Passage: one reply on its way from the target to the block, masked, recorded, cut at a limit."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import httpx
from starlette.responses import JSONResponse
from starlette.types import Send

from trueup.relay.redirect import Place, stranger_in
from trueup.relay.secret import Masker, Secret

BODY_LIMIT = 64 * 1024 * 1024
PASSED_BACK = ("content-type", "x-oneapi-request-id", "location", "retry-after")
NOT_TOLD = 504


@dataclass(frozen=True)
class ForwardedResponse:
    """What came of a request, as the block got it; `reason` says why it tells nothing."""

    status: int
    content_type: str
    content: bytes
    request_id: str | None
    reason: str | None


@dataclass
class ResponseStream:
    """Takes a reply piece by piece, and hands it on; `finish` gets the whole of it.

    `known` are the places that it may redirect to. The end is handed on after `finish`: a block
    that has its whole reply has an exchange.
    """

    secret: Secret
    known: Collection[Place]
    limit: int
    send: Send
    finish: Callable[[ForwardedResponse], None]
    status: int = NOT_TOLD
    headers: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)
    masker: Masker = field(init=False)
    has_begun: bool = False

    def __post_init__(self) -> None:
        self.masker = Masker(self.secret)

    async def head(self, reply: httpx.Response) -> str | None:
        """Takes the status and headers; why the reply must not be passed on, or None."""
        stranger = stranger_in(reply.status_code, reply.headers.get("location"), self.known)
        if stranger is not None:
            return (
                f"HTTP {reply.status_code} of {reply.url.host} redirects to"
                f" {self.secret.mask_text(stranger)}, which is none of its hosts; not followed"
            )
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
        """Takes a piece of the body; why no more of it is wanted, or None."""
        return await self._hand_on(self.masker.feed(content))

    async def end(self, reason: str | None) -> None:
        """Ends the block's reply: whole, in the relay's own words, or broken off."""
        if not self.has_begun:
            await self._refuse(reason or "no answer")
            return
        if reason is None:
            reason = await self._hand_on(self.masker.end())
        self.finish(self._came(reason))
        if reason is None:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        # Otherwise the server finds the reply unfinished and closes the connection, which tells
        # the block that there is no more of it than if the target had been asked directly.

    async def _hand_on(self, masked: bytes) -> str | None:
        if len(self.content) + len(masked) > self.limit:
            return f"the reply is larger than {_size(self.limit)}"
        if masked:
            self.content += masked
            await self.send({"type": "http.response.body", "body": masked, "more_body": True})
        return None

    async def _refuse(self, reason: str) -> None:
        own = JSONResponse({"error": {"message": f"the relay: {reason}"}}, NOT_TOLD)
        self.status, self.headers = NOT_TOLD, dict(own.headers)
        self.content = bytearray(bytes(own.body))
        self.finish(self._came(reason))
        await self.send(
            {"type": "http.response.start", "status": NOT_TOLD, "headers": own.raw_headers}
        )
        await self.send({"type": "http.response.body", "body": bytes(own.body)})

    def _came(self, reason: str | None) -> ForwardedResponse:
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
