"""Wording: the sentences for each state of the evidence; free text of people stays text."""

import ast
import gettext
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from html import unescape
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple, get_args
from urllib.parse import unquote

import lxml.html
import markdown
import pytest
import yaml
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mkdocs.config import load_config

from trueup.errors import BadInput
from trueup.evidence import assess
from trueup.model import Billing, Status, Target
from trueup.verify.block_receipt import BlockReceipt
from trueup.wording import Catalogue, PageText, load_catalogue, receipt_line
from trueup.wording.bases import render_bases
from trueup.wording.catalogue import LOCALE
from trueup.wording.changes_page import recent_changes
from trueup.wording.endpoint_history import history
from trueup.wording.model_parts import (
    advice,
    best,
    changes,
    heading,
    last_test,
    model_status,
    risk_notes,
    standing_box,
    start_here,
)
from trueup.wording.sentences import change, claim, evaluate, start
from trueup.wording.status_page import comparison_table, endpoints, legend, overall, standings

TOP = Path(__file__).parents[1]
CONFIG = load_config(str(TOP / "mkdocs.yml"))
ENGLISH = load_catalogue("en")
DAY = date(2026, 4, 14)
LAST_FRESH = date(2026, 5, 14)
NATIVE, IMAGES, BIRCH = "acorn/native", "acorn/images", "birch/native"
BASE_URLS = {"production": "https://gateway.example", "local": "http://localhost:4000"}
MISMATCH = "the log's quota and the token's used_quota delta differed"
UNSEEN = (
    "Nobody has observed POST /v1/oak on production as it is written here. Do not build on it"
    " before a retest."
)
ONLY = "POST /v1/oak is for controlled testing only, not for a stable production integration: "
REAL_FACTS = yaml.safe_load((TOP / "tests" / "record.yml").read_text("utf-8"))
# The rows that were published first; later retests have other dates.
PUBLISHED = Status.model_validate(
    REAL_FACTS | {"observations": [r for r in REAL_FACTS["observations"] if r.get("at") == DAY]}
)

Row = dict[str, Any]
IMAGE_WANTED = {"generationConfig": {"responseModalities": ["IMAGE"]}}


def row(outcome: str, billing: str | None = None, **fields: Any) -> Row:
    endpoint, target = fields.pop("endpoint", NATIVE), fields.pop("target", "production")
    model, route = endpoint.split("/")
    request = {NATIVE: "/v1/oak", IMAGES: "/v1/images", BIRCH: "/v1/birch"}[endpoint]
    reason = {"reason": "The network was down."} if "inconclusive" in (outcome, billing) else {}
    if outcome == "inconclusive":
        reason["kind"] = "no-answer"
    return {
        "at": DAY,
        "endpoint": endpoint,
        "target": target,
        "sent": {
            "base_url": BASE_URLS[target],
            "request": f"POST {request}",
            "auth": "bearer",
            "body": {"model": model} if route == "images" else IMAGE_WANTED,
        },
        "outcome": outcome,
        "billing": billing,
        "source": {"reported": "A page"},
        **reason,
        **fields,
    }


def hold(to: str, endpoint: str = NATIVE, **fields: Any) -> dict[str, Any]:
    why = {"reason": "invoices are under review", "by": "A. Person", "on": date(2026, 5, 1)}
    return {"endpoint": endpoint, "to": to, **why, **fields}


def facts_of(rows: Iterable[Row] = (), ledger: str | None = None, **tables: Any) -> dict[str, Any]:
    reference: dict[str, Any] = {"base_url": BASE_URLS["production"], "reference": True}
    auth = "bearer"
    return {
        "version": 2,
        "policy": {"reported_until": DAY},
        "targets": {
            "production": reference | {"ledger": {"none": ledger} if ledger else "new-api"},
            "local": {"base_url": BASE_URLS["local"]},
        },
        "routes": {
            "native": {"request": "POST /v1/{upstream}", "protocol": "gemini", "auth": auth},
            "images": {"request": "POST /v1/images", "protocol": "openai-images", "auth": auth},
        },
        "models": {
            "acorn": {"title": "Acorn", "upstream": "oak", "family": "trees"},
            "birch": {"title": "Birch", "family": "trees"},
        },
        "endpoints": {
            name: {"body": {} if name == IMAGES else IMAGE_WANTED}
            for name in (NATIVE, IMAGES, BIRCH)
        },
        "observations": list(rows),
        **tables,
    }


def status_of(rows: Iterable[Row] = (), ledger: str | None = None, **tables: Any) -> Status:
    return Status.model_validate(facts_of(rows, ledger, **tables))


def pages_of(status: Status, today: date = DAY, catalogue: Catalogue = ENGLISH) -> PageText:
    return PageText(status, catalogue, today, lambda endpoint: f"#{endpoint.replace('/', '--')}")


