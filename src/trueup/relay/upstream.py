"""Upstream: one request to a live gateway, its deadlines, and a text for each of its faults.

Of an exception only its class is passed on: its message may hold the key.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from trueup.errors import BadInput
from trueup.exchange import Failure

READABLE = ("", "identity", "gzip", "deflate")
LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)
PROXIED = ("http", "https", "all")
_is_ours: ContextVar[bool] = ContextVar("is_ours", default=False)


def _unless_ours(record: logging.LogRecord) -> bool:
    """Return False for the logs of our own calls: they name addresses and headers with the key."""
    return not _is_ours.get()


for name in LOGGERS:
    logging.getLogger(name).addFilter(_unless_ours)


@dataclass(frozen=True)
class Deadlines:
    """The time limits of a reply."""

    total_s: float = 300.0
    """Five minutes for the whole of it, more than the slowest images take."""
    idle_s: float = 120.0
    """Two minutes for a pause in its body: a stream can wait that long for its image."""


@dataclass(frozen=True)
class UpstreamRequest:
    """A request with the key in its address or its headers, which its repr leaves out."""

    method: str
    url: httpx.URL = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


OnHead = Callable[[httpx.Response], Awaitable[Failure | None]]
OnChunk = Callable[[bytes], Awaitable[Failure | None]]


class UpstreamClient:
    """The client of live gateways. Verifies their certificates unless `tls` is given."""

    def __init__(
        self,
        deadlines: Deadlines,
        transport: httpx.AsyncBaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._deadlines = deadlines
        self._transport = transport
        # Made once: reading every authority that the machine trusts takes its time.
        self._tls = tls or (True if transport else gateway_tls())

    async def fetch(
        self, upstream: UpstreamRequest, on_head: OnHead, on_chunk: OnChunk
    ) -> Failure | None:
        """Send a request and pass the reply on. Return why no whole reply came, or None.

        `on_head` gets the reply before its body, `on_chunk` each piece of the body, decompressed;
        a failure from either ends the reading. Its reason is a clause such as
        `gateway.example refused the connection`.
        """
        _is_ours.set(True)
        host = upstream.url.netloc.decode()
        reader = _ReplyReader(on_head, on_chunk, self._deadlines.idle_s)
        try:
            async with asyncio.timeout(self._deadlines.total_s):
                return await self._fetch(upstream, reader)
        except TimeoutError:
            wait = f"{self._deadlines.total_s:g} s"
            if reader.has_begun:
                return Failure(f"the reply of {host} took longer than {wait}")
            return Failure(f"{host} gave no answer within {wait}")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return _failure(error, str(upstream.url), reader)

    async def _fetch(self, upstream: UpstreamRequest, reader: "_ReplyReader") -> Failure | None:
        client = httpx.AsyncClient(transport=self._transport, verify=self._tls, timeout=None)
        async with client:
            # Compressed, a key that the target repeats could hide from the mask.
            headers = {**upstream.headers, "accept-encoding": "identity"}
            request = client.build_request(
                upstream.method, upstream.url, headers=headers, content=upstream.body
            )
            reply = await client.send(request, stream=True)
            try:
                return await reader.read(reply)
            finally:
                await reply.aclose()


def gateway_tls() -> ssl.SSLContext:
    """Return what verifies the certificates of gateways, by the variables of the environment.

    Raises BadInput if those of certificates or of a proxy cannot be used.
    """
    try:
        tls = httpx.create_ssl_context()
    except OSError as error:
        problem = f"the variable cannot be used ({error.strerror or error})"
        fix = "Correct its path, or unset it."
        raise BadInput("SSL_CERT_FILE or SSLKEYLOGFILE", problem, fix) from error
    for scheme, proxy in getproxies().items():
        if scheme not in PROXIED:
            continue
        try:
            httpx.AsyncClient(proxy=proxy if "://" in proxy else f"http://{proxy}", verify=tls)
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            kind = "SOCKS proxies are not supported" if isinstance(error, ImportError) else "no URL"
            problem = f"the proxy cannot be used ({kind})"
            fix = "Set it to http://HOST:PORT, or unset it."
            raise BadInput(f"{scheme.upper()}_PROXY", problem, fix) from error
    try:
        httpx.AsyncClient(verify=tls)
    except httpx.InvalidURL as error:
        problem = f"the exceptions from the proxy cannot be used ({error})"
        raise BadInput("NO_PROXY", problem, "Set it to HOST,HOST, or unset it.") from error
    return tls


def _is_proxied(url: SplitResult) -> bool:
    """Return whether the environment has a proxy for a URL."""
    return bool({url.scheme, "all"} & getproxies().keys()) and not proxy_bypass(url.netloc)


@dataclass
class _ReplyReader:
    """The reader of one reply, with the number of bytes received so far."""

    on_head: OnHead
    on_chunk: OnChunk
    idle_s: float
    has_begun: bool = False
    received: int = 0

    async def read(self, reply: httpx.Response) -> Failure | None:
        self.has_begun = True
        encoding = reply.headers.get("content-encoding", "").strip().lower()
        if encoding not in READABLE:
            reason = f"the reply of {reply.url.host} has a compression that was not requested"
            return Failure(reason, "unreadable")
        if failure := await self.on_head(reply):
            return failure
        chunks = aiter(reply.aiter_bytes())
        while True:
            try:
                async with asyncio.timeout(self.idle_s):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                return Failure(
                    f"the reply of {reply.url.host} stalled for {self.idle_s:g} s"
                    f" after {self.received} bytes"
                )
            if chunk is None:
                return None
            self.received += len(chunk)
            if failure := await self.on_chunk(chunk):
                return failure


def _failure(error: Exception, url: str, reader: _ReplyReader) -> Failure:
    """Return the fault as a clause."""
    host = urlsplit(url).netloc
    if reader.has_begun:
        if isinstance(error, httpx.DecodingError):
            reason = f"the reply of {host} is compressed and cannot be decoded"
            return Failure(reason, "unreadable")
        return Failure(f"the reply of {host} broke off after {reader.received} bytes")
    return Failure(fault_of(error, url))


def fault_of(error: Exception, url: str) -> str:
    """Return why a host gave no answer, as a clause such as `HOST refused the connection`."""
    parts = urlsplit(url)
    host = parts.netloc
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {host} is not valid: {cause.verify_message}"
    for kind, words in FAULTS.items():
        if any(isinstance(cause, kind) for cause in causes):
            is_proxy = kind in CONNECTING and _is_proxied(parts)
            return f"{f'the proxy for {host}' if is_proxy else host} {words}"
    return f"{host} gave no answer that can be read"


FAULTS: dict[type[BaseException], str] = {
    ssl.SSLError: "could not agree on TLS",
    socket.gaierror: "has no address: its name does not resolve",
    UnicodeError: "has no address: its name does not resolve",
    ConnectionRefusedError: "refused the connection",
    ConnectionResetError: "reset the connection before an answer",
    httpx.ConnectError: "could not be reached",
    httpx.ConnectTimeout: "could not be reached",
    httpx.RemoteProtocolError: "closed the connection before an answer, or did not reply with HTTP",
    httpx.ReadError: "broke the connection before an answer",
    httpx.WriteError: "broke the connection before the request was sent",
    httpx.ProxyError: "could not be reached through the proxy",
    httpx.TimeoutException: "gave no answer in time",
}
"""The causes first, then the client's own classes for them."""
CONNECTING = (
    socket.gaierror,
    ConnectionRefusedError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
)
"""The faults of the first connection, which is to the proxy where there is one."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all its causes."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
