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
        app,
        interface="asgi3",
        http="h11",
        ws="none",
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = tls
    return uvicorn.Server(config)


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
