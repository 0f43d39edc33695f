"""The judge: a block passes if its request and the result are as recorded."""

import base64
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP
from drawn import decode_here
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures

from trueup.errors import Unreachable
from trueup.evidence import assess
from trueup.exchange import Exchange, Failure
from trueup.mock import MEDIA_HOST, draw_picture
from trueup.protocols import PROTOCOLS, Sample
from trueup.relay import WITHHELD, KeySearch
from trueup.request import request_of
from trueup.sandbox import CompletedBlock, Limits, Sandbox
from trueup.sandbox.contract import NOTHING
from trueup.site import Block
from trueup.snippet import Fence, languages_of, render_snippet
from trueup.status_file import Stored, load_status, parse_status
from trueup.verify.block_receipt import BlockReceipt, Report
from trueup.verify.judge import LIMITS, distinct_blocks, verify_block
from trueup.verify.pool import Pool
from trueup.verify.run import Harness, open_mock
from trueup.wording.catalogue import load_catalogue
from trueup.wording.receipt_line import receipt_line

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
TODAY = NOW.date()
STORED = parse_status(TEXT, "status.yml", NOW)
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"
HOSTED = "gemini-2.5-flash-image-preview/generate-content"
GATEWAY = "crazyrouter.com"
REAL = load_status(TOP / "status.yml", datetime.now(UTC))
ASSESSED = assess(REAL.status)
OBSERVED = [name for name, assessment in ASSESSED.items() if "production" in assessment.latest]
PUBLISHED = [
    (endpoint, language.name)
    for endpoint in OBSERVED
    for language in languages_of(REAL.status.route_of(endpoint), TOP / "snippets")
]
PNG = draw_picture("nano-banana", "image/png")
MEDIA_URL = f"https://{MEDIA_HOST}/a.png"
DATA_URI_REPLY = json.loads(
    PROTOCOLS["gemini"]
    .word("data-uri", Sample(PNG, "image/png", MEDIA_URL), "gemini-2.5-flash-image")
    .content
)
UNKNOWN_NAME = STORED.status.signatures["unknown-image-output-options"].replay.message
FAILURE = {"error": {"message": UNKNOWN_NAME}}
SAVED = CompletedBlock(
    0, None, b"Saved nano-banana.png (1 bytes)\n", b"", 5, {"nano-banana.png": PNG}, ()
)
REPORTED = CompletedBlock(1, None, b"", b"nano-banana: no image: HTTP 400\n", 5, {}, ())
CURLED = CompletedBlock(0, None, b"{}", b"", 5, {}, ())


class Scripted(Sandbox):
    """A sandbox in which nothing runs: the result of the block is given."""

    containment = "none"

    def __init__(self, ran: CompletedBlock) -> None:
        self.ran = ran
        self.arriving: list[Callable[[], None]] = []

    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = LIMITS,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        for arrive in self.arriving:
            arrive()
        return self.ran


def harness_of(
    ran: CompletedBlock,
    exchanges: tuple[Exchange, ...],
    target: str = "production",
    replays: bool = True,
) -> Harness:
    base_url = STORED.status.targets[target].base_url
    sandbox = Scripted(ran)
    harness = Harness(
        target, base_url, GATEWAY, replays, sandbox, frozenset([MEDIA_HOST]), decode=decode_here
    )
    sandbox.arriving = [partial(harness.log.append, exchange) for exchange in exchanges]
    return harness


def exchange_of(
    endpoint: str, reply: Mapping[str, Any], status: int = 200, target: str = "production"
) -> Exchange:
    """The endpoint's own request, and a reply."""
    sent = request_of(STORED.status, endpoint, target)
    method, path = sent.request.split(" ")
    return Exchange(
        method=method,
        host=GATEWAY,
        path=path,
        query=(),
        auth=(sent.auth,),
        request_body=json.dumps(sent.body).encode(),
        status=status,
        content_type="application/json",
        response_body=json.dumps(reply).encode(),
        request_id="20260420000000",
    )


IMAGE = exchange_of(NATIVE, DATA_URI_REPLY)
FAILED = exchange_of(IMAGES, FAILURE, 400)


