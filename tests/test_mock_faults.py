"""The faults of the mock: what a client receives of each on a real socket, and in the ledger."""

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from test_mock import BEARER, KEY, LEGACY, NATIVE, NATIVE_BODY, STATUS

from trueup.errors import BadInput
from trueup.mock import Dialect, Faulty, create_app, create_tls, ledger_with, listen, serving
from trueup.protocols import PROTOCOLS


@contextmanager
def mock_with(*names: str, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve a mock with faults; its bytes drip without a pause."""
    app = create_app(STATUS, ledger=ledger_with(names, [KEY], "new-api-b"))
    with serving(Faulty(app, names, pause_s=0.0005), tls) as url:
        yield url


def call(url: str, timeout_s: float = 5.0) -> httpx.Response:
    with httpx.Client(base_url=url, trust_env=False, timeout=timeout_s) as client:
        return client.post(f"{NATIVE}?key={KEY}", json=NATIVE_BODY)


def test_a_slow_drip_comes_whole() -> None:
    with mock_with("slow-drip", "no-output") as url:
        assert "candidates" in call(url).json()


def test_a_stall_sends_no_end_and_a_reset_closes_before_the_end(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with mock_with("stall") as url, pytest.raises(httpx.ReadTimeout):
        call(url, timeout_s=0.3)
    cut = pytest.raises(httpx.RemoteProtocolError, match=r"received \d{3,} bytes, expected \d{3,}")
    with mock_with("reset-mid-body") as url, cut:
        call(url)
    assert capfd.readouterr().err == ""


REPLIES: dict[str, tuple[int, str, str]] = {
    "truncated-json": (200, "application/json", '{"candidates":'),
    "wrong-content-type": (200, "text/html", '{"candidates":'),
    "html-502": (502, "text/html", "<html>"),
    "empty-429": (429, "", ""),
    "error-in-200": (200, "application/json", '{"error":{"message":"simulated: the upstream'),
    "redirect-elsewhere": (307, "", ""),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_fault_changes_status_type_or_body(name: str) -> None:
    with mock_with(name) as url:
        reply = call(url)
    status, kind, start = REPLIES[name]
    assert reply.status_code == status
    assert reply.headers.get("content-type", "").startswith(kind)
    assert reply.text.startswith(start) and bool(reply.text) == bool(start)


def test_a_truncated_body_ends_early_and_a_big_one_is_still_json() -> None:
    with mock_with("truncated-json") as url, pytest.raises(ValueError):
        call(url).json()
    with mock_with("big-body") as url:
        reply = call(url)
    assert len(reply.content) == 50_000_000 and "candidates" in reply.json()


def test_a_429_and_a_redirect_say_where_to_go_or_when_to_retry() -> None:
    with mock_with("empty-429-retry-after") as url:
        assert call(url).headers["retry-after"] == "7"
    with mock_with("redirect-elsewhere") as url:
        assert call(url).headers["location"] == "https://elsewhere.example/"


def test_a_200_without_an_image_has_none_on_either_route() -> None:
    with mock_with("no-output") as url, httpx.Client(trust_env=False) as client:
        native = call(url).content
        images = client.post(f"{url}/v1/images/generations", json=LEGACY, headers=BEARER).content
    said = PROTOCOLS["gemini"].read(200, native).error
    assert said == "no image in the reply: STOP: simulated: text without an image"
    assert PROTOCOLS["openai-images"].read(200, images).error


def test_a_broken_image_is_base64_of_what_does_not_decode() -> None:
    with mock_with("broken-image") as url, httpx.Client(trust_env=False) as client:
        reply = PROTOCOLS["gemini"].read(200, call(url).content)
        linked = client.get(f"{url}/simulated-media/nano-banana.png").content
    for content in (reply.content, linked):
        assert content is not None
        assert content.startswith(b"\x89PNG") and content.endswith(b"a broken image")


def test_the_ledger_and_linked_images_have_no_fault_of_the_wire() -> None:
    with mock_with("html-502") as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/api/status").json()["success"] is True
        assert client.post("/api/token/", json={}).status_code == 404
        assert client.get("/simulated-media/nano-banana.png").status_code == 200


@pytest.mark.parametrize("is_expired", [False, True])
def test_a_certificate_is_refused_for_its_dates_alone(is_expired: bool, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    context = create_tls(ca, is_expired)
    trusting = ssl.create_default_context(cafile=str(ca))
    with mock_with(tls=context) as url, httpx.Client(verify=trusting, trust_env=False) as client:
        address = f"{url.replace('127.0.0.1', 'localhost')}/api/status"
        if not is_expired:
            assert client.get(address).status_code == 200
            return
        with pytest.raises(httpx.ConnectError, match="certificate has expired"):
            client.get(address)


def test_the_faults_of_the_ledger_and_an_unlimited_token_go_into_the_ledger() -> None:
    ledger = ledger_with(["settle-fault", "stall", "unlimited"], [KEY], "new-api-b")
    assert list(ledger.options.faults) == ["settle-fault"]
    assert [token.unlimited_quota for token in ledger.tokens.values()] == [True]
    assert ledger_with([], [KEY]).tokens[1].unlimited_quota is False


@pytest.mark.parametrize(
    ("dialect", "fault"),
    [("plain", "lost-flush"), ("plain", "no-channel"), ("new-api-d", "overloaded")],
)
def test_a_fault_that_a_dialect_cannot_show_is_refused(dialect: Dialect, fault: str) -> None:
    with pytest.raises(BadInput, match=f"fault '{fault}': needs .*; the dialect is {dialect}"):
        ledger_with([fault], [KEY], dialect)
    assert ledger_with([fault], [KEY], "new-api-b").options.faults == [fault]


def test_a_busy_port_is_reported() -> None:
    with closing(listen(0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(BadInput) as error:
            listen(port)
    assert str(error.value) == f"port {port}: Address already in use. Choose another with --port."
