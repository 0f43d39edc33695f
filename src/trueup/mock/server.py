"""Server: the mock on a port of loopback, in the clear or behind TLS with a temporary CA."""

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, IPPROTO_TCP, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Any, cast

import httptools
import trustme
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trueup.errors import BadInput

LOOPBACK = "127.0.0.1"
HEAD_BYTES = 64 * 1024
"""As much as a client may send that is no body, as of one head."""
COPIED_BYTES = 64 * 1024
"""A smaller piece of a body is copied faster than it is handled; after a larger one, the rest waits
until the app has read it."""
REQUEST_S = 30.0
"""Time for a whole request to arrive, which takes milliseconds on loopback."""
LONG_AGO = {
    "not_before": datetime(2020, 1, 1, tzinfo=UTC),
    "not_after": datetime(2020, 2, 1, tzinfo=UTC),
}


def listen(port: int) -> socket:
    """Return a socket at a port of loopback, a free one for 0. Raises BadInput for a busy one."""
    # The protocol is what makes asyncio send a reply's second piece without delay (TCP_NODELAY).
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        problem = error.strerror or "cannot be opened"
        raise BadInput(f"port {port}", problem, "Choose another with --port.") from error
    return listener


def create_tls(ca: Path, is_expired: bool = False) -> ssl.SSLContext:
    """Return the TLS context of a server on loopback; the CA that signed it is written to `ca`.

    An expired certificate is valid in all else, so a client that trusts the CA refuses it for its
    dates alone.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    dates: dict[str, Any] = LONG_AGO if is_expired else {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", LOOPBACK, **dates).configure_cert(context)
    return context


def create_server(app: ASGIApp, tls: ssl.SSLContext | None = None) -> uvicorn.Server:
    """Return a server that is yet to be run on a socket."""
    config = uvicorn.Config(
        _requests_only(app),
        interface="asgi3",
        http=_ImpatientProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = tls
    return uvicorn.Server(config)


class _ImpatientProtocol(HttpToolsProtocol):
    """A connection that ends when a request, or its next one, does not arrive whole in time.

    The parser keeps what is no body, however long, so that is limited here. What it reads and h11
    refuses is refused: a request without a host or with several, an encoding that is not chunked.
    """

    _is_in_head = False
    _unused = 0  # bytes since the last of a body, or since the last end of a head or a request

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.parser = _Parser(self)
        self.transport = cast(asyncio.Transport, _Joining(transport, self.loop))
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._unused += len(data)
        super().data_received(data)
        if self._unused > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        self._is_in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:  # behind a body it is a trailer, which is no part of the request
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head, self._unused = False, 0
        version = self.parser.get_http_version()
        hosts = 0
        for name, value in self.headers:
            hosts += name == b"host"
            if name == b"transfer-encoding" and value.lower() != b"chunked":
                raise ValueError("an encoding that is not read")
        if hosts != 1 and (hosts or version != "1.0") or version not in ("1.0", "1.1"):
            raise ValueError("no request of HTTP/1.0 or HTTP/1.1")
        if self.parser.get_method() == b"CONNECT":
            self.url = b"*"  # a host is no path, and the app refuses the method at any
        elif self.parser.should_upgrade():
            return  # it comes again, without the offer
        super().on_headers_complete()

    def head_without_offer(self) -> bytes:
        """Return the head that was just read, such that no other protocol is offered by it."""
        lines = [b"%s %s HTTP/1.1" % (self.parser.get_method(), self.url)]
        for name, value in self.headers:
            if name == b"connection":
                named = (one.strip() for one in value.split(b","))
                value = b", ".join(one for one in named if one.lower() != b"upgrade")
            lines.append(b"%s: %s" % (name, value))
        return b"\r\n".join([*lines, b"", b""])

    def on_body(self, body: bytes) -> None:
        self._unused = 0
        cycle = self.cycle
        if cycle.body or len(body) < COPIED_BYTES or cycle.response_complete:
            if isinstance(cycle.body, bytes):
                cycle.body = bytearray(cycle.body)
            super().on_body(body)
        else:
            super().on_body(b"")
            cycle.body = body  # type: ignore[assignment] # as it is, without two copies
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        self._unused = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _watch(self) -> None:
        self.loop.call_later(REQUEST_S, self._close_if_waiting, self.cycle)

    def _close_if_waiting(self, earlier: object) -> None:
        if self.transport.is_closing():
            return
        is_waiting = self.cycle is None or self.cycle.response_complete or self.cycle.more_body
        if is_waiting and self.cycle is earlier:
            self.transport.close()
        else:
            self._watch()


class _Joining:
    """A transport that sends in one piece what is written to it in one turn of the loop, as the
    head and the body of a reply are."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, piece: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._send)
        self._pieces.append(piece)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._transport.writelines(pieces)


class _Parser(httptools.HttpRequestParser):
    """A parser that reads a request with an offer of another protocol like one without, to its end
    and on to the next."""

    def __init__(self, protocol: _ImpatientProtocol) -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self.get_method() != b"CONNECT":
                self.feed_data(self._protocol.head_without_offer() + data[offer.args[0] :])


def _requests_only(app: ASGIApp) -> ASGIApp:
    """Return the app for requests alone: no tunnel, no trace and no websocket, for which a client
    would keep its connection open."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        close = {"connection": "close"}
        if scope["type"] == "http" and scope["method"] in ("CONNECT", "TRACE"):
            await PlainTextResponse("method not allowed", 405, close)(scope, receive, send)
        elif (b"upgrade", b"websocket") in scope.get("headers", ()):
            await PlainTextResponse("no websocket", 400, close)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return call


@contextmanager
def serving(app: ASGIApp, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve the app on a free port of loopback, in a thread; yields its address."""
    server = create_server(app, tls)
    with closing(listen(0)) as listener:
        thread = threading.Thread(target=server.run, args=[[listener]])
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http{'s' if tls else ''}://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
