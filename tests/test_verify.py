"""The judge: a block passes when it sends what was recorded, and what happens was recorded too."""

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
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures

from trueup.errors import Unreachable
from trueup.evidence import assess
from trueup.exchange import Exchange
from trueup.mock import MEDIA_HOST, draw_picture
from trueup.protocols import PROTOCOLS, Picture
from trueup.request import request_of
from trueup.sandbox import Limits, Ran, Sandbox
from trueup.site import Block
from trueup.snippet import Fence, languages_of, render_snippet
from trueup.status_file import Stored, load_status, parse_status
from trueup.verify.judge import LIMITS, distinct, verify_block
from trueup.verify.pool import Pool
from trueup.verify.receipt import BlockReceipt, Report
from trueup.verify.run import Harness, open_mock

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
TOLD = [endpoint for endpoint, one in ASSESSED.items() if "production" in one.latest]
PUBLISHED = [
    (endpoint, language.name)
    for endpoint in TOLD
    for language in languages_of(REAL.status.route_of(endpoint).protocol, TOP / "snippets")
]
PNG = draw_picture("nano-banana", "image/png")
MEDIA_URL = f"https://{MEDIA_HOST}/a.png"
DATA_URI_REPLY = PROTOCOLS["gemini"].word(
    "data-uri", Picture(PNG, "image/png", MEDIA_URL), "gemini-2.5-flash-image"
)
UNKNOWN_NAME = STORED.status.signatures["unknown-image-output-options"].replay.message
FAILURE = {"error": {"message": UNKNOWN_NAME}}
SAVED = Ran(0, None, b"Saved nano-banana.png (1 bytes)\n", b"", 5, {"nano-banana.png": PNG}, ())
REPORTED = Ran(1, None, b"", b"nano-banana: no image: HTTP 400\n", 5, {}, ())
CURLED = Ran(0, None, b"{}", b"", 5, {}, ())


class Scripted(Sandbox):
    """A sandbox in which nothing runs: what came of the block is given."""

    containment = "none"

    def __init__(self, ran: Ran) -> None:
        self.ran = ran
        self.arriving: list[Callable[[], None]] = []

    def run(self, language: Fence, source: bytes, limits: Limits = LIMITS) -> Ran:
        for arrive in self.arriving:
            arrive()
        return self.ran


def bench_of(
    ran: Ran, exchanges: tuple[Exchange, ...], target: str = "production", replays: bool = True
) -> Harness:
    base_url = STORED.status.targets[target].base_url
    sandbox = Scripted(ran)
    harness = Harness(target, base_url, GATEWAY, replays, sandbox, frozenset([MEDIA_HOST]))
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
    ran: Ran,
    *exchanges: Exchange,
    stored: Stored = STORED,
    today: date = TODAY,
    **harness: Any,
) -> BlockReceipt:
    block = Block("page/index.html", 1, language, "text", endpoint=endpoint)
    return verify_block(block, ("page",), stored, bench_of(ran, exchanges, **harness), today)


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
    """The bench that replays the sample's record."""
    with open_mock(STORED) as opened:
        yield opened


@pytest.mark.parametrize(("endpoint", "language"), PUBLISHED)
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
    assert receipt.image is None
    assert receipt.request_id
    assert (receipt.exit_code == 0) == (receipt.outcome == "output" or language == "curl")


