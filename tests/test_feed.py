"""What programs read: it follows from the status file alone, and parses as what it says it is."""

import json
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from conftest import TOP
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from strategies import paragraphs

from trueup.evidence import assess, latest_changes
from trueup.feed import Publication, StatusFeed, feed_files, feed_of, render_feed_schema
from trueup.feed.summary import SUMMARY
from trueup.model import Hold, Standing, Status, anchor
from trueup.status_file import parse_status

TEXT = (TOP / "tests" / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
TODAY = NOW.date()
ATOM = "{http://www.w3.org/2005/Atom}"


STATUS = parse_status(TEXT, "status.yml", NOW).status
SITE = Publication(STATUS, TODAY)


def test_the_feed_says_of_each_endpoint_what_the_pages_say() -> None:
    feed = feed_of(SITE)
    assert [one.endpoint for one in feed.endpoints] == list(STATUS.endpoints)
    for one in feed.endpoints:
        assessment = assess(STATUS)[one.endpoint]
        assert (one.standing, one.seen_on) == (assessment.standing, assessment.seen_on)
    best = next(one for one in feed.endpoints if one.standing is Standing.RECOMMENDED)
    assert best.endpoint == "nano-banana-2/generate-content"
    assert best.fresh_until == date(2026, 5, 14)
    others = {one.alternative for one in feed.endpoints[:3] if one is not best}
    assert others == {best.endpoint} and best.alternative is None
    failed = next(one for one in feed.endpoints if one.endpoint == "nano-banana/images-generations")
    assert (failed.billing, failed.billing_on) == ("abnormal", date(2026, 4, 14))
    assert [one.name for one in failed.signatures] == ["unknown-image-output-options"]
    assert "Vertex AI" in failed.signatures[0].cause and failed.auth == "bearer"


def test_the_feed_says_from_when_on_it_is_stale_and_where_its_schema_is() -> None:
    for days, is_stale in ((24, False), (25, True)):
        site = Publication(STATUS, TODAY + timedelta(days), address="https://example.com/")
        (best, *_) = [one for one in feed_of(site).endpoints if one.standing == "recommended"]
        assert best.stale is is_stale and best.page.startswith("https://example.com/status/#nano")
    data = json.loads(feed_of(site).render())
    assert data["$schema"] == json.loads(render_feed_schema(site.address))["$id"]


def test_the_feed_reads_back_and_fits_its_schema() -> None:
    feed = feed_of(SITE)
    assert StatusFeed.model_validate_json(feed.render()) == feed
    validator = Draft202012Validator(json.loads(render_feed_schema()))
    data = json.loads(feed.render())
    assert not list(validator.iter_errors(data))
    data["endpoints"][0]["standing"] = "excellent"
    assert list(validator.iter_errors(data))


FALLIBLE = [
    name
    for name in STATUS.endpoints
    if assess(STATUS)[name].supported is not Standing.NOT_RECOMMENDED
]
"""Endpoints that a hold can lower."""


@given(st.dictionaries(st.sampled_from(FALLIBLE), paragraphs, max_size=3))
def test_a_feed_with_the_words_of_people_reads_back(reasons: dict[str, str]) -> None:
    holds = tuple(
        Hold(endpoint=name, to=Standing.NOT_RECOMMENDED, reason=reason[:2000], by="A", on=TODAY)
        for name, reason in reasons.items()
    )
    feed = feed_of(Publication(STATUS.model_copy(update={"holds": holds}), TODAY))
    assert StatusFeed.model_validate_json(feed.render()) == feed
    held = {one.endpoint: one.hold for one in feed.endpoints if one.hold}
    assert held == {one.endpoint: one.reason for one in holds}


PLACES = {name: f"page/#{anchor(name)}" for name in STATUS.endpoints}


def test_the_feeds_link_where_the_address_is_known_and_nowhere_else() -> None:
    files = feed_files(STATUS, TODAY, address="https://example.com/", places=PLACES)
    atom = ElementTree.fromstring(files["changes.atom"].encode())
    links = {one.get("rel"): one.get("href") for one in atom.findall(f"{ATOM}link")}
    assert links == {
        "self": "https://example.com/changes.atom",
        "alternate": "https://example.com/",
    }
    feed = json.loads(files["changes.json"])
    assert feed["feed_url"] == "https://example.com/changes.json"
    entries = [one.find(f"{ATOM}link") for one in atom.iter(f"{ATOM}entry")]
    urls = [one.get("href") for one in entries if one is not None]
    expected = [
        f"https://example.com/{PLACES[one.endpoint]}" for one in latest_changes(assess(STATUS))
    ]
    assert urls == [item["url"] for item in feed["items"]] == expected
    plain = feed_files(STATUS, TODAY)
    assert "link" not in plain["changes.atom"] and "url" not in plain["changes.json"]
    ids = [
        [item["id"] for item in json.loads(one["changes.json"])["items"]] for one in (files, plain)
    ]
    assert ids[0] == ids[1]


def test_a_badge_has_the_best_standing_in_words() -> None:
    files = feed_files(STATUS, TODAY)
    badge = files["badges/nano-banana-2--generate-content.svg"]
    assert "recommended, 2026-04-14" in badge and 'role="img"' in badge
    for model in STATUS.models:
        names = [name for name in STATUS.endpoints if name.startswith(f"{model}/")]
        best = min((assess(STATUS)[name] for name in names), key=lambda one: one.standing.rank)
        label = f">{best.standing.replace('-', ' ')}, {best.seen_on}<"
        assert (
            label in files[f"badges/{model}.svg"] and f">{model}<" in files[f"badges/{model}.svg"]
        )


def test_every_file_parses_and_the_feeds_agree() -> None:
    files = feed_files(STATUS, TODAY)
    atom = ElementTree.fromstring(files["changes.atom"].encode())
    titles = [entry.findtext(f"{ATOM}title") for entry in atom.iter(f"{ATOM}entry")]
    items = json.loads(files["changes.json"])["items"]
    assert (
        titles
        == [item["title"] for item in items]
        == [Publication(STATUS, TODAY).change(c) for c in latest_changes(assess(STATUS))]
    )
    assert atom.findtext(f"{ATOM}updated") == items[0]["date_published"]
    badges = [name for name in files if name.startswith("badges/")]
    assert len(badges) == 2 * (len(STATUS.endpoints) + len(STATUS.models))
    for name in badges:
        (ElementTree.fromstring if name.endswith(".svg") else json.loads)(files[name])


BEST, FAILED = "nano-banana-2/generate-content", "nano-banana/images-generations"


@pytest.mark.parametrize(
    ("endpoint", "days", "status", "color", "message"),
    [
        (BEST, 24, "operational", "green", "recommended, 2026-04-14"),
        (BEST, 25, "degraded_performance", "yellow", "recommended (stale), 2026-04-14"),
        (FAILED, 24, "major_outage", "red", "not recommended, 2026-04-14"),
        (FAILED, 25, "major_outage", "red", "not recommended (stale), 2026-04-14"),
        ("nano-banana-pro/generate-content", 0, "degraded_performance", "yellow",
         "controlled testing, 2026-04-14"),
        ("nano-banana-pro/images-generations", 0, None, "lightgrey", "unverified"),
    ],
)  # fmt: skip
def test_only_a_fresh_recommendation_is_green(
    endpoint: str, days: int, status: str | None, color: str, message: str
) -> None:
    files = feed_files(STATUS, TODAY + timedelta(days))
    shield = json.loads(files[f"badges/{anchor(endpoint)}.json"])
    assert shield == {
        "schemaVersion": 1,
        "label": endpoint,
        "message": message,
        "color": color,
    }
    picture = files[f"badges/{anchor(endpoint)}.svg"]
    assert f">{message}<" in picture and (HEX["green"] in picture) is (color == "green")
    assert HEX[color] in picture
    components = {one["id"]: one for one in json.loads(files["summary.json"])["components"]}
    assert (components[endpoint]["status"] if endpoint in components else None) == status
    if status:
        assert components[endpoint]["description"] == message


HEX = {"green": "#1b6e3c", "yellow": "#8a5300", "red": "#a31515", "lightgrey": "#4a5a63"}


def test_the_summary_counts_what_nobody_tested_and_is_well_only_where_all_is() -> None:
    def summary(status: Status, *endpoints: str) -> tuple[str, int]:
        kept = {name: status.endpoints[name] for name in endpoints or status.endpoints}
        data = json.loads(feed_files(status.model_copy(update={"endpoints": kept}), TODAY)[SUMMARY])
        times = [one["updated_at"] for one in data["components"]]
        assert times == ["2026-04-14T00:00:00.000Z"] * len(times)
        return data["status"]["indicator"], data["unverified"]

    unseen = "nano-banana-pro/images-generations"
    assert summary(STATUS)[0] == "major" and summary(STATUS)[1] > 0
    assert summary(STATUS, BEST, unseen) == ("none", 1)
    assert summary(STATUS, FAILED, unseen) == ("critical", 1)
    assert summary(STATUS, BEST, "nano-banana-pro/generate-content") == ("minor", 0)
    assert summary(STATUS, unseen) == ("minor", 1)
    held = Hold(endpoint=unseen, to=Standing.NOT_RECOMMENDED, reason="no", by="A", on=TODAY)
    data = feed_files(STATUS.model_copy(update={"holds": (held,)}), TODAY)[SUMMARY]
    (found,) = [one for one in json.loads(data)["components"] if one["id"] == unseen]
    assert (found["status"], found["updated_at"]) == ("major_outage", "2026-04-20T00:00:00.000Z")


def test_a_rehearsal_is_marked_in_every_file() -> None:
    files = feed_files(STATUS, TODAY, is_rehearsal=True)
    assert json.loads(files.pop("status.json"))["rehearsal"] is True
    assert json.loads(files[SUMMARY])["status"]["description"].startswith("REHEARSAL. ")
    files.pop("status.schema.json")
    assert all("rehearsal" in text.lower() for text in files.values())


def test_without_observations_there_are_no_changes_and_the_files_still_parse() -> None:
    empty = STATUS.model_copy(update={"observations": (), "mappings": ()})
    files = feed_files(empty, TODAY)
    ElementTree.fromstring(files["changes.atom"].encode())
    assert json.loads(files["changes.json"])["items"] == []
    assert {one.standing for one in feed_of(Publication(empty, TODAY)).endpoints} == {
        Standing.UNVERIFIED
    }