def judge(
    endpoint: str | None,
    language: str,
    ran: CompletedBlock,
    *exchanges: Exchange,
    stored: Stored = STORED,
    today: date = TODAY,
    **harness: Any,
) -> BlockReceipt:
    block = Block("page/index.html", 1, language, "text", endpoint=endpoint)
    return verify_block(block, ("page",), stored, harness_of(ran, exchanges, **harness), today)


def reasons(*args: Any, **named: Any) -> str:
    receipt = judge(*args, **named)
    assert receipt.passed == (not receipt.reasons)
    return "; ".join(receipt.reasons)


def changed(exchange: Exchange, **body: Any) -> Exchange:
    sent = {**json.loads(exchange.request_body), **body}
    return replace(exchange, request_body=json.dumps(sent).encode())


def stored_of(*changes: tuple[str, str]) -> Stored:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_status(text, "status.yml", NOW)


def status_with(endpoint: str, change: Callable[[Any], Any]) -> Stored:
    """The real file with the rows of an endpoint changed; places stay those of the real file."""
    rows = tuple(
        change(row) if row.endpoint == endpoint else row for row in STORED.status.observations
    )
    return replace(STORED, status=STORED.status.model_copy(update={"observations": rows}))


def block_of(stored: Stored, endpoint: str, language: str, *changes: tuple[str, str]) -> Block:
    """A real snippet as a block, its text changed."""
    snippet = render_snippet(stored.status, endpoint, language, TOP / "snippets")
    text = snippet.text
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return Block("page", 1, snippet.language.fence, text, snippet.id, endpoint, None, True)


def run(harness: Harness, endpoint: str, language: str, *changes: tuple[str, str]) -> BlockReceipt:
    block = block_of(STORED, endpoint, language, *changes)
    return verify_block(block, ("page",), STORED, harness, TODAY)


@pytest.fixture(scope="module")
def mock() -> Iterator[Harness]:
    """The harness that replays the sample's record."""
    with open_mock(STORED) as opened:
        yield opened


FIRST = {(REAL.status.route_of(name).protocol, kind): name for name, kind in reversed(PUBLISHED)}
"""The first endpoint of each protocol and language."""
IN_THE_GATE = {
    *((name, language) for name in FIRST.values() for language in ("curl", "python")),
    *(("claude-sonnet-4-6/messages", "anthropic"), ("gpt-5.4/chat-completions", "openai")),
}
"""The others are run by items of status.yml, tests/test_javascript.py and tests/test_genai.py; how
each client reads a reply is in tests/test_openai_replies.py."""


@pytest.mark.parametrize(
    ("endpoint", "language"),
    [pytest.param(*one, marks=[] if one in IN_THE_GATE else pytest.mark.long) for one in PUBLISHED],
)
def test_every_endpoint_passes_on_the_mock_as_recorded(
    endpoint: str, language: str, harness: Harness
) -> None:
    receipt = verify_block(block_of(REAL, endpoint, language), ("page",), REAL, harness, TODAY)
    row = ASSESSED[endpoint].latest["production"]
    assert receipt.reasons == ()
    assert receipt.passed and receipt.replayed and receipt.skipped is None
    assert row.outcome in (receipt.outcome, "mixed")
    assert row.shape in (receipt.shape, None)
    assert bool(receipt.signatures) == bool(set(receipt.signatures) & set(row.signatures))
    assert receipt.record == str(REAL.place_of(row))
    assert receipt.evidence == row.day
    assert receipt.output is None
    assert receipt.request_id
    assert (receipt.exit_code == 0) == (receipt.outcome == "output" or language == "curl")


