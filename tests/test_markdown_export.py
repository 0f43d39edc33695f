"""What assistants read: each page as Markdown, and the lists of them, in every language."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urljoin

import lxml.html
import pytest
from conftest import copy_repository, languages_of_run, load_docs
from lxml import etree
from markdown_it import MarkdownIt
from sharing import unmeasured

from trueup.docs import Docs
from trueup.errors import BadInput
from trueup.markdown_export import text_of
from trueup.site import extract_blocks, home_of, load_outline, place_of

pytestmark = pytest.mark.no_cover

HERE = "https://example.com/docs/"
READER = MarkdownIt("commonmark", {"html": True}).enable("table")
COPIES = {"en": "Copy page as Markdown", "ja": "ページを Markdown としてコピー"}
NOTES = {"en": "The page", "ja": "元のページ", "zh": "原页面", "ru": "Страница"}
CLAIMS = "After 2026-05-14, its statements in the present tense may no longer hold."


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Docs:
    """Built for an address, without a search, which no text has; nothing is run."""
    top = copy_repository(tmp_path_factory.mktemp("texts"), languages_of_run())
    settings = top / "mkdocs.yml"
    plugins = re.compile("  - search:.*(?=  - macros:)", re.DOTALL)
    settings.write_text(plugins.sub("", settings.read_text("utf-8")), "utf-8")
    made = replace(load_docs(top), today=date(2026, 4, 14), address=HERE)
    with unmeasured():
        made.build()
    return made


def text_at(docs: Docs, name: str) -> str:
    return (docs.site / name).read_text(encoding="utf-8")


def links_in(text: str) -> Iterator[str]:
    for token in READER.parse(text):
        for one in token.children or ():
            if one.type == "link_open":
                yield str(one.attrs["href"])


def file_at(docs: Docs, url: str) -> Path:
    name = unquote(url.removeprefix(HERE)).partition("#")[0]
    return docs.site / (name + "index.html" if not name or name.endswith("/") else name)


def test_every_page_has_its_blocks_in_its_markdown(docs: Docs) -> None:
    count = 0
    for page in docs.pages:
        blocks = extract_blocks(text_at(docs, page.html), page.html)
        fences = READER.parse(text_at(docs, text_of(page.html)))
        found = [one.content for one in fences if one.type == "fence"]
        assert found == [f"{block.text}\n" for block in blocks], page.html
        count += len(found)
    assert count > 22 * len(docs.languages)


def test_no_markdown_holds_html_or_a_sentence_of_another_day(docs: Docs) -> None:
    for page in docs.pages:
        text = text_at(docs, text_of(page.html))
        kinds = {
            one.type for token in READER.parse(text) for one in (token, *(token.children or ()))
        }
        assert not kinds & {"html_inline", "html_block"}, page.html
    text = text_at(docs, "nano-banana/index.md")
    assert "start with [Nano Banana 2]" in text and "Before you build" not in text
    assert text.startswith(
        f"# Nano Banana\n\n[The page](./), as of 2026-04-14. {CLAIMS}\n\nLast tested "
    )


def test_every_link_of_the_texts_leads_somewhere(docs: Docs) -> None:
    lists = [
        name
        for one in map(home_of, docs.languages)
        for name in (f"{one}llms.txt", f"{one}llms-full.txt")
    ]
    twins = [text_of(page.html) for page in docs.pages]
    twins += [name.replace("/index.md", ".md") for name in twins if "/" in name]
    for name in twins + lists:
        links = list(links_in(text_at(docs, name)))
        assert links, name
        for link in links:
            url = urljoin(HERE + name, link)
            outside = not url.startswith(HERE) or url.startswith(f"{HERE}receipts.json")
            assert outside or file_at(docs, url).is_file(), (name, link)


def test_each_language_lists_its_pages_in_the_order_of_its_menu(docs: Docs) -> None:
    for language in docs.languages:
        home = home_of(language)
        pages = {page.source: page for page in docs.pages if page.language == language}
        outline = load_outline(docs.top, language)
        assert set(outline.sources) == set(pages)
        tops = [one for one in outline.sections if one.title is None]
        under = [one for one in outline.sections if one.title is not None]
        models = [one for one in under if any(pages[name].model for name in one.sources)]
        assert models == under[:-1]  # the last are about the evidence
        expected = [pages[name] for one in (*models, *tops, under[-1]) for name in one.sources]
        listed = [link for link in links_in(text_at(docs, f"{home}llms.txt")) if ".md" in link]
        assert listed == [HERE + text_of(page.html) for page in expected]
        whole = text_at(docs, f"{home}llms-full.txt")
        places = [f"]({HERE}{place_of(pages[name].html)})" for name in outline.sources]
        found = [
            whole.index(f"\n\n[{note}{place}") for place in places for note in [NOTES[language]]
        ]
        assert found == sorted(found)


def test_the_list_has_the_form_of_the_convention(docs: Docs) -> None:
    text = text_at(docs, "llms.txt")
    assert re.match(r"# [^\n]+\n\n> [^\n]+\n\n## Images\n\n- \[", text)
    for line in text.splitlines():
        assert re.fullmatch(r"|#{1,2} .+|> .+|- \[[^\]]+\]\(\S+\)(: .+)?", line), line
    assert not re.search(r"\btoday\b", text)
    japanese = text_at(docs, "ja/llms.txt")
    assert "## 画像\n" in japanese and "## Optional\n" in japanese


def test_each_page_links_to_its_markdown_without_a_script(docs: Docs) -> None:
    for page in docs.pages:
        tree = lxml.html.parse(str(docs.site / page.html))
        name = text_of(page.html).rpartition("/")[2]
        assert tree.xpath("//head/link[@type='text/markdown']/@href") == [name]
        (link,) = tree.xpath("//article/h1/following-sibling::*[1][@class='tu-markdown']/a")
        assert link.get("href") == name and (docs.site / text_of(page.html)).is_file()
        if page.language in COPIES:
            assert link.get("data-copies") == COPIES[page.language]


def test_the_markdown_of_a_page_is_at_its_address_with_md(docs: Docs) -> None:
    for page in docs.pages:
        if "/" in page.html:
            beside, within = (text_at(docs, f"{page.html.removesuffix('/index.html')}.md"),
                              text_at(docs, text_of(page.html)))  # fmt: skip
            assert re.sub(r"\]\(\S+\)", "", beside) == re.sub(r"\]\(\S+\)", "", within)
            (link, *_) = links_in(beside)
            assert file_at(docs, urljoin(HERE + page.html, f"../{link}")) == docs.site / page.html


def test_programs_find_the_files_in_the_head_of_each_page(docs: Docs) -> None:
    expected = {"application/atom+xml": "changes.atom", "application/feed+json": "changes.json",
                "application/json": "status.json",
                "application/vnd.oai.openapi+json": "openapi.json"}  # fmt: skip
    for page in docs.pages:
        head = lxml.html.parse(str(docs.site / page.html)).getroot().find("head")
        links = {one.get("type"): one for one in head.iter("link") if one.get("type") in expected}
        assert links.keys() == expected.keys()
        for kind, link in links.items():
            assert link.get("rel").strip() in ("alternate", "service-desc")
            place = file_at(docs, urljoin(HERE + page.html, link.get("href")))
            assert place == docs.site / expected[kind] and place.is_file()
    listed = list(links_in(text_at(docs, "llms.txt")))
    assert {f"{HERE}{name}" for name in ("openapi.json", "summary.json")} < {*listed}


def test_each_page_names_its_place_and_its_twins_and_the_sitemap_agrees(docs: Docs) -> None:
    tree = etree.parse(str(docs.site / "sitemap.xml"))
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    mapped = {
        url.findtext("s:loc", None, space): {
            one.get("hreflang"): one.get("href") for one in url if one.get("hreflang")
        }
        for url in tree.iterfind("s:url", space)
    }
    assert len(mapped) == len(docs.pages)
    for page in docs.pages:
        head = lxml.html.parse(str(docs.site / page.html)).getroot().find("head")
        here = HERE + place_of(page.html)
        assert [one.get("href") for one in head.xpath("link[@rel='canonical']")] == [here]
        twins = head.xpath("link[normalize-space(@rel)='alternate'][@hreflang]")
        found = {one.get("hreflang"): one.get("href") for one in twins}
        assert set(found) == {*docs.languages, "x-default"} and mapped[here] == found
        assert all(file_at(docs, url).is_file() for url in found.values())
    assert len(list(docs.site.rglob("sitemap.xml*"))) == 1


def test_nothing_is_fetched_that_is_not_there(docs: Docs) -> None:
    """The theme's script takes every link of exactly this kind for one with a sitemap beside it."""
    for file in docs.site.rglob("*.html"):
        tree = lxml.html.parse(str(file))
        assert tree.xpath("//link[@rel='alternate']") == []


def test_a_page_changed_after_the_build_is_named_by_its_path(docs: Docs) -> None:
    file = docs.site / "ja" / "decides" / "index.html"
    text = file.read_text("utf-8")
    for broken in ("<p>no article</p>", None):
        file.write_text(broken) if broken else file.unlink()
        with pytest.raises(BadInput, match=r"ja/decides/index\.html: .*\. Build the site again\."):
            docs.steps.write_markdown(docs.files)
    file.write_text(text, "utf-8")  # of the Markdown nothing was written


@pytest.mark.no_cover
def test_a_rehearsal_is_marked_on_top_of_every_text_and_has_no_address(docs: Docs) -> None:
    texts = [file for kind in ("*.md", "llms*.txt") for file in docs.site.rglob(kind)]
    before = {file: file.read_bytes() for file in texts}
    (docs.top / "REHEARSAL").touch()
    try:
        docs.steps.write_markdown(docs.files)
        assert len(texts) == 2 * len(docs.pages) - 1 + 2 * len(docs.languages)
        for file in texts:
            text = file.read_text("utf-8")
            assert text.startswith("REHEARSAL: ") and HERE not in text, file
    finally:
        (docs.top / "REHEARSAL").unlink()
        for file, content in before.items():
            file.write_bytes(content)
