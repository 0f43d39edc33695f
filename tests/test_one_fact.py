"""One fact, changed together with its record, changes every language and every export, and no more.

A fact that is only *said* is written with two names that are nowhere else: the two sites differ by
these names alone. Of a fact that others *follow* from, the places are listed here by hand.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import jinja2
import lxml.html
import markdown
import pytest
import yaml
from browsing import some
from conftest import TOP, copy_repository, is_long_run, languages_of_run, load_docs
from mkdocs.config import load_config

from trueup.feed import feed_files
from trueup.feed.openapi import OPENAPI
from trueup.feed.summary import SUMMARY
from trueup.finding import Finding
from trueup.model import anchor
from trueup.site import load_pages
from trueup.wording.page_macros import page_macros
from trueup.wording.pages import PageText

pytestmark = pytest.mark.no_cover

Data = dict[str, Any]
Change = Callable[[Data], object]
MarkdownFiles = dict[tuple[str, str], str]
"""The Markdown of each page, and the text of each file for programs, by language and name."""

CONFIG = load_config(str(TOP / "mkdocs.yml"))
CONFIG.mdx_configs["pymdownx.highlight"] |= {"use_pygments": False}  # colours are half of the time
LANGUAGES = languages_of_run()
TODAY = date(2026, 4, 20)
RECORD = yaml.safe_load((TOP / "tests" / "record.yml").read_text("utf-8"))
FAMILY = ("nano-banana", "nano-banana-2", "nano-banana-pro")
NATIVE, IMAGES = "nano-banana-2/generate-content", "nano-banana-2/images-generations"
FAILURE = "unknown-image-output-options"
EXPORTS = ""
"""The language of the files for programs."""


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_repository(tmp_path_factory.mktemp("one-fact"), LANGUAGES)


def write(top: Path, change: Change) -> None:
    """Write the record with a change as the copy's status file."""
    data = deepcopy(RECORD)
    change(data)
    text = yaml.dump(
        data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10_000
    )
    (top / "status.yml").write_text(text, "utf-8")


def check(top: Path, change: Change) -> None:
    """Assert that the check finds no error in the copy with a change."""
    write(top, change)
    assert [finding for finding in load_docs(top).check() if finding.severity == "error"] == []


def texts(top: Path, change: Change) -> MarkdownFiles:
    """Return the pages and files that the copy publishes, as macros and feeds make them."""
    write(top, change)
    docs = load_docs(top)
    found = {(EXPORTS, name): text for name, text in feed_files(docs.stored.status, TODAY).items()}
    for language in LANGUAGES:
        folder = top / "docs" / language
        macros = page_macros(top, folder, datetime.combine(TODAY, time(12), UTC), TODAY)
        for page in load_pages(folder, language):
            template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(page.text)
            found[language, page.source.removesuffix(".md")] = template.render(macros)
    return found


def errors(top: Path) -> list[Finding]:
    """The errors but those of links, which still have a title of before."""
    found = (one for one in load_docs(top).check() if one.severity == "error")
    return [finding for finding in found if finding.rule != "typed-name"]


def rows_of(data: Data, endpoint: str, target: str = "production") -> list[Data]:
    return [
        row
        for row in data["observations"]
        if (row["endpoint"], row["target"], row.get("variant")) == (endpoint, target, None)
    ]


def rename_upstream(data: Data, name: str) -> None:
    old = data["models"]["nano-banana-2"]["upstream"]
    data["models"]["nano-banana-2"]["upstream"] = name
    for mapping in data["mappings"]:
        if mapping["alias"] == "nano-banana-2":
            mapping["upstream"] = name
    for row in rows_of(data, NATIVE):
        row["sent"]["request"] = row["sent"]["request"].replace(old, name)


def move_gateway(data: Data, name: str) -> None:
    data["targets"]["production"]["base_url"] = f"https://{name}"
    for row in data["observations"]:
        if row["target"] == "production":
            row["sent"]["base_url"] = f"https://{name}"


def reword_match(data: Data, text: str) -> None:
    data["signatures"][FAILURE]["match"] = text
    data["signatures"][FAILURE]["replay"]["message"] = f"It said: {text}."


def reword_prompt(data: Data, text: str) -> None:
    data["endpoints"]["nano-banana/generate-content"]["body"]["contents"][0]["parts"][0] = {
        "text": text
    }
    for row in rows_of(data, "nano-banana/generate-content"):
        row["sent"]["body"]["contents"][0]["parts"][0] = {"text": text}