def html_of(text: str) -> lxml.html.HtmlElement:
    html = markdown.markdown(
        text, extensions=CONFIG.markdown_extensions, extension_configs=CONFIG.mdx_configs
    )
    return lxml.html.fromstring(f"<main>{html}</main>")


def seen(text: str) -> str:
    """What a reader sees of Markdown once it is a page."""
    page = html_of(text)
    for hidden in page.xpath("//*[@hidden]"):
        hidden.drop_tree()
    return " ".join(page.text_content().split())


ALIGNED = row("output", "aligned")
FAILED = row("error")
EARLIER = date(2026, 4, 1)
SILENT = row("inconclusive")
HELD = "A. Person has held it back since 2026-05-01, because invoices are under review"
RAISED = (
    "Raised to recommended by 3 production retests in a row that are billed correctly ({} so far)."
)


class State(NamedTuple):
    """A status file, and the words that its native endpoint gets; None where another state has
    the same."""

    status: Status
    claim: str
    label: str | None = None
    change: str | None = None
    stale: str | None = None


STATES = {
    "recommended": State(
        status_of([ALIGNED]),
        "Start with POST /v1/oak: on 2026-04-14 it returned an image and the bill matched the"
        " result.",
        "recommended",
        "Lowered at once by one production retest that fails or is billed incorrectly.",
        "POST /v1/oak was the working choice when last tested.",
    ),
    "recommended, the legs of two days": State(
        status_of([row("output", "aligned", at=EARLIER), row("output", "inconclusive")]),
        "Start with POST /v1/oak: on 2026-04-14 it returned an image and on 2026-04-01 the bill"
        " matched the result.",
        stale="POST /v1/oak was the working choice when last tested.",
    ),
    "mismatch": State(
        status_of([row("output", "mismatch")]),
        f"{ONLY}on 2026-04-14 it returned an image, but {MISMATCH}.",
        "controlled testing",
        RAISED.format(0),
        "POST /v1/oak was for controlled testing only: on 2026-04-14 it"
        f" returned an image, but {MISMATCH}.",
    ),
    "mismatch of another day": State(
        status_of([row("output", "mismatch", at=EARLIER), row("output")]),
        f"{ONLY}on 2026-04-14 it returned an image, but on 2026-04-01 {MISMATCH}.",
    ),
    "billing not observed": State(
        status_of([row("output")]),
        f"{ONLY}on 2026-04-14 it returned an image, but billing was not observed.",
        change="Raised to recommended by 1 production retest that is billed correctly (0 so far).",
    ),
    "one of three": State(
        status_of([row("error", at=EARLIER), ALIGNED]),
        f"{ONLY}on 2026-04-14 it returned an image, but only 1 of 3 correctly billed retests"
        " was seen.",
    ),
    "two of three": State(
        status_of([row("error", at=EARLIER), ALIGNED, ALIGNED]),
        f"{ONLY}on 2026-04-14 it returned an image, but only 2 of 3 correctly billed retests"
        " were seen.",
        change=RAISED.format(2),
    ),
    "intermittent": State(
        status_of([row("mixed")]),
        f"{ONLY}on 2026-04-14 some of its calls failed.",
        "controlled testing · intermittent",
    ),
    "unverified": State(
        status_of(),
        UNSEEN,
        "unverified",
        "Decided by the first conclusive production retest.",
        UNSEEN,
    ),
    "failed at one target": State(
        status_of([FAILED]),
        "Do not use POST /v1/oak: its production retest of 2026-04-14 failed.",
        "not recommended",
        "Raised to controlled testing by one production retest that returns an image, and to"
        " recommended by 3 production retests in a row that are billed correctly (0 so far).",
        "POST /v1/oak was not usable: its production retest of 2026-04-14 failed.",
    ),
    "failed at two targets": State(
        status_of([FAILED, row("error", target="local")]),
        "Do not use POST /v1/oak: its production and local retests of 2026-04-14 failed.",
    ),
    "failed here, works elsewhere": State(
        status_of([row("output", "aligned", target="local"), FAILED]),
        "Do not use POST /v1/oak: its production retest of 2026-04-14 failed.",
    ),
    "no answer": State(
        status_of(
            [
                *(row("output", endpoint=BIRCH, at=EARLIER), row("inconclusive", at=EARLIER)),
                *(row("output", endpoint=BIRCH), SILENT),
            ]
        ),
        "Do not use POST /v1/oak: it gave no answer while other endpoints did.",
    ),
    "held for controlled testing": State(
        status_of([ALIGNED], holds=[hold("controlled-testing")]),
        f"{ONLY}{HELD}.",
        "controlled testing · held back",
        stale=f"{ONLY}{HELD}.",
    ),
    "held altogether": State(
        status_of([ALIGNED], holds=[hold("not-recommended")]),
        f"Do not use POST /v1/oak: {HELD}.",
        change=f"Nothing raises it until the hold is removed: {HELD}.",
        stale=f"Do not use POST /v1/oak: {HELD}.",
    ),
    "held before any observation": State(
        status_of(holds=[hold("not-recommended", "acorn/*")]),
        f"Do not use POST /v1/oak: {HELD}.",
        "not recommended · held back",
        stale=f"Do not use POST /v1/oak: {HELD}.",
    ),
    "no ledger": State(
        status_of([row("output")], ledger="There is no log."),
        "Start with POST /v1/oak: on 2026-04-14 it returned an image.",
        "recommended · billing not measured",
        "Lowered at once by one production retest that fails.",
    ),
    "no ledger, one of three": State(
        status_of([row("error", at=EARLIER), row("output")], ledger="There is no log."),
        f"{ONLY}on 2026-04-14 it returned an image, but only 1 of 3 retests that return an image"
        " was seen.",
        change="Raised to recommended by 3 production retests in a row that return an image (1 so"
        " far).",
    ),
    "no ledger, two of three": State(
        status_of([row("error", at=EARLIER), row("output"), row("output")], ledger="No log."),
        f"{ONLY}on 2026-04-14 it returned an image, but only 2 of 3 retests that return an image"
        " were seen.",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_an_endpoint_is_worded_by_its_state(state: str) -> None:
    status, claimed, labelled, changed, stale = STATES[state]
    page, late = pages_of(status), pages_of(status, DAY + timedelta(days=365))
    label, condition = seen(page.label(NATIVE)), seen(change(page, NATIVE))
    assert seen(claim(page, NATIVE)) == claimed
    assert seen(standing_box(page, NATIVE)).endswith(claimed)
    assert label == (labelled or label) and condition == (changed or condition)
    assert f"POST /v1/oak · {label}: {condition}" in seen(changes(page, "acorn"))
    assert f"tu-{assess(status)[NATIVE].standing}" in page.label(NATIVE)
    assert stale in (None, seen(claim(late, NATIVE)))
    short = (stale or "").removeprefix("POST /v1/oak was for controlled testing only: on ")
    assert seen(standing_box(late, NATIVE)).endswith(short)


@pytest.mark.parametrize(
    ("confirm", "recover", "rows", "sentence"),
    [
        (
            1,
            1,
            [FAILED],
            "to recommended by 1 production retest that is billed correctly (0 so far).",
        ),
        (2, 3, [ALIGNED], "by 2 production retests in a row that are billed correctly (1 so far)."),
    ],
)
def test_the_counts_are_those_of_the_policy(
    confirm: int, recover: int, rows: list[Row], sentence: str
) -> None:
    policy = {"confirm_after": confirm, "recover_after": recover, "reported_until": DAY}
    assert seen(change(pages_of(status_of(rows, policy=policy)), NATIVE)).endswith(sentence)


TWO_FAILED = [row("error", endpoint=name) for name in (NATIVE, BIRCH)]
STARTS = {
    "recommended": (
        [row("output", "mismatch"), row("output", "aligned", endpoint=BIRCH)],
        "If you need a usable image route now, start with Birch (POST /v1/birch).",
        "Birch (POST /v1/birch) was the working choice when last tested, on 2026-04-14.",
    ),
    "only controlled": (
        [row("output", "mismatch"), row("error", endpoint=BIRCH)],
        "None of these routes is recommended. The best on record is Acorn (POST /v1/oak), for"
        " controlled testing only.",
        "None of these routes is recommended. The best on record on 2026-04-14 was Acorn (POST"
        " /v1/oak), for controlled testing only.",
    ),
    "none": (
        TWO_FAILED,
        "Do not build on these routes now: no working alternative is on record.",
        "Do not build on these routes now: no working alternative is on record.",
    ),
}


@pytest.mark.parametrize("state", STARTS)
def test_a_family_starts_with_its_best_endpoint(state: str) -> None:
    rows, fresh, stale = STARTS[state]
    assert seen(start(pages_of(status_of(rows)), "acorn")) == fresh
    assert seen(start(pages_of(status_of(rows), LAST_FRESH + timedelta(1)), "acorn")) == stale
    untested = " Nobody has tested Acorn (POST /v1/images)." if state == "none" else ""
    assert seen(start_here(pages_of(status_of(rows)))) == f"Images: {fresh}{untested}"


@pytest.mark.parametrize(
    ("today", "fresh"),
    [
        (DAY - timedelta(days=1), True),
        (LAST_FRESH, True),
        (LAST_FRESH + timedelta(days=1), False),
    ],
)
@pytest.mark.parametrize("rows", [[ALIGNED], [row("output", "mismatch")], [FAILED]])
def test_both_voices_are_there_and_the_day_hides_one(
    rows: list[Row], today: date, fresh: bool
) -> None:
    status = status_of([*rows, row("output", "mismatch", endpoint=BIRCH)])
    page = pages_of(status, today)
    assert assess(status)[NATIVE].is_fresh(status.policy, today) is fresh
    for text in (
        *(claim(page, NATIVE), standing_box(page, NATIVE), start(page, "acorn")),
        evaluate(page, "birch", [BIRCH]),
    ):
        now, later = html_of(text).xpath("//span[@data-until]")
        assert [now.get("class"), later.get("class")] == ["tu-fresh", "tu-stale"]
        assert now.get("data-until") == later.get("data-until") == str(LAST_FRESH)
        shown, hidden = (now, later) if fresh else (later, now)
        assert (shown.get("hidden"), shown.get("data-search-exclude")) == (None, None)
        assert (hidden.get("hidden"), hidden.get("data-search-exclude")) == ("hidden", "true")


def test_the_older_leg_sets_the_limit() -> None:
    status = STATES["recommended, the legs of two days"].status
    spans = html_of(claim(pages_of(status), NATIVE)).xpath("//span[@data-until]")
    assert {span.get("data-until") for span in spans} == {str(EARLIER + timedelta(days=30))}


def test_advice_on_a_recommended_model_is_to_start_with_it() -> None:
    text = advice(pages_of(status_of([ALIGNED, row("error", endpoint=IMAGES)])), "acorn")
    assert seen(text) == (
        "If you need a usable image route now, start with Acorn (POST /v1/oak). Do not use POST"
        " /v1/images with model acorn: its production retest of 2026-04-14 failed."
    )
    assert text.startswith("1. ") and "\n2. " in text


def test_a_held_model_waits_for_the_hold_and_not_for_its_billing() -> None:
    status = status_of([ALIGNED], holds=[hold("controlled-testing")])
    text = seen(advice(pages_of(status), "acorn"))
    assert "Do not send production traffic to acorn until the hold is removed: A. Person" in text
    assert "billing is cleared" not in text


def test_without_a_ledger_no_sentence_waits_for_billing() -> None:
    status = STATES["no ledger, one of three"].status
    text = seen(advice(pages_of(status), "acorn"))
    assert (
        "Do not send production traffic to acorn before 3 production retests"
        " in a row that return an image (1 so far)." in text
    )
    assert "billing" not in text


def test_a_model_that_nobody_observed_says_so() -> None:
    page = pages_of(status_of())
    assert seen(advice(page, "acorn")) == STARTS["none"][1]
    assert risk_notes(page, "acorn") == "No problem is on record (0 of 2 routes tested)."
    assert best(page, "acorn") == "No working alternative is on record."
    assert "No sources, because there are no observations." in standings(page)


def test_a_free_route_is_called_free_and_its_source_named() -> None:
    facts = facts_of([row("output")])
    facts["routes"]["native"]["free"] = {"page": "https://docs.example/prices", "on": EARLIER}
    page = pages_of(Status.model_validate(facts))
    assert seen(page.label(NATIVE)) == "recommended · free"
    source = "free (according to https://docs.example/prices, read on 2026-04-01)"
    assert source in seen(standings(page))
    assert seen(change(page, NATIVE)) == "Lowered at once by one production retest that fails."
    assert "not observed" in seen(model_status(page, "acorn"))


RISKS = [
    ([row("mixed")], "some calls of the production retest of POST /v1/oak failed."),
    (
        [row("output", "aligned", target="local"), FAILED],
        "On 2026-04-14, a local retest of POST /v1/oak returned an image.",
    ),
    (
        [FAILED, row("error", target="local")],
        "the production and local retests of POST /v1/oak failed.",
    ),
    (
        [row("error", "charged-on-failure")],
        "a production retest of POST /v1/oak: a failed call was charged.",
    ),
    ([row("error", "charged-without-output")], "a call that returned no image was charged."),
    ([row("output", "uncharged-success")], "an image, but nothing was charged for the image."),
    ([row("output", "overcharged")], "but more was charged than the price that the gateway"),
    (
        [row("output", "abnormal")],
        "an image, but an abnormal billing sample was reported, without amounts.",
    ),
]


@pytest.mark.parametrize(("rows", "sentence"), RISKS)
def test_a_risk_says_what_went_wrong_and_where(rows: list[Row], sentence: str) -> None:
    assert sentence in seen(risk_notes(pages_of(status_of(rows)), "acorn"))


def everything(page: PageText) -> str:
    """Every part that is derived, as one page."""
    parts = [standings(page), endpoints(page), start_here(page), legend(page)]
    parts += [comparison_table(page), overall(page), recent_changes(page)]
    for model in page.status.models:
        parts += [
            part(page, model) for part in (advice, risk_notes, changes, model_status, best, history)
        ]
    for endpoint in page.status.endpoints:
        parts += [heading(page, endpoint), standing_box(page, endpoint)]
    return "\n\n<!-- -->\n\n".join(parts)


def test_no_sentence_prints_an_amount() -> None:
    page = html_of(everything(pages_of(PUBLISHED)))
    for titled in page.xpath("//code | //a | //h2 | //title"):
        titled.drop_tree()
    text = re.sub(r"\d{4}-\d\d-\d\d", "", page.text_content())
    text = text.replace("Nano Banana 2", "").replace("Gemini 2.5", "")
    assert set(re.findall(r"\d+", text)) <= {"0", "1", "2", "3", "30"}
    assert not re.search(r"[$€£¥]|\b(USD|tokens?|bytes|px|MiB)\b", text.replace("the token's", ""))


@pytest.mark.parametrize("billing", [None, *get_args(Billing)])
@pytest.mark.parametrize("outcome", ["output", "error", "mixed"])
def test_no_sentence_about_a_route_of_texts_speaks_of_an_image(
    outcome: str, billing: str | None
) -> None:
    facts = facts_of([row(outcome, billing)])
    facts["routes"] = {"native": facts["routes"]["native"] | {"protocol": "openai-chat"}}
    facts["endpoints"] = {NATIVE: {"body": {"messages": []}}}
    facts["observations"][0]["sent"]["body"] = {"model": "acorn", "messages": []}
    page = pages_of(Status.model_validate(facts))
    assert "image" not in everything(page)


SHAPE = {"shape": "inline-data"}
COMPARISONS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the same": (SHAPE, SHAPE, "same result"),
    "less known": (SHAPE, {}, "same result"),
    "another shape": (SHAPE, {"shape": "data-uri"}, "local differed from production"),
    "another type": (
        {"mime": "image/png"}, {"mime": "image/webp"}, "local differed",
    ),
    "another outcome": ({}, {"outcome": "error"}, "local differed"),
}  # fmt: skip


@pytest.mark.parametrize("what", COMPARISONS)
def test_targets_are_compared_side_by_side(what: str) -> None:
    ours, theirs, comparison = COMPARISONS[what]
    rows = [row("output", "mismatch") | ours, row("output", target="local") | theirs]
    text = seen(comparison_table(pages_of(status_of(rows))))
    assert comparison in text and "Acorn" in text
    assert "billing risky 2026-04-14 local" in text


def test_one_target_alone_is_compared_with_nothing() -> None:
    text = comparison_table(pages_of(status_of([row("output")])))
    assert text == "No endpoint was tested at more than one target yet."


@pytest.mark.parametrize("name", ["a.json", 'x" onclick="y', "a|<b>% *c*"])
def test_a_receipt_is_a_link_whatever_its_name(name: str) -> None:
    source = {"receipt": f"docs/evidence/{name}", "sha256": "0" * 64}
    page = html_of(standings(pages_of(status_of([row("output", source=source)]))))
    links = page.xpath("//a[starts-with(@href, 'evidence:')]")
    assert len(links) == 2
    for link in links:
        assert unquote(link.get("href")) == f"evidence:{name}"
        assert dict(link.attrib).keys() == {"href"} and link.text == str(DAY)


FRAGMENTS = (
    *("</title>", "</svg>", "</figure>", "</p>", "</li>", "<svg>", "x\n:   y", "??? x"),
    *("<script>alert(1)</script>", "<!-- ", "-->", "](javascript:alert(1))", "[x](y)", "![x](y)"),
    *("|", "||", "\\|", "`", "``", "```", "`|`", "\\`", "\\", "**b**", "_i_", "~~s~~", "^", "#"),
    *("\n", "\n\n", "\n# x\n", "\r", "\t", "\u2028", "{{ 7*7 }}", "{% x %}", "{ .a #b }", "{x}"),
    *("<span hidden>", "&lt;", "&amp;", "&#60;", '"', "'", "!!! note", "=== x", "- x", "1. x", ">"),
    *("http://a.example", "<http://a.example>", "\0", "\x02", "\x03", "\u202e", "\U0001f600", "%s"),
    *("klzzwxh:0000", "wzxhzdk:0", "STX", "/// x", "--8<--", ":smile:", "==m==", "[^1]", "*[A]: b"),
)
hostile = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), min_size=1, max_size=5).map(
    "".join
)
repeatable = settings(derandomize=True, deadline=None, database=None)
HARMLESS = "Qq"


