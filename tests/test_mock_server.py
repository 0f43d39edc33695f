"""The server of the mock: what is no request is refused at once, and who waits is not kept."""

import socket
import time
from datetime import UTC, datetime

import pytest
from conftest import TOP

from trueup.exchange import Exchange
from trueup.mock import create_app, server, serving
from trueup.status_file import parse_status

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STATUS = parse_status((TOP / "tests/record.yml").read_text("utf-8"), "status.yml", NOW).status
UPGRADE = (
    b"GET /v1/realtime HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)
POST = "POST /v1/x HTTP/1.1\r\nhost: x\r\n"
REFUSED = {
    "a websocket": (UPGRADE, b"HTTP/1.1 400"),
    "a tunnel": (b"CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n", b"HTTP/1.1 405"),
    "a trace": (b"TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 405"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
    "two lengths": (
        f"{POST}content-length: 1\r\ncontent-length: 2\r\n\r\nab".encode(),
        b"HTTP/1.1 400",
    ),
    "two hosts": (b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", b"HTTP/1.1 400"),
    "another version": (b"GET / HTTP/2.0\r\nhost: x\r\n\r\n", b"HTTP/1.1 400"),
    "a compressed body": (
        f"{POST}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n".encode(),
        b"HTTP/1.1 400",
    ),
    "a tunnel and what goes through it": (
        b"CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n\x16\x03\x01",
        b"HTTP/1.1 405",
    ),
    "an odd encoding": (
        f"{POST}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n".encode(),
        b"HTTP/1.1 400",
    ),
}
WAITING = {
    "nothing": b"",
    "a part of a head": b"GET / HT",
    "a part of a second head": b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HT",
    "a part of a body": b"POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n123",
}


CHUNKED = f"{POST}transfer-encoding: chunked\r\n\r\n".encode()
ENDLESS = {
    "a header": (b"GET / HTTP/1.1\r\nhost: x\r\na: ", b"a"),
    "headers": (b"GET / HTTP/1.1\r\nhost: x\r\n", b"a: b\r\n"),
    "a path": (b"GET /", b"a"),
    "the size of a chunk": (CHUNKED + b"1;", b"a"),
    "a trailer": (CHUNKED + b"1\r\n{\r\n0\r\na: ", b"a"),
    "trailers": (CHUNKED + b"1\r\n{\r\n0\r\n", b"a: b\r\n"),
}


def answer(sent: bytes) -> bytes:
    """All that the mock sends until it closes the connection."""
    with serving(create_app(STATUS)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(sent)
            received = b""
            while piece := client.recv(65536):
                received += piece
            return received


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_request_is_refused_and_closed(
    what: str, capfd: pytest.CaptureFixture[str]
) -> None:
    sent, begin = REFUSED[what]
    began = time.monotonic()
    assert answer(sent).startswith(begin)
    assert time.monotonic() - began < 3
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("what", WAITING)
def test_a_request_that_does_not_arrive_is_not_waited_for(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.2)
    expected = WAITING[what].count(b"\r\n\r\nGET")
    assert answer(WAITING[what]).count(b"200 OK") == expected


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_not_kept(what: str) -> None:
    begin, more = ENDLESS[what]
    with serving(create_app(STATUS)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            sent = client.send(begin)
            with pytest.raises(OSError):
                while sent < 64 * 2**20:
                    sent += client.send(more * 4096)
    assert sent < 16 * 2**20


def test_a_reply_comes_in_one_piece() -> None:
    with serving(create_app(STATUS)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            for _ in range(20):
                client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                assert client.recv(65536).endswith(b"</html>\n")


@pytest.mark.parametrize("sizes", [[300_000], [100_000, 5, 100_000, 7], [5, 200_000], [9] * 50])
def test_a_body_is_whole_in_whatever_pieces_it_comes(sizes: list[int]) -> None:
    seen: list[Exchange] = []
    pieces = [bytes([65 + index % 26]) * size for index, size in enumerate(sizes)]
    with serving(create_app(STATUS, on_exchange=seen.append)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(f"{POST}content-length: {sum(sizes)}\r\n\r\n".encode())
            for piece in pieces:
                client.sendall(piece)
                time.sleep(0.01)
            client.recv(65536)
    assert [exchange.request_body for exchange in seen] == [b"".join(pieces)]


def test_a_trailer_is_no_header() -> None:
    head = b"POST /v1/images/generations HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    body = b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nauthorization: Bearer wrong\r\n\r\n"
    reply = answer(head + body)
    assert reply.startswith(b"HTTP/1.1 401") and b"missing_key" in reply


def test_an_offer_of_another_protocol_costs_neither_the_body_nor_the_next_request() -> None:
    offer = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
    sent = POST.encode() + offer + b"content-length: 3\r\n\r\n{ }"
    sent += b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    first, second = answer(sent).split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"404") and b"POST /v1/x" in first
    assert second.startswith(b"200") and b"This is a mock" in second