def put(*keys: str) -> Callable[[Data, str], None]:
    def apply(data: Data, text: str) -> None:
        for key in keys[:-1]:
            data = data[key]
        data.update({keys[-1]: text})

    return apply


HOLD = {"endpoint": NATIVE, "to": "controlled-testing", "by": "A. Person", "on": date(2026, 4, 15)}
MODELS = {*FAMILY, "gemini-image-generation", "index", "status"}
CHANGES = {"changes.atom", "changes.json"}
HURL = {f"hurl/{anchor(name)}.hurl" for name in RECORD["endpoints"]}
HURL_OF_NATIVE, HURL_OF_PLAIN, HURL_OF_PRO = (
    f"hurl/{name}--generate-content.hurl" for name in ("nano-banana-2", "nano-banana", FAMILY[-1])
)
FEEDS = {"status.json", SUMMARY, OPENAPI, *CHANGES}
# fact: how it is written with its record, the pages of every language that say it, the exports.
SAID: dict[str, tuple[Callable[[Data, str], None], set[str], set[str]]] = {
    "a model's upstream": (
        rename_upstream,
        {*FAMILY, "gemini-image-generation", "index", "status"},
        {"status.json", OPENAPI, HURL_OF_NATIVE},
    ),
    "the base URL": (move_gateway, MODELS - {"status"} | {"decides"}, FEEDS | HURL),
    "a signature's match": (
        reword_match,
        {"nano-banana", "nano-banana-2", "signatures", "status"},
        {"status.json"},
    ),
    "a signature's cause": (
        put("signatures", FAILURE, "cause"),
        {"nano-banana", "nano-banana-2", "signatures"},
        {"status.json"},
    ),
    "a model's title": (
        put("models", "nano-banana-2", "title"),
        {*FAMILY, "changes", "gemini-image-generation", "index", "signatures", "status"},
        CHANGES,
    ),
    "a route's title": (
        put("routes", "generate-content", "title"),
        MODELS - {"index"} | {"changes"},
        {OPENAPI, *CHANGES},
    ),
    "the prompt of a body": (reword_prompt, {"nano-banana", "decides"}, {OPENAPI, HURL_OF_PLAIN}),
    "a variant's title": (
        put("endpoints", "nano-banana-pro/images-generations", "variants", "resolution-4k",
            "title"),
        {"nano-banana-pro"}, set(),
    ),
    "a source": (
        lambda data, text: rows_of(data, NATIVE)[0].update(source={"reported": text}),
        {"nano-banana-2", "status"}, set(),
    ),
    "a hold's reason": (
        lambda data, text: data.update(holds=[{**HOLD, "reason": text}]),
        {"nano-banana-2", "status"}, {"status.json", OPENAPI, HURL_OF_NATIVE},
    ),
}  # fmt: skip


WORDS = ("wqxzaardvark", "wqxzhedgehog")
assert len(WORDS[0]) == len(WORDS[1])


def name_of(fact: str, word: str) -> str:
    return f"{word}{list(SAID).index(fact)}"


def hashless(found: MarkdownFiles) -> MarkdownFiles:
    """Return the texts without the ids of feeds, which are hashes of the gateway's name."""
    feeds = {(EXPORTS, name) for name in (*CHANGES, SUMMARY)}
    return {key: re.sub(r"urn:uuid:[0-9a-f-]{36}", "urn", text) if key in feeds else text
            for key, text in found.items()}  # fmt: skip


def places_of(found: MarkdownFiles, text: str) -> dict[str, set[str]]:
    """Return the names of the pages and files with a text in them, by language."""
    return {
        language: {name for (where, name), whole in found.items()
                   if where == language and text in whole}
        for language in (*LANGUAGES, EXPORTS)
    }  # fmt: skip


def rename(facts: Iterable[str], word: str) -> Change:
    """Return the change of each fact to a name of its own with a word in it."""

    def apply(data: Data) -> None:
        for fact in facts:
            SAID[fact][0](data, name_of(fact, word))

    return apply