def with_text(text: str, path: str) -> Status:
    """A status file with `text` wherever a person writes freely, and `path` as an upstream."""
    facts = facts_of(
        [
            *(row("output", "mismatch", source={"reported": text}), row("error", endpoint=BIRCH)),
            row("error", endpoint=IMAGES, signatures=["known"]),
            row("output", "aligned", target="local", endpoint=IMAGES),
        ],
        holds=[hold("not-recommended", BIRCH, reason=text, by=text)],
        signatures={
            "known": {"match": text, "cause": text, "replay": {"status": 500, "message": text}}
        },
        mappings=[
            {
                "alias": "acorn",
                "upstream": path,
                "at": DAY,
                "how": "seen",
                "source": {"reported": "x"},
            }
        ],
    )
    for table in ("models", "routes"):
        for facts_of_one in facts[table].values():
            facts_of_one["title"] = text
    facts["models"]["acorn"]["upstream"] = path
    facts["observations"][0]["sent"]["request"] = f"POST /v1/{path}"
    return Status.model_validate(facts)


def outline(page: lxml.html.HtmlElement) -> list[tuple[str, dict[str, str]]]:
    return [(str(element.tag), dict(element.attrib)) for element in page.iter()]


@cache
def harmless() -> lxml.html.HtmlElement:
    return html_of(everything(pages_of(with_text(HARMLESS, "oak"))))


