"""Reported cases: what went wrong for users of such gateways and tools, each by its id.

a01-a14, a29-a31 and a38 are replies (`replies/`, test_reply_rows.py); a15 is in test_replies.py and
a39 in test_relay_upstream.py.
"""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import recorder
from command import trueup
from recorder import (
    REAL,
    Gateway,
    run_of,
    send,
)
from test_site import blocks_of, code

from trueup.check.page_policy import check_policy
from trueup.errors import BadInput
from trueup.evidence.changes import Changes
from trueup.feed import Publication
from trueup.feed.badge import badge_of
from trueup.feed.syndication import render_atom
from trueup.model import Standing
from trueup.receipts import Bill
from trueup.relay import gateway_tls
from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.records import BilledCall, Inconclusive
from trueup.retest.billing.settlement import LedgerAccount
from trueup.sandbox.runner import environment
from trueup.site.csp import secure_page

server, gateway, node_run = recorder.server, recorder.gateway, recorder.node_run
KEY = "k" * 48
TOKEN = {"id": 7, "user_id": 1, "key": KEY, "name": "docs", "used_quota": 500, "status": 1}
TOKEN |= {"accessed_time": 1_776_124_000, "remain_quota": 10**6, "unlimited_quota": False}
ROW = {"id": 1, "user_id": 1, "created_at": 1_776_124_800, "type": 2, "token_name": "docs"}
ROW |= {"model_name": "nano-banana", "quota": 20_000, "prompt_tokens": 12, "token_id": 7}
ROW |= {"completion_tokens": 1290, "request_id": "R1", "content": "", "is_stream": False}
ROW |= {"other": '{"model_price":0.04,"group_ratio":1}'}
Ledger = dict[str, Any]


def ledger(charged: int, *rows: dict[str, Any], spent: int | None = None) -> Ledger:
    """The ledger of new-api after a charge of the token; `spent` is another of its owner."""
    used = charged if spent is None else spent
    token = {**TOKEN, "used_quota": 500 + charged, "remain_quota": 10**6 - charged}
    user = {"id": 1, "quota": 9 * 10**6 - used, "used_quota": 70_000 + used, "request_count": 3}
    return {"token": token, "user": user, "log": {"items": [*rows], "total": len(rows)}}


MASKED = {"key": "kkkk**********kkkk"}
OLD = [
    ROW | {"id": number, "created_at": 1_776_120_000 - number, "request_id": f"old{number}"}
    for number in range(99)
]
ADMIN = {"id": 2, "token_id": 0, "token_name": "模型测试", "quota": 300, "request_id": "T"}
FAILED, EMPTY = ("error", 500), ("no-output", 200)
BILLS: dict[str, tuple[Ledger, tuple[str, int], str, str]] = {
    "a17 a blocked prompt is charged": (
        *(ledger(20_000, ROW | {"completion_tokens": 1}), EMPTY),
        *("charged-without-output", "billed-without-image"),
    ),
    "a18 a failed call keeps what was held": (
        *(ledger(20_000, spent=0), FAILED),
        *("charged-on-failure", "not-refunded"),
    ),
    "a19 a violation fee by its marker alone": (
        *(ledger(2500, ROW | {"quota": 2500, "other": '{"violation_fee_marker":"CSAM"}'}), FAILED),
        *("charged-on-failure", "violation-fee"),
    ),
    "a22 the channel test of an admin": (
        ledger(
            20_000,
            ROW,
            ROW
            | {"id": 2, "token_id": 0, "token_name": "模型测试", "quota": 300, "request_id": "T"},
            spent=20_300,
        ),
        *(("output", 200), "aligned", "agreed"),
    ),
    "a32 nulls of old rows": (
        ledger(
            20_000,
            ROW | dict.fromkeys(("prompt_tokens", "token_id", "request_id", "other")),
        ),
        *(("output", 200), "aligned", "agreed"),
    ),
    "a35 a row of 0 without usage": (
        ledger(0, ROW | {"quota": 0, "prompt_tokens": 0, "completion_tokens": 0}),
        *(("output", 200), "uncharged-success", "no-usage"),
    ),
    "a40 a full page of the log": (
        ledger(20_000, ROW, *OLD),
        *(("output", 200), "aligned", "agreed"),
    ),
}


