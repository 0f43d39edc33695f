"""Gateway server: an ASGI app behind TLS on a Unix socket, which blocks meet as the gateway, with
a CA of its own that is thrown away, and without TLS on a second one for the hosts that have none.
One thread, one event loop, no network address."""

import asyncio
import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import trustme
import uvicorn
from starlette.types import ASGIApp

from trueup.errors import BadInput, Unreachable

T = TypeVar("T")
BROKEN_OFF = ("ASGI callable returned without completing", "Cancel %s running task(s)")
_SOCKET_PATH_BYTES = 100  # sun_path holds 104 bytes on macOS and 108 on Linux
_PATIENCE_S = 10  # a start or a stop takes milliseconds, more on a machine under load


@dataclass(frozen=True)
class GatewaySocket:
    """The app's sockets: `folder` is private to us and holds them and `ca`; `addresses` are the
    names and ports that lead to `socket`, `plain_addresses` those that lead to `plain_socket`."""

    folder: Path
    addresses: tuple[tuple[str, int], ...]
    plain_addresses: tuple[tuple[str, int], ...] = ()

    @property
    def socket(self) -> Path:
        return self.folder / "gateway.sock"

    @property
    def plain_socket(self) -> Path:
        return self.folder / "plain.sock"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="trueup-gateway")
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop's thread and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    def close(self) -> None:
        self.do(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()


def parse_address(host: str, default_port: int = 443) -> tuple[str, int]:
    """Return `name` or `name:port` as a pair."""
    name, colon, port = host.partition(":")
    if not name or (colon and not port.isdecimal()):
        problem = f"got {host!r}, expected `name` or `name:port`"
        raise BadInput("host", problem, "Give a host, not a URL.")
    return name.lower(), int(port or default_port)


@contextmanager
def open_folder(hosts: Sequence[str], plain_hosts: Sequence[str] = ()) -> Iterator[GatewaySocket]:
    """Make a private folder with a path that is short enough for the socket; without a listener."""
    addresses = tuple(parse_address(host) for host in hosts)
    plain = tuple(parse_address(host, 80) for host in plain_hosts)
    with tempfile.TemporaryDirectory(prefix="trueup-", dir=_short_folder()) as name:
        yield GatewaySocket(Path(name).resolve(), addresses, plain)


def _short_folder() -> str | None:
    usual = Path(tempfile.gettempdir()).resolve() / "trueup-12345678" / "gateway.sock"
    return None if len(bytes(usual)) < _SOCKET_PATH_BYTES else "/tmp"


@contextmanager
def open_server(app: ASGIApp, gateway: GatewaySocket) -> Iterator[Loop]:
    """Serve `app` at the gateway's socket with a certificate for its names; yields the loop."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(gateway.ca)
    certificate = authority.issue_cert(*sorted({name for name, _ in gateway.addresses}))

    def context(*_: object) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(made)
        return made

    config = partial(
        uvicorn.Config,
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    loop = Loop()
    try:
        with ExitStack() as stack:
            tls = uvicorn.Server(config(ssl_context_factory=context))
            stack.enter_context(_serving(tls, gateway.socket, loop))
            if gateway.plain_addresses:
                plain = uvicorn.Server(config())
                stack.enter_context(_serving(plain, gateway.plain_socket, loop))
            yield loop
    finally:
        loop.close()


def _is_unexpected(record: logging.LogRecord) -> bool:
    """Return False for a reply that breaks off: the block meets what the target did, or we end."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, asyncio.CancelledError):
        return False
    return not str(record.msg).startswith(BROKEN_OFF)


logging.getLogger("uvicorn.error").addFilter(_is_unexpected)


@contextmanager
def _serving(server: uvicorn.Server, path: Path, loop: Loop) -> Iterator[None]:
    async def start() -> asyncio.Task[None]:
        # A socket of our own: uvicorn would open its path to every user and exit on a failure.
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        task = asyncio.ensure_future(server.serve(sockets=[listener]))
        while not server.started and not task.done():
            await asyncio.sleep(0.001)
        return task

    async def stop(task: asyncio.Task[None]) -> None:
        server.should_exit = True
        await task

    task = loop.do(start())
    if not server.started:
        raise Unreachable("sandbox", "its server ended before it listened", "Run it again.")
    try:
        yield
    finally:
        loop.do(stop(task))