# A change of the rendered text, and what the judge says of it on the mock.
BROKEN = {
    "the data URI is not looked for": (
        NATIVE,
        "python",
        ('r"data:(image', 'r"dota:(image'),
        "an image came back, yet the program ended with 1",
    ),
    "a hosted image is not looked for": (
        HOSTED,
        "python",
        ('r"!\\[', 'r"!!\\['),
        "an image came back, yet the program ended with 1",
    ),
    "no key in Python": (
        NATIVE,
        "python",
        ('        params={"key": API_KEY},\n', ""),
        "not JSON with one key",
    ),
    "no key in curl": (NATIVE, "curl", ("?key=YOUR_API_KEY", ""), "not JSON with one key"),
    "two keys": (
        NATIVE,
        "curl",
        ("  -d", "  -H 'Authorization: Bearer YOUR_API_KEY' \\\n  -d"),
        "not JSON with one key",
    ),
    "another way of the key": (
        NATIVE,
        "python",
        ('params={"key": API_KEY}', 'headers={"x-goog-api-key": API_KEY}'),
        "auth: recorded query-key, now x-goog-api-key",
    ),
    "a letter of the path": (
        NATIVE,
        "curl",
        (":generateContent", ":generateContenu"),
        "image:generateContenu",
    ),
    "a query": (IMAGES, "curl", ("generations'", "generations?n=1'"), "generations?n=1"),
    "a letter of the model": (
        IMAGES,
        "python",
        ('"model": "nano-banana"', '"model": "nano-bananb"'),
        'body.model: recorded "nano-banana", now "nano-bananb"',
    ),
    "the method": (IMAGES, "curl", ("curl ", "curl -X PUT "), "now PUT /v1/images/generations"),
    "a value of the body": (NATIVE, "curl", ('"IMAGE"', '"VIDEO"'), 'now "VIDEO"'),
    "a body that is no JSON": (NATIVE, "curl", ('"contents":', '"contents"'), "not JSON with one"),
    "no request": (IMAGES, "curl", ("curl ", "echo "), "0 requests reached crazyrouter.com"),
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
        "0 requests reached crazyrouter.com; one was expected. Its last words: curl: ",
    ),
    "another name of the host": (
        IMAGES,
        "curl",
        ("  -d", "  -H 'Host: other.example' \\\n  -d"),
        "asked for other hosts: other.example; 0 requests",
    ),
    "a traceback": (
        IMAGES,
        "python",
        ("    sys.exit(", "    raise SystemError("),
        "another code than 0 and one readable line",
    ),
    "a failure that is not told by the code": (
        IMAGES,
        "python",
        ("sys.exit(", "print("),
        "ended with exit code 0 and 0 lines",
    ),
    "another name of the file": (
        NATIVE,
        "python",
        ("Path(MODEL +", "Path('x' + MODEL +"),
        "it left xnano-banana.png; one image that decodes, named nano-banana.*",
    ),
    "a file without a word": (
        NATIVE,
        "python",
        ("    print(f", "    str(f"),
        "it saved nano-banana.png without saying so",
    ),
    "half an image": (
        NATIVE,
        "python",
        ("write_bytes(image)", "write_bytes(image[:99])"),
        "it left nano-banana.png; one image that decodes",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_block_with_a_broken_part_fails_for_that_reason(what: str, mock: Harness) -> None:
    endpoint, language, change, told = BROKEN[what]
    receipt = run(mock, endpoint, language, change)
    assert not receipt.passed
    assert told in "; ".join(receipt.reasons)


def test_a_block_that_ends_neither_in_time_nor_in_size_fails(
    mock: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueup.verify.judge.LIMITS", Limits(timeout_s=1, output_bytes=10_000))
    slow = run(mock, IMAGES, "curl", ("curl ", "sleep 30; curl "))
    assert slow.reasons[0] == "the block was stopped at its timeout limit"
    assert slow.exit_code is None
    loud = run(mock, IMAGES, "curl", ("curl ", "yes; curl "))
    assert loud.reasons[0] == "the block was stopped at its output limit"


def test_the_free_text_of_a_prompt_that_nobody_reported_is_compared_with_nothing(
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
        "the image came as inline-data; data-uri is on record"
    )


def test_another_failure_than_the_recorded_one_fails() -> None:
    other = exchange_of(IMAGES, {"error": {"message": "out of paint"}}, 400)
    assert reasons(IMAGES, "python", REPORTED, other) == (
        "it failed with 'out of paint'; unknown-image-output-options is on record"
    )


def test_a_failure_in_the_place_of_an_image_fails_and_so_does_the_reverse() -> None:
    failed = exchange_of(NATIVE, FAILURE, 400)
    assert "the reply was an error (Invalid JSON" in reasons(NATIVE, "bash", CURLED, failed)
    image = {"data": [{"b64_json": base64.b64encode(PNG).decode()}]}
    assert "the reply was an image; an error is on record" in reasons(
        IMAGES, "bash", CURLED, exchange_of(IMAGES, image)
    )
    empty = exchange_of(NATIVE, {"candidates": []})
    assert "(no image in the reply)" in reasons(NATIVE, "bash", CURLED, empty)


def test_a_failure_with_a_200_is_a_failure() -> None:
    assert judge(IMAGES, "python", REPORTED, replace(FAILED, status=200)).passed


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        (replace(IMAGE, path="/v1beta/models/x:generateContent"), "request: recorded POST"),
        (replace(IMAGE, method="PUT"), "now PUT /v1beta"),
        (replace(IMAGE, query=(("n", "1"),)), "generateContent?n=1"),
        (replace(IMAGE, auth=("bearer",)), "auth: recorded query-key, now bearer"),
        (replace(IMAGE, auth=()), "not JSON with one key"),
        (replace(IMAGE, auth=("query-key", "bearer")), "not JSON with one key"),
        (replace(IMAGE, request_body=b"[]"), "not JSON with one key"),
        (replace(IMAGE, request_body=b"\xff"), "not JSON with one key"),
        (replace(IMAGE, request_body=b"[" * 100_000), "not JSON with one key"),
        (changed(IMAGE, seed=1), "body.seed: recorded nothing, now 1"),
        (changed(IMAGE, contents=[]), "body.contents: recorded"),
    ],
)
def test_another_request_than_the_recorded_one_fails(exchange: Exchange, told: str) -> None:
    found = reasons(NATIVE, "bash", CURLED, exchange)
    assert told in found
    assert "status.yml:" in found or "one key" in found