def bill_of(
    before: Ledger, after: Ledger, called: tuple[str, int], late: dict[float, Ledger] | None = None
) -> Bill | Inconclusive:
    """Return the bill of a call, between two states of a ledger; `late` has more, by seconds."""
    state: dict[str, Any] = {"ledger": before, "now": 0.0}

    def answer(request: httpx.Request) -> httpx.Response:
        books, path = state["ledger"], request.url.path
        terms = {"quota_per_unit": 500_000, "enable_batch_update": bool(late)}
        tokens = books.get("tokens") or {"items": [books["token"]], "total": 1}
        data = {"/api/status": terms, "/api/token/": tokens, "/api/token/7": books["token"]}
        data |= {"/api/user/self": books["user"], "/api/log/self": books["log"]}
        if path not in data:
            return httpx.Response(404, json={"success": False, "message": "no such route"})
        return httpx.Response(200, json={"success": True, "message": "", "data": data[path]})

    def sleep(seconds: float) -> None:
        state["now"] += seconds
        for at_s, books in (late or {}).items():
            if state.get("called") is not None and state["now"] - state["called"] >= at_s:
                state["ledger"] = books

    client = LedgerClient(
        "http://ledger.example",
        access_token="x" * 20,
        user_id=1,
        transport=httpx.MockTransport(answer),
        clock=lambda: state["now"],
        sleep=sleep,
    )
    account = LedgerAccount.find(client, f"sk-{KEY}")
    if isinstance(account, Inconclusive):
        return account
    snapshot = account.before()
    state.update(called=state["now"], ledger=after)
    outcome: Any = called[0]
    call = BilledCall(outcome, called[1], "nano-banana", "R1", upstream="gemini-2.5-flash-image")
    return account.bill(snapshot, call)


@pytest.mark.parametrize("case", BILLS)
def test_a_bill_has_its_verdict(case: str) -> None:
    after, called, verdict, cause = BILLS[case]
    before = ledger(0, *(OLD if case.startswith("a40") else ()))
    found = bill_of(before, after, called)
    assert isinstance(found, Bill), found
    assert (found.verdict, found.cause) == (verdict, cause), found


def test_a20_a_list_in_another_envelope_is_inconclusive_and_names_its_route() -> None:
    other = ledger(0) | {"tokens": {"data": [TOKEN], "page": 1, "total_count": 1}}
    found = bill_of(other, other, ("output", 200))
    assert isinstance(found, Inconclusive) and "/api/token/" in found.reason


def test_a21_a_masked_key_is_billed() -> None:
    before, after = ledger(0), ledger(20_000, ROW)
    for one in (before, after):
        one["token"] |= MASKED
    found = bill_of(before, after, ("output", 200))
    assert isinstance(found, Bill) and found.verdict == "aligned", found


def test_a41_a_row_that_comes_after_the_columns_is_waited_for() -> None:
    charged = ledger(20_000)
    found = bill_of(ledger(0), charged, ("output", 200), late={25.0: ledger(20_000, ROW)})
    assert isinstance(found, Bill) and found.verdict == "aligned", found


PROMPT = 'It\'s "A $HOME `x` !! @file\\n" \n two\tlines — 香蕉 🍌 ‘’ %s {{x}} ${y} \u2028'


@pytest.mark.parametrize("language", ["curl", "python", "javascript"])
def test_a16_any_prompt_arrives_as_it_is(
    language: str, gateway: Gateway, request: pytest.FixtureRequest
) -> None:
    parts: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]}
    images: dict[str, Any] = {"prompt": PROMPT, "n": 1}
    bodies = [(parts, "native"), (images, "images")]
    send(gateway, language, run_of(language, request), bodies)


PAGES = {
    "a23": (
        "\n!!! note\n\n    Then:\n\n    ```python\n    t[1] = ('', '')\n    ```\n",
        "typed-code",
    ),
    "a24": ("\n```yaml\nDIR: ${{ github.workspace }}/.cache\n```\n", "hidden-text"),
    "a36": ("\nA film: {% Vimeo ID %}\n", "bad-call"),
    "a43": ("\n![b](https://img.shields.io/badge/a-b-green.svg)\n", "page-policy"),
}


