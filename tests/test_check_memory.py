"""The memory of a check: it saves time, and never a finding."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import copy_repository

from trueup.check import check_sources
from trueup.check.memory import FILE, Memory, file_mark
from trueup.finding import Finding

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PAGE = Path("docs", "en", "decides.md")


def checked(top: Path) -> list[Finding]:
    return sorted(check_sources(top, NOW, NOW.date()))


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = copy_repository(tmp_path_factory.mktemp("checked"), is_whole=True)
    assert [one for one in checked(top) if one.severity == "error"] == []
    return top


def change(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(top: Path) -> None:
        text = (top / name).read_text("utf-8")
        assert old in text
        (top / name).write_text(text.replace(old, new, 1), "utf-8")

    return apply


CHANGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a page": (change("docs/en/decides.md", "# How", "# How on 2026-04-14"), {"typed-fact"}),
    "a source": (
        change("docs/en/decides.md", "A person can hold", "Nobody can hold"),
        {"stale-translation"},
    ),
    "the status file": (
        change("status.yml", "upstream: gemini-2.5-flash-image\n", "upstream: gemini-2.5-flash\n"),
        {"drift", "contradicted-mapping"},
    ),
    "a template": (
        change("snippets/shared/curl.sh.j2", "curl", "# Ask crazyrouter.com\ncurl"),
        {"typed-in-template"},
    ),
    "the notes": (lambda top: (top / "docs/ja/.sources.json").unlink(), {"no-notes"}),
    "a page away": (lambda top: (top / "docs/ja/speed.md").unlink(), {"missing-page"}),
    "a page more": (
        lambda top: (top / "docs/en/more.md").write_text("[x](none.md)\n"),
        {"dead-link", "missing-page"},
    ),
    "a page that is none": (
        lambda top: (top / "docs/zh/more.md").write_bytes(b"\xff"),
        {"unreadable-page"},
    ),
    "a key": (
        lambda top: (top / "docs/key.txt").write_text("sk-" + "aB3dE6gH9jK2mN5pQ8sT1vW4" * 2),
        {"leaked-key"},
    ),
    "the settings": (change("mkdocs.yml", "strict: true", "strict: false"), {"site-setting"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_since_is_found_as_without_a_memory(what: str, tmp_path: Path) -> None:
    top = copy_repository(tmp_path, is_whole=True)
    before = checked(top)
    apply, rules = CHANGES[what]
    apply(top)
    found = checked(top)
    assert rules <= {one.rule for one in found} - {one.rule for one in before}
    (top / FILE).unlink()
    assert checked(top) == found


def test_the_same_is_found_with_a_memory_and_without_one_against_a_commit(tmp_path: Path) -> None:
    top = copy_repository(tmp_path, is_whole=True)
    for _ in range(2):
        found = check_sources(top, NOW, NOW.date(), against="HEAD", fails_stale=True)
        assert {one.rule for one in found if one.severity == "error"} == {"no-history"}


def test_what_did_not_change_is_not_read_again(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = checked(top)
    monkeypatch.setattr("trueup.check.sources.load_page", None)
    monkeypatch.setattr("trueup.check.sources.load_status", None)
    assert checked(top) == first


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"engine": "x", "known": []}', "\xff"])
def test_a_memory_that_cannot_be_used_is_made_anew(text: str, tmp_path: Path) -> None:
    top = copy_repository(tmp_path)
    first = checked(top)
    (top / FILE).write_text(text)
    assert checked(top) == first
    assert json.loads((top / FILE).read_text())["known"]


def test_values_of_an_unknown_form_are_made_anew(tmp_path: Path) -> None:
    top = copy_repository(tmp_path)
    first = checked(top)
    data = json.loads((top / FILE).read_text())
    data["known"] = {name: [mark, 7] for name, (mark, _) in data["known"].items()}
    (top / FILE).write_text(json.dumps(data))
    assert checked(top) == first


def test_another_engine_remembers_nothing(tmp_path: Path) -> None:
    top = copy_repository(tmp_path)
    checked(top)
    data = json.loads((top / FILE).read_text())
    (top / FILE).write_text(json.dumps({**data, "engine": "another"}))
    assert Memory(top).known == {}


def test_a_repository_that_cannot_be_written_is_checked_all_the_same(tmp_path: Path) -> None:
    top = copy_repository(tmp_path)
    (top / FILE.parent).write_text("a file, where a folder would be")
    assert [one.rule for one in checked(top) if one.severity == "error"] == []


def test_a_file_that_is_not_there_has_no_mark(tmp_path: Path) -> None:
    assert file_mark(tmp_path / "none") is None