# A change of the rendered text, and the reason that the judge gives on the mock.
BROKEN = {
    "the search for a data URI": (
        NATIVE,
        "python",
        ("(?a)data:image", "(?a)dota:image"),
        "the reply has its image, but the program ended with exit code 1",
    ),
    "the search for a link": (
        HOSTED,
        "python",
        ('r"!\\[', 'r"!!\\['),
        "the reply has its image, but the program ended with exit code 1",
    ),
    "another auth method": (
        NATIVE,
        "python",
        ('params={"key": API_KEY}', 'headers={"x-goog-api-key": API_KEY}'),
        "auth: recorded query key, now header x-goog-api-key",
    ),
    "two requests": (
        IMAGES,
        "python",
        ("def main():\n", "def main():\n    httpx.get(URL)\n"),
        "2 requests reached crazyrouter.com",
    ),
    "another host": (
        IMAGES,
        "curl",
        ("https://crazyrouter.com", "https://crazyrouter.example"),
        "0 requests reached crazyrouter.com, expected one (stderr ends with: curl: ",
    ),
    "another name of the host": (
        IMAGES,
        "curl",
        ("  -d", "  -H 'Host: other.example' \\\n  -d"),
        "sent requests to other hosts: other.example; 0 requests",
    ),
    "a traceback": (
        IMAGES,
        "python",
        ("    sys.exit(", "    raise SystemError("),
        "expected a code above 0 and one line",
    ),
    "another file name": (
        NATIVE,
        "python",
        ('f"{NAME}.{', 'f"x{NAME}.{'),
        "got xnano-banana.png, expected one image that decodes, named nano-banana.*",
    ),
}


@pytest.mark.parametrize(
    "part", [pytest.param(p, marks=[pytest.mark.long] * p.endswith("a link")) for p in BROKEN]
)
def test_a_block_with_a_broken_part_fails_for_that_reason(part: str, mock: Harness) -> None:
    endpoint, language, change, reason = BROKEN[part]
    receipt = run(mock, endpoint, language, change)
    assert not receipt.passed
    assert reason in "; ".join(receipt.reasons)


def test_a_block_that_exceeds_its_time_or_output_fails(
    mock: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueup.verify.judge.LIMITS", Limits(timeout_s=1, output_bytes=10_000))
    slow = run(mock, IMAGES, "curl", ("curl ", "sleep 30; curl "))
    assert slow.reasons[0] == "the block was stopped: it took more than 1 s"
    assert slow.exit_code is None
    loud = run(mock, IMAGES, "curl", ("curl ", "yes; curl "))
    assert loud.reasons[0] == "the block was stopped: it printed more than 10000 bytes"


def test_a_prompt_that_was_not_recorded_may_be_any_text(
    mock: Harness,
) -> None:
    assert run(mock, IMAGES, "curl", ("A clean banana", "Two bananas")).passed
    assert not run(mock, NATIVE, "curl", ("a clean banana", "two bananas")).passed


def test_an_image_that_is_saved_and_named_passes() -> None:
    receipt = judge(NATIVE, "python", SAVED, IMAGE)
    assert receipt.reasons == ()
    assert (receipt.outcome, receipt.shape, receipt.status) == ("output", "data-uri", 200)
    assert receipt.request_id == "20260420000000"
    assert judge(NATIVE, "bash", CURLED, IMAGE).passed


def test_a_failure_as_recorded_passes_with_its_signature() -> None:
    receipt = judge(IMAGES, "python", REPORTED, FAILED)
    assert receipt.reasons == ()
    assert receipt.signatures == ("unknown-image-output-options",)
    assert (receipt.outcome, receipt.shape, receipt.status) == ("error", None, 400)
    assert judge(IMAGES, "bash", CURLED, FAILED).passed


def test_another_shape_than_the_recorded_one_fails() -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PNG).decode()}}
    reply = {"candidates": [{"content": {"parts": [part]}}]}
    assert reasons(NATIVE, "python", SAVED, exchange_of(NATIVE, reply)) == (
        "got the shape inline-data, expected the recorded data-uri"
    )


def test_another_failure_than_the_recorded_one_fails() -> None:
    other = exchange_of(IMAGES, {"error": {"message": "out of paint"}}, 400)
    assert reasons(IMAGES, "python", REPORTED, other) == (
        "got the error 'out of paint', expected the recorded unknown-image-output-options"
    )


def test_a_failure_in_place_of_an_image_fails_and_so_does_the_reverse() -> None:
    failed = exchange_of(NATIVE, FAILURE, 400)
    assert "got an error (Invalid JSON" in reasons(NATIVE, "bash", CURLED, failed)
    image = {"data": [{"b64_json": base64.b64encode(PNG).decode()}]}
    assert "got an output, expected the recorded error" in reasons(
        IMAGES, "bash", CURLED, exchange_of(IMAGES, image)
    )
    empty = exchange_of(NATIVE, {"candidates": []})
    assert "(no image in the reply: " in reasons(NATIVE, "bash", CURLED, empty)


