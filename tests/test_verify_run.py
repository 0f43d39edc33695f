"""A run: one block in a harness, its process and its exchanges; and the path to a live target."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from conftest import TOP, is_long_run
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trueup.errors import Unreachable
from trueup.exchange import Exchange
from trueup.mock import MEDIA_HOST, create_app
from trueup.sandbox import Limits
from trueup.site import Block
from trueup.snippet import LANGUAGES, render_snippet
from trueup.status_file import Stored, parse_status
from trueup.verify.judge import verify_block
from trueup.verify.pool import Pool
from trueup.verify.run import ExchangeLog, Harness, open_relay

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"
KEY = "sk-only-the-relay-knows-this-key"
LIMITS = Limits(timeout_s=30)
CURL = "curl -sS -o /dev/null https://crazyrouter.com/v1/images/generations -d '{}'"
EXCHANGE = Exchange("GET", "a.example", "/", (), (), b"", 200, "", b"")


@contextmanager
def serving(app: Starlette) -> Iterator[int]:
    """The app on a loopback port of its own."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=asyncio.run, args=[server.serve(sockets=[listener])])
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def local_at(port: int) -> Stored:
    """The real file whose local target, and what was sent to it, is at a port."""
    text = TEXT.replace("http://localhost:4000", f"http://127.0.0.1:{port}")
    return parse_status(text, "status.yml", NOW)


def block_of(stored: Stored, endpoint: str, language: str) -> Block:
    snippet = render_snippet(stored.status, endpoint, language, TOP / "snippets")
    return Block("page", 1, snippet.language.fence, snippet.text, snippet.id, endpoint)


async def call(app: ASGIApp) -> None:
    """One call of an app that neither reads nor answers."""

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None: ...

    await app({"type": "http"}, receive, send)


def test_a_run_holds_the_process_and_the_exchanges_of_its_block(harness: Harness) -> None:
    run = harness.run("bash", f"{CURL}\necho said", LIMITS)
    assert (run.ran.exit_code, run.ran.stdout) == (0, b"said\n")
    (exchange,) = run.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1/images/generations")
    assert (exchange.host, exchange.status) == ("crazyrouter.com", 401)


def test_a_run_has_no_exchange_of_the_run_before(harness: Harness) -> None:
    assert len(harness.run("bash", f"{CURL}\n{CURL}", LIMITS).exchanges) == 2
    assert harness.run("bash", "true", LIMITS).exchanges == ()


def test_the_harness_of_the_mock_replays_the_reference(harness: Harness) -> None:
    assert (harness.target, harness.replays) == ("production", True)
    assert (harness.gateway, harness.base_url) == ("crazyrouter.com", "https://crazyrouter.com")
    assert harness.media_hosts == {MEDIA_HOST}
    assert harness.containment == harness.sandbox.containment
    run = harness.run("bash", f"curl -sS -o x https://{MEDIA_HOST}/x.png", LIMITS)
    assert [exchange.host for exchange in run.exchanges] == [MEDIA_HOST]


def test_a_late_answer_belongs_to_the_run_of_its_request() -> None:
    log, gate = ExchangeLog[Exchange](), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        log.append(EXCHANGE)

    async def call_twice() -> tuple[list[Exchange], list[Exchange]]:
        around = log.around(app)
        first, second = list[Exchange](), list[Exchange]()
        log.exchanges = first
        late = asyncio.ensure_future(call(around))
        await asyncio.sleep(0)
        log.exchanges = second
        gate.set()
        await asyncio.gather(late, call(around))
        return first, second

    assert asyncio.run(call_twice()) == ([EXCHANGE], [EXCHANGE])


def test_a_run_waits_for_a_reply_that_its_block_did_not_read_to_the_end() -> None:
    log, gate = ExchangeLog[Exchange](), threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(gate.wait)
        log.append(EXCHANGE)

    log.exchanges = exchanges = list[Exchange]()
    caller = threading.Thread(target=asyncio.run, args=[call(log.around(app))])
    caller.start()
    while not log.under_way:
        time.sleep(0.001)
    log.wait(exchanges, 0)
    log.wait([], 5)
    assert exchanges == []
    gate.set()
    log.wait(exchanges, 5)
    assert exchanges == [EXCHANGE]
    caller.join()