def one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@pytest.mark.no_cover
@repeatable
@given(hostile, hostile)
def test_free_text_and_a_path_stay_what_they_are_on_every_page(text: str, name: str) -> None:
    line, path = one_line(text), "".join(re.sub("[?#{}]", "", one_line(name)).split())[:200]
    assume(line and path and HARMLESS not in path)
    wild = html_of(everything(pages_of(with_text(text, path))))
    tame = harmless()
    assert outline(wild) == outline(tame)
    said = tame.text_content().replace("/oak", f"/{path}").replace("→ oak", f"→ {path}")
    assert wild.text_content().split() == said.replace(HARMLESS, line).split()


def test_the_table_of_contents_gets_the_heading_as_text() -> None:
    status = with_text("<img src=x onerror=alert(1)> *a* `b`", "oak")
    converter = markdown.Markdown(
        extensions=CONFIG.markdown_extensions, extension_configs=CONFIG.mdx_configs
    )
    converter.convert(heading(pages_of(status), IMAGES))
    (token,) = converter.toc_tokens
    assert token["id"] == "acorn--images"
    assert "<" not in token["name"]
    assert unescape(token["name"]) == "Legacy: <img src=x onerror=alert(1)> *a* `b`"


def receipt(**fields: Any) -> BlockReceipt:
    return BlockReceipt(
        **{
            "sha256": "0123456789abcdef" * 4,
            "language": "bash",
            "endpoint": NATIVE,
            "pages": ("a/index.html",),
            "target": "production",
            "replayed": True,
            "containment": "namespace",
            "passed": True,
            "outcome": "output",
            "evidence": DAY,
            **fields,
        }
    )