def test_a23_a24_a36_a43_a_page_is_refused_at_its_line(starter: Path) -> None:
    for case, (more, _) in PAGES.items():
        page = starter / "docs" / "en" / f"{case}.md"
        page.write_text(f"# A page\n{more}", encoding="utf-8")
    done = trueup(starter, "check")
    assert done.returncode == 1
    for case, (_, rule) in PAGES.items():
        assert re.search(rf"docs/en/{case}\.md:[3-9]:.*\[{rule}\]", done.stderr), case


def test_a25_line_numbers_within_the_text_make_another_block() -> None:
    shown = code('<span class="linenos">1</span>curl one&#10;<span class="linenos">2</span>-d two')
    (block,) = blocks_of(f'<div class="language-bash highlight">{shown}</div>')
    assert block.text != "curl one\n-d two"


def test_a34_anchors_and_spans_of_lines_leave_the_text_alone() -> None:
    line = '<span id="__span-0-{0}"><a id="l-{0}" name="l-{0}" href="#l-{0}"></a>{1}</span>'
    shown = code("&#10;".join(line.format(n, text) for n, text in enumerate(("curl one", "-d"), 1)))
    (block,) = blocks_of(f'<div class="language-bash highlight">{shown}</div>')
    assert (block.text, block.language) == ("curl one\n-d", "bash")


def test_a26_changes_of_one_date_have_ids_and_times_of_their_own() -> None:
    endpoint, changes = next(iter(REAL.endpoints)), Changes("https://gateway.example")
    (first, *_) = REAL.seen(endpoint, REAL.reference)
    at = datetime(2026, 5, 3, tzinfo=UTC)
    for hour in range(6):
        row = first.model_copy(update={"at": at + timedelta(hours=hour)})
        changes.add(endpoint, row, list(Standing)[hour % 2])
    text = render_atom(Publication(REAL, date(2026, 5, 4)), changes.found[endpoint])
    atom = "{http://www.w3.org/2005/Atom}"
    entries = list(ElementTree.fromstring(text).iter(f"{atom}entry"))
    ids = [entry.findtext(f"{atom}id") or "" for entry in entries]
    assert len(entries) == len({*ids}) == 6 and all(one.startswith("urn:uuid:") for one in ids)
    for entry in entries:
        datetime.strptime(entry.findtext(f"{atom}updated") or "", "%Y-%m-%dT%H:%M:%S%z")


def test_a28_a_proxy_of_an_unknown_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:7890")
    with pytest.raises(BadInput, match="ALL_PROXY"):
        gateway_tls()


def test_a37_exceptions_from_a_proxy_that_do_not_parse_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_PROXY", "[::1]x")
    with pytest.raises(BadInput, match="NO_PROXY"):
        gateway_tls()
    monkeypatch.setenv("NO_PROXY", "[::1], .example, 10.0.0.0/8, *")
    gateway_tls()


def test_a33_a_block_on_the_mock_sees_no_proxy() -> None:
    assert not [name for name in environment("/ca.pem") if "proxy" in name.lower()]


def test_a42_a_diagram_without_a_script_of_the_site_is_found() -> None:
    page = "<html><head></head><body>\n<pre class='mermaid'>graph LR</pre>{}</body></html>"
    found = list(check_policy("index.html", secure_page("", page.format(""))))
    assert [(str(one.where), one.rule) for one in found] == [("site/index.html:2", "page-policy")]
    assert "mermaid" in found[0].text
    served = page.format('<script src="javascripts/mermaid.min.js"></script>')
    assert list(check_policy("index.html", secure_page("", served))) == []


WIDTHS = {"m": 10.7, "w": 9.0, "W": 10.9, "M": 9.3}
"""Of the widest letters of Verdana at 11 pixels."""


@pytest.mark.parametrize("name", ["gemma-mmm-wwwm", "WWWWMMMM", "图片模型"])
def test_a27_no_text_of_a_badge_is_wider_than_its_field(name: str) -> None:
    badge = badge_of(Publication(REAL, date(2026, 5, 20)), name, [next(iter(REAL.endpoints))])
    root = ElementTree.fromstring(badge.picture())
    svg = "{http://www.w3.org/2000/svg}"
    fields = [float(one.get("width", 0)) for one in root.iter(f"{svg}rect")]
    texts = [one.text or "" for one in root.iter(f"{svg}text")]
    for text, width in zip(texts, fields, strict=True):
        letters = (WIDTHS.get(letter, 11 if ord(letter) > 0x2E80 else 7) for letter in text)
        assert sum(letters) <= width, text
