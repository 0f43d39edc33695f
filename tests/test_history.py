"""Changes of standings, and how they and the observations are drawn and listed."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from conftest import TOP
from test_wording import (
    BIRCH,
    DAY,
    EARLIER,
    IMAGES,
    NATIVE,
    hold,
    html_of,
    pages_of,
    row,
    seen,
    status_of,
)

from trueup.evidence import assess, latest_changes
from trueup.model import Standing, Status
from trueup.status_file import parse_status
from trueup.wording.endpoint_history import FIRST, MOST, endpoint_history, history
from trueup.wording.markdown import folded
from trueup.wording.timeline import COLUMNS, LEFT, OUTLINES, RIGHT, WIDTH, Dot, Drawing

NOON = datetime(2026, 4, 14, 12, tzinfo=UTC)
NOW = datetime(2026, 4, 20, tzinfo=UTC)
STATUS = parse_status((TOP / "tests" / "record.yml").read_text("utf-8"), "status.yml", NOW).status
SILENT = "nano-banana/generate-content"


def many(count: int) -> list[dict[str, Any]]:
    """Rows of as many days, each kind of outcome among them."""
    kinds = [
        *(row("output", "aligned"), row("output", "mismatch"), row("output"), row("error")),
        *(row("mixed"), row("inconclusive"), row("error", target="local")),
    ]
    return [
        kinds[number % len(kinds)] | {"at": date(2025, 9, 1) + timedelta(days=number)}
        for number in range(count)
    ]


def on_three_dates(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the latest date, after failures at another target on two dates: enough to draw."""
    days = [DAY - timedelta(days=before) for before in (40, 20)]
    return [*(row("error", target="local", at=day) for day in days), *rows]


def drawing(dots: list[Dot], name: str = "lane", title: str = "t") -> Drawing:
    return Drawing("a", title, title, {name: dots}, NOON + timedelta(days=40), NOON)


def drawn(status: Status, endpoint: str = NATIVE) -> Any:
    (figure,) = html_of(endpoint_history(pages_of(status), endpoint)).xpath("//figure")
    return figure


def test_changes_are_the_moments_at_which_a_standing_moved() -> None:
    rows = [
        *(row("error", at=EARLIER), row("output", "aligned")),
        *(row("output", endpoint=BIRCH), row("error", target="local", endpoint=IMAGES)),
    ]
    changes = latest_changes(assess(status_of(rows)))
    assert [(one.endpoint, one.at.date(), one.before, one.after) for one in changes] == [
        (BIRCH, DAY, Standing.UNVERIFIED, Standing.CONTROLLED_TESTING),
        (NATIVE, DAY, Standing.NOT_RECOMMENDED, Standing.CONTROLLED_TESTING),
        (NATIVE, EARLIER, Standing.UNVERIFIED, Standing.NOT_RECOMMENDED),
    ]


def test_the_drawing_is_named_and_described_by_ids_of_its_own() -> None:
    silent = [{**one, "endpoint": IMAGES} for one in on_three_dates()]
    rows = [*on_three_dates(row("output", "aligned")), *silent, row("error", endpoint=IMAGES)]
    page = html_of(history(pages_of(status_of(rows)), "acorn"))
    drawings = page.xpath("//svg[@role='img']")
    assert len(drawings) == 2
    for drawing in drawings:
        title, about = drawing.get("aria-labelledby").split()
        assert drawing.find("title").get("id") == title
        assert drawing.find("desc").get("id") == about
        assert "POST /v1/" in drawing.findtext("title")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids)) == 4


def test_the_drawing_has_no_style_and_no_script() -> None:
    figure = drawn(status_of(many(20), holds=[hold("controlled-testing")]))
    for element in figure.iter():
        assert element.tag not in ("style", "script", "a", "output", "use", "foreignobject")
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


@pytest.mark.parametrize(
    ("outcome", "billing", "kind"),
    [
        ("output", "aligned", "output"),
        ("output", None, "bare"),
        ("output", "inconclusive", "bare"),
        ("output", "mismatch", "billed"),
        ("error", None, "error"),
        ("mixed", None, "mixed"),
        ("inconclusive", None, "inconclusive"),
    ],
)
def test_each_kind_has_a_shape_and_a_word_in_the_legend(
    outcome: str, billing: str | None, kind: str
) -> None:
    figure = drawn(status_of(on_three_dates(row(outcome, billing))))
    dots = figure.xpath(f"./svg/path[contains(@class, 'tu-dot-{kind}')]")
    assert len(dots) == 1 + 2 * (kind == "error")
    (key,) = figure.xpath(f".//li[svg/path[contains(@class, 'tu-dot-{kind}')]]")
    assert key.text_content().strip()
    assert key.find("svg").get("aria-hidden") == "true"


def test_kinds_differ_by_more_than_their_colour() -> None:
    shapes = {kind: shape for kind, shape in OUTLINES.items() if kind != "bare"}
    assert len(set(shapes.values())) == len(shapes)  # `bare` is the same circle, not filled