def line_of(
    receipt: BlockReceipt, status: Status | None = None, page: str = "a/b/index.html"
) -> str:
    return receipt_line(receipt, status or status_of([ALIGNED]), ENGLISH, page)


def line_text(receipt: BlockReceipt) -> str:
    return " ".join(str(lxml.html.fromstring(line_of(receipt)).text_content()).split())


CONTAINMENTS = {
    "namespace": "Run unmodified in its own network namespace.",
    "landlock": "Run unmodified behind a proxy; Landlock limits its TCP to that proxy.",
    "none": "Run unmodified behind a proxy, with no further isolation.",
}


@pytest.mark.parametrize("containment", CONTAINMENTS)
@pytest.mark.parametrize("outcome", ["output", "error"])
def test_a_live_run_never_reads_like_a_replay(containment: str, outcome: str) -> None:
    fields = {"containment": containment, "outcome": outcome}
    fails = "Fails as recorded. " if outcome == "error" else ""
    end = f" {CONTAINMENTS[containment]} Receipt 0123456789ab."
    assert line_text(receipt(**fields)) == (
        f"{fails}Replays the evidence of 2026-04-14; nothing was sent to gateway.example.{end}"
    )
    assert line_text(receipt(**fields, sample=True)) == (
        f"{fails}Replays a sample that nobody observed; nothing was sent to gateway.example.{end}"
    )
    live = line_text(receipt(**fields, replayed=False))
    assert live == f"{fails}Run against gateway.example.{end}"


