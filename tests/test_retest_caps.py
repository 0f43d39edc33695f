"""Caps of a retest, counted at the gateway, and routes that are not always there."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TOP
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from test_retest_faults import GOOD, IMAGES, KEY, NOW, STORED, TEXT, Desk, Gateway, open_desk

from trueup.evidence import assess
from trueup.mock import draw_picture
from trueup.model import Standing, Target
from trueup.protocols import PROTOCOLS, Sample
from trueup.receipts import row_of
from trueup.retest.report import changes, summary
from trueup.retest.status_update import update_status
from trueup.retest.target import fetch_image
from trueup.status_file import Stored, parse_status

PNG = draw_picture("nano-banana", "image/png")
IMAGE = json.loads(
    PROTOCOLS["openai-images"].word("b64-json", Sample(PNG, "image/png", ""), "m").content
)
ERROR = {"error": {"message": "simulated: no channel", "type": "new_api_error", "code": "none"}}
MORE = [f"more-{number}/images-generations" for number in range(10)]
OUTER = Callable[[ASGIApp], ASGIApp]


def with_more() -> Stored:
    """The sample with ten models, each of which was seen to make an image."""
    models = "".join(f"  more-{number}:\n    title: More {number}\n" for number in range(10))
    ends = "".join(f"  {name}:\n    body: {{prompt: x}}\n" for name in MORE)
    text = TEXT.replace("\nendpoints:\n", f"{models}\nendpoints:\n{ends}", 1)
    rows = "".join(map(_seen, range(10)))
    text = text.replace("\nobservations:\n", f"\nobservations:\n{rows}", 1)
    return parse_status(text, "status.yml", NOW)


def _seen(number: int) -> str:
    """A row of an image of one of the ten models."""
    sent = f"body: {{model: more-{number}, prompt: x}}"
    return (
        f"  - at: 2026-04-14\n    endpoint: {MORE[number]}\n    target: production\n"
        "    sent: {base_url: https://crazyrouter.com, request: POST /v1/images/generations,"
        f" auth: bearer, {sent}}}\n"
        "    outcome: output\n    shape: b64-json\n    source: {reported: A page}\n"
    )


TEN = with_more()


def answering(*replies: tuple[int, Any]) -> OUTER:
    """Calls of models are answered by these in turn, the last one from then on."""
    waiting = list(replies)

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") != "POST":
                await app(scope, receive, send)
                return
            status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            await JSONResponse(body, status)(scope, receive, send)

        return call

    return wrap


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


def raw(content: bytes, status: int) -> OUTER:
    """Calls of models are answered by these bytes."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            own = app if scope.get("method") != "POST" else Response(content, status)
            await own(scope, receive, send)

        return call

    return wrap


