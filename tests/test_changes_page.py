"""The page of changes: what the feeds publish, by day."""

import json
from datetime import date, timedelta

from test_wording import (
    ALIGNED,
    BIRCH,
    DAY,
    EARLIER,
    IMAGES,
    NATIVE,
    html_of,
    pages_of,
    row,
    status_of,
)

from trueup.evidence.assessment import MOST_CHANGES
from trueup.feed.files import feed_files
from trueup.model import Status
from trueup.wording.changes_page import recent_changes


def lines_of(status: Status) -> dict[str, list[str]]:
    """The changes that a reader sees, by the id of the heading over them."""
    page = html_of(recent_changes(pages_of(status)))
    return {
        str(heading.get("id")): [one.text_content() for one in heading.getnext().xpath("./li")]
        for heading in page.xpath("//h2")
    }


def test_changes_are_listed_by_day_newest_first() -> None:
    later = row("output", endpoint=BIRCH, at=DAY)
    rows = [row("error", at=EARLIER), ALIGNED, later, row("error", endpoint=IMAGES, at=EARLIER)]
    assert lines_of(status_of(rows)) == {
        str(DAY): [
            "Birch, native: unverified → controlled testing",
            "Acorn, native: not recommended → controlled testing",
        ],
        str(EARLIER): [
            "Acorn, images: unverified → not recommended",
            "Acorn, native: unverified → not recommended",
        ],
    }
    links = html_of(recent_changes(pages_of(status_of(rows)))).xpath("//li/a/@href")
    names = (BIRCH, NATIVE, IMAGES, NATIVE)
    assert links == [f"#{name.replace('/', '--')}" for name in names]


def test_the_page_lists_the_changes_that_the_feeds_publish() -> None:
    first = date(2025, 9, 1)
    swings = [
        row("error" if number % 2 else "output", at=first + timedelta(days=number))
        for number in range(MOST_CHANGES + 3)
    ]
    status = status_of(swings)
    items = json.loads(feed_files(status, DAY)["changes.json"])["items"]
    assert list(lines_of(status)) == [item["date_published"][:10] for item in items]
    assert len(items) == MOST_CHANGES


def test_without_a_change_the_page_says_so() -> None:
    assert recent_changes(pages_of(status_of())) == "No standing has changed yet."