def test_a_block_that_failed_or_was_skipped_has_a_line_of_its_own() -> None:
    assert line_text(receipt(passed=False)) == "This block did not pass its run; do not use it."
    assert line_text(receipt(passed=False, skipped="the upstream is down (until 2026-05-01)")) == (
        "Not run: the upstream is down (until 2026-05-01)."
    )
    inconclusive = receipt(
        passed=False, replayed=False, outcome="inconclusive", inconclusive="HTTP 429 <b>"
    )
    assert line_text(inconclusive) == "Run against gateway.example; inconclusive: HTTP 429 <b>."
    states = [receipt(), receipt(passed=False), receipt(passed=False, skipped="a"), inconclusive]
    classes = [lxml.html.fromstring(line_of(one)).get("class") for one in states]
    kinds = ("passed", "failed", "skipped", "inconclusive")
    assert classes == [f"tu-receipt tu-{kind}" for kind in kinds]


def test_a_block_that_fails_on_the_record_says_with_which_text() -> None:
    status = with_text("no channel", "oak")
    line = line_of(receipt(outcome="error", signatures=("known",)), status)
    assert "Fails as recorded (<code>no channel</code>)." in line


def test_a_receipt_links_to_all_receipts_from_any_depth() -> None:
    for page, address in {
        "index.html": "receipts.json",
        "a/index.html": "../receipts.json",
        "a/b/index.html": "../../receipts.json",
    }.items():
        assert f'href="{address}"' in line_of(receipt(), page=page)


