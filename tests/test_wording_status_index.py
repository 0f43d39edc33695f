"""A status page of many endpoints stays within 300 kB, and says what a short one says."""

from datetime import date
from typing import Any

import lxml.html
import pytest
from browsing import some
from test_wording import DAY, ENGLISH, Row, facts_of, html_of, row, seen

from trueup.model import Status, anchor
from trueup.wording.catalogue import Catalogue, load_catalogue
from trueup.wording.model_parts import start_here
from trueup.wording.pages import PageText
from trueup.wording.status_index import MOST, MOST_PAGELESS, ROOM, status_places
from trueup.wording.status_page import comparison_table, endpoints, overall, standings
from trueup.wording.tables import shapes, signatures

MOST_BYTES = 300_000
RESULTS: tuple[tuple[str, str | None], ...] = (
    ("output", "aligned"), ("output", None), ("error", None), ("", None),
)  # fmt: skip


def rows_of(name: str, number: int, targets: tuple[str, ...]) -> list[Row]:
    outcome, billing = RESULTS[number % 4]
    fields: dict[str, Any] = {"shape": "b64_json", "mime": "image/png"}
    if outcome == "error":
        fields = {"signatures": ["no-channel"]}
    made = [row(outcome, billing, endpoint="acorn/images", target=one, **fields) for one in targets]
    sent = {"body": {"model": name}}
    return [
        {**one, "endpoint": f"{name}/images", "sent": {**one["sent"], **sent}}
        for one in made
        if outcome
    ]


def many(count: int, targets: tuple[str, ...] = ("production",)) -> Status:
    """So many models with an endpoint each: recommended, billed unseen, failed, never tested."""
    names = [f"claude-opus-4-6-thinking-{number:04}" for number in range(count)]
    replay = {"status": 503, "message": "no channel"}
    known = {"match": "no channel", "cause": "no upstream serves the model", "replay": replay}
    facts = facts_of(
        [one for number, name in enumerate(names) for one in rows_of(name, number, targets)],
        signatures={"no-channel": known},
    )
    facts["models"] = {name: {"title": f"Claude {name[-4:]}"} for name in names}
    facts["endpoints"] = {f"{name}/images": {"body": {}} for name in names}
    return Status.model_validate(facts)


def page_of(status: Status, catalogue: Catalogue = ENGLISH, *, with_pages: bool = True) -> PageText:
    """The text of pages, with one for each model or for none."""
    places = status_places(status, status.models if with_pages else ())

    def link(endpoint: str) -> str:
        return places.get(endpoint) or f"{endpoint.split('/')[0]}.md#{anchor(endpoint)}"

    return PageText(status, catalogue, date(2027, 1, 1), link)


def whole(page: PageText) -> str:
    return "\n\n".join(
        [overall(page), endpoints(page), comparison_table(page), standings(page), start_here(page)]
    )


@pytest.mark.parametrize(
    ("count", "language"),
    some([(MOST, "ru"), (839, "ja"), (839, "ru"), (3000, "ru")], (839, "ru")),
)
def test_no_status_page_is_larger_than_300_kb(count: int, language: str) -> None:
    status = many(count, ("production", "local"))
    for with_pages in (True, False):
        page = page_of(status, load_catalogue(language), with_pages=with_pages)
        html = html_of(whole(page))
        size = len(lxml.html.tostring(html, encoding="utf-8"))
        assert size < MOST_BYTES - 30_000  # the frame of the page


def test_many_endpoints_are_counted_and_listed_by_standing() -> None:
    page = page_of(many(400))
    html = html_of(endpoints(page))
    groups = [" ".join(one.text_content().split()) for one in html.xpath("//p[@class='tu-group']")]
    assert groups == [
        "100 recommended · stale",
        "100 for controlled testing · stale",
        "100 not recommended · stale",
        "100 unverified",
    ]
    lists = html.xpath("//ul")
    assert [len(one) for one in lists] == [100] * 4
    first = lists[2][0]
    assert first.text_content() == f"Claude 0002: images, {DAY}"
    name = "claude-opus-4-6-thinking-0002"
    link = first.find("a")
    assert (link.get("href"), link.get("id")) == (f"{name}.md#{name}--images", f"{name}--images")
    assert lists[3][0].text_content() == "Claude 0003: images"


def test_each_endpoint_of_a_large_page_has_the_standing_of_the_group_that_it_is_in() -> None:
    page = page_of(many(120))
    html = html_of(endpoints(page))
    shown: dict[str, str] = {}
    for group in html.xpath("//p[@class='tu-group']"):
        word = group.xpath("string(span/@class)").removeprefix("tu-standing tu-")
        shown |= dict.fromkeys(map(str, group.getnext().xpath(".//@id")), word)
    assert shown == {anchor(name): str(one.standing) for name, one in page.assessments.items()}