def test_a_failure_with_a_200_is_a_failure() -> None:
    assert judge(IMAGES, "python", REPORTED, replace(FAILED, status=200)).passed


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (replace(IMAGE, path="/v1beta/models/x:generateContent"), "request: recorded POST"),
        (replace(IMAGE, method="PUT"), "now PUT /v1beta"),
        (replace(IMAGE, query=(("n", "1"),)), "generateContent?n=1"),
        (replace(IMAGE, auth=("bearer",)), "auth: recorded query key, now bearer"),
        (replace(IMAGE, auth=()), "auth: recorded query key, now none"),
        (replace(IMAGE, auth=("query key", "bearer")), "neither a JSON object nor a form"),
        (replace(IMAGE, request_body=b"[]"), "neither a JSON object nor a form"),
        (replace(IMAGE, request_body=b"\xff"), "neither a JSON object nor a form"),
        (replace(IMAGE, request_body=b"[" * 100_000), "neither a JSON object nor a form"),
        (changed(IMAGE, seed=1), "body.seed: recorded nothing, now 1"),
        (changed(IMAGE, contents=[]), "body.contents: recorded"),
    ],
)
def test_another_request_than_the_recorded_one_fails(exchange: Exchange, reason: str) -> None:
    found = reasons(NATIVE, "bash", CURLED, exchange)
    assert reason in found
    assert "status.yml:" in found or "several auth methods" in found


def test_a_second_request_to_the_gateway_fails() -> None:
    stray = replace(IMAGE, method="GET", path="/api/status")
    assert "2 requests reached crazyrouter.com, expected one" in reasons(
        NATIVE, "python", SAVED, IMAGE, stray
    )


def test_a_linked_image_is_no_request_to_the_gateway() -> None:
    part = {"text": f"![x]({MEDIA_URL})"}
    linked = exchange_of(HOSTED, {"candidates": [{"content": {"parts": [part]}}]})
    media = replace(IMAGE, method="GET", host=MEDIA_HOST, path="/a.png", response_body=PNG)
    name = "gemini-2.5-flash-image-preview.png"
    ran = replace(SAVED, files={name: PNG}, stdout=name.encode())
    assert reasons(HOSTED, "python", ran, linked, media) == ""
    live = judge(HOSTED, "python", ran, linked, media, replays=False)
    assert live.output == {"format": "PNG", "width": 512, "height": 256, "bytes": len(PNG)}


def test_requests_to_other_hosts_fail() -> None:
    assert "sent requests to other hosts: a.example, b.example; 0 requests reached" in reasons(
        NATIVE, "bash", replace(CURLED, refused=("b.example",)), replace(IMAGE, host="a.example")
    )


def test_a_block_that_sends_nothing_fails_with_the_end_of_its_stderr() -> None:
    ran = replace(CURLED, exit_code=6, stderr=b"one\ncurl: (6) no such host\n")
    assert reasons(NATIVE, "bash", ran) == (
        "0 requests reached crazyrouter.com, expected one"
        " (stderr ends with: curl: (6) no such host)"
    )
    assert "(nothing on stderr)" in reasons(NATIVE, "bash", CURLED)


@pytest.mark.parametrize(
    ("ran", "reason"),
    [
        (replace(SAVED, exit_code=1, stderr=b"x\ny\n"), "exit code 1 (stderr ends with: y)"),
        (replace(SAVED, exit_code=-9), "the program ended with exit code -9"),
        (replace(SAVED, files={}), "got no file, expected one image"),
        (replace(SAVED, files={"x/nano-banana.png": PNG}), "got x/nano-banana.png, expected"),
        (replace(SAVED, files={"nano-banana.png": PNG, "b": b""}), "got nano-banana.png, b, "),
        (replace(SAVED, files={"nano-banana.png": PNG[:500]}), "one image that decodes"),
        (
            replace(SAVED, files={"nano-banana.jpg": PNG}),
            "got nano-banana.jpg, expected nano-banana.png, as its bytes are",
        ),
        (
            replace(SAVED, files={"nano-banana.png": draw_picture("x", "image/png")}),
            "nano-banana.png is not the image of the reply",
        ),
        (replace(SAVED, stdout=b"done\n"), "was saved, but its name was not printed"),
    ],
)
def test_python_must_save_one_image_and_print_its_name(ran: CompletedBlock, reason: str) -> None:
    assert reason in reasons(NATIVE, "python", ran, IMAGE)


