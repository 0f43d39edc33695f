"""`status.json` and the status page agree on every field of every endpoint."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from lxml.html import HtmlElement
from test_wording import DAY, NATIVE, Row, facts_of, hold, html_of, pages_of, row, status_of

from trueup.feed import Publication, feed_of
from trueup.wording.status_page import standings

BILLS = {None: "not observed", "aligned": "aligned", "inconclusive": "inconclusive"}
BILLS |= {"not-measured": "billing not measured", "free": "free"}
OUTCOMES = {"output": "returns output", "error": "fails", "mixed": "fails in some calls"}
MARKS = ("held back", "intermittent", "stale")


def texts_of(page: HtmlElement) -> dict[str, dict[str, str]]:
    """What a reader sees of each endpoint, by the id of its heading and the term: its standing
    under the heading, and the facts in the box that is folded behind it."""
    for hidden in page.xpath("//*[@hidden]"):
        hidden.drop_tree()
    found = {}
    for terms in page.xpath("//dl"):
        (standing,) = terms.xpath("parent::details[not(@open)]/preceding-sibling::*[1][self::p]")
        heading = standing.xpath("preceding-sibling::*[1][self::h2 or self::h3]/@id")[0]
        names, texts = (terms.xpath(tag) for tag in ("dt", "dd"))
        found[str(heading)] = {"Standing": in_one_line(standing)} | {
            name.text_content(): in_one_line(text) for name, text in zip(names, texts, strict=True)
        }
    return found


def in_one_line(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def says(text: str, words: Sequence[str], *days: str | None) -> bool:
    """Whether a text has the words, and no day but these."""
    found = {word for word in text.replace("(", " ").split() if word[:4].isdigit()}
    shown = {day for day in days if day}
    return all(word in text for word in words) and {one.strip(",;)") for one in found} == shown


def differing(one: dict[str, Any], shown: dict[str, str]) -> list[str]:
    """The terms of the page that differ from the fields of an endpoint."""
    newer = one["inconclusive"] or {}
    marks = [bool(one["hold"]), one["intermittent"], one["stale"]]
    standing, bill = shown["Standing"], shown["Billing"]
    word = one["standing"].replace("-", " ")
    image = shown.get("Image") or shown["Output"]
    outcome = [OUTCOMES[one["outcome"]]] if one["outcome"] else [] if newer else ["not observed"]
    reason = ["inconclusive; ", newer["reason"]] if newer else []
    days = {target["target"]: target["seen_on"] for target in one["targets"]}
    results = [f"; {name}, {day}" for name, day in days.items()] if len(days) > 1 else [*days]
    agrees = {
        "Standing": standing.startswith(word)
        and [mark in standing for mark in MARKS] == marks
        and says(standing, (), one["seen_on"]),
        "Request": shown["Request"] == one["request"],
        "Output": says(image, outcome + reason, one["outcome_on"], newer.get("seen_on")),
        "Billing": bill.startswith(BILLS.get(one["billing"], "risky"))
        and (one["billing"] == "free" or says(bill, (), one["billing_on"])),
        "Targets": all(one in shown["Targets"] for one in results or ["not observed"]),
    }
    return [term for term, is_same in agrees.items() if not is_same]


def test_the_built_site_says_the_same_to_programs_and_to_people(trueup_site: Path) -> None:
    feed = json.loads((trueup_site / "status.json").read_text("utf-8"))
    shown = texts_of(lxml.html.parse(str(trueup_site / "status" / "index.html")).getroot())
    assert len(feed["endpoints"]) == len(shown) > 20
    for one in feed["endpoints"]:
        page, _, part = one["page"].partition("#")
        html = (trueup_site / page / "index.html").read_text("utf-8")
        assert f'id="{part}"' in html, one["page"]
        assert differing(one, shown[part]) == [], one["endpoint"]


LATER: dict[str, Any] = {"at": DAY + timedelta(days=1)}
SILENT = [row("inconclusive"), row("inconclusive", **LATER)]
ANSWERED = [row("output", endpoint="acorn/images"), row("output", endpoint="birch/native", **LATER)]
STATES: dict[str, tuple[Sequence[Row], dict[str, Any]]] = {
    "an aligned bill": ([row("output", "aligned")], {}),
    "a charged failure": ([row("error", "charged-on-failure")], {}),
    "an abnormal bill of a failure": ([row("output", "aligned"), row("error", "abnormal")], {}),
    "no bill of a failure": ([row("output", "mismatch"), row("error", **LATER)], {}),
    "a bill of another day": ([row("output", "overcharged"), row("output", **LATER)], {}),
    "a mixed row with a bill": ([row("mixed", "charged-without-output")], {}),
    "an inconclusive bill": ([row("output", "inconclusive")], {}),
    "no ledger": ([row("output", "mismatch")], {"ledger": "none here"}),
    "a newer row without an answer": ([row("output", "aligned"), SILENT[1]], {}),
    "only a row without an answer": ([row("inconclusive")], {}),
    "no answer on two dates": ([*SILENT, *ANSWERED], {}),
    "two targets": ([row("output", "aligned"), row("error", target="local", **LATER)], {}),
    "a hold": ([row("output", "aligned")], {"holds": [hold("not-recommended")]}),
    "a hold of what nobody tested": ([], {"holds": [hold("not-recommended")]}),
}


@pytest.mark.parametrize("days", [0, 31])
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_the_same_to_programs_and_to_people(state: str, days: int) -> None:
    rows, tables = STATES[state]
    check(facts_of(rows, **tables), DAY + timedelta(days=days))


def test_a_free_route_is_the_same_to_programs_and_to_people() -> None:
    facts = facts_of([row("output")])
    facts["routes"]["native"]["free"] = {"page": "Prices", "on": DAY}
    (one, *_) = check(facts, DAY)
    assert (one["billing"], one["billing_on"]) == ("free", None)


def check(facts: dict[str, Any], today: date) -> list[dict[str, Any]]:
    status = status_of().model_validate(facts)
    shown = texts_of(html_of(standings(pages_of(status, today))))
    endpoints = json.loads(feed_of(Publication(status, today)).render())["endpoints"]
    for one in endpoints:
        assert differing(one, shown[one["page"].partition("#")[2]]) == [], one["endpoint"]
    return [one for one in endpoints if one["endpoint"] == NATIVE]