def test_a_second_request_to_the_gateway_fails_though_the_first_was_right() -> None:
    assert "2 requests reached crazyrouter.com; one was expected" in reasons(
        NATIVE, "python", SAVED, IMAGE, IMAGE
    )
    stray = replace(IMAGE, method="GET", path="/api/status")
    assert "2 requests reached" in reasons(NATIVE, "python", SAVED, IMAGE, stray)


def test_a_linked_image_is_no_request_to_the_gateway() -> None:
    part = {"text": f"![x]({MEDIA_URL})"}
    linked = exchange_of(HOSTED, {"candidates": [{"content": {"parts": [part]}}]})
    media = replace(IMAGE, method="GET", host=MEDIA_HOST, path="/a.png", response_body=PNG)
    name = "gemini-2.5-flash-image-preview.png"
    ran = replace(SAVED, files={name: PNG}, stdout=name.encode())
    assert reasons(HOSTED, "python", ran, linked, media) == ""
    live = judge(HOSTED, "python", ran, linked, media, replays=False)
    assert live.image == {"format": "PNG", "width": 512, "height": 256, "bytes": len(PNG)}


def test_other_hosts_are_told_of() -> None:
    assert "the block asked for other hosts: a.example, b.example; 0 requests reached" in reasons(
        NATIVE, "bash", replace(CURLED, refused=("b.example",)), replace(IMAGE, host="a.example")
    )


def test_a_block_that_sends_nothing_fails_with_its_last_words() -> None:
    ran = replace(CURLED, exit_code=6, stderr=b"one\ncurl: (6) no such host\n")
    assert reasons(NATIVE, "bash", ran) == (
        "0 requests reached crazyrouter.com; one was expected."
        " Its last words: curl: (6) no such host"
    )
    assert "It said nothing." in reasons(NATIVE, "bash", CURLED)


@pytest.mark.parametrize(
    ("ran", "told"),
    [
        (
            replace(SAVED, exit_code=1, stderr=b"x\ny\n"),
            "the program ended with 1; it was expected",
        ),
        (replace(SAVED, exit_code=-9), "the program ended with -9"),
        (replace(SAVED, files={}), "it left no file; one image"),
        (replace(SAVED, files={"a.png": PNG}), "it left a.png; one image"),
        (replace(SAVED, files={"x/nano-banana.png": PNG}), "it left x/nano-banana.png"),
        (replace(SAVED, files={"nano-banana.png": PNG, "b": b""}), "it left nano-banana.png, b"),
        (replace(SAVED, files={"nano-banana.png": b"no"}), "one image that decodes"),
        (replace(SAVED, files={"nano-banana.png": PNG[:500]}), "one image that decodes"),
        (
            replace(SAVED, files={"nano-banana.png": draw_picture("x", "image/png")}),
            "nano-banana.png is not the image that came back",
        ),
        (replace(SAVED, stdout=b"done\n"), "it saved nano-banana.png without saying so"),
    ],
)
def test_python_must_save_one_image_under_its_name_and_say_so(ran: Ran, told: str) -> None:
    assert told in reasons(NATIVE, "python", ran, IMAGE)


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
def test_python_must_tell_a_failure_in_one_line_and_by_its_code(ran: Ran) -> None:
    assert "the failed call" in reasons(IMAGES, "python", ran, FAILED)


@pytest.mark.parametrize("code", [2, 1, 255])
def test_any_code_but_0_tells_a_failure(code: int) -> None:
    assert judge(IMAGES, "python", replace(REPORTED, exit_code=code), FAILED).passed