def languages() -> list[str]:
    """The three languages of the blocks; in the gate the quickest, since the relay has none."""
    return ["curl", "python", "javascript"] if is_long_run() else ["curl"] * 3


def test_the_blocks_fail_as_recorded_at_a_live_target_with_the_key_added() -> None:
    seen: list[Exchange] = []
    app = create_app(local_at(4000).status, target="local", on_exchange=seen.append, keys=[KEY])
    with serving(app) as port:
        stored = local_at(port)
        with open_relay(stored, "local", key=KEY, max_calls=3) as harness:
            for language in languages():
                block = block_of(stored, IMAGES, language)
                receipt = verify_block(block, ("page",), stored, harness, NOW.date())
                assert receipt.reasons == ()
                assert receipt.signatures == ("unknown-image-output-options",)
                assert (receipt.target, receipt.replayed) == ("local", False)
                assert receipt.status == 400
                assert receipt.record and "status.yml:" in receipt.record
                assert receipt.output is None
                assert KEY not in repr(receipt)
            receipt = verify_block(block, ("page",), stored, harness, NOW.date())
            assert "the cap on calls (3) is reached; nothing was sent" in str(receipt.inconclusive)
    assert [exchange.path for exchange in seen] == ["/v1/images/generations"] * 3


def test_a_target_that_is_down_is_inconclusive() -> None:
    with closing(socket.socket()) as unheard:
        unheard.bind(("127.0.0.1", 0))
        stored = local_at(unheard.getsockname()[1])
        with open_relay(stored, "local", key=KEY, max_calls=1) as harness:
            block = block_of(stored, IMAGES, "curl")
            receipt = verify_block(block, ("page",), stored, harness, NOW.date())
            with pytest.raises(Unreachable) as error:
                Pool(lambda: nullcontext(harness)).verify([block], stored, NOW.date())
    assert "refused the connection" in str(receipt.inconclusive)
    assert (receipt.outcome, receipt.passed) == ("inconclusive", False)
    assert "Check that http://127.0.0.1:" in str(error.value)
    assert KEY not in str(error.value) + repr(receipt)


@pytest.mark.parametrize(("replayed", "passed"), [("production", True), ("local", False)])
def test_a_target_without_rows_of_its_own_is_compared_with_the_reference(
    replayed: str, passed: bool
) -> None:
    with serving(create_app(local_at(4000).status, target=replayed)) as port:
        stored = local_at(port)
        with open_relay(stored, "local", key="YOUR_API_KEY", max_calls=1) as harness:
            block = block_of(stored, NATIVE, "curl")
            receipt = verify_block(block, ("page",), stored, harness, NOW.date())
    assert receipt.passed == passed
    assert receipt.record == str(stored.place_of(stored.status.seen(NATIVE, "production")[0]))
    assert passed or "not_on_record" in "; ".join(receipt.reasons)
    if passed:
        assert receipt.output and receipt.output["format"] == "PNG"


def test_a_key_that_a_target_repeats_reaches_neither_the_block_nor_the_receipt() -> None:
    async def echo(request: Request) -> Response:
        text = f"{request.url} {dict(request.headers)}"
        assert KEY in text
        return JSONResponse({"error": {"message": text}}, 400, {"x-oneapi-request-id": KEY})

    app = Starlette(routes=[Route("/{path:path}", echo, methods=["POST"])])
    with serving(app) as port:
        stored = local_at(port)
        with open_relay(stored, "local", key=KEY, max_calls=9) as harness:
            for language in languages():
                block = block_of(stored, IMAGES, language)
                run = harness.run(LANGUAGES[language].fence, block.text, LIMITS)
                assert b"***" in run.ran.stdout + run.ran.stderr
                assert KEY not in repr(run)
            receipt = verify_block(block, ("page",), stored, harness, NOW.date())
            assert not receipt.passed and "got the error" in receipt.reasons[0]
            assert KEY not in repr(receipt)