@pytest.mark.parametrize(
    "ran",
    [
        replace(REPORTED, exit_code=0),
        replace(REPORTED, exit_code=-11),
        replace(REPORTED, stderr=b""),
        replace(REPORTED, stderr=b"Traceback (most recent call last):\nValueError: x\n"),
        replace(REPORTED, files={"nano-banana.png": b"{}"}),
    ],
)
def test_python_must_report_a_failure_in_one_line_and_by_its_exit_code(ran: CompletedBlock) -> None:
    assert "after a failed call" in reasons(IMAGES, "python", ran, FAILED)


def test_any_exit_code_above_0_reports_a_failure() -> None:
    assert judge(IMAGES, "python", replace(REPORTED, exit_code=255), FAILED).passed


def test_what_curl_saves_is_the_image_or_the_whole_reply() -> None:
    def found(name: str, content: bytes) -> tuple[str, ...]:
        ran = replace(CURLED, files={name: content}, stdout=name.encode())
        return judge(NATIVE, "bash", ran, IMAGE).reasons

    assert found("nano-banana.png", PNG) == found("reply.json", IMAGE.response_body) == ()
    other = draw_picture("x", "image/png")
    assert found("nano-banana.png", other) == ("nano-banana.png is not the image of the reply",)
    assert "expected one image that decodes" in found("nano-banana.png", b"")[0]


def test_curl_must_end_with_0_whatever_the_reply_is() -> None:
    ran = replace(CURLED, exit_code=22)
    assert reasons(IMAGES, "bash", ran, FAILED) == "got exit code 22 of curl, expected 0"


def test_a_stopped_block_fails_for_that_alone() -> None:
    ran = replace(CURLED, exit_code=None, stopped="timeout")
    assert reasons(IMAGES, "bash", ran, FAILED) == "the block was stopped: it took more than 60 s"


def test_a_receipt_keeps_no_text_with_the_key() -> None:
    failed = replace(FAILED, request_id=b"sk-a1B2c3D4e5F6g7H8".hex())
    harness = harness_of(CURLED, (failed,))
    harness = replace(harness, search=KeySearch(["sk-a1B2c3D4e5F6g7H8"]))
    block = Block("page/index.html", 1, "bash", "text", endpoint=IMAGES)
    assert verify_block(block, ("page",), STORED, harness, TODAY).request_id == WITHHELD


@pytest.mark.parametrize("language", ["bash", "python"])
def test_a_mixed_row_passes_with_an_image_and_with_its_own_failure(language: str) -> None:
    stored = status_with(
        NATIVE,
        lambda row: row.model_copy(
            update={"outcome": "mixed", "signatures": ("unknown-image-output-options",)}
        ),
    )
    ran = {"bash": (CURLED, CURLED), "python": (SAVED, REPORTED)}[language]
    failed = exchange_of(NATIVE, FAILURE, 400)
    assert reasons(NATIVE, language, ran[0], IMAGE, stored=stored) == ""
    assert reasons(NATIVE, language, ran[1], failed, stored=stored) == ""
    other = exchange_of(NATIVE, {"error": {"message": "out of paint"}}, 400)
    assert "got the error 'out of paint'" in reasons(NATIVE, language, ran[1], other, stored=stored)


def test_inconclusive_rows_are_no_evidence() -> None:
    stored = status_with(
        NATIVE, lambda row: row.model_copy(update={"outcome": "inconclusive", "reason": "429"})
    )
    receipt = judge(NATIVE, "python", SAVED, IMAGE, stored=stored)
    assert receipt.reasons[0].startswith("no conclusive observation of the endpoint at production")
    assert receipt.record is None and receipt.evidence is None
    live = judge(NATIVE, "python", SAVED, IMAGE, stored=stored, replays=False)
    assert live.reasons == receipt.reasons[:1] and live.status is None, "nothing is sent"