def test_curl_must_end_with_0_whatever_the_gateway_says() -> None:
    ran = replace(CURLED, exit_code=22)
    assert reasons(IMAGES, "bash", ran, FAILED) == "curl ended with 22; 0 was expected"


def test_a_stopped_block_fails_for_that_alone() -> None:
    ran = replace(CURLED, exit_code=None, stopped="timeout")
    assert reasons(IMAGES, "bash", ran, FAILED) == "the block was stopped at its timeout limit"


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
    assert "it failed with 'out of paint'" in reasons(
        NATIVE, language, ran[1], other, stored=stored
    )


def test_rows_that_could_not_tell_are_no_evidence() -> None:
    stored = status_with(
        NATIVE, lambda row: row.model_copy(update={"outcome": "inconclusive", "reason": "429"})
    )
    receipt = judge(NATIVE, "python", SAVED, IMAGE, stored=stored)
    assert receipt.reasons[0].startswith("no observation of it at production is on record")
    assert receipt.record is None and receipt.evidence is None


@pytest.mark.parametrize("endpoint", sorted(set(REAL.status.endpoints) - {*TOLD}))
def test_an_endpoint_that_nothing_told_of_does_not_pass(endpoint: str, harness: Harness) -> None:
    block = block_of(REAL, endpoint, "curl")
    receipt = verify_block(block, ("page",), REAL, harness, TODAY)
    assert not receipt.passed
    assert receipt.skipped or "no observation of it at production" in receipt.reasons[0]


def test_an_endpoint_without_observations_fails() -> None:
    rows = tuple(row for row in STORED.status.observations if row.endpoint != NATIVE)
    stored = replace(STORED, status=STORED.status.model_copy(update={"observations": rows}))
    assert "no observation of it at production" in reasons(
        NATIVE, "python", SAVED, IMAGE, stored=stored
    )


@pytest.mark.parametrize("endpoint", [None, "nano-banana/other", "x"])
def test_a_block_of_no_endpoint_fails_without_a_run(endpoint: str | None) -> None:
    receipt = judge(endpoint, "bash", CURLED, IMAGE)
    assert receipt.reasons == (
        "the block belongs to no endpoint; a block that a macro made was expected",
    )
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


def test_a_replay_has_no_image_facts_and_a_live_run_has() -> None:
    assert judge(NATIVE, "python", SAVED, IMAGE).image is None
    live = judge(NATIVE, "python", SAVED, IMAGE, replays=False)
    assert live.image == {"format": "PNG", "width": 512, "height": 256, "bytes": len(PNG)}
    assert not live.replayed
    failed = judge(IMAGES, "bash", CURLED, FAILED, replays=False)
    assert failed.image is None and failed.passed


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        (
            replace(IMAGE, is_whole=False, status=504, reason="it refused the connection"),
            "no whole answer came (it refused the connection)",
        ),
        (replace(IMAGE, is_whole=False), "no whole answer came (no reason is known)"),
        (replace(IMAGE, status=401), "HTTP 401 tells of the key"),
        (replace(IMAGE, status=402), "HTTP 402 tells of the key"),
        (replace(IMAGE, status=429), "HTTP 429 tells of the key"),
        (
            exchange_of(NATIVE, {"error": {"code": "insufficient_user_quota"}}, 403),
            "HTTP 403 tells of the key",
        ),
        (
            exchange_of(NATIVE, {"error": {"code": "pre_consume_token_quota_failed"}}, 403),
            "HTTP 403 tells of the key",
        ),
    ],
)
def test_a_live_target_that_tells_nothing_is_neither_a_pass_nor_a_failure(
    exchange: Exchange, told: str
) -> None:
    receipt = judge(NATIVE, "bash", CURLED, exchange, replays=False)
    assert receipt.inconclusive and receipt.inconclusive.startswith(told)
    assert (receipt.outcome, receipt.passed, receipt.reasons) == ("inconclusive", False, ())
    assert (receipt.status, receipt.request_id) == (exchange.status, exchange.request_id)
    assert (receipt.image, receipt.shape, receipt.record) == (None, None, None)


def test_a_refusal_that_is_not_about_the_balance_is_a_failure() -> None:
    refused = exchange_of(NATIVE, {"error": {"code": "access_denied", "message": "no"}}, 403)
    receipt = judge(NATIVE, "bash", CURLED, refused, replays=False)
    assert (receipt.outcome, receipt.inconclusive) == ("error", None) and receipt.reasons


