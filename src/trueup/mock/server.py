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
from typing import Any

import h11
import trustme
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from trueup.errors import BadInput

LOOPBACK = "127.0.0.1"
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
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = tls
    return uvicorn.Server(config)


class _ImpatientProtocol(H11Protocol):
    """A connection that ends when a request, or its next one, does not arrive whole in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def _watch(self) -> None:
        self.loop.call_later(REQUEST_S, self._close_if_waiting, self.cycle)

    def _close_if_waiting(self, earlier: object) -> None:
        if self.transport.is_closing():
            return
        is_waiting = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        if is_waiting and self.cycle is earlier:
            self.transport.close()
        else:
            self._watch()


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
        thread = threading.Thread(target=asyncio.run, args=[server.serve(sockets=[listener])])
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http{'s' if tls else ''}://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
