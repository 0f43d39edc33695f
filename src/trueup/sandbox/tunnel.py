"""Tunnel: the CONNECT proxy of the fallbacks. The given hosts lead to the gateway's Unix socket;
any other is answered 403 and noted. Opens no connection to a network address."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from trueup.sandbox.gateway_server import GatewaySocket, Loop
from trueup.sandbox.inside import splice

_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Tunnel:
    """A proxy at `port` of 127.0.0.1."""

    def __init__(self, gateway: GatewaySocket) -> None:
        self._gateway = gateway
        self._allowed = {f"{name}:{port}" for name, port in gateway.addresses}
        self._refused: list[str] = []
        self.port = 0

    def take_refused(self) -> tuple[str, ...]:
        """Return the hosts refused since the last call, once each, in the order of requests."""
        taken, self._refused = tuple(dict.fromkeys(self._refused)), []
        return taken

    async def listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, url, *_ = head.decode("latin-1").split(" ", 2)
            if method == "CONNECT" and url.lower() in self._allowed:
                inner = await asyncio.open_unix_connection(str(self._gateway.socket))
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await splice((reader, writer), inner)
            else:
                self._refused.append(urlsplit(url).netloc.rpartition("@")[2] or url)
                writer.write(_REFUSAL)
                await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that hangs up or sends no HTTP gets a closed connection
        finally:
            writer.close()


@contextmanager
def open_tunnel(gateway: GatewaySocket, loop: Loop) -> Iterator[Tunnel]:
    """Open a tunnel to the gateway that closes with the context."""
    tunnel = Tunnel(gateway)
    server = loop.do(tunnel.listen())

    async def close() -> None:
        server.close()

    try:
        yield tunnel
    finally:
        loop.do(close())