@pytest.mark.parametrize("endpoint", sorted(set(REAL.status.endpoints) - {*OBSERVED}))
def test_an_endpoint_without_observations_passes_as_documented(
    endpoint: str, harness: Harness
) -> None:
    first = next(iter(languages_of(REAL.status.route_of(endpoint), TOP / "snippets")))
    block = block_of(REAL, endpoint, first.name)
    receipt = verify_block(block, ("page",), REAL, harness, TODAY)
    assert (receipt.passed, receipt.documented, receipt.evidence) == (True, True, None)
    line = receipt_line(receipt, REAL.status, load_catalogue("en"), "page")
    assert "Reply as documented, never seen; nothing was sent to" in line


@pytest.mark.parametrize("endpoint", [None, "nano-banana/other"])
def test_a_block_of_no_endpoint_fails_without_a_run(endpoint: str | None) -> None:
    receipt = judge(endpoint, "bash", CURLED, IMAGE)
    assert receipt.reasons == ("the block belongs to no endpoint: no macro made it",)
    assert receipt.status is None


@pytest.mark.parametrize(
    ("today", "skipped"),
    [(date(2026, 4, 19), True), (date(2026, 4, 20), True), (date(2026, 4, 21), False)],
)
def test_a_skip_holds_until_its_date_with_its_reason(today: date, skipped: bool) -> None:
    stored = stored_of(
        (
            "    body: {prompt: A",
            "    skip: {reason: no key, until: 2026-04-20}\n    body: {prompt: A",
        )
    )
    receipt = judge(IMAGES, "bash", CURLED, FAILED, stored=stored, today=today)
    assert receipt.skipped == ("no key (until 2026-04-20)" if skipped else None)
    assert receipt.passed == (not skipped)
    live = {"target": "local", "replays": False}
    local = exchange_of(IMAGES, FAILURE, 400, "local")
    assert judge(IMAGES, "bash", CURLED, local, stored=stored, today=today, **live).passed


def test_only_a_live_run_has_the_size_of_its_image() -> None:
    assert judge(NATIVE, "python", SAVED, IMAGE).output is None
    live = judge(NATIVE, "python", SAVED, IMAGE, replays=False)
    assert live.output == {"format": "PNG", "width": 512, "height": 256, "bytes": len(PNG)}
    assert not live.replayed
    failed = judge(IMAGES, "bash", CURLED, FAILED, replays=False)
    assert failed.output is None and failed.passed


def test_an_inconclusive_answer_neither_passes_nor_fails() -> None:
    exchange = replace(IMAGE, status=504, failure=Failure("it refused the connection"))
    receipt = judge(NATIVE, "bash", CURLED, exchange, replays=False)
    assert receipt.inconclusive == "no whole answer came (it refused the connection)"
    assert (receipt.outcome, receipt.passed, receipt.reasons) == ("inconclusive", False, ())
    assert (receipt.status, receipt.request_id) == (exchange.status, exchange.request_id)
    assert (receipt.output, receipt.shape, receipt.record) == (None, None, None)


def test_a_refusal_that_is_not_valid_unicode_is_escaped_in_the_report() -> None:
    refused = exchange_of(NATIVE, {"error": {"message": "half \ud800\n\x1b[31m"}}, 500)
    report = Report((judge(NATIVE, "bash", CURLED, refused, replays=False),))
    assert "half \\ud800\\n\\x1b[31m" in report.receipts[0].reasons[0]
    assert Report.parse(report.render()) == report


def test_one_block_without_an_answer_does_not_lose_the_others() -> None:
    block = Block("a", 1, "bash", "curl", endpoint=NATIVE)
    blocks = [block, replace(block, text="curl "), replace(block, text="curl  ")]
    harness = harness_of(CURLED, (), replays=False)
    assert isinstance(harness.sandbox, Scripted)
    answers = iter(
        [replace(IMAGE, status=429), IMAGE, replace(IMAGE, failure=Failure("it broke off"))]
    )
    harness.sandbox.arriving = [lambda: harness.log.append(next(answers))]
    report = Pool(lambda: nullcontext(harness)).verify(blocks, STORED, TODAY)
    assert str(report) == "found 3, run 3, passed 1, failed 0, skipped 0, inconclusive 2"


def test_a_verification_without_a_conclusive_answer_raises() -> None:
    block = Block("a", 1, "bash", "curl", endpoint=NATIVE)
    harness = harness_of(CURLED, (replace(IMAGE, status=401),), replays=False)
    with pytest.raises(Unreachable) as error:
        pool = Pool(lambda: nullcontext(harness))
        pool.verify([block, replace(block, text="curl ")], STORED, TODAY)
    assert str(error.value).startswith(
        "production: no conclusive run of any of 2 blocks (first reason: HTTP 401 is about the key"
    )
    assert "Check that https://crazyrouter.com is up" in str(error.value)


