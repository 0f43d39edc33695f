"""Documented facts: shown as what the docs say, with page and day, and never as evidence."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from conftest import TOP
from jsonschema import Draft202012Validator
from status_sample import TEXT, parsed, refused
from test_wording import html_of, pages_of, seen

from trueup.evidence import assess
from trueup.feed import Publication, StatusFeed, feed_of, render_feed_schema
from trueup.model import FACTS as FACT_KINDS
from trueup.model import DocsPage, Observation
from trueup.wording import load_catalogue
from trueup.wording.documented_facts import documented
from trueup.wording.tables import signatures

ROUTE = "images-generations"
DAY, LATER = date(2026, 4, 10), date(2026, 4, 12)
FILE = {"file": "square.png", "mime": "image/png", "sha256": "0" * 64}
FACTS = """\
    documented:
      - page: https://docs.example.com/images
        on: 2026-04-20
        models: [nano-banana]
        parameters:
          model: {type: string, required: true}
          n: {type: integer, required: false, least: 1, most: 10, default: 1}
          image[]: {type: [file, string], most: 16, note: repeated for each image}
          speed: {type: number, least: 0.25}
          resolution: {values: [auto, 1024x640, 5, true]}
        limits: [{of: size of a file, value: 20 MB}, {of: requests, value: 60 requests per minute}]
        prices: [{of: an image, value: $0.02}]
        settings: [{of: base URL of Chatbox, value: https://api.example.com/v1}]
        errors:
          - {status: 429, code: rate_limit_exceeded, meaning: too many requests, remedy: try later}
          - {meaning: nobody knows}
"""
TOP_FACTS = """\
documented:
  - page: Prices
    on: 2026-04-20
    links: [{title: the account, url: https://example.com/api/user/self}]
"""
IMAGES_ROUTE = "    protocol: openai-images\n    auth: bearer\n"
SAMPLE = TEXT.replace(IMAGES_ROUTE, IMAGES_ROUTE + FACTS)
SAMPLE = SAMPLE.replace("signatures:\n", TOP_FACTS + "signatures:\n", 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("number, least", "numbr, least", "type is 'numbr', expected one of string, integer, numb"),
        ("limits: [", "limit: [", "Did you mean 'limits'?"),
        ("image[]:", "'image []':", "the name 'image []' cannot be used. Rename it: a text witho"),
        ("least: 1,", "least: 11,", "n is inconsistent: least is more than most."),
        ("least: 1,", "least: a,", "least is 'a', expected a whole number or a decimal number."),
        ("models: [nano-banana]", "models: [nano-banan]", "Did you mean 'nano-banana'?"),
        ("    on: 2026-04-20", "    on: 2026-05-02", "on is 2026-05-02, expected 2026-05-01"),
        ("url: https://example.com/a", "url: http://example.com/a", "expected an https URL."),
        ("    links: [{", "    x: [{", "item 1 of documented has the unknown key 'x'; keys are"),
        (TOP_FACTS.splitlines()[-1], "", "item 1 of documented is inconsistent: it has no facts"),
    ],
)  # fmt: skip
def test_a_fact_of_another_form_is_refused_at_its_place(old: str, new: str, message: str) -> None:
    assert old in SAMPLE
    (line,) = refused(SAMPLE.replace(old, new, 1))
    assert message in line


def test_each_kind_is_shown_as_documented_with_its_page_and_day() -> None:
    page = pages_of(parsed(SAMPLE).status, date(2026, 5, 20))
    for facts, shown in {
        "parameters": "model string required none on record n integer optional 1 to 10; default 1"
        " none on record image[] file, string 16 or less repeated for each image none on record"
        " speed number 0.25 or more none on record resolution auto, 1024x640, 5, true"
        " none on record",
        "limits": "size of a file 20 MB requests 60 requests per minute",
        "prices": "an image $0.02",
        "settings": "base URL of Chatbox https://api.example.com/v1",
        "errors": "429 rate_limit_exceeded too many requests try later nobody knows",
    }.items():
        text = seen(documented(page, facts, ROUTE))
        source = "documented." if facts == "parameters" else "documented, not tested."
        source += " Read on 2026-04-20: https://docs.example.com/images. Only for Nano Banana."
        assert text.startswith(source) and text.endswith(shown), facts
    assert documented(page, "links").endswith("- [the account](https://example.com/api/user/self)")
    assert documented(page, "prices") == "Nothing documented is on record."


def test_an_old_fact_is_shown_as_of_its_day() -> None:
    text = documented(pages_of(parsed(SAMPLE).status, date(2026, 5, 21)), "links")
    assert seen(text).startswith(
        "documented as of 2026-04-20, not tested and not read again since: Prices."
    )
    assert '<span class="tu-fresh" data-until="2026-05-20" hidden' in text


def test_what_the_docs_say_changes_no_standing() -> None:
    assert assess(parsed(SAMPLE).status) == assess(parsed(TEXT).status)


@pytest.mark.parametrize("language", ["en", "ja", "ru", "zh"])
def test_what_the_reader_can_do_stands_beside_the_cause(language: str) -> None:
    text = TEXT.replace(
        "cause: nothing is left\n", "cause: nothing is left\n    remedy: try later\n"
    )
    page = pages_of(parsed(text).status, catalogue=load_catalogue(language))
    for shown in (page.phrases.signature("no-channel"), signatures(page)):
        behind = shown.partition("nothing is left")[2]
        assert page._("What to do: {remedy}.").format(remedy="try later") in behind


def test_programs_get_the_facts_of_each_route_marked_as_documented() -> None:
    status = parsed(SAMPLE).status
    feed = feed_of(Publication(status, date(2026, 5, 20)))
    assert StatusFeed.model_validate_json(feed.render()) == feed
    found = json.loads(feed.render())
    assert not list(Draft202012Validator(json.loads(render_feed_schema())).iter_errors(found))
    gateway, route = found["documented"]
    assert (gateway["route"], gateway["page"], route["route"]) == (None, "Prices", ROUTE)
    assert (route["on"], route["fresh_until"]) == ("2026-04-20", "2026-05-20")
    assert route["parameters"]["n"]["most"] == 10 and route["limits"][0]["value"] == "20 MB"


def test_the_sample_of_the_manual_is_read() -> None:
    text = (TOP / "manual" / "pages" / "status-file.md").read_text("utf-8")
    facts = text.partition("```yaml\n")[2].partition("```")[0]
    (page,) = parsed(SAMPLE.replace(FACTS, facts)).status.routes[ROUTE].documented
    assert [kind for kind in FACT_KINDS if not getattr(page, kind)] == ["settings"]


def test_what_the_docs_say_stays_text() -> None:
    wild = "<b>&amp;</b>|*x*[a](b){{c}}`\\"
    fields = {"page": wild, "on": date(2026, 4, 20), "limits": [{"of": wild, "value": wild}]}
    name = "<i>|`*x*`"
    parameter = {"type": "string", "values": [name], "default": name, "note": wild}
    page = DocsPage.model_validate({**fields, "parameters": {name: parameter}})
    text = pages_of(parsed(TEXT).status.model_copy(update={"documented": (page,)}))
    assert seen(documented(text, "limits")).endswith(f"{wild}. Limit Value {wild} {wild}")
    assert seen(documented(text, "parameters")).endswith(
        f"{name} string {name}; default {name} {wild} none on record"
    )
    # The column "Required" is left out, of which the docs say nothing.
    assert len(html_of(documented(text, "parameters")).xpath("//tbody/tr/td")) == 5


SENT: dict[str, object] = {
    "model": "x",
    "n": None,
    "image[]": FILE,
    "opts.literal": 1,
    "opts": {"depth": {"low": None}, "*": None},
    "parts": [{"text": None}, {"items": [{"url": None}]}],
}
SENDS = [
    *("model", "n", "image[]", "opts", "opts.literal", "opts.depth", "opts.depth.low"),
    *("parts[].text", "parts[].items[].url", "alt"),
]
"""The fields that the request has, by the names and paths that a page of docs can give them."""
LACKS = ["N", "*", "opts.low", "parts.text", "opts[].literal", "parts[].url", "model.x", "image"]


def row(day: date, **fields: object) -> dict[str, object]:
    """A row of an output, with what a test gives it."""
    sent = {
        "base_url": "https://example.com",
        "request": "POST /v1/images/generations?alt=sse",
        "auth": "bearer",
        "body": {"model": "x", "n": 2},
    }
    made = {"endpoint": f"nano-banana/{ROUTE}", "target": "production", "outcome": "output"}
    return {**made, "at": day, "sent": sent, "source": {"reported": "a page"}, **fields}


def seen_of(names: list[str], *rows: Mapping[str, object], models: Sequence[str] = ()) -> list[str]:
    """What the last column says of each parameter, for the rows on record."""
    docs = {"page": "P", "on": date(2026, 4, 20), "models": models}
    docs |= {"parameters": {name: {} for name in names}}
    status = parsed(TEXT).status
    route = status.routes[ROUTE].model_copy(update={"documented": (DocsPage.model_validate(docs),)})
    found = status.model_copy(
        update={
            "routes": {**status.routes, ROUTE: route},
            "observations": tuple(map(Observation.model_validate, rows)),
        }
    )
    cells = html_of(documented(pages_of(found), "parameters", ROUTE)).xpath("//tr/td[last()]")
    return [cell.text_content() for cell in cells]


@pytest.mark.parametrize("content", ["body", "form"])
def test_a_parameter_shows_when_a_request_with_it_was_seen(content: str) -> None:
    names = SENDS if content == "body" else ["model", "n", "image[]", "alt"]
    body = SENT if content == "body" else {name: SENT[name] for name in names[:3]}
    sent = {**row(DAY)["sent"], "body": None, content: body}  # type: ignore[dict-item]
    assert seen_of([*names, *LACKS], row(DAY, sent=sent)) == [
        *["production, 2026-04-10"] * len(names),
        *["none on record"] * len(LACKS),
    ]


def test_the_newest_sighting_is_shown_with_its_target_the_reference_first() -> None:
    older, local = row(DAY - timedelta(days=1)), row(DAY, target="local")
    assert seen_of(["n"], older, local) == ["local, 2026-04-10"]
    assert seen_of(["n"], row(DAY), older, local) == ["production, 2026-04-10"]


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "error"},
        {"outcome": "mixed"},
        {"endpoint": "nano-banana/generate-content"},
        {"retracted": "wrong"},
        {"sample": True},
        {"sent": {**row(DAY)["sent"], "body": {"*": None}}},  # type: ignore[dict-item]
    ],
)
def test_a_row_that_shows_no_output_of_the_parameter_is_no_sighting(
    fields: dict[str, object],
) -> None:
    assert seen_of(["n"], row(DAY), row(LATER, **fields)) == ["production, 2026-04-10"]
    assert seen_of(["n"], row(LATER, **fields)) == ["none on record"]


def test_a_page_about_some_models_shows_the_sightings_of_those() -> None:
    other = row(LATER, endpoint=f"other/{ROUTE}")
    assert seen_of(["n"], row(DAY), other) == ["production, 2026-04-12"]
    assert seen_of(["n"], row(DAY), other, models=["nano-banana"]) == ["production, 2026-04-10"]
    assert seen_of(["n"], other, models=["nano-banana"]) == ["none on record"]


def test_an_unproven_row_is_no_sighting() -> None:
    status = parsed(SAMPLE).status
    one = Observation.model_validate(row(DAY))
    for known, shown in (one, "2026-04-10"), (one.as_unproven(), "none on record"):
        page = pages_of(status.model_copy(update={"observations": (known,)}))
        assert shown in documented(page, "parameters", ROUTE).splitlines()[4]