@repeatable
@given(hostile)
def test_free_text_stays_text_under_a_block(text: str) -> None:
    assume(one_line(text) and "\0" not in text)  # no YAML holds a NUL, and no HTML shows one
    for one, status in (
        (receipt(passed=False, skipped=text), status_of()),
        (receipt(outcome="error", signatures=("known",)), with_text(text, "oak")),
    ):
        wild = lxml.html.fromstring(line_of(one, status))
        assert {element.tag for element in wild.iter()} <= {"p", "code", "a"}
        kept = "".join(c for c in text if c.isprintable())
        assert "".join(kept.split()) in "".join(
            c for c in "".join(wild.text_content().split()) if c.isprintable()
        )


@cache
def extracted() -> list[str | tuple[str, ...]]:
    """Every message of the engine, as a text or as its two forms."""
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(TOP / "src" / "trueup", keywords=keywords)
    return [message for _, _, message, _, _ in found]


def forms(message: str | Sequence[str] | None) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message or ())


@cache
def pseudo() -> Catalogue:
    """A language with every message in brackets."""
    catalog = Catalog(locale="de")
    for message in extracted():
        wrapped = tuple(f"⟦{form}⟧" for form in forms(message))
        catalog.add(message, wrapped[0] if isinstance(message, str) else wrapped)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Catalogue("ja", gettext.GNUTranslations(compiled))


def outside(text: str) -> str:
    """The text outside all brackets."""
    depth, kept = 0, []
    for char in text:
        depth += (char == "⟦") - (char == "⟧")
        kept.append(char if depth == 0 and char != "⟧" else "")
    return "".join(kept)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("today", [DAY, date(2030, 1, 1)])
def test_every_word_of_a_page_comes_from_the_catalogue(state: str, today: date) -> None:
    free = {"title": "※"}
    tables = STATES[state].status.model_dump()
    for table in ("models", "routes"):
        for one in tables[table].values():
            one |= free
    tables["policy"]["fresh_for"] = "30d"
    if isinstance(tables["targets"]["production"]["ledger"], dict):
        tables["targets"]["production"]["ledger"] = {"none": "※"}
    status = Status.model_validate(tables)
    text = pages_of(status, today, pseudo())
    for sentence in (
        *(part(text, name) for part in (claim, change) for name in status.endpoints),
        *(start(text, name) for name in status.models),
    ):
        assert seen(sentence).startswith("⟦") and seen(sentence).endswith("⟧"), sentence
    page = html_of(everything(text))
    for code in page.xpath("//code"):
        code.drop_tree()
    left = outside(page.text_content())
    assert not re.search(r"[^\W\d_]", left), left
    assert "⟦" in page.text_content()


@pytest.mark.parametrize("today", [DAY, date(2030, 1, 1)])
def test_a_translated_page_keeps_every_value(today: date) -> None:
    english, other = (
        seen(everything(pages_of(PUBLISHED, today, catalogue))) for catalogue in (ENGLISH, pseudo())
    )
    # Without brackets and without what a language joins and sets aside with.
    joined = re.compile(r"、|, and | and |, |; |: |：| \(|（|\)|）")
    unbracketed = re.sub("[⟦⟧]", "", other.replace(".⟧⟦", ". "))
    assert joined.sub(" ", unbracketed).lower().split() == joined.sub(" ", english).lower().split()


def test_every_word_under_a_block_comes_from_the_catalogue() -> None:
    for one in (
        *(receipt(containment=name) for name in CONTAINMENTS),
        *(receipt(replayed=False), receipt(outcome="error"), receipt(passed=False)),
        receipt(passed=False, skipped="※"),
    ):
        line = receipt_line(one, status_of(), pseudo(), "index.html")
        assert not outside(str(lxml.html.fromstring(line).text_content())).strip()