@pytest.mark.parametrize(
    "facts",
    [[*SAID][:-1], pytest.param([*SAID][-1:], marks=pytest.mark.long)],
    ids=["any", "a hold's reason"],
)
def test_two_names_of_a_fact_make_sites_that_differ_by_the_names_alone(
    facts: list[str], top: Path
) -> None:
    first, second = (hashless(texts(top, rename(facts, word))) for word in WORDS)
    assert {key: text.replace(*WORDS) for key, text in first.items()} == second
    for fact in facts:
        _, pages, files = SAID[fact]
        found = places_of(first, name_of(fact, WORDS[0]))
        assert found == {**dict.fromkeys(LANGUAGES, pages), EXPORTS: files}, fact
    assert errors(top) == []


@cache
def html_of(text: str) -> lxml.html.HtmlElement:
    converter = markdown.Markdown(
        extensions=CONFIG.markdown_extensions, extension_configs=CONFIG.mdx_configs
    )
    return lxml.html.fromstring(f"<article>{converter.convert(text)}</article>")


PARTS = ("h1", "h2", "h3", "h4", "p", "li", "tr", "dd", "pre", "summary", "svg")


@cache
def sections(article: lxml.html.HtmlElement) -> dict[str, list[str]]:
    """Return the elements of a page, by the address of their heading."""
    found: dict[str, list[str]] = {}
    own = "top"
    for element in article.iter(*PARTS):
        own = element.get("id", own) if element.tag in ("h1", "h2", "h3", "h4") else own
        found.setdefault(own, []).append(lxml.html.tostring(element, encoding="unicode"))
    return found