def test_a_refusal_that_no_file_could_hold_is_quoted_in_one_that_is_read_back() -> None:
    refused = exchange_of(NATIVE, {"error": {"message": "half \ud800\n\x1b[31m"}}, 500)
    report = Report((judge(NATIVE, "bash", CURLED, refused, replays=False),))
    assert "half \\ud800\\n\\x1b[31m" in report.receipts[0].reasons[0]
    assert Report.parse(report.render()) == report


def test_one_block_without_an_answer_does_not_lose_the_others() -> None:
    block = Block("a", 1, "bash", "curl", endpoint=NATIVE)
    blocks = [block, replace(block, text="curl "), replace(block, text="curl  ")]
    harness = bench_of(CURLED, (), replays=False)
    assert isinstance(harness.sandbox, Scripted)
    answers = iter([replace(IMAGE, status=429), IMAGE, replace(IMAGE, is_whole=False)])
    harness.sandbox.arriving = [lambda: harness.log.append(next(answers))]
    report = Pool(lambda: nullcontext(harness)).verify(blocks, STORED, TODAY)
    assert str(report) == "found 3, run 3, passed 1, failed 0, skipped 0, inconclusive 2"


def test_a_run_in_which_nothing_was_told_raises() -> None:
    block = Block("a", 1, "bash", "curl", endpoint=NATIVE)
    harness = bench_of(CURLED, (replace(IMAGE, status=401),), replays=False)
    with pytest.raises(Unreachable) as error:
        pool = Pool(lambda: nullcontext(harness))
        pool.verify([block, replace(block, text="curl ")], STORED, TODAY)
    assert str(error.value).startswith(
        "production: 2 blocks were run and none told anything; an answer of"
        " https://crazyrouter.com was expected. The first: HTTP 401 tells of the key"
    )


def test_a_media_host_that_does_not_answer_is_neither_a_pass_nor_a_failure() -> None:
    media = replace(IMAGE, host=MEDIA_HOST, is_whole=False, status=504)
    receipt = judge(NATIVE, "python", SAVED, IMAGE, media, replays=False)
    assert receipt.inconclusive == "simulated-media.example did not give the image (no answer)"


def test_a_refused_key_on_the_mock_is_a_failure_of_the_block() -> None:
    assert "on record" in reasons(NATIVE, "bash", CURLED, exchange_of(NATIVE, FAILURE, 401))


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


def test_a_file_that_only_a_dangerous_reader_knows_is_no_image() -> None:
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
    found = distinct(blocks)
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

    def told(*exchanges: Exchange) -> Report:
        pool = Pool(lambda: nullcontext(bench_of(CURLED, exchanges)))
        return pool.verify(blocks, stored, TODAY)

    assert str(told(IMAGE)) == "found 2, run 1, passed 1, failed 0, skipped 1"
    assert str(told()) == "found 2, run 1, passed 0, failed 1, skipped 1"


def test_a_status_that_lost_its_upstream_fails_its_blocks(mock: Harness) -> None:
    stored = stored_of(("upstream: gemini-2.5-flash-image\n", "upstream: gemini-2.5-flash-imagf\n"))
    snippet = render_snippet(stored.status, NATIVE, "curl", TOP / "snippets")
    block = Block("page", 1, "bash", snippet.text, snippet.id, NATIVE)
    receipt = verify_block(block, ("page",), stored, mock, TODAY)
    assert any("gemini-2.5-flash-imagf" in reason for reason in receipt.reasons)
    assert receipt.status == 503


class Lacking(Scripted):
    """A sandbox that has no program for any block."""

    def lacks(self, language: Fence) -> str | None:
        return f"no program for {language}"


@pytest.mark.parametrize("is_complete", [False, True])
@pytest.mark.parametrize("language", ["bash", "python", "javascript"])
def test_only_a_program_that_may_be_absent_skips_its_blocks(
    language: str, is_complete: bool
) -> None:
    harness = replace(bench_of(CURLED, (IMAGE,)), sandbox=Lacking(CURLED), complete=is_complete)
    block = Block("a", 1, language, "x", endpoint=NATIVE)
    receipt = verify_block(block, ("a",), STORED, harness, TODAY)
    may_skip = language == "javascript" and not is_complete
    assert receipt.skipped == (f"no program for {language}" if may_skip else None)
    assert receipt.reasons == (() if may_skip else (f"no program for {language}",))
