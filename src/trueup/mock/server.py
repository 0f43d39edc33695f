"""Server: the mock on a port of loopback, in the clear or behind TLS with a throw-away CA."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, IPPROTO_TCP, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Any

import trustme
import uvicorn
from starlette.types import ASGIApp

from trueup.errors import BadInput

LOOPBACK = "127.0.0.1"
LONG_AGO = {
    "not_before": datetime(2020, 1, 1, tzinfo=UTC),
    "not_after": datetime(2020, 2, 1, tzinfo=UTC),
}


def listen(port: int) -> socket:
    """A socket at a port of loopback, at a free one for 0. Raises BadInput for a busy one."""
    # By its protocol asyncio knows a socket that must not wait with a reply's second piece.
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise BadInput(
            f"port {port}: {error.strerror}; a free one was expected. Use --port."
        ) from error
    return listener


def create_tls(ca: Path, is_expired: bool = False) -> ssl.SSLContext:
    """What a server on loopback shows its clients; the CA that vouches for it is written to `ca`.

    An expired certificate is sound in all else, so a client that trusts the CA refuses it for its
    dates alone.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    dates: dict[str, Any] = LONG_AGO if is_expired else {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", LOOPBACK, **dates).configure_cert(context)
    return context


def create_server(app: ASGIApp, tls: ssl.SSLContext | None = None) -> uvicorn.Server:
    """A server that is yet to be run on a socket."""
    factory: Callable[..., ssl.SSLContext] | None = None
    if tls is not None:
        shown = tls

        def factory(*_: object) -> ssl.SSLContext:
            return shown

    return uvicorn.Server(
        uvicorn.Config(
            app,
            interface="asgi3",
            ssl_context_factory=factory,
            http="h11",
            ws="none",
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )


@contextmanager
def serving(app: ASGIApp, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The app on a free port of loopback, in a thread; its address."""
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