def test_a_row_of_another_request_is_drawn_and_listed_as_one() -> None:
    changed = row("output", "aligned")
    changed["sent"] = changed["sent"] | {"request": "POST /v1/elsewhere"}
    text = endpoint_history(pages_of(status_of(on_three_dates(changed))), NATIVE)
    assert text.count("tu-past") == 2
    assert seen(text).count("with a request that has changed since") == 2


def test_the_list_says_all_that_is_drawn() -> None:
    status = status_of(many(20))
    page = html_of(endpoint_history(pages_of(status), NATIVE))
    (details,) = page.xpath("//details[contains(@class, 'tu-rows')]")
    days = [time.get("datetime") for time in details.xpath(".//li/time")]
    assert days == [str(one.day) for one in status.seen(NATIVE)]


def test_a_lasting_row_shows_its_first_and_its_last_day() -> None:
    first = datetime(2026, 4, 1, tzinfo=UTC)
    lasting = row("output", "aligned") | {"first": first, "last": NOON, "times": 4}
    del lasting["at"]
    text = endpoint_history(pages_of(status_of(on_three_dates(lasting))), NATIVE)
    assert "2026-04-01 to 2026-04-14, 4 times" in seen(text)
    assert "tu-lasting" in text


@pytest.mark.parametrize("count", [3, 200])
def test_a_drawing_holds_three_rows_as_well_as_two_hundred(count: int) -> None:
    figure = drawn(status_of(many(count)))
    (svg,) = figure.xpath("./svg")
    width, height = (float(part) for part in svg.get("viewbox").split()[2:])
    dots = svg.xpath("./path[contains(@class, 'tu-dot')]")
    assert 1 <= len(dots) <= MOST
    assert width == WIDTH and height < 260
    for path in svg.xpath("./path"):
        x, y = (float(part) for part in re.findall(r"[\d.]+", path.get("d"))[:2])
        assert 0 <= x <= RIGHT + 1 and 0 <= y <= height
    for text in svg.xpath("./text"):
        assert 0 <= float(text.get("x")) <= WIDTH and 0 < float(text.get("y")) < height
    assert len(svg.xpath("./text[contains(@class, 'tu-tick')]")) == 3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_are_drawn_from_three_dates_on_and_listed_once_before(count: int) -> None:
    rows = [row("output", "aligned", at=DAY - timedelta(days=day)) for day in range(count)]
    page = html_of(endpoint_history(pages_of(status_of([*rows, row("output")])), NATIVE))
    assert len(page.xpath("//figure")) == len(page.xpath("//details")) == int(count == 3)
    listed = [one.text_content() for one in page.xpath("./ul/li")]
    if count < 3:
        assert len(listed) == count + 1
        assert not any("was unverified" in line for line in listed)


def test_a_drawing_ends_today_and_shades_what_is_stale() -> None:
    status = status_of(on_three_dates(row("output")))
    ends = {}
    for age in (0, 35):
        today = DAY + timedelta(days=age)
        page = html_of(endpoint_history(pages_of(status, today), NATIVE))
        ticks = page.xpath("//figure/svg/text[contains(@class, 'tu-tick')]")
        first = DAY - timedelta(days=40)
        assert [ticks[0].text, ticks[-1].text] == [str(first), str(today)]
        (shade,) = page.xpath("//figure/svg/path[@class='tu-old']")
        ends[age] = float(re.findall(r"H([\d.]+)", shade.get("d"))[0])
        assert "stale" in page.xpath("//figcaption")[0].text_content()
    fresh_for = status.policy.fresh_for.days
    assert ends == {
        age: round(LEFT + (RIGHT - LEFT) * (40 + age - fresh_for) / (40 + age), 1) for age in ends
    }
    recent = endpoint_history(
        pages_of(status_of([row("output", at=DAY - timedelta(days=n)) for n in range(3)])), NATIVE
    )
    assert "<figure" in recent and "tu-old" not in recent


def test_omitted_rows_are_mentioned() -> None:
    text = endpoint_history(pages_of(status_of(many(200))), NATIVE)
    assert "Older ones are in the status file." in text
    assert text.rpartition("??? note tu-rows")[2].count("\n    - ") == MOST + 1
    few = endpoint_history(pages_of(status_of(many(5))), NATIVE)
    assert "Older ones" not in few


def test_equal_marks_that_touch_become_one_and_different_ones_are_stacked() -> None:
    dots = [Dot(NOON, NOON, kind) for kind in ("output", "output", "error")]
    text = drawing(dots).render()
    heights = re.findall(r'class="tu-dot [^"]*" d="M[\d.]+ ([\d.]+)', text)
    assert len(heights) == 2 and len(set(heights)) == 2