def test_the_collector_finds_every_message() -> None:
    """It sees none in an f-string, which would then stay English in every language."""
    called = {
        argument.value
        for file in (TOP / "src" / "trueup").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("_", "gettext", "ngettext")
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert called == {form for message in extracted() for form in forms(message)}


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def test_both_forms_of_a_message_name_the_same_values() -> None:
    several = [message for message in extracted() if not isinstance(message, str)]
    assert several
    for one, many in several:
        assert fields(one) == fields(many)


def test_every_translation_names_the_values_of_its_message() -> None:
    for file in sorted(LOCALE.glob("*/LC_MESSAGES/trueup.po")):
        for message in read_po(io.BytesIO(file.read_bytes())):
            for form in filter(None, forms(message.string) if message.id else ()):
                assert fields(form) == fields(forms(message.id)[-1]), f"{file}: {message.id}"


def test_the_template_for_translators_is_in_step_with_the_code() -> None:
    text = (LOCALE / "trueup.pot").read_bytes()
    written = {forms(message.id) for message in read_po(io.BytesIO(text)) if message.id}
    assert written == {forms(message) for message in extracted()}, (
        "src/trueup/locale/trueup.pot: other messages than the code has; run scripts/messages"
    )
    assert not re.search(rb"\d{4}-\d\d-\d\d|/src/|\.py", text)


def test_a_choice_of_base_urls_says_which_was_tested() -> None:
    also = ("https://b.example", "https://c.example:8443")
    target = Target(base_url="https://a.example", also=also)
    chooser = render_bases(target, load_catalogue("ru"), "output")
    (label,) = lxml.html.fragments_fromstring(chooser)
    assert label.get("hidden") and label.text_content().startswith("Базовый URL")
    tested, *others = label.findall(".//option")
    assert tested.get("value") == "https://a.example" and tested.get("data-note") is None
    assert [one.get("value") for one in others] == list(also)
    assert {one.get("data-note") for one in others} == {
        "Проверено с https://a.example; об этом базовом URL отдельных данных нет."
    }
    assert tested.text == "https://a.example (проверен)"
    assert "https://a.example (tested, failed)" in render_bases(target, ENGLISH, "error")
    assert render_bases(Target(base_url="https://a.example"), ENGLISH, "output") == ""


def test_no_base_url_of_an_endpoint_that_nobody_has_observed_is_called_tested() -> None:
    target = Target(base_url="https://a.example", also=("https://b.example",))
    (label,) = lxml.html.fragments_fromstring(render_bases(target, ENGLISH, None))
    first, other = label.findall(".//option")
    assert first.text == "https://a.example"
    assert other.get("data-note") == other.text == "https://b.example (no evidence of its own)"


def test_a_language_without_a_catalogue_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        load_catalogue("xx")
    assert str(refused.value) == (
        "language 'xx': no catalogue; there is one for en, ja, ru, zh. Add"
        " locale/xx/LC_MESSAGES/trueup.po or choose another language."
    )


def test_a_language_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "locale" / "de" / "LC_MESSAGES" / "trueup.po"
    file.parent.mkdir(parents=True)
    file.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "recommended"\nmsgstr "empfohlen"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr("trueup.wording.catalogue.LOCALE", tmp_path / "locale")
    load_catalogue.cache_clear()
    german = load_catalogue("de")
    load_catalogue.cache_clear()
    assert german.gettext("recommended") == "empfohlen"
    assert german.gettext("unverified") == "unverified"
    assert german.join(["a", "b", "c"]) == "a, b und c"


OVERALL = {
    "en": ("1 recommended, 2 unverified", "2 recommended, 1 unverified"),
    "ja": ("推奨 1 件、未検証 2 件", "推奨 2 件、未検証 1 件"),
    "ru": ("1 рекомендуется, 2 не проверены", "2 рекомендуются, 1 не проверен"),
    "zh": ("推荐 1 个、未验证 2 个", "推荐 2 个、未验证 1 个"),
}


@pytest.mark.parametrize("language", OVERALL)
def test_the_endpoints_of_each_standing_are_counted_in_the_words_of_a_language(
    language: str,
) -> None:
    other = row("output", "aligned", endpoint=IMAGES)
    for rows, line in zip(([ALIGNED], [ALIGNED, other]), OVERALL[language], strict=True):
        assert seen(overall(pages_of(status_of(rows), DAY, load_catalogue(language)))) == line


def test_each_count_has_the_look_of_its_standing_and_none_is_zero() -> None:
    rows = [row("output"), row("error", endpoint=BIRCH)]
    page = pages_of(status_of(rows))
    assert seen(overall(page)) == "1 for controlled testing, 1 not recommended, 1 unverified"
    old = seen(overall(replace(page, today=LAST_FRESH + timedelta(1))))
    assert old == "1 for controlled testing · stale, 1 not recommended · stale, 1 unverified"
    spans = html_of(overall(page)).xpath("//span[contains(@class, 'tu-standing')]")
    assert [(one.get("class"), one.text) for one in spans] == [
        ("tu-standing tu-controlled-testing", "1 for controlled testing"),
        ("tu-standing tu-not-recommended", "1 not recommended"),
        ("tu-standing tu-unverified", "1 unverified"),
    ]


def test_the_line_of_the_last_test_links_to_where_a_key_comes_from() -> None:
    def line(**fields: Any) -> str:
        link = {"title": "keys", "url": "https://gateway.example/keys", **fields}
        documented = [{"page": "A page", "on": DAY, "links": [link]}]
        return last_test(pages_of(status_of([ALIGNED], documented=documented)))

    assert "[Get an API key](https://gateway.example/keys)." in line(key=True)
    assert "Get an API key" not in line()
