"""The faults of the mock: what a client sees of each on a real socket, and in the ledger."""

import asyncio
import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import get_args

import httpx
import pytest
from starlette.types import ASGIApp, Message
from test_mock import ASK, BEARER, KEY, LEGACY, NATIVE, STATUS

from trueup.errors import BadInput
from trueup.exchange import Exchange
from trueup.mock import (
    EXPIRED_CERTIFICATE,
    FAULTS,
    Faulty,
    GatewayLedger,
    WireFault,
    create_app,
    create_tls,
    ledger_with,
    listen,
    serving,
)
from trueup.model import Target
from trueup.protocols import PROTOCOLS
from trueup.relay import Deadlines, create_relay

WIRE = get_args(WireFault)


@contextmanager
def mock_with(
    *names: str, ledger: GatewayLedger | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """The port of a mock with faults; its bytes drip without a pause."""
    app = create_app(STATUS, ledger=ledger or ledger_with(names, [KEY]))
    with serving(Faulty(app, names, pause_s=0.0005), tls) as url:
        yield int(url.rpartition(":")[2])


def ask(port: int, path: str = NATIVE) -> httpx.Response:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        return client.post(f"{path}?key={KEY}", json=ASK)


def raw(port: int, patience_s: float = 5.0) -> tuple[bytes, bytes, bool]:
    """Head and body of a call as they come off the wire, and whether the server closed."""
    body = json.dumps(ASK).encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
    head = f"POST {NATIVE}?key={KEY} HTTP/1.1\r\nHost: a\r\n{kind}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as connection:
        connection.sendall(head.encode() + body)
        came, has_closed = b"", False
        try:
            while not has_closed:
                more = connection.recv(65536)
                came, has_closed = came + more, not more
                if _is_whole(came):
                    break
        except TimeoutError:
            pass
    head_bytes, _, content = came.partition(b"\r\n\r\n")
    return head_bytes, content, has_closed


def _is_whole(came: bytes) -> bool:
    head, gap, content = came.partition(b"\r\n\r\n")
    return bool(gap) and len(content) == promised(head)


def promised(head: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", head)
    assert found
    return int(found[1])


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len(FAULTS) == len(set(FAULTS))
    assert set(WIRE) < set(FAULTS) and {"unlimited", "settle-fault"} < set(FAULTS)


def test_without_a_fault_the_call_is_answered_as_ever() -> None:
    with mock_with() as port:
        reply = ask(port)
        head, content, has_closed = raw(port)
    assert reply.status_code == 200 and "candidates" in reply.json()
    assert (len(content), has_closed) == (promised(head), False)


def test_a_slow_drip_comes_whole_byte_by_byte() -> None:
    with mock_with("slow-drip", "no-output") as port:
        head, content, _ = raw(port)
    assert len(content) == promised(head) and "candidates" in json.loads(content)


def test_a_stall_sends_half_and_then_nothing_and_stays_open() -> None:
    with mock_with("stall") as port:
        head, content, has_closed = raw(port, patience_s=0.2)
    assert (len(content), has_closed) == (promised(head) // 2, False)


def test_a_reset_closes_with_half_of_the_promised_body_sent(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with mock_with("reset-mid-body") as port:
        head, content, has_closed = raw(port)
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message"):
            ask(port)
    assert (len(content), has_closed) == (promised(head) // 2, True)
    assert capfd.readouterr().err == ""


def test_json_that_is_truncated_is_whole_on_the_wire() -> None:
    with mock_with("truncated-json") as port:
        reply = ask(port)
    assert reply.status_code == 200
    with pytest.raises(ValueError):
        reply.json()


def test_a_wrong_content_type_leaves_the_body_as_it_is() -> None:
    with mock_with("wrong-content-type") as port:
        reply = ask(port)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "candidates" in reply.json()


def test_a_502_is_the_page_of_a_proxy() -> None:
    with mock_with("html-502") as port:
        reply = ask(port)
    assert (reply.status_code, reply.headers["content-type"][:9]) == (502, "text/html")
    assert reply.text.startswith("<html>")


@pytest.mark.parametrize(("name", "after"), [("empty-429", None), ("empty-429-retry-after", "7")])
def test_a_429_is_empty_and_says_when_to_retry_where_it_is_asked_to(
    name: str, after: str | None
) -> None:
    with mock_with(name) as port:
        reply = ask(port)
    assert (reply.status_code, reply.content) == (429, b"")
    assert reply.headers.get("retry-after") == after


def test_an_error_can_come_with_a_200() -> None:
    with mock_with("error-in-200") as port:
        reply = ask(port)
    assert reply.status_code == 200
    error = PROTOCOLS["gemini"].read(200, reply.content).error
    assert error == "bad_response: simulated: the upstream failed"


def test_a_200_without_an_image_has_none_on_either_route() -> None:
    with mock_with("no-output") as port, httpx.Client(trust_env=False) as client:
        native = ask(port).content
        url = f"http://127.0.0.1:{port}/v1/images/generations"
        images = client.post(url, json=LEGACY, headers=BEARER).content
    assert PROTOCOLS["gemini"].read(200, native).error == "no image in the reply"
    assert PROTOCOLS["openai-images"].read(200, images).error


def test_a_broken_image_is_base64_of_what_does_not_decode() -> None:
    with mock_with("broken-image") as port, httpx.Client(trust_env=False) as client:
        reply = PROTOCOLS["gemini"].read(200, ask(port).content)
        linked = client.get(f"http://127.0.0.1:{port}/simulated-media/nano-banana.png").content
    for content in (reply.content, linked):
        assert content is not None
        assert content.startswith(b"\x89PNG") and content.endswith(b"a broken image")


def test_a_big_body_is_fifty_megabytes_that_are_still_json() -> None:
    with mock_with("big-body") as port:
        reply = ask(port)
    assert len(reply.content) == 50_000_000 and "candidates" in reply.json()


def test_a_redirect_elsewhere_would_take_the_body_and_the_key_along() -> None:
    with mock_with("redirect-elsewhere") as port:
        reply = ask(port)
    assert (reply.status_code, reply.headers["location"]) == (307, "https://elsewhere.example/")


@pytest.mark.parametrize("name", WIRE)
def test_management_and_linked_images_are_spared(name: str) -> None:
    with mock_with(name) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/api/status").json()["success"] is True
        assert client.post("/api/token/", json={}).status_code == 404
        image = client.get("/simulated-media/nano-banana.png")
    assert image.status_code == 200


@pytest.mark.parametrize("is_expired", [False, True])
def test_a_certificate_is_refused_for_its_dates_alone(is_expired: bool, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    trusting = create_tls(ca, is_expired)
    client = ssl.create_default_context(cafile=str(ca))
    with mock_with(tls=trusting) as port, httpx.Client(verify=client, trust_env=False) as asking:
        url = f"https://localhost:{port}/api/status"
        if not is_expired:
            assert asking.get(url).status_code == 200
            return
        with pytest.raises(httpx.ConnectError, match="certificate has expired"):
            asking.get(url)
    assert EXPIRED_CERTIFICATE in FAULTS


def test_the_faults_of_the_ledger_and_an_unlimited_token_go_into_the_ledger() -> None:
    ledger = ledger_with(["settle-fault", "stall", "unlimited"], [KEY])
    assert list(ledger.options.faults) == ["settle-fault"]
    assert [token.unlimited_quota for token in ledger.tokens.values()] == [True]
    plain = ledger_with([], [KEY])
    assert (list(plain.options.faults), plain.tokens[1].unlimited_quota) == ([], False)


def test_a_call_is_charged_though_its_reply_is_lost() -> None:
    ledger = ledger_with(["no-output"], [KEY])
    with mock_with("no-output", ledger=ledger) as port:
        ask(port)
    assert [row.quota for row in ledger.rows] == [20_000]


TOLD_NOTHING = {
    "slow-drip": "took longer than 0.3 s",
    "stall": "stalled for 0.2 s",
    "reset-mid-body": "broke off after",
    "redirect-elsewhere": "redirects to elsewhere.example, which is none of its hosts",
}
HASTY = {"slow-drip": Deadlines(0.3, 60.0), "stall": Deadlines(60.0, 0.2)}
"""One deadline at a time, so that on a busy machine too it is known which of them passes first."""


@pytest.mark.parametrize("name", WIRE)
def test_the_relay_tells_each_fault_that_loses_the_reply_from_those_that_spoil_it(
    name: str,
) -> None:
    seen: list[Exchange] = []
    with mock_with(name) as port:
        app = create_relay(
            Target(base_url=f"http://127.0.0.1:{port}"),
            key=KEY,
            max_calls=1,
            on_exchange=seen.append,
            deadlines=HASTY.get(name),
        )
        asyncio.run(_call(app, NATIVE))
    (exchange,) = seen
    assert exchange.is_whole == (name not in TOLD_NOTHING)
    assert TOLD_NOTHING.get(name, "None") in str(exchange.reason)


async def _call(app: ASGIApp, path: str) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(ASK).encode()}

    async def send(message: Message) -> None: ...

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": f"key={KEY}".encode(),
        "headers": [(b"host", b"crazyrouter.com"), (b"content-type", b"application/json")],
    }
    await app(scope, receive, send)


def test_a_busy_port_is_said_to_be_busy() -> None:
    with closing(listen(0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(BadInput) as error:
            listen(port)
    assert str(error.value) == (
        f"port {port}: Address already in use; a free one was expected. Use --port."
    )