def test_marks_of_one_kind_keep_their_distance() -> None:
    dots = [Dot(at, at, "output") for at in (NOON + timedelta(hours=2 * n) for n in range(500))]
    text = drawing(dots).render()
    places = sorted(map(float, re.findall(r'tu-dot-output" d="M([\d.]+)', text)))
    assert len(places) == COLUMNS
    assert all(b - a > 10 for a, b in pairwise(places))


def test_changes_and_holds_are_drawn_and_listed() -> None:
    rows = on_three_dates(row("error", at=EARLIER), row("output", "aligned"))
    text = endpoint_history(pages_of(status_of(rows, holds=[hold("not-recommended")])), NATIVE)
    assert text.count('<path class="tu-move"') == 3 and "✕" in text and "△" in text
    assert text.count('<path class="tu-hold"') == 2
    listed = seen(text)
    assert "2026-04-14: not recommended → controlled testing" in listed
    assert "2026-05-01: A. Person has held it back since 2026-05-01" in listed


def test_a_hold_that_is_older_than_the_rows_is_drawn_from_their_start() -> None:
    holds = [hold("not-recommended", on=date(2020, 1, 1))]
    status = status_of(on_three_dates(row("output")), holds=holds)
    text = endpoint_history(pages_of(status), NATIVE)
    assert text.count('<path class="tu-hold"') == 2 and "2020-01-01</text>" not in text


def test_only_the_newest_changes_are_unfolded() -> None:
    page = html_of(endpoint_history(pages_of(status_of(many(60))), NATIVE))
    assert len(page.xpath("./ul/li")) == FIRST
    folded = page.xpath("//details[contains(@class, 'tu-moves')]//li")
    assert len(folded) + FIRST == len(latest_changes(assess(status_of(many(60)))))


def test_without_an_observation_a_hold_is_still_listed() -> None:
    text = endpoint_history(pages_of(status_of(holds=[hold("not-recommended")])), NATIVE)
    assert "has held it back since" in text and "<svg" not in text
    assert endpoint_history(pages_of(status_of()), NATIVE) == "No observations yet."


def test_texts_of_a_drawing_stay_texts() -> None:
    wild = '</title><script>&"'
    assert "<script" not in drawing([Dot(NOON, NOON, "error")], wild, wild).render()


def test_texts_of_a_drawing_stay_texts_where_it_is_folded() -> None:
    wild = "*a* `b` [c](d) __e__ <i>f</i> &amp; {g} \\h"
    text = folded("note", "t", drawing([Dot(NOON, NOON, "error")], wild, wild).render())
    shown = html_of(text).xpath("//details//title | //details//*[contains(@class, 'tu-lane')]")
    assert [one.text_content() for one in shown] == [wild, wild]


def test_changes_follow_the_order_of_the_record() -> None:
    changes = latest_changes(assess(STATUS))
    last = {one.endpoint: one.after for one in reversed(changes)}
    for endpoint in STATUS.endpoints:
        assert last.get(endpoint, Standing.UNVERIFIED) is assess(STATUS)[endpoint].supported
    assert all(one.before is not one.after for one in changes)
    assert len({one.id for one in changes}) == len(changes) > 3


def ids_of(status: Status) -> set[str]:
    return {change.id for change in latest_changes(assess(status))}


def test_a_change_keeps_its_id_when_later_rows_come_or_it_is_seen_again() -> None:
    *others, last = STATUS.observations
    fewer = STATUS.model_copy(update={"observations": tuple(others)})
    assert ids_of(fewer) <= ids_of(STATUS)
    moments = {"at": None, "first": last.newest, "last": NOW, "times": 2}
    again = last.model_copy(update=moments)
    seen = STATUS.model_copy(update={"observations": (*others, again)})
    assert ids_of(seen) == ids_of(STATUS)
    works = next(row for row in STATUS.observations if row.outcome == "output" and not row.variant)
    fails = works.model_copy(update={"outcome": "error", "shape": None, "image": None})
    swings = STATUS.model_copy(update={"observations": (works, fails) * 3})
    assert len(ids_of(swings)) == len(latest_changes(assess(swings))) == 6


def test_the_silence_of_one_counts_once_another_is_conclusive() -> None:
    conclusive = next(
        row for row in STATUS.observations if row.endpoint == SILENT and not row.variant
    )
    silent = conclusive.model_copy(
        update={
            "outcome": "inconclusive",
            "kind": "no-answer",
            "reason": "x",
            "shape": None,
            "image": None,
        }
    )
    rows = []
    for day in (date(2026, 4, 15), date(2026, 4, 16)):
        other = conclusive.model_copy(
            update={"at": day, "endpoint": "nano-banana-2/generate-content"}
        )
        rows += [silent.model_copy(update={"at": day, "billing": None}), other]
    status = STATUS.model_copy(update={"observations": (conclusive, *rows)})
    (newest, *_) = [one for one in latest_changes(assess(status)) if one.endpoint == SILENT]
    assert newest.after is assess(status)[SILENT].supported is Standing.NOT_RECOMMENDED
