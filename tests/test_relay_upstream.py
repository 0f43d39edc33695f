"""The relay on real sockets: each failure of a target has its reason, and the key is nowhere."""

import asyncio
import gzip
import logging
import os
import socket
import ssl
import struct
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import trustme
from starlette.types import Message

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.model import Target
from trueup.relay import Budget, Deadlines, Journal, create_relay, gateway_tls

KEY = "sk-canary/0123456789+abcdefghijklmnopqrstuvwxyzABCDEFG"
BARE = KEY.removeprefix("sk-")
SPELLINGS = [
    KEY,
    BARE,
    quote(BARE, safe=""),
    BARE.replace("/", "\\/"),
    b64encode(KEY.encode()).decode()[4:-4],
]
ECHO = " ".join(
    [KEY, quote(KEY, safe=""), KEY.replace("/", "\\/"), b64encode(KEY.encode()).decode()]
)
QUICK = Deadlines(total_s=5.0, idle_s=5.0)
NOW = datetime(2026, 4, 20, tzinfo=UTC)
Answering = Callable[[socket.socket], None]


def head_of(length: int | None, more: str = "", status: str = "200 OK") -> bytes:
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\n{size}{more}Connection: close\r\n\r\n".encode()


@contextmanager
def answering(answer: Answering, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port of loopback where each connection is read to its end and then answered."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
                    request = b""
                    while not request.endswith(b"\r\n\r\n{}") and (more := wrapped.recv(65536)):
                        request += more
                    if request:
                        answer(wrapped)
                    wrapped.close()
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone does not wake an accept that waits.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


class Block:
    """A client of the relay: the messages that it gets, and the exchange that is reported."""

    def __init__(self, base_url: str, passed: threading.Semaphore | None = None, **relay: Any):
        self.exchanges: list[Exchange] = []
        self.messages: list[Message] = []
        self.passed = passed
        self.app = create_relay(
            Target(base_url=base_url, media_hosts=("media.example",)),
            key=KEY,
            on_exchange=self.exchanges.append,
            **{"max_calls": 9, "deadlines": QUICK, **relay},
        )

    def call(self, **headers: str) -> "Block":
        sent = {"host": "gateway.example", "authorization": "Bearer YOUR_API_KEY", **headers}
        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "https",
            "path": "/v1/x",
            "raw_path": b"/v1/x",
            "query_string": b"key=YOUR_API_KEY",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Message) -> None:
            self.messages.append(message)
            if self.passed and message.get("body"):
                self.passed.release()

        asyncio.run(self.app(scope, receive, send))
        return self

    @property
    def reason(self) -> str:
        (exchange,) = self.exchanges
        assert exchange.failure is not None
        return exchange.failure.reason

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def is_whole(self) -> bool:
        """True if the reply was ended and not broken off."""
        return not self.messages[-1].get("more_body", False) and len(self.messages) > 1


def block_of(answer: Answering, **relay: Any) -> Block:
    with answering(answer) as port:
        return Block(f"http://127.0.0.1:{port}", **relay).call()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def closed(connection: socket.socket) -> None:
    connection.close()


def no_http(connection: socket.socket) -> None:
    connection.sendall(f"SSH-2.0 {KEY}\r\n\r\n".encode())


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):  # until the client leaves
        pass


def stalled(connection: socket.socket) -> None:
    connection.sendall(head_of(100) + ECHO.encode()[:40])
    silent(connection)


def dripping(connection: socket.socket) -> None:
    connection.sendall(head_of(10**6))
    waiting = threading.Event()
    for letter in ECHO * 99:
        connection.sendall(letter.encode())
        waiting.wait(0.005)


def cut_short(connection: socket.socket) -> None:
    connection.sendall(head_of(4000) + ECHO.encode())


def reset_midway(connection: socket.socket) -> None:
    connection.sendall(head_of(4000) + ECHO.encode())
    threading.Event().wait(0.05)  # what is not read by then is lost with the reset
    reset(connection)


def cut_in_a_chunk(connection: socket.socket) -> None:
    connection.sendall(head_of(None, "Transfer-Encoding: chunked\r\n") + b"40\r\n" + KEY.encode())


def not_gzip(connection: socket.socket) -> None:
    connection.sendall(head_of(len(KEY), "Content-Encoding: gzip\r\n") + KEY.encode())


def brotli(connection: socket.socket) -> None:
    connection.sendall(head_of(len(KEY), "Content-Encoding: br\r\n") + KEY.encode())


def too_large(connection: socket.socket) -> None:
    connection.sendall(head_of(9000) + (ECHO * 99).encode()[:9000])


def redirecting(connection: socket.socket) -> None:
    to = f"Location: https://{BARE[:6]}.example/?key={quote(KEY, safe='')}\r\n"
    connection.sendall(head_of(0, to, "307 Temporary Redirect"))


