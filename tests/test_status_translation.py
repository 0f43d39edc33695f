"""Status text: readers see it in their own language; a missing translation is a warning."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from conftest import TOP, copy_repository, languages_of_run, load_docs
from hypothesis import given
from hypothesis import strategies as st
from strategies import paragraphs

from trueup.check.banned_terms import banned_terms
from trueup.check.status_translations import check_status_text
from trueup.errors import BadInput
from trueup.evidence import assess
from trueup.model import Status
from trueup.status_file import Stored
from trueup.wording import PageText, in_language, load_catalogue, load_translations, prose_of
from trueup.wording.tables import signatures

KINDS = {
    ("routes", "title"),
    ("signatures", "cause"),
    ("endpoints", "title"),
    ("mappings", "reported"),
    ("observations", "note"),
    ("observations", "reported"),
    ("holds", "reason"),
    ("signatures", "remedy"),
    ("observations", "reason"),
}
CAUSE = "a retry inside the gateway found no channel left"


def held(status: Status) -> Status:
    hold = {
        "endpoint": "nano-banana/*",
        "to": "controlled-testing",
        "reason": "it is slow",
        "by": "Ann",
        "on": date(2026, 4, 14),
    }
    data = status.model_dump(by_alias=True, exclude_none=True) | {"holds": [hold]}
    data["policy"]["fresh_for"], data["policy"]["reported_until"] = "30d", date(2026, 4, 14)
    return Status.model_validate(data)


def test_every_text_that_readers_see_is_found_at_its_place(stored: Stored) -> None:
    texts = prose_of(held(stored.status))
    found = {(keys[0], keys[-1]) for keys in texts.values() if "documented" not in keys}
    assert found <= KINDS
    assert "it is slow" in texts and any(text.startswith(CAUSE) for text in texts)


def test_a_translation_changes_what_is_read_and_nothing_else(stored: Stored) -> None:
    status = held(stored.status)
    other = in_language(status, {text: f"<{text}>" for text in prose_of(status)})
    assert all(text.startswith("<") for text in prose_of(other))
    assert other.holds[0].reason == "<it is slow>" and other.holds[0].by == "Ann"
    assert {name: one.match for name, one in other.signatures.items()} == {
        name: one.match for name, one in status.signatures.items()
    }
    assert [row.sent for row in other.observations] == [row.sent for row in status.observations]
    for endpoint in status.endpoints:
        assert assess(other)[endpoint].standing is assess(status)[endpoint].standing
    assert in_language(status, {}) == status


@given(
    texts=st.lists(paragraphs, min_size=1, max_size=4, unique=True),
    translations=st.lists(paragraphs, min_size=4, max_size=4),
    width=st.sampled_from([0, 76, 100]),
)
def test_the_translations_that_a_tool_wrote_are_read_back(
    stored: Stored,
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    translations: list[str],
    width: int,
) -> None:
    holds = tuple(
        held(stored.status).holds[0].model_copy(update={"reason": text}) for text in texts
    )
    status = stored.status.model_copy(update={"holds": holds})
    file = tmp_path_factory.getbasetemp() / "ja.po"
    pairs = dict(zip(texts, translations, strict=False))
    catalogue = Catalog(locale="ja", charset="utf-8")
    for text in prose_of(status):
        catalogue.add(text, pairs.get(text))
    with file.open("wb") as opened:
        write_po(opened, catalogue, omit_header=True, width=width)
    assert load_translations(file.with_suffix("")) == pairs
    shown = in_language(status, pairs)
    assert [hold.reason for hold in shown.holds] == [pairs[text] for text in texts]


@pytest.mark.parametrize("language", ["ja", "zh", "ru"])
def test_every_text_of_this_site_is_translated(language: str, stored: Stored) -> None:
    facts = banned_terms(stored.status)
    assert check_status_text(stored, facts, TOP / "docs", [language]) == []
    known = load_translations(TOP / "docs" / language)
    assert sum(text != translation for text, translation in known.items()) > 15


def signatures_in(top: Path, language: str) -> str:
    status = load_docs(top).stored.status
    docs = top / "docs" / language
    translated = in_language(status, load_translations(docs))
    return signatures(PageText(translated, load_catalogue(language), date(2026, 4, 14), str))


def test_a_text_without_a_translation_is_shown_as_written_and_warned_of(tmp_path: Path) -> None:
    languages = languages_of_run()
    top = copy_repository(tmp_path, languages)
    status = (top / "status.yml").read_text("utf-8")
    (top / "status.yml").write_text(status.replace(CAUSE, "a new cause; none was left"), "utf-8")
    docs = load_docs(top)
    found = docs.check()
    assert {one.severity for one in found} == {"warning"}
    rules = Counter(one.rule for one in found if "unused" not in one.rule or CAUSE in one.text)
    count = len(languages) - 1
    assert rules == {"untranslated-text": count, "unused-translation": count}
    assert any("status.yml:" in one.text for one in found)
    shown = {name: signatures_in(top, name) for name in docs.languages}
    assert all("a new cause; none was left" in text for text in shown.values())
    assert "the gateway translated the request" in shown["en"]
    assert not any("the gateway translated the request" in shown[one] for one in languages[1:])


@pytest.mark.parametrize("content", [b"no catalogue", b'msgid "\xff"\nmsgstr "b"\n'])
def test_translations_that_cannot_be_read_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "ja.po").write_bytes(content)
    with pytest.raises(BadInput, match=r"ja\.po:1: not a gettext catalogue"):
        load_translations(tmp_path / "ja")
