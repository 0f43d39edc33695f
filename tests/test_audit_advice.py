"""Advices: which sentences recommend or warn, and which of them contradict each other."""

from pathlib import Path

import pytest
from advice_samples import ADVISED_AGAINST, NEITHER, RECOMMENDED
from audit_trees import audited, write_files

from trueup.audit import audit_tree
from trueup.audit.advice import advices_of
from trueup.audit.page import read_page

BOTH = ("`boat-1` is recommended.", "`boat-1` is not recommended.")


def advised(text: str) -> list[tuple[str, bool]]:
    found = advices_of(read_page("a.md", f"{text}\n"))
    return [(one.name, one.is_for) for one in found if one.name != "boat-9"]


@pytest.mark.parametrize("text", RECOMMENDED.splitlines())
def test_a_sentence_that_recommends_is_read(text: str) -> None:
    assert advised(text) == [("boat-1", True)]


@pytest.mark.parametrize("text", ADVISED_AGAINST.splitlines())
def test_a_sentence_that_warns_is_read(text: str) -> None:
    assert advised(text) == [("boat-1", False)]


@pytest.mark.parametrize("text", NEITHER.splitlines())
def test_a_sentence_with_a_condition_or_about_something_else_is_no_advice(text: str) -> None:
    assert advised(text) == []


def test_do_not_use_one_use_another_is_an_advice_about_each() -> None:
    found = advices_of(read_page("a.md", "Do not use `boat-1`, use `boat-2` instead.\n"))
    assert [(one.name, one.is_for) for one in found] == [("boat-1", False), ("boat-2", True)]


def test_a_condition_in_the_next_line_of_a_paragraph_counts() -> None:
    assert advised("Use `boat-1`\nfor images.") == []
    assert advised("Use\n`boat-1`.") == [("boat-1", True)]


def test_items_below_an_advice_have_it() -> None:
    text = "{}\n\n- `boat-1`: the newest\n- `boat-2` prompts\n- `boat-3`, only for maps\n"
    assert advised(text.format("Recommended models:")) == [("boat-1", True)]
    assert advised(text.format("## Not recommended")) == [("boat-1", False)]
    assert advised(text.format("Recommended sizes:")) == []


TABLE = "| Model | {} | Status |\n| --- | --- | --- |\n"


def test_a_row_has_the_advice_of_a_cell() -> None:
    row = "| `boat-1` | fast | Not recommended |\n"
    assert advised(TABLE.format("Speed") + row) == [("boat-1", False)]
    assert advised(TABLE.format("Use for") + row) == []
    assert advised(TABLE.format("Task") + row + row.replace("fast", "maps")) == []


WELL = {
    "another language": {
        "docs/en/a.md": BOTH[0],
        "docs/ja/a.md": "`boat-1` は推奨されません。",
    },
    "another version of the docs": {"docs/v1/a.md": BOTH[0], "docs/v2/a.md": BOTH[1]},
    "routes of their pages": {
        "a.md": f"# A\n\n`POST /v1/maps`\n\n{BOTH[0]}",
        "b.md": f"# B\n\n`POST /v1/ships`\n\n{BOTH[1]}",
    },
    "a route on one side": {"a.md": "Use `boat-1` on `POST /v1/maps`.", "b.md": BOTH[1]},
    "a heading with a condition": {"a.md": f"# If you stream\n\n{BOTH[0]}", "b.md": BOTH[1]},
    "headings about two things": {
        "a.md": "# Painting\n\nUse `boat-1`.",
        "b.md": "# Chat\n\nDo not use `boat-1`.",
    },
    "a bad example": {"a.md": "# Mistakes\n\nWrong:\n\n- Use `boat-1`.", "b.md": BOTH[1]},
    "one paragraph": {"a.md": " ".join(BOTH)},
}


@pytest.mark.parametrize("name", WELL)
def test_advices_about_two_cases_are_well(name: str, tmp_path: Path) -> None:
    assert audited(write_files(tmp_path, WELL[name]))[1:] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        BOTH,
        ("请使用 `boat-1`。", "不推荐使用 `boat-1`。"),
        ("`boat-1` を推奨します。", "`boat-1` は非推奨です。"),
        ("Используйте `boat-1`.", "`boat-1` не рекомендуется."),
        ("## Recommended\n\n- `boat-1`", "`boat-1` is deprecated for new work."),
    ],
)
def test_advices_that_contradict_each_other_are_found(one: str, other: str, tmp_path: Path) -> None:
    top = write_files(tmp_path, {"a.md": one, "b.md": f"# Notes\n\n{other}\n"})
    line = len(one.splitlines())
    assert audited(top)[1:] == [f"advice-both-ways a.md:{line} b.md:3"]


def test_a_discussion_is_no_contradiction(tmp_path: Path) -> None:
    texts = ["\n\n".join(text.replace("-1", f"-{n}") for n in range(9)) for text in BOTH]
    assert audited(write_files(tmp_path, {"a.md": texts[0], "b.md": texts[1]}))[1:] == []


def test_the_message_takes_no_side(tmp_path: Path) -> None:
    top = write_files(tmp_path, {"a.md": BOTH[0], "b.md": BOTH[1]})
    assert audit_tree(top).findings[-1].problem == (
        "'boat-1' is recommended in 1 place, the first of these, and advised against in 1 place "
        "after"
    )
