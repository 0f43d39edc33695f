"""Downloads: a reply that drips, in its head or its body, and one without end, are abandoned."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from trueup.model import Target
from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.records import Inconclusive
from trueup.retest.download import Limits
from trueup.retest.target import fetch_image

SOON = Limits(timeout_s=0.4, largest=100)
HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = HEAD + b"content-length: 1000\r\n\r\n"
SLOW = "the reply took longer than 0.4 s"
REPLIES = {
    "a head that drips": (HEAD, b"x", SLOW),
    "a body that drips": (BODY, b"x", SLOW),
    "nothing": (b"", b"", SLOW),
    "too much": (BODY, b"x" * 101, "the reply is larger than 100 bytes"),
    "a compressed body": (HEAD + b"content-encoding: gzip\r\n\r\n", b"", "the reply is compressed"),
}


@contextmanager
def dripping(begin: bytes, drop: bytes) -> Iterator[str]:
    """A server that sends `begin`, and then a drop ten times a second; its address."""
    is_over = threading.Event()

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(begin)
                while not is_over.wait(0.1):
                    connection.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        is_over.set()
        thread.join()


@pytest.mark.parametrize("what", REPLIES)
def test_a_fetch_ends_in_time(what: str) -> None:
    begin, drop, reason = REPLIES[what]
    began = time.monotonic()
    with dripping(begin, drop) as url:
        found = fetch_image(f"{url}/a.png", Target(base_url=url), SOON)
        assert found == f"the output's link gave no file: {reason}"
    with dripping(begin, drop) as url:
        terms = LedgerClient(url, access_token=None, user_id=1, limits=SOON).terms()
        assert terms == Inconclusive("unreadable", f"/api/status: {reason}.")
        assert terms.is_unavailable == (reason == SLOW)
    assert time.monotonic() - began < 10


def test_a_redirect_is_not_followed() -> None:
    head = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"
    with dripping(head, b"") as url:
        found = fetch_image(f"{url}/a.png", Target(base_url=url), SOON)
    assert found == "the output's link was answered with HTTP 302"
    with dripping(head.replace(b"302 Found", b"403 No"), b"") as url:
        found = fetch_image(f"{url}/a.png", Target(base_url=url), SOON)
    assert found == "the output's link was answered with HTTP 403, without the key"
