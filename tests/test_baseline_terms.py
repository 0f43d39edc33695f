"""Baseline entries, one term at a time: what they suppress, until when, and how they may grow."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from trueup.check.baseline import LONGEST, Entry, apply_baseline, grown_baseline
from trueup.finding import Finding
from trueup.place import Place

TOP = Path("/site")
TODAY = date(2026, 5, 20)
ENTRY = Entry(rule="drift", path="a.yml", problem="x", until=TODAY)
FOUND = Finding(Place("/site/a.yml", 3), "x", "Z.", "drift")


@pytest.mark.parametrize(
    ("update", "rules"),
    [
        ({}, []),
        ({"until": TODAY + LONGEST}, []),
        ({"until": TODAY + LONGEST + timedelta(days=1)}, ["expired-baseline"]),
        ({"until": date(9999, 12, 31)}, ["expired-baseline"]),
        ({"until": TODAY - timedelta(days=1)}, ["expired-baseline"]),
        ({"times": 2}, []),
        ({"rule": "dead-link"}, ["drift", "unused-baseline"]),
        ({"path": "b.yml"}, ["drift", "unused-baseline"]),
        ({"problem": "y"}, ["drift", "unused-baseline"]),
    ],
)
def test_an_entry_suppresses_its_finding_until_its_date(
    update: dict[str, object], rules: list[str]
) -> None:
    entries = [ENTRY.model_copy(update=update)]
    assert [one.rule for one in apply_baseline([FOUND], entries, TOP, TODAY)] == rules


def test_an_entry_suppresses_no_more_findings_than_it_has() -> None:
    more = [Finding(Place("/site/a.yml", line), "x", "Z.", "drift") for line in (3, 5, 9)]
    entries = [ENTRY.model_copy(update={"times": 2})]
    assert apply_baseline(more, entries, TOP, TODAY) == more[2:]


LATER = TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ([{}], [{}], []),
        ([{"times": 2}], [{}], []),
        ([{"until": LATER}], [{}], []),
        ([{}], [], []),
        ([], [{"times": 3}], ["newly suppresses drift: 3"]),
        ([{}], [{"times": 3}], ["newly suppresses drift: 2"]),
        ([{}], [{"until": LATER}], ["suppresses for longer drift: 1"]),
        ([{}], [{"path": "b.yml"}], ["newly suppresses drift: 1"]),
        ([{}], [{"problem": "y"}], ["newly suppresses drift: 1"]),
        ([{}], [{}, {"rule": "dead-link"}], ["newly suppresses dead-link: 1"]),
    ],
)
def test_what_a_baseline_suppresses_beyond_an_older_one_is_named(
    old: list[dict[str, object]], new: list[dict[str, object]], problems: list[str]
) -> None:
    before, after = ([ENTRY.model_copy(update=one) for one in each] for each in (old, new))
    found = [one.problem for one in grown_baseline(before, after, TOP)]
    assert found == [f"the baseline {problem}" for problem in problems]
