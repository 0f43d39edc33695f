"""Response stream: one reply on its way from the target to the block, masked, recorded, limited."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import httpx
from starlette.responses import JSONResponse
from starlette.types import Send

from trueup.exchange import Failure
from trueup.relay.redirect import Origin, redirect_problem
from trueup.relay.secret import Masker, Secret

BODY_LIMIT = 64 * 1024 * 1024
"""The size in base64 of an image of 4096 x 4096 pixels without compression."""
REQUEST_IDS = ("x-oneapi-request-id", "x-request-id")
"""The header of a reply's request id: of the new-api family, or else the common one."""
PASSED_BACK = ("content-type", *REQUEST_IDS, "location", "retry-after")
NO_REPLY = 504


@dataclass(frozen=True)
class ForwardedResponse:
    """A reply as the block got it; `failure` says why it is inconclusive."""

    status: int
    content_type: str
    content: bytes
    request_id: str | None
    failure: Failure | None
    location: str | None = None


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

    async def head(self, reply: httpx.Response) -> Failure | None:
        """Pass the status and headers on. Return why the reply is withheld, or None."""
        # Masked first: the host in a problem is in small letters, in which no key is found.
        location = reply.headers.get("location")
        masked = None if location is None else self.secret.mask_text(location)
        problem = redirect_problem(reply.status_code, masked, self.known)
        if problem is not None:
            reason = f"HTTP {reply.status_code} of {reply.url.host} {problem}"
            return Failure(reason, "unreadable")
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

    async def chunk(self, content: bytes) -> Failure | None:
        """Pass a piece of the body on. Return why no more of it is read, or None."""
        return await self._pass_on(self.masker.feed(content))

    async def end(self, failure: Failure | None, status: int = NO_REPLY) -> None:
        """End the block's reply: whole, with an error of the relay's own, or broken off.

        `status` is that of such an error.
        """
        if not self.has_begun:
            await self._refuse(failure or Failure("no answer"), status)
            return
        if failure is None:
            failure = await self._pass_on(self.masker.end())
        self.finish(self._response(failure))
        if failure is None:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        # Otherwise the server finds the reply unfinished and closes the connection: the block
        # meets what it would have met at the target.

    async def _pass_on(self, masked: bytes) -> Failure | None:
        if len(self.content) + len(masked) > self.limit:
            return Failure(f"the reply is larger than {_size(self.limit)}", "unreadable")
        if masked:
            self.content += masked
            await self.send({"type": "http.response.body", "body": masked, "more_body": True})
        return None

    async def _refuse(self, failure: Failure, status: int) -> None:
        own = JSONResponse({"error": {"message": f"the relay: {failure.reason}"}}, status)
        self.status, self.headers = status, dict(own.headers)
        self.content = bytearray(bytes(own.body))
        self.finish(self._response(failure))
        await self.send(
            {"type": "http.response.start", "status": status, "headers": own.raw_headers}
        )
        await self.send({"type": "http.response.body", "body": bytes(own.body)})

    def _response(self, failure: Failure | None) -> ForwardedResponse:
        return ForwardedResponse(
            status=self.status,
            content_type=self.headers.get("content-type", ""),
            content=bytes(self.content),
            request_id=next((self.headers[n] for n in REQUEST_IDS if n in self.headers), None),
            failure=failure,
            location=self.headers.get("location"),
        )


def _size(limit: int) -> str:
    mib, rest = divmod(limit, 1024 * 1024)
    return f"{limit} bytes" if rest else f"{mib} MiB"