def test_a_refused_key_on_the_mock_is_a_failure_of_the_block() -> None:
    assert "recorded" in reasons(NATIVE, "bash", CURLED, exchange_of(NATIVE, FAILURE, 401))


def image_bytes(kind: str) -> bytes:
    file = io.BytesIO()
    Pictures.new("RGB", (40, 30), "red").save(file, kind)
    return file.getvalue()


@given(
    st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]),
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 700),
)
def test_a_damaged_image_is_judged_and_never_raises(
    kind: str, damage: list[tuple[int, int]], length: int
) -> None:
    content = bytearray(image_bytes(kind))
    for place, value in damage:
        content[place % len(content)] = value
    files = {"nano-banana.png": bytes(content[: max(1, length)])}
    judge(NATIVE, "python", replace(SAVED, files=files), IMAGE, replays=False)


def test_a_format_without_a_safe_reader_is_no_image() -> None:
    files = {"nano-banana.eps": image_bytes("EPS")}
    ran = replace(SAVED, files=files, stdout=b"nano-banana.eps")
    assert "one image that decodes" in reasons(NATIVE, "python", ran, IMAGE)


def test_each_distinct_block_is_run_once_with_all_its_pages() -> None:
    first = Block("a", 1, "bash", "curl", endpoint=IMAGES)
    blocks = [
        first,
        replace(first, page="b"),
        replace(first, page="b", line=9),
        replace(first, language="python"),
        replace(first, endpoint=NATIVE),
        replace(first, text="curl "),
        replace(first, language="yaml"),
        replace(first, language="console"),
    ]
    found = distinct_blocks(blocks)
    assert [pages for _, pages in found] == [("a", "b"), ("a",), ("a",), ("a",)]
    assert found[0][0] is first


def test_the_report_counts_distinct_blocks() -> None:
    stored = stored_of(
        (
            "    body: {prompt: A",
            "    skip: {reason: no key, until: 2026-04-20}\n    body: {prompt: A",
        )
    )
    block = Block("a", 1, "bash", "curl", endpoint=IMAGES)
    blocks = [block, replace(block, page="b"), replace(block, endpoint=NATIVE)]

    def report(*exchanges: Exchange) -> str:
        pool = Pool(lambda: nullcontext(harness_of(CURLED, exchanges)))
        return str(pool.verify(blocks, stored, TODAY))

    assert report(IMAGE) == "found 2, run 1, passed 1, failed 0, skipped 1"
    assert report() == "found 2, run 1, passed 0, failed 1, skipped 1"


def test_a_status_that_lost_its_upstream_fails_its_blocks(mock: Harness) -> None:
    stored = stored_of(("upstream: gemini-2.5-flash-image\n", "upstream: gemini-2.5-flash-imagf\n"))
    snippet = render_snippet(stored.status, NATIVE, "curl", TOP / "snippets")
    block = Block("page", 1, "bash", snippet.text, snippet.id, NATIVE)
    receipt = verify_block(block, ("page",), stored, mock, TODAY)
    assert any("gemini-2.5-flash-imagf" in reason for reason in receipt.reasons)
    assert receipt.status == 404


class Lacking(Scripted):
    """A sandbox that has no program for any block."""

    def lacks(self, language: Fence) -> str | None:
        return f"no program for {language}"


@pytest.mark.parametrize("is_complete", [False, True])
@pytest.mark.parametrize("language", ["bash", "python", "javascript"])
def test_only_a_program_that_may_be_absent_skips_its_blocks(
    language: str, is_complete: bool
) -> None:
    harness = replace(harness_of(CURLED, (IMAGE,)), sandbox=Lacking(CURLED), complete=is_complete)
    block = Block("a", 1, language, "x", endpoint=NATIVE)
    receipt = verify_block(block, ("a",), STORED, harness, TODAY)
    may_skip = language == "javascript" and not is_complete
    assert receipt.skipped == (f"no program for {language}" if may_skip else None)
    assert receipt.reasons == (() if may_skip else (f"no program for {language}",))
