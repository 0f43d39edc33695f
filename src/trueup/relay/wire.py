"""Wire: one request to a live gateway, its deadlines, and its faults in plain words.

Nothing that a fault carries is passed on but its class: an exception may hold the key.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

import httpx

READABLE = ("", "identity", "gzip", "deflate")
LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)
_is_ours: ContextVar[bool] = ContextVar("is_ours", default=False)


def _unless_ours(record: logging.LogRecord) -> bool:
    """The clients' own logs tell addresses and headers, the key within; ours stay silent."""
    return not _is_ours.get()


for name in LOGGERS:
    logging.getLogger(name).addFilter(_unless_ours)


@dataclass(frozen=True)
class Deadlines:
    """How long a reply may take in all, and how long its body may pause once it has begun."""

    total_s: float = 300.0
    idle_s: float = 120.0


@dataclass(frozen=True)
class UpstreamRequest:
    """What is sent: the key is in its address or its headers, so it is shown nowhere."""

    method: str
    url: httpx.URL = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


OnHead = Callable[[httpx.Response], Awaitable[str | None]]
OnChunk = Callable[[bytes], Awaitable[str | None]]


class Wire:
    """The way to live gateways. Verifies their certificates unless another context is given."""

    def __init__(
        self,
        deadlines: Deadlines,
        transport: httpx.AsyncBaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._deadlines = deadlines
        self._transport = transport
        # Made once: reading every authority that the machine trusts takes its time.
        self._tls = tls or (True if transport else httpx.create_ssl_context())

    async def fetch(self, asked: UpstreamRequest, on_head: OnHead, on_chunk: OnChunk) -> str | None:
        """Sends a request and hands on the reply as it comes; why no whole reply came, or None.

        `on_head` gets the reply before its body, `on_chunk` each piece of the body, decompressed;
        either ends the matter by a reason of its own. The reason is a clause such as
        `gateway.example refused the connection`.
        """
        _is_ours.set(True)
        host = asked.url.netloc.decode()
        progress = _Progress(on_head, on_chunk, self._deadlines.idle_s)
        try:
            async with asyncio.timeout(self._deadlines.total_s):
                return await self._fetch(asked, progress)
        except TimeoutError:
            wait = f"{self._deadlines.total_s:g} s"
            if progress.has_begun:
                return f"the reply of {host} took longer than {wait}"
            return f"{host} gave no answer within {wait}"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return _reason(error, host, progress)

    async def _fetch(self, asked: UpstreamRequest, progress: "_Progress") -> str | None:
        client = httpx.AsyncClient(transport=self._transport, verify=self._tls, timeout=None)
        async with client:
            # Compressed, a key that the target repeats could hide from the mask.
            headers = {**asked.headers, "accept-encoding": "identity"}
            request = client.build_request(
                asked.method, asked.url, headers=headers, content=asked.body
            )
            reply = await client.send(request, stream=True)
            try:
                return await progress.read(reply)
            finally:
                await reply.aclose()


@dataclass
class _Progress:
    """How far a reply has come."""

    on_head: OnHead
    on_chunk: OnChunk
    idle_s: float
    has_begun: bool = False
    received: int = 0

    async def read(self, reply: httpx.Response) -> str | None:
        self.has_begun = True
        packed = reply.headers.get("content-encoding", "").strip().lower()
        if packed not in READABLE:
            return f"the reply of {reply.url.host} is compressed in a way that was not asked for"
        if reason := await self.on_head(reply):
            return reason
        chunks = aiter(reply.aiter_bytes())
        while True:
            try:
                async with asyncio.timeout(self.idle_s):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                return (
                    f"the reply of {reply.url.host} stalled for {self.idle_s:g} s"
                    f" after {self.received} bytes"
                )
            if chunk is None:
                return None
            self.received += len(chunk)
            if reason := await self.on_chunk(chunk):
                return reason


def _reason(error: Exception, host: str, progress: _Progress) -> str:
    """The class of a fault in plain words."""
    if progress.has_begun:
        if isinstance(error, httpx.DecodingError):
            return f"the reply of {host} is compressed and cannot be decoded"
        return f"the reply of {host} broke off after {progress.received} bytes"
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {host} is not valid: {cause.verify_message}"
    for kind, words in FAULTS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return f"{host} {words}"
    return f"{host} gave no answer that can be read"


FAULTS: dict[type[BaseException], str] = {
    ssl.SSLError: "could not agree on TLS",
    socket.gaierror: "has no address: its name does not resolve",
    UnicodeError: "has no address: its name does not resolve",
    ConnectionRefusedError: "refused the connection",
    ConnectionResetError: "reset the connection before an answer",
    httpx.ConnectError: "could not be reached",
    httpx.ConnectTimeout: "could not be reached",
    httpx.RemoteProtocolError: "closed the connection before an answer, or answered no HTTP",
    httpx.ReadError: "broke the connection before an answer",
    httpx.WriteError: "broke the connection before the request was sent",
    httpx.ProxyError: "could not be reached through the proxy",
    httpx.TimeoutException: "gave no answer in time",
}
"""First what lies beneath, then what the client makes of it."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that led to it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
