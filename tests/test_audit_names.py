"""Names: what a replacement merges, and edits that only look like one."""

from pathlib import Path

import pytest
from audit_trees import DAY, audited, commit_on

from trueup.audit import audit_tree

MERGED = {
    "a list in one line of code": (
        '```js\na(["b-1", "b-2"])\n```\n',
        "b-1",
        "b-2",
        "same-names a.md:2",
    ),
    "an item of a list in code": (
        '```json\n[\n  "b-1",\n  "b-2"\n]\n```\n',
        "b-1",
        "b-2",
        "same-keys a.md:3 a.md:4",
    ),
    "a heading": ("## `b-1` and `b-2`\n", "b-1", "b-2", "same-names a.md:1"),
    "two headings": ("## b-1\n\nOne.\n\n## b-2\n\nTwo.\n", "b-1", "b-2", "same-keys a.md:1 a.md:5"),
    "items": ("- `b-1`: one\n- `b-2`: two\n", "b-1", "b-2", "same-keys a.md:1 a.md:2"),
    "versions of a name": ("From Boat 1.0 to Boat 2.0 now.\n", "1.0", "2.0", "same-names a.md:1"),
    "paths": ("Call `/v1/one` or `/v1/two` now.\n", "one", "two", "same-names a.md:1"),
    "a table in another language": (
        "| `b-1` 或 `b-2` | 1 |\n| --- | --- |\n",
        "b-1",
        "b-2",
        "same-names a.md:1",
    ),
    "a host": (
        "Use `api.old.example` or `api.new.example`.\n",
        "api.old",
        "api.new",
        "same-names a.md:1",
    ),
}
ENTRIES = "| M | P |\n| --- | --- |\n| Sora | 1 |\n| Kling | 2 |\n"
MERGED |= {
    "words in marks of code": ("Use `flux` or `kling`.\n", "flux", "kling", "same-names a.md:1"),
    "names of like letters": (
        "| `os_name` | `os.name` |\n",
        "os_name",
        "os.name",
        "same-names a.md:1",
    ),
    "a name and a longer one": (
        "Move from `boat-4` to `boat-4o`.\n",
        "boat-4`",
        "boat-4o`",
        "same-names a.md:1",
    ),
    "names without a mark, in many places": (
        f"{ENTRIES}\nSora or Kling.\n\nUse Sora.\n",
        "Sora",
        "Kling",
        "same-keys a.md:3 a.md:4",
    ),
}
KEPT = {
    "the text of a link": ("See [b-1](docs/b-2.md).\n", "b-1", "b-2"),
    "a price": ("| one | $0.10 | $0.20 |\n| --- | --- | --- |\n", "0.10", "0.20"),
    "a misspelt name": ("The `image.quality` of `images.quality`.\n", "`image.", "`images."),
    "a key of two cells": (
        "| m | p |\n| --- | --- |\n| `GET` | `/a` |\n| `GET` | `/b` |\n| `POST` | `/c` |\n",
        "`POST`",
        "`GET`",
    ),
    "a variable": ("```py\nx_1 = f(a_1, b_1)\n```\n", "a_1", "b_1"),
    "an alias of one name": ("- `b-2`: made-by/b-1\n", "b-1", "b-2"),
    "another row": ("| `a-1/one` | `x-1` |\n", "a-1/one` | `x-1`", "b-1/two` | `b-1`"),
    "a true word": ("It is False by default; True is better.\n", "False", "True"),
    "a sentence written anew": (
        "Use `b-1`, then wait for `b-2`.\n",
        "`b-1`, then wait for `b-2`",
        "`b-2` at once; wait for `b-2`",
    ),
}


def history(top: Path, text: str, old: str, new: str) -> list[str]:
    commit_on(top, DAY, {"a.md": text})
    commit_on(top, "2026-04-14", {"a.md": text.replace(old, new)})
    return [one for one in audited(top) if one.startswith("same-")]


@pytest.mark.parametrize("name", MERGED)
def test_names_that_a_replacement_merged_are_found(name: str, tmp_path: Path) -> None:
    *edit, expected = MERGED[name]
    assert expected in history(tmp_path, *edit)


@pytest.mark.parametrize("name", KEPT)
def test_an_edit_that_merges_no_names_is_well(name: str, tmp_path: Path) -> None:
    assert history(tmp_path, *KEPT[name]) == []


def test_a_claim_that_was_tested_again_after_the_replacement_is_well(tmp_path: Path) -> None:
    text = "Tested on {}:\n\n- `{}` on images\n- `other-1` on chat\n"
    commit_on(tmp_path, DAY, {"a.md": text.format("2026-03-23", "boat-1")})
    commit_on(tmp_path, "2026-04-14", {"a.md": text.format("2026-03-23", "boat-9")})
    assert audited(tmp_path) == ["claim-before-name a.md:1 a.md:3"]
    commit_on(tmp_path, "2026-04-20", {"a.md": text.format("2026-04-20", "boat-9")})
    assert audited(tmp_path) == []


@pytest.mark.parametrize(
    "claim",
    [
        "Last verified: 2026-03-23, `{}`.",
        "`{}` was tested on March 23, 2026.",
        "2026年3月23日に `{}` を検証しました。",
        "Проверено 23 марта 2026: `{}`.",
        "## Tested on 2026-03-23\n\n`{}` works.",
        "| Model | Tested |\n| --- | --- |\n| `{}` | 2026-03-23 |",
    ],
)
def test_a_dated_verification_is_read_in_each_form(claim: str, tmp_path: Path) -> None:
    commit_on(tmp_path, DAY, {"a.md": f"{claim.format('boat-1')}\n"})
    commit_on(tmp_path, "2026-04-14", {"a.md": f"{claim.format('boat-2')}\n"})
    assert [one.split()[0] for one in audited(tmp_path)] == ["claim-before-name"]


def test_a_name_that_is_put_back_is_no_new_one(tmp_path: Path) -> None:
    texts = [f"Verified on 2026-01-02: `{name}` works.\n" for name in ("b-1", "b-3", "b-1")]
    for day, text in zip(("2026-01-02", "2026-02-02", "2026-03-02"), texts, strict=True):
        commit_on(tmp_path, day, {"a.md": text})
        expected = ["claim-before-name a.md:1"] if "b-3" in text else []
        assert audited(tmp_path) == expected


def moved(top: Path, *claims: str) -> list[str]:
    """The findings where one commit moved the dates of claims on twin pages."""
    pages = {"en": "Tested on", "ja": "検証日", "ru": "Проверено", "zh": "验证于"}
    for day, date in ((DAY, "2026-03-23"), ("2026-04-14", "2026-04-13")):
        files = {
            f"docs/{name}/a.md": "".join(f"{word} {date}: {claim}\n\n" for claim in claims)
            for name, word in pages.items()
        }
        commit_on(top, day, files)
    return audited(top)


def test_a_claim_of_twin_pages_is_one_claim_whose_date_was_moved(tmp_path: Path) -> None:
    assert moved(tmp_path, "`boat-1`") == []


def test_two_claims_of_twin_pages_are_found_in_every_language(tmp_path: Path) -> None:
    places = [f"docs/{name}/a.md:{line}" for name in ("en", "ja", "ru", "zh") for line in (1, 3)]
    assert moved(tmp_path, "`boat-1`", "`boat-2`") == [f"moved-dates {' '.join(places)}"]
    (finding,) = audit_tree(tmp_path).findings
    assert "changed the date of 2 verifications" in finding.problem