def test_a_route_without_a_model_is_listed_by_its_own_name() -> None:
    facts = many(60).model_dump(by_alias=True, exclude_unset=True)
    facts["routes"]["rates"] = {"request": "GET /v1/rates", "protocol": "json", "auth": "bearer"}
    facts["routes"]["rates"]["output"] = {"pointer": "/rates", "kind": "json"}
    facts["endpoints"]["-/rates"] = {}
    page = page_of(Status.model_validate(facts))
    html = html_of(f"{endpoints(page)}\n\n{standings(page)}")
    (item,) = html.xpath("//li[contains(., 'rates')]")
    (heading,) = html.xpath("//h2")
    assert item.text_content() == "rates"
    place = anchor("-/rates")
    assert item.find("a").get("href") == f"status.md#{place}" and heading.get("id") == place
    kinds = [one.text_content() for one in html.xpath("//p[count(*) = 1]/strong")]
    assert kinds == ["Images", "Vectors and data"]


def test_what_has_no_room_is_counted_and_the_unverified_are_left_out_first() -> None:
    page = page_of(many(3000))
    text = endpoints(page)
    assert len(text.encode()) < ROOM + 2_000
    groups = html_of(text).xpath("//ul")
    assert groups[0][-1].text_content().startswith("Claude ")
    assert groups[-1][-1].text_content() == "750 more"
    listed = [len(one) for one in groups]
    lefts = [one[-1].text_content().split()[0] for one in groups]
    counted = [int(left) if left.isdigit() else 1 for left in lefts]
    assert sum(listed) - 4 + sum(counted) == 3000


def test_the_evidence_of_many_endpoints_is_on_the_pages_of_their_models() -> None:
    assert standings(page_of(many(60))) == (
        "The evidence of each endpoint is on the page of its model."
    )
    assert "Kiwi" not in standings(page_of(many(60)))
    assert "Evidence" in standings(page_of(many(MOST)))


def test_a_large_page_holds_the_evidence_of_the_first_endpoints_without_a_page() -> None:
    status = many(60)
    page = page_of(status, with_pages=False)
    html = html_of(f"{endpoints(page)}\n\n{standings(page)}")
    headings = [(one.get("id"), one.text_content()) for one in html.xpath("//h2")]
    names = list(status.endpoints)[:MOST_PAGELESS]
    assert [one[0] for one in headings] == [anchor(name) for name in names]
    assert headings[0][1].startswith("Claude 0000, images")
    assert len(html.xpath("//details")) == MOST_PAGELESS
    ids = [str(one) for one in html.xpath("//@id")]
    assert len(ids) == len(set(ids)) and {anchor(name) for name in status.endpoints} <= {*ids}
    places = {page.link(name) for name in status.endpoints}
    assert places == {"status.md", *(f"status.md#{anchor(name)}" for name in names)}


def test_the_places_of_a_short_status_page_are_the_headings_of_models() -> None:
    status = many(2)
    assert status_places(status, [next(iter(status.models))]) == {
        "claude-opus-4-6-thinking-0001/images": "status.md#claude-opus-4-6-thinking-0001"
    }


def test_of_many_compared_endpoints_those_that_differ_come_first() -> None:
    status = many(200, ("production", "local"))
    facts = status.model_dump(by_alias=True, exclude_unset=True)
    last = facts["observations"][-1]
    assert last["outcome"] == "error" and last["target"] == "local"
    changed = {**last, "outcome": "output", "signatures": []}
    facts["observations"] = [*facts["observations"][:-1], changed]
    html = html_of(comparison_table(page_of(Status.model_validate(facts))))
    rows = [" ".join(one.text_content().split()) for one in html.xpath("//tbody/tr")]
    assert len(rows) == 31 and rows[-1] == "120 more"
    assert "local differed from production" in rows[0] and "same result" in rows[1]


def test_lists_of_endpoints_elsewhere_say_how_many_more_there_are() -> None:
    status = many(400)
    page = page_of(status)
    items = html_of(signatures(page)).xpath("//li")
    assert len(items) == 61 and items[-1].text_content() == "40 more"
    rows = html_of(shapes(page, "openai-images")).xpath("//tbody/tr")
    assert len(rows) == 61 and rows[-1].text_content().split() == ["140", "more"]
    untested = Status.model_validate(
        status.model_dump(by_alias=True, exclude_unset=True) | {"observations": []}
    )
    text = seen(start_here(page_of(untested)))
    assert "Claude 0019" in text and "Claude 0020" not in text and "and 380 more." in text