def changes(
    before: lxml.html.HtmlElement, after: lxml.html.HtmlElement
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each section that changed, with the numbers of its changed elements (-1: the count)."""
    old, new = sections(before), sections(after)
    for name in {*old, *new}:
        pair = (old.get(name, []), new.get(name, []))
        if len(pair[0]) != len(pair[1]):
            yield name, (-1,)
        elif pair[0] != pair[1]:
            yield name, tuple(i for i, (a, b) in enumerate(zip(*pair, strict=True)) if a != b)


def places(
    before: MarkdownFiles, after: MarkdownFiles, language: str
) -> dict[str, tuple[int, ...]]:
    """Return the places of a language's pages that changed, as `page#section`."""
    return {
        f"{page}#{section}": elements
        for where, page in before
        if where == language and before[where, page] != after[where, page]
        for section, elements in changes(html_of(before[where, page]), html_of(after[where, page]))
    }


def exports(before: MarkdownFiles, after: MarkdownFiles) -> set[str]:
    """Return the exports that changed; of `status.json` each field of each endpoint."""
    assert before.keys() == after.keys()
    found = {name for where, name in before
             if where == EXPORTS and before[where, name] != after[where, name]}  # fmt: skip
    if "status.json" in found:
        old, new = (json.loads(each[EXPORTS, "status.json"]) for each in (before, after))
        assert {**old, "endpoints": 0} == {**new, "endpoints": 0}
        for a, b in zip(old["endpoints"], new["endpoints"], strict=True):
            found |= {f"{a['endpoint']}: {name}" for name in a if a[name] != b[name]}
    return found - {"status.json"}


def each(*parts: str | tuple[str, ...]) -> set[str]:
    """Return every way through the parts, of which a tuple offers several."""
    options = [(part,) if isinstance(part, str) else part for part in parts]
    return {"".join(way) for way in product(*options)}


def newest(endpoint: str, **fields: Any) -> Change:
    return lambda data: rows_of(data, endpoint)[-1].update(fields)


PRO, PLAIN = "nano-banana-pro/generate-content", "nano-banana/generate-content"
OWN = "gemini-2.5-flash-image-preview/generate-content"
OWN_ANCHOR = "gemini-2_5-flash-image-preview--generate-content"
LOST: Data = {
    "outcome": "error",
    "shape": None,
    "mime": None,
    "signatures": ["get-channel-failed"],
}
# The places that name the best of the family, and the fields.
TOP_LINES = {"nano-banana#nano-banana", "nano-banana-pro#nano-banana-pro"}
BEST = each(FAMILY, "#what-to-do") | TOP_LINES | {"index#image-generation-where-to-start"}
ROUTES = ("generate-content", "images-generations")
NAMED = each(FAMILY, "/", ROUTES, ": alternative") - {f"{PLAIN}: alternative"}
"""The first of the family is then the best for the others."""
# The places with an endpoint's standing, beside its own pages.
GLANCE = {"index#which-route-for-what", "status#status"}
MOVED = "changes#2026-04-14"
"""The changes of the day on which the family was tested."""
SECOND = "nano-banana-2#"
OF_NATIVE = each((SECOND, "status#"), "nano-banana-2--generate-content") | each(
    SECOND, ("current-status", "history", "what-would-change-this")
)
DATES = ("seen_on", "fresh_until", "outcome_on", "billing_on", "targets")
SUMMED = {SUMMARY, OPENAPI}
BADGES = each("badges/nano-banana-2", ("", "--generate-content"), (".svg", ".json"))
BADGES |= SUMMED | {HURL_OF_NATIVE}
# fact: how it is changed with its record, the places that follow from it, the exports that do.
FOLLOWED: dict[str, tuple[Change, set[str], set[str]]] = {
    "an outcome": (
        newest(PRO, **LOST),
        {
            "status#status",
            "gemini-image-generation#where-each-model-puts-the-image",
            "signatures#get-channel-failed",
            MOVED,
        }
        | {"nano-banana-pro#nano-banana-pro--generate-content"}
        | {"status#nano-banana-pro--generate-content", "nano-banana-pro#history"}
        | each("nano-banana-pro#", ("what-to-do", "current-status", "risks"))
        | {"nano-banana-pro#what-would-change-this"},
        CHANGES
        | each("badges/nano-banana-pro", ("", "--generate-content"), (".svg", ".json"))
        | SUMMED
        | {HURL_OF_PRO}
        | each(f"{PRO}: ", ("standing", "supported", "outcome", "shape", "needed"))
        | each(f"{PRO}: ", ("signatures", "targets")),
    ),
    "a shape": (
        newest(OWN, shape="inline-data"),
        each("gemini-image-generation#", ("where-each-model-puts-the-image", "current-status"))
        | each(("gemini-image-generation#", "status#"), OWN_ANCHOR),
        each(f"{OWN}: ", ("shape", "targets")) | {OPENAPI},
    ),
    "a bill": (
        newest(NATIVE, billing="mismatch"),
        GLANCE | BEST | OF_NATIVE | {f"{SECOND}risks", MOVED},
        CHANGES
        | NAMED
        | BADGES
        | each(f"{NATIVE}: ", ("standing", "supported", "billing", "clean", "needed")),
    ),
    "a date": (
        newest(NATIVE, at=date(2026, 4, 10)),
        GLANCE
        | BEST
        | OF_NATIVE
        | {"gemini-image-generation#where-each-model-puts-the-image"}
        | {MOVED, "changes#2026-04-10"},
        CHANGES | BADGES | each(f"{NATIVE}: ", DATES),
    ),
    "a mapping": (
        lambda data: data["mappings"][1].update(how="stated"),
        {f"{SECOND}current-status", "status#nano-banana-2"},
        each((NATIVE, IMAGES), ": mapping"),
    ),
    "a hold": (
        lambda data: data.update(holds=[{**HOLD, "reason": "of a doubt"}]),
        GLANCE | BEST | OF_NATIVE,
        NAMED | BADGES | each(f"{NATIVE}: ", ("standing", "hold")),
    ),
    "recover_after": (
        lambda data: data["policy"].update(recover_after=4),
        {"decides#two-checks-image-and-billing", "nano-banana#what-to-do"}
        | each(FAMILY[:2], "#what-would-change-this")
        | each("status#nano-banana--", ROUTES)
        | {"status#nano-banana-2--images-generations"},
        each((PLAIN, "nano-banana/images-generations", IMAGES), ": needed"),
    ),
    "fresh_for": (
        lambda data: data["policy"].update(fresh_for="31d"),
        GLANCE
        | BEST
        | {"decides#two-checks-image-and-billing", f"{SECOND}nano-banana-2"}
        | {"words#the-words-used-here"}
        | each("gemini-image-generation#", ("what-to-do", "current-status"))
        | each(("gemini-image-generation#", "status#"), OWN_ANCHOR)
        | each(FAMILY, "#", ("current-status", "history", "what-would-change-this"))
        | each(("nano-banana#", "status#"), "nano-banana--", ROUTES)
        | each((SECOND, "status#"), "nano-banana-2--", ROUTES)
        | each(("nano-banana-pro#", "status#"), "nano-banana-pro--generate-content"),
        each((NATIVE, IMAGES, PLAIN, "nano-banana/images-generations", PRO, OWN), ": fresh_until")
        | {OPENAPI},
    ),
}


@pytest.fixture(scope="module")
def before(top: Path) -> MarkdownFiles:
    return texts(top, lambda data: None)


def unlike(fact: str, after: MarkdownFiles, before: MarkdownFiles) -> list[str]:
    """The languages whose changed places, and the exports if they, are not those of the fact."""
    _, pages, files = FOLLOWED[fact]
    english = places(before, after, "en")
    wrong = [name for name in LANGUAGES if places(before, after, name) != english]
    wrong += ["en"] if set(english) != pages else []
    return wrong + (["exports"] if exports(before, after) != files else [])


@pytest.mark.parametrize("fact", some(FOLLOWED, "an outcome", "a mapping"))
def test_a_fact_changes_what_follows_from_it_in_every_language_and_nothing_else(
    fact: str, top: Path, before: MarkdownFiles
) -> None:
    assert unlike(fact, texts(top, FOLLOWED[fact][0]), before) == []
    assert not is_long_run() or errors(top) == []


def test_a_fact_typed_in_one_language_is_found(top: Path, before: MarkdownFiles) -> None:
    change, language = FOLLOWED["a bill"][0], LANGUAGES[-1]
    page = top / "docs" / language / "nano-banana-2.md"
    text, typed = page.read_text("utf-8"), before[language, "nano-banana-2"]
    page.write_text(f"{text[: text.index('#')]}{typed}", "utf-8")
    try:
        assert unlike("a bill", texts(top, change), before) == [language]
        assert errors(top) != []  # the check of the translations
    finally:
        page.write_text(text, "utf-8")


def test_a_word_that_follows_from_too_much_is_found(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = PageText.label
    monkeypatch.setattr(
        PageText, "label", lambda self, name: f"{label(self, name)} {len(self.status.holds)}"
    )
    before, after = (texts(top, change) for change in (lambda _: None, FOLLOWED["a hold"][0]))
    assert unlike("a hold", after, before) == ["en"]


def files_of(top: Path, change: Change) -> dict[str, bytes]:
    """Return every file of a whole build."""
    write(top, change)
    docs = replace(load_docs(top), today=TODAY)
    docs.build()
    return {
        file.relative_to(docs.site).as_posix(): _unpacked(file)
        for file in docs.site.rglob("*")
        if file.is_file()
    }


def _unpacked(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


@pytest.fixture(scope="module")
def whole(top: Path) -> dict[str, bytes]:
    return files_of(top, lambda data: None)


@pytest.mark.long
def test_a_whole_build_says_an_upstream_by_another_name_and_nothing_else(
    top: Path, whole: Mapping[str, bytes]
) -> None:
    old = RECORD["models"]["nano-banana-2"]["upstream"]
    new = old.replace("flash", "flesh")  # as long, so that code is laid out alike
    after = files_of(top, lambda data: rename_upstream(data, new))
    assert after == {name: data.replace(old.encode(), new.encode())
                     for name, data in whole.items()}  # fmt: skip
    pages = SAID["a model's upstream"][1] - {"index"}
    for language, page in product(("", "ja/", "ru/", "zh/"), pages):
        assert new.encode() in after[f"{language}{page}/index.html"]


@pytest.mark.long
def test_a_whole_build_changes_where_the_macros_do(top: Path, whole: Mapping[str, bytes]) -> None:
    change, pages, files = FOLLOWED["a bill"]
    after = files_of(top, change)
    assert whole.keys() == after.keys()
    changed = {name for name in whole if whole[name] != after[name]}
    html = {name for name in changed if name.endswith(".html")}
    named = {place.partition("#")[0] for place in pages}
    folders = {"" if page == "index" else f"{page}/" for page in named}
    assert html == each(("", "ja/", "ru/", "zh/"), tuple(folders), "index.html")
    for name in html:
        folder = re.sub(r"^(?:ja|ru|zh)/", "", name).removesuffix("index.html").strip("/")
        articles = [lxml.html.fromstring(each[name]).find(".//article") for each in (whole, after)]
        changed_here = {f"{folder or 'index'}#{section}" for section, _ in changes(*articles)}
        assert changed_here == {one for one in pages if one.startswith(f"{folder or 'index'}#")}
    own = {"status.json", *(name for name in files if ": " not in name)}
    own |= each(("", "ja/", "ru/", "zh/"), ("search/search_index.json", "llms-full.txt"))
    own |= {name.removesuffix("/index.html") + ".md" for name in html if "/" in name}
    assert changed - html == own | {name.removesuffix("html") + "md" for name in html}