SOON = Deadlines(total_s=0.2, idle_s=0.1)
FAULTS: dict[str, tuple[Answering, dict[str, Any], int, str]] = {
    "closed at once": (closed, {}, 504, "closed the connection before an answer"),
    "reset at once": (reset, {}, 504, "the connection before an answer"),
    "no HTTP": (no_http, {}, 504, "or did not reply with HTTP"),
    "silent": (silent, {"deadlines": SOON}, 504, "gave no answer within 0.2 s"),
    "stalled": (stalled, {"deadlines": SOON}, 200, "stalled for 0.1 s after 40 bytes"),
    "dripping": (dripping, {"deadlines": SOON}, 200, "took longer than 0.2 s"),
    "cut short": (cut_short, {}, 200, f"broke off after {len(ECHO)} bytes"),
    "reset midway": (reset_midway, {}, 200, "broke off after"),
    "cut in a chunk": (cut_in_a_chunk, {}, 200, "broke off after"),
    "not gzip": (not_gzip, {}, 200, "is compressed and cannot be decoded"),
    "brotli": (brotli, {}, 504, "has a compression that was not requested"),  # a39
    "too large": (too_large, {"body_limit": 500}, 200, "the reply is larger than 500 bytes"),
    "redirecting": (redirecting, {}, 504, "which is not a known host of the target; not followed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_of_the_target_is_inconclusive_and_the_reason_names_it(fault: str) -> None:
    answer, options, status, reason = FAULTS[fault]
    block = block_of(answer, **options)
    assert reason in block.reason
    assert (block.status, block.exchanges[0].status) == (status, status)
    assert block.is_whole == (status == 504)
    assert answer not in (cut_short, reset_midway) or block.body.startswith(b"***")
    if block.is_whole:
        assert block.exchanges[0].response_body == block.body
        assert block.reason.encode() in block.body


def test_a_port_without_a_server_refuses_the_connection() -> None:
    with closing(socket.socket()) as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        block = Block(f"http://127.0.0.1:{port}").call()
    assert block.reason == f"127.0.0.1:{port} refused the connection"


def test_a_name_without_an_address_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    block = Block("https://nowhere.invalid").call()
    assert block.reason == "nowhere.invalid has no address: its name does not resolve"


def test_behind_a_proxy_that_refuses_the_reason_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(socket.socket()) as unheard:
        unheard.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{unheard.getsockname()[1]}")
        hosts = ("https://nowhere.invalid", "https://127.0.0.1:9")
        reasons = [Block(host).call().reason for host in hosts]
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        reasons.append(Block(hosts[1]).call().reason)
    assert reasons == [
        "the proxy for nowhere.invalid refused the connection",
        "the proxy for 127.0.0.1:9 refused the connection",
        "127.0.0.1:9 refused the connection",
    ]


@pytest.mark.parametrize(
    "name, value, where, problem",
    [
        ("SSL_CERT_FILE", "/nonexistent", "SSL_CERT_FILE", "No such file or directory"),
        ("SSL_CERT_FILE", "/etc/passwd", "SSL_CERT_FILE", "no certificate or crl found"),
        ("SSLKEYLOGFILE", "/nonexistent/log", "SSLKEYLOGFILE", "No such file or directory"),
        ("https_proxy", "http://[::1", "HTTPS_PROXY", "the proxy cannot be used (no URL)"),
        ("HTTP_PROXY", "ftp://name:word@host", "HTTP_PROXY", "the proxy cannot be used (no URL)"),
        ("ALL_PROXY", "socks5://127.0.0.1:9", "ALL_PROXY", "SOCKS proxies are not supported"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, where: str, problem: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput) as raised:
        gateway_tls()
    assert where in str(raised.value.message.where)
    assert problem in raised.value.message.problem
    assert "word" not in str(raised.value)


CERTIFICATES: dict[str, tuple[str, dict[str, Any], bool, str]] = {
    "expired": ("localhost", {"not_after": datetime(2020, 1, 2, tzinfo=UTC)}, True, "has expired"),
    "of another host": ("other.example", {}, True, "mismatch"),
    "of a stranger": ("localhost", {}, False, "unable to get local issuer"),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_the_reason_names_the_fault_of_a_certificate(name: str) -> None:
    identity, dates, is_trusted, fault = CERTIFICATES[name]
    authority = trustme.CA()
    if dates:
        dates = {"not_before": datetime(2020, 1, 1, tzinfo=UTC), **dates}
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(identity, **dates).configure_cert(server)
    client = ssl.create_default_context()
    if is_trusted:
        authority.configure_trust(client)
    with answering(closed, server) as port:
        block = Block(f"https://localhost:{port}", tls=client).call()
    assert block.reason.startswith(f"the certificate of localhost:{port} is not valid: ")
    assert fault in block.reason.lower()


def test_a_target_without_tls_is_named_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        plain.settimeout(5)

        def refuse() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(65536)

        thread = threading.Thread(target=refuse)
        thread.start()
        block = Block(f"https://127.0.0.1:{plain.getsockname()[1]}").call()
        thread.join()
    assert "could not agree on TLS" in block.reason


def test_a_stream_reaches_the_block_event_by_event() -> None:
    passed = threading.Semaphore(0)
    events = [f"data: {number} {KEY}\n\n".encode() for number in range(3)]

    def stream(connection: socket.socket) -> None:
        connection.sendall(head_of(None, "Content-Type: text/event-stream\r\n"))
        for event in events:
            connection.sendall(event)
            assert passed.acquire(timeout=5)  # the next one only when this one was passed on

    block = block_of(stream, passed=passed)
    (exchange,) = block.exchanges
    assert exchange.failure is None and block.is_whole
    bodies = [message["body"] for message in block.messages[1:]]
    assert bodies == [b"data: 0 ***\n\n", b"data: 1 ***\n\n", b"data: 2 ***\n\n", b""]
    assert exchange.response_body == b"".join(bodies)


def test_a_large_reply_of_exactly_the_limit_passes() -> None:
    content = os.urandom(1 << 20)

    def large(connection: socket.socket) -> None:
        connection.sendall(head_of(len(content)) + content)

    block = block_of(large, body_limit=len(content))
    assert block.exchanges[0].failure is None and block.is_whole
    assert block.exchanges[0].response_body == block.body == content


def test_a_key_across_the_borders_of_packets_is_masked() -> None:
    def pieces(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head_of(None))
        waiting = threading.Event()
        for start in range(0, len(ECHO), 7):
            connection.sendall(ECHO[start : start + 7].encode())
            waiting.wait(0.001)

    block = block_of(pieces)
    assert block.body.replace(b"c2st", b"") == b"*** *** *** ***"


def test_compression_is_not_requested_and_a_compressed_reply_is_masked() -> None:
    requested: list[str] = []
    packed = gzip.compress(ECHO.encode())

    def zipped(request: httpx.Request) -> httpx.Response:
        requested.append(request.headers["accept-encoding"])
        return httpx.Response(200, content=packed, headers={"content-encoding": "gzip"})

    block = Block("http://target.example", transport=httpx.MockTransport(zipped))
    block.call(**{"accept-encoding": "gzip, br"})
    assert requested == ["identity"]
    assert block.body.replace(b"c2st", b"") == b"*** *** *** ***"
    headers = dict(block.messages[0]["headers"])
    assert b"content-encoding" not in headers and block.exchanges[0].failure is None


def test_the_canary_is_nowhere_whatever_happens(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    journal_path = tmp_path / "run.jsonl"
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(journal_path, lambda: NOW))
        budget = Budget(2 * len(FAULTS) + 4, journal=journal)

        def echo(connection: socket.socket) -> None:
            more = f"X-Oneapi-Request-Id: {KEY}\r\nContent-Type: {KEY}\r\nRetry-After: {KEY}\r\n"
            connection.sendall(head_of(len(ECHO), more) + ECHO.encode())

        plays = [(answer, options) for answer, options, _, _ in FAULTS.values()]
        for answer, options in [*plays, (echo, {})]:
            block = block_of(answer, **{"budget": budget, "max_calls": None, **options})
            seen += [repr(block.exchanges), repr(block.messages), repr(block.app), repr(budget)]
            seen += [repr(vars(block.app.router.default)), repr(block.app.router.default)]
        for error in (httpx.ConnectError(KEY), httpx.ReadError(KEY), OSError(1, KEY)):

            def raising(request: httpx.Request, error: Exception = error) -> httpx.Response:
                raise error

            block = Block(
                "http://t.example", budget=budget, transport=httpx.MockTransport(raising)
            ).call()
            seen.append(repr(block.exchanges) + repr(block.messages))
        block = Block("http://t.example", max_calls=0).call()
        seen.append(repr(block.exchanges) + repr(block.messages))
        seen.append(repr(list(journal.calls.values())))
    out, err = capfd.readouterr()
    seen += [out, err, caplog.text, repr(dict(os.environ)), repr(vars(logging.root))]
    seen += [path.read_text() for path in tmp_path.iterdir()]
    assert journal_path.read_text().count('"kind":"intent"') == len(FAULTS) + 4
    for text in seen:
        for spelling in SPELLINGS:
            assert spelling not in text


def test_the_clients_of_others_may_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get("http://a.example/")
    assert "http://a.example/" in caplog.text
