"""Translations: each language has the same pages, macros, blocks and messages."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import lxml.html
import pytest
from babel.messages.pofile import read_po
from conftest import TOP
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile, paragraphs

from trueup.check.translations import check_translations
from trueup.finding import Finding
from trueup.site import (
    MAIN,
    Page,
    language_at,
    languages_in,
    load_pages,
    note_translation,
    parts_of,
    read_blocks,
    read_notes,
)
from trueup.wording.catalogue import LOCALE

pytestmark = pytest.mark.no_cover

LANGUAGES = languages_in(TOP / "docs")
OTHERS = [language for language in LANGUAGES if language != MAIN]


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_with_the_same_placeholders(language: str) -> None:
    with (LOCALE / "trueup.pot").open("rb") as file:
        originals = {message.id: message for message in read_po(file) if message.id}
    with (LOCALE / language / "LC_MESSAGES" / "trueup.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
        found = {message.id: message for message in catalogue if message.id}
    assert found.keys() == originals.keys()
    for name, message in found.items():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        expected = catalogue.num_plurals if isinstance(name, tuple) else 1
        assert len(forms) == expected and all(forms) and not message.fuzzy, name


def test_no_translation_is_out_of_step() -> None:
    assert LANGUAGES == ("en", "ja", "ru", "zh")
    assert found_in(TOP / "docs") == []


def change(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(docs: Path) -> None:
        file = docs / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")

    return apply


def leave_out(file: Path) -> None:
    """Remove the first paragraph of a page."""
    before, paragraph = file.read_text("utf-8").split("\n\n", 2)[1:]
    assert before.startswith("# ")
    text = file.read_text("utf-8")
    file.write_text(text.replace(paragraph.partition("\n\n")[0] + "\n\n", "", 1), "utf-8")


BROKEN: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a page that is not there": (
        lambda docs: (docs / "ja" / "receipts.md").unlink(), "missing-page", "ja/receipts.md",
    ),
    "a page without a source": (
        lambda docs: shutil.copy(docs / "zh" / "receipts.md", docs / "zh" / "more.md"),
        "extra-page", "zh/more.md",
    ),
    "a macro left out": (
        change("ru/status.md", "{{ endpoints() }}", ""), "structure-mismatch", "ru/status.md",
    ),
    "a macro with another argument": (
        change("ja/nano-banana.md", '_page("nano-banana") }}', '_page("nano-banana-2") }}'),
        "structure-mismatch", "ja/nano-banana.md",
    ),
    "another level of a heading": (
        change("zh/decides.md", "\n## ", "\n### "), "structure-mismatch", "zh/decides.md",
    ),
    "another count of blocks": (
        change("ru/index.md", "blocks: 4", "blocks: 3"), "front-matter-mismatch", "ru/index.md",
    ),
    "a page of another model": (
        change("zh/nano-banana.md", "model: nano-banana\n", "model: nano-banana-2\n"),
        "front-matter-mismatch", "zh/nano-banana.md",
    ),
    "a paragraph left out": (
        lambda docs: leave_out(docs / "ja" / "decides.md"), "structure-mismatch", "ja/decides.md",
    ),
    "a source that changed": (
        change("en/decides.md", "A person can hold", "Nobody can hold"),
        "stale-translation", "ja/decides.md",
    ),
    "a page that was only copied": (
        lambda docs: [
            shutil.copy(docs / "en" / "receipts.md", docs / name / "more.md")
            for name in ("en", "ja", "ru", "zh")
        ],
        "untracked", "more.md",
    ),
    "notes that are gone": (
        lambda docs: (docs / "ja" / ".sources.json").unlink(), "untracked", "ja/.sources",
    ),
    "notes that are no notes": (
        lambda docs: (docs / "zh" / ".sources.json").write_text("[]"), "untracked", "zh/.sources",
    ),
}  # fmt: skip


def found_in(docs: Path) -> list[Finding]:
    pages = [page for name in languages_in(docs) for page in load_pages(docs / name, name)]
    return check_translations(docs, pages)


@pytest.mark.parametrize("what", BROKEN)
def test_a_translation_that_differs_from_its_source_is_found(what: str, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(TOP / "docs", docs)
    apply, rule, place = BROKEN[what]
    apply(docs)
    found = found_in(docs)
    assert {one.rule for one in found} == {rule}
    assert any(place in str(one.where) for one in found)
    stale = [one for one in found if one.rule == "stale-translation"]
    assert len(stale) in (0, len(OTHERS))
    for one in stale:
        assert re.search(r"docs/en/decides\.md:\d+ changed", one.text)
        assert re.search(r"decides\.md:\d+$", str(one.where))


names = st.builds("{}.md".format, hostile | st.sampled_from(["a", "sub/é", "caf\udce9"]))


@given(st.dictionaries(names, st.lists(paragraphs, min_size=1, max_size=3), max_size=3))
def test_notes_of_pages_are_read_back_and_nothing_is_stale(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, list[str]]
) -> None:
    docs = tmp_path_factory.getbasetemp()
    (docs / "ja").mkdir(exist_ok=True)
    pages = [
        Page(docs / language / name, language, name, "", "", "\n\n".join(parts), 1, None, 0)
        for name, parts in texts.items()
        for language in (MAIN, "ja")
    ]
    note_translation(docs, "ja", pages)
    sources = [page for page in pages if page.language == MAIN]
    marks = {page.source: tuple(part.mark for part in parts_of(page)) for page in sources}
    assert read_notes(docs / "ja") == marks
    assert check_translations(docs, pages) == []


def test_a_fence_is_one_part_whatever_is_in_it() -> None:
    text = "# A\n\nOne\ntwo {{ x() }}\n\n```text\na\n\n# b\n```\nafter\n\n- c\n"
    page = Page(Path("a.md"), "en", "a.md", "a/index.html", "", text, 5, None, 0)
    parts = parts_of(page)
    assert [(part.line, part.text.split("\n")[0]) for part in parts] == [
        (5, "# A"), (7, "One"), (10, "```text"), (17, "- c"),
    ]  # fmt: skip
    assert [part.kept[0] for part in parts][:2] == ["#", ""]
    assert parts[1].kept == ("", "{{ x() }}")


TWINS = (
    "//link[normalize-space(@rel)='alternate'][@hreflang]",
    "//a[contains(@class, 'md-select__link')]",
)


@pytest.fixture
def site(trueup_site: Path) -> Path:
    return trueup_site


def test_every_language_publishes_the_same_blocks(site: Path) -> None:
    found: dict[str, dict[str, list[str]]] = {language: {} for language in LANGUAGES}
    for block in read_blocks(site):
        language = language_at(block.page, LANGUAGES)
        own = block.page.removeprefix(f"{language}/")
        if block.endpoint:
            found[language].setdefault(own, []).append(block.sha256)
    assert all(found[language] == found[MAIN] for language in OTHERS)
    assert sum(map(len, found[MAIN].values())) > 20


def test_every_page_links_to_its_twins_and_names_its_language(site: Path) -> None:
    for file in sorted(site.rglob("*.html")):
        page = file.relative_to(site).as_posix()
        language = language_at(page, LANGUAGES)
        html = lxml.html.parse(str(file)).getroot()
        assert html.get("lang") == language, page
        if file.name == "404.html":  # it is shown at any place, and says the same nowhere else
            assert not html.xpath(TWINS[0])
            homes = {one.get("hreflang"): one.get("href") for one in html.xpath(TWINS[1])}
            assert homes == {"en": "/", "ja": "/ja/", "ru": "/ru/", "zh": "/zh/"}
            continue
        for links in TWINS:
            twins = {one.get("hreflang"): one.get("href") for one in html.xpath(links)}
            assert set(twins) == set(LANGUAGES), page
            for twin, href in twins.items():
                target = (file.parent / href).resolve()
                target = target / "index.html" if target.is_dir() else target
                assert target.is_file(), (page, href)
                there = target.relative_to(site.resolve()).as_posix()
                assert language_at(there, LANGUAGES) == twin
                assert page.removeprefix(f"{language}/") == there.removeprefix(f"{twin}/")


def test_a_page_of_another_language_has_no_english_sentence_of_the_engine(site: Path) -> None:
    english = ("Start with", "Do not use", "was the working choice", "not retested since")
    for language in OTHERS:
        for file in (site / language).rglob("*.html"):
            text = lxml.html.parse(str(file)).getroot().text_content()
            assert not [one for one in english if one in text], file
