"""What may change of a documented fact: anything with a newer day, and nothing without one."""

from pathlib import Path

import pytest
from git_repository import commit
from status_sample import NOW, parsed
from test_documented import SAMPLE

from trueup.check.documented_changes import check_documented
from trueup.check.status_changes import check_history
from trueup.evidence import assess
from trueup.status_file import load_status

DAY = "        on: 2026-04-20\n"
NEWER = "        on: 2026-04-21\n"
OLDER = "        on: 2026-04-19\n"
PAGE = "page: https://docs.example.com/images"
RENAMED = "page: Images of the docs"
PAGE_TOO = f"- {RENAMED}\n{DAY}        limits: [{{of: a, value: 1 MB}}]\n      - {PAGE}"
WIDER = ("value: 20 MB", "value: 40 MB")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ([WIDER], 25),
        ([("most: 10", "most: 12")], 19),
        ([(", most: 10", "")], 19),
        ([("          speed: {type: number, least: 0.25}\n", "")], 19),
        ([("models: [nano-banana]", "models: []")], 18),
        ([(DAY, OLDER)], 17),
        ([WIDER, (DAY, OLDER)], 17),
        ([WIDER, (PAGE, RENAMED)], 25),
        ([WIDER, (f"- {PAGE}", PAGE_TOO)], 28),
    ],
)
def test_a_fact_that_changed_without_a_newer_day_is_found(
    changes: list[tuple[str, str]], line: int
) -> None:
    (found,) = check_documented(parsed(SAMPLE), parsed(changed(changes)))
    assert (found.rule, found.where.line) == ("altered-observation", line)
    assert "status.yml:16" in found.fix and found.fix.endswith("a day after 2026-04-20.")


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [WIDER, (DAY, NEWER)],
        [(PAGE, RENAMED)],
        [WIDER, (PAGE, RENAMED), (DAY, NEWER)],
        [(f"- {PAGE}", PAGE_TOO)],
        [("value: 20 MB}", "value: 20 MB}, {of: a user, value: 200 MB}")],
    ],
)
def test_a_page_may_be_read_again_renamed_or_read_further(changes: list[tuple[str, str]]) -> None:
    assert list(check_documented(parsed(SAMPLE), parsed(changed(changes)))) == []


def test_a_page_may_be_left_out() -> None:
    start, end = SAMPLE.index("documented:\n  - page: Prices"), SAMPLE.index("signatures:\n")
    without = parsed(SAMPLE[:start] + SAMPLE[end:])
    assert list(check_documented(parsed(SAMPLE), without)) == []


def test_check_against_names_the_change(tmp_path: Path) -> None:
    status = tmp_path / "status.yml"
    status.write_text(SAMPLE, "utf-8")
    commit(tmp_path)
    status.write_text(changed([WIDER]), "utf-8")
    stored = load_status(status, NOW)
    found = check_history(stored, assess(stored.status), {}, tmp_path, "main", NOW, NOW.date())
    assert [one.rule for one in found] == ["altered-observation"]


def changed(changes: list[tuple[str, str]]) -> str:
    text = SAMPLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text