def silent_at(piece: str) -> OUTER:
    """Calls whose path has a piece in it are never answered."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if piece not in scope.get("path", ""):
                await app(scope, receive, send)
                return
            while (await receive())["type"] != "http.disconnect":
                pass

        return call

    return wrap


@pytest.mark.parametrize("reply", [(200, IMAGE), (500, ERROR), (429, {}), (502, [])])
def test_a_cap_of_3_calls_sends_exactly_3_of_10(
    reply: tuple[int, Any], tmp_path: Path, desk: Desk
) -> None:
    gateway = Gateway(tmp_path, desk, stored=TEN, is_billing=False, wrap=answering(reply))
    receipts = gateway.retest(*MORE, max_calls=3)
    assert gateway.calls == 3 == sum(len(receipt.attempts) for receipt in receipts)
    assert [receipt.endpoint for receipt in receipts] == MORE[: len(receipts)]
    refused = [line for line in gateway.lines if "the cap on calls (3) is reached" in line]
    assert len(refused) >= 7 and all("nothing was sent" in line for line in refused)
    lone = [row_of(receipt) for receipt in receipts if len(receipt.attempts) == 1]
    if reply[0] == 500:
        (row,) = lone
        once = "no conclusive second attempt after a failure (none: simulated: no channel)"
        assert row.outcome == "inconclusive" and str(row.reason).startswith(once)


def refused_at(piece: str, reply: Mapping[str, Any]) -> OUTER:
    """Calls whose path has a piece in it get an error, the others an image."""
    content = json.dumps(reply["body"]).encode() if "body" in reply else b""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            is_refused = piece in scope.get("path", "")
            own: ASGIApp = Response(content, reply["status"]) if is_refused else JSONResponse(IMAGE)
            await own(scope, receive, send)

        return call

    return wrap


DIALECTS = {
    f"{dialect} {reply['name']}": reply
    for reply in yaml.safe_load((TOP / "tests" / "refusals.yml").read_text("utf-8"))["replies"]
    for dialect in reply.get("dialects", [])
    if reply["name"]
    in ("run-dry token", "token below the price", "rate limit", "whitelist", "overloaded host")
    or reply["name"].startswith("upstream 4")
}


ONCE = {reply["name"]: name for name, reply in DIALECTS.items()}


@pytest.mark.parametrize(
    "name",
    # One dialect of each; tests/test_protocols_error_body.py reads the bodies of all.
    [pytest.param(n, marks=[pytest.mark.long] * (n not in ONCE.values())) for n in DIALECTS],
)
def test_retests_on_two_dates_lower_by_failures_of_the_route_alone(
    name: str, tmp_path: Path, desk: Desk
) -> None:
    reply, stored = DIALECTS[name], STORED
    for day in (1, 2):
        folder, now = tmp_path / str(day), NOW + timedelta(days=day)
        folder.mkdir()
        wrap = refused_at("gemini-3.1", reply)
        gateway = Gateway(folder, desk, stored=stored, is_billing=False, wrap=wrap, now=now)
        receipts = gateway.retest(GOOD, IMAGES)
        rows = [row_of(receipt) for receipt in receipts]
        expected = "inconclusive" if "kind" in reply else "error"
        assert [row.outcome for row in rows] == [expected, "output"]
        assert rows[0].kind == reply.get("kind")
        stored = update_status(stored, receipts, now).stored
    before, after = (assess(each.status)[GOOD].standing for each in (STORED, stored))
    assert before == "recommended"
    assert after == (before if "kind" in reply else "not-recommended")


def test_a_cap_counts_earlier_calls_and_no_call_is_made_twice(tmp_path: Path, desk: Desk) -> None:
    gateway = Gateway(tmp_path, desk, stored=TEN, is_billing=False, wrap=answering((500, ERROR)))
    counts = []
    for most in (1, 3, 3, 4):
        receipts = gateway.retest(*MORE, max_calls=most)
        counts.append(gateway.calls)
    assert counts == [1, 3, 3, 4]
    assert [len(receipt.attempts) for receipt in receipts] == [2, 2]


SPENDS = {
    "less than its price": ("0.10", "0.25", 4, "0.16"),
    "its price": ("0.04", "0.12", 3, "0.12"),
    "more than its price": ("0.01", "0.10", 3, "0.12"),
    "much more, at once": ("0.01", "0.01", 1, "0.04"),
    "more than the cap is not begun": ("0.10", "0.05", 0, "0"),
}


@pytest.mark.parametrize("costs", SPENDS)
def test_a_cap_on_the_spend_goes_by_the_price_and_then_by_the_bill(
    costs: str, tmp_path: Path, desk: Desk
) -> None:
    """A call costs 4 cents at this gateway."""
    price, cap, calls, spent = SPENDS[costs]
    gateway = Gateway(tmp_path, desk, stored=TEN)
    receipts = gateway.retest(*MORE, max_calls=None, max_spend=Decimal(cap), price=Decimal(price))
    assert gateway.calls == calls == len(receipts)
    assert {row_of(receipt).billing for receipt in receipts} <= {"aligned"}
    assert gateway.spent_usd == Decimal(spent)
    if calls:
        assert gateway.spent_usd - Decimal(cap) <= max(Decimal("0.04") - Decimal(price), Decimal(0))


def test_a_cap_on_the_spend_alone_sends_nothing_without_a_price(
    tmp_path: Path,
    desk: Desk,
) -> None:
    gateway = Gateway(tmp_path, desk, is_billing=False, wrap=answering((200, IMAGE)))
    assert gateway.retest(GOOD, IMAGES, max_calls=None, max_spend=Decimal(5)) == ()
    assert gateway.calls == 0
    assert gateway.lines == [
        f"production {endpoint}: not called: the price of {name} is unknown, so the spend cap"
        " cannot be enforced, and no call cap was given; nothing was sent"
        for endpoint, name in (
            (GOOD, "gemini-3.1-flash-image-preview"),
            (IMAGES, "nano-banana"),
        )
    ]


def test_a_route_that_never_answers_while_others_do_is_an_error_on_the_second_day(
    tmp_path: Path,
    desk: Desk,
) -> None:
    stored, standings = STORED, list[tuple[Standing, bool]]()
    for day in (1, 1, 2):
        folder = tmp_path / str(len(standings))
        folder.mkdir()
        now = NOW + timedelta(days=day, minutes=len(standings))
        gateway = Gateway(
            folder,
            desk,
            stored=stored,
            is_billing=False,
            wrap=silent_at("gemini-3.1"),
            gives_up=True,
            now=now,
        )
        receipts = gateway.retest(GOOD, IMAGES)
        row = row_of(receipts[0])
        assert (row.outcome, row.others_conclusive) == ("inconclusive", True)
        assert "gave no answer within 1 s" in str(row.reason)
        before, stored = stored, update_status(stored, receipts, now).stored
        assessment = assess(stored.status)[GOOD]
        standings.append((assessment.standing, assessment.no_answer))
    held = (Standing.RECOMMENDED, False)
    assert standings == [held, held, (Standing.NOT_RECOMMENDED, True)]
    assert changes(before.status, stored.status, receipts)[0] == (
        f"{GOOD}: not-recommended (no answer); was recommended (billing aligned, 1 of 1)"
    )


def test_a_gateway_that_is_silent_altogether_lowers_nothing(tmp_path: Path, desk: Desk) -> None:
    stored = STORED
    for day in (1, 2):
        folder = tmp_path / str(day)
        folder.mkdir()
        now = NOW + timedelta(days=day)
        gateway = Gateway(
            folder,
            desk,
            gives_up=True,
            stored=stored,
            is_billing=False,
            wrap=silent_at("/v1"),
            now=now,
        )
        stored = update_status(stored, gateway.retest(GOOD), now).stored
    after, before = (assess(status)[GOOD] for status in (stored.status, STORED.status))
    assert replace(after, rows=()) == replace(before, rows=())


def test_a_route_that_fails_once_and_then_answers_reads_intermittent(
    tmp_path: Path, desk: Desk
) -> None:
    worded = PROTOCOLS["gemini"].word("inline-data", Sample(PNG, "image/png", ""), "m")
    inline = json.loads(worded.content)
    gateway = Gateway(tmp_path, desk, is_billing=False, wrap=answering((500, ERROR), (200, inline)))
    receipts = gateway.retest(GOOD)
    row = row_of(receipts[0])
    assert (row.outcome, row.shape) == ("mixed", "inline-data")
    after = update_status(STORED, receipts, NOW).stored.status
    assessment = assess(after)[GOOD]
    assert (assessment.standing, assessment.intermittent) == (Standing.CONTROLLED_TESTING, True)
    assert changes(STORED.status, after, receipts) == [
        f"{GOOD}: controlled-testing (intermittent); was recommended (billing aligned, 1 of 1)"
    ]
    assert assessment.risks


HOSTILE: dict[str, tuple[bytes, int]] = {
    "letters that are none": (
        b'{"error":{"message":"\\ud800 \\u0000 \\u001b[31m\\n- a\\u2028"}}',
        500,
    ),
    "a long text": (b'{"error":{"message":"' + b"x" * 100_000 + b'"}}', 500),
    "an object as a text": (b'{"error":{"message":{"a":1},"code":["x"]}}', 500),
    "deep lists": (b"[" * 100_000, 500),
    "a link that is none": (b'{"data":[{"url":"http://[::1"}]}', 200),
    "a link without letters": (b'{"data":[{"url":"https://\\ud800\\u0000/"}]}', 200),
    "no base64": (b'{"data":[{"b64_json":"\\ud800"}]}', 200),
    "bytes that are no text": (b'{"model":"\xed\xa0\x80"}', 200),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_any_reply_can_be_written_and_read_again(what: str, tmp_path: Path, desk: Desk) -> None:
    gateway = Gateway(tmp_path, desk, is_billing=False, wrap=raw(*HOSTILE[what]))
    both = gateway.retest(IMAGES)
    first = [one.model_copy(update={"attempts": one.attempts[:1]}) for one in both]
    for receipts in (first, both):
        made = update_status(STORED, receipts, NOW)
        assert row_of(receipts[0]) == made.stored.status.observations[-1]
        texts = [*made.files.values(), *gateway.lines]
        texts.append(summary(STORED.status, made.stored.status, [], receipts, ""))
        assert all("\x1b" not in text and text.encode() for text in texts)


def test_a_link_is_fetched_only_from_the_hosts_of_the_target() -> None:
    target = Target(base_url="http://127.0.0.1:9", media_hosts=("media.example",))
    for url, reason in {
        "http://[::1": "the output is behind an invalid link",
        "https://media.example/\ud800": "the output is behind an invalid link",
        "http://media.example/a.png": "to media.example, which is not in media_hosts",
        "https://other.example/a.png": "to other.example, which is not in media_hosts",
        "https://127.0.0.1:9/a.png": "to 127.0.0.1:9, which is not in media_hosts",
        "http://127.0.0.1:9/a.png": "gave no file: no answer (127.0.0.1:9 refused the connection)",
        "http://127.0.0.1:9/\0": "no answer (127.0.0.1:9 gave no answer that can be read)",
    }.items():
        assert reason in str(fetch_image(url, target))


def test_a_block_that_sends_nothing_is_no_attempt_and_no_call(tmp_path: Path, desk: Desk) -> None:
    gateway = Gateway(tmp_path, desk)
    assert gateway.retest(GOOD, IMAGES, block="true") == ()
    assert gateway.calls == 0
    assert gateway.lines == [
        f"production {endpoint}: not called: no request arrived" for endpoint in (GOOD, IMAGES)
    ]


@pytest.mark.parametrize(
    ("query", "body"), [("?key=YOUR_API_KEY", "{}"), ("", f'{{"prompt": "{KEY[::-1]}"}}')]
)
def test_a_request_that_a_record_cannot_hold_is_inconclusive(
    query: str, body: str, tmp_path: Path, desk: Desk
) -> None:
    block = (
        f"curl 'https://crazyrouter.com/v1/images/generations{query}'"
        f" -H 'Authorization: Bearer YOUR_API_KEY' -d '{body}'"
    )
    gateway = Gateway(tmp_path, desk, is_billing=False, wrap=answering((200, IMAGE)))
    (receipt,) = gateway.retest(IMAGES, block=block)
    row = row_of(receipt)
    assert gateway.calls == 1
    assert (row.outcome, row.reason) == (
        "inconclusive",
        "the block's request has no form that a record can hold",
    )


BROKE = (403, {"error": {"code": "insufficient_user_quota", "type": "new_api_error"}})


@pytest.mark.parametrize(("is_billing", "spent"), [(True, "0"), (False, "0.04")])
def test_a_refused_call_is_settled_where_the_ledger_shows_no_charge(
    is_billing: bool, spent: str, tmp_path: Path, desk: Desk
) -> None:
    gateway = Gateway(tmp_path, desk, is_billing=is_billing, wrap=answering(BROKE))
    (receipt,) = gateway.retest(IMAGES, max_spend=Decimal("0.05"), price=Decimal("0.04"))
    assert (row_of(receipt).outcome, row_of(receipt).billing) == ("inconclusive", None)
    assert (gateway.calls, gateway.spent_usd) == (1, Decimal(spent))


def test_calls_whose_bill_is_nothing_use_up_the_cap(tmp_path: Path, desk: Desk) -> None:
    gateway = Gateway(tmp_path, desk, stored=TEN, wrap=answering((200, IMAGE)))
    gateway.retest(*MORE, max_calls=None, max_spend=Decimal("0.10"), price=Decimal("0.04"))
    assert (gateway.calls, gateway.spent_usd) == (2, Decimal("0.08"))
