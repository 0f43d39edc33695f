"""A status file whose every free text is an attack: pages stay pages, blocks stay blocks.

`test_wording` holds each sentence to this in English, and `test_hostile_files` each kind of file.
Here a browser opens the pages; the long run has every language, and each page beside a tame one.
"""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import yaml
from browsing import served, watched
from conftest import TOP, copy_repository, load_docs
from playwright.sync_api import Page
from sharing import unmeasured

from trueup.docs import Docs
from trueup.site import MAIN, languages_in
from trueup.verify.block_receipt import Report
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock

pytestmark = pytest.mark.no_cover

RECORD = yaml.safe_load((TOP / "tests" / "record.yml").read_text("utf-8"))
HOSTILE = (
    '"><script>window.x=1</script><img src=x onerror=window.x=1></code></pre>` `` ``` '
    "{{ 7*7 }}{% raw %}{# ]]> <!--stamp:x--> --> $(touch x) `touch x` ' '' \\ \\' | ## "
    "[a](javascript:window.x=1) <javascript:window.x=1> &lt;b&gt; *b* _i_ \u202eabc\u202c "
    "\U0001f34c"
)
# No bracket, which curl reads as a range, and no backslash, which a URL reads as a slash: a block
# with one of them fails its run.
HOSTILE_PATH = "up\"'><script>window.x=1</script>`$(touch)'|(javascript:x)"
SWITCH = "  alternate:\n    - {name: English, link: ., lang: en}\n"
TAME, TAME_PATH = "Qq", "qq"
LANGUAGES = languages_in(TOP / "docs")
HOMES = ["" if language == "en" else f"{language}/" for language in LANGUAGES]
PAGES = ("", "status/", "signatures/", "nano-banana/", "nano-banana-2/", "nano-banana-pro/",
         "gemini-image-generation/", "decides/")  # fmt: skip
KINDS = PAGES[1:4]
"""One page of each kind; the long run opens all of them."""


def with_text(text: str, path: str) -> dict[str, Any]:
    """Return the record with a text in every free field, and with an upstream named `path`."""
    data: dict[str, Any] = deepcopy(RECORD)
    for table in ("models", "routes"):
        for number, entry in enumerate(data[table].values()):
            entry["title"] = f"{text} {number}"  # no two models have one title
    for number, signature in enumerate(data["signatures"].values()):
        signature |= {"match": f"{number} {text}", "cause": text}
        signature["replay"]["message"] = f"It said: {number} {text}!"
    old = data["models"]["nano-banana-2"]["upstream"]
    data["models"]["nano-banana-2"]["upstream"] = path
    for mapping in data["mappings"]:
        mapping["source"] = {"reported": text}
        mapping["upstream"] = mapping["upstream"].replace(old, path)
    for endpoint in data["endpoints"].values():
        _set_prompt(endpoint["body"], text)
        for variant in endpoint.get("variants", {}).values():
            variant["title"] = text
    for row in data["observations"]:
        row |= {"note": text, "source": {"reported": text}}
        _set_prompt(row["sent"]["body"], text)
        row["sent"]["request"] = row["sent"]["request"].replace(old, path)
    hold = {"endpoint": "nano-banana/generate-content", "to": "controlled-testing"}
    data["holds"] = [{**hold, "reason": text, "by": text, "on": data["policy"]["reported_until"]},
                     {**hold, "endpoint": "nano-banana-2/*", "reason": text, "by": text,
                      "on": data["policy"]["reported_until"]}]  # fmt: skip
    inconclusive = deepcopy(data["observations"][-1]) | {"outcome": "inconclusive", "reason": text}
    del inconclusive["shape"]
    data["observations"] += [inconclusive, deepcopy(inconclusive) | {"retracted": text}]
    return data


def _set_prompt(body: dict[str, Any], text: str) -> None:
    if "contents" in body:
        body["contents"][0]["parts"][0]["text"] = text
    else:
        body["prompt"] = text


class Plain(yaml.SafeDumper):
    """A dumper without aliases, which the status file refuses."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def build(top: Path, text: str, path: str, languages: Sequence[str] = LANGUAGES) -> Docs:
    written = yaml.dump(
        with_text(text, path), Dumper=Plain, sort_keys=False, allow_unicode=True, width=10_000
    )
    (copy_repository(top, languages) / "status.yml").write_text(written, "utf-8")
    if len(languages) == 1:
        # A site in one language has no switch: its link would make the theme fetch a sitemap.
        settings = (top / "mkdocs.yml").read_text("utf-8")
        assert SWITCH in settings
        (top / "mkdocs.yml").write_text(settings.replace(SWITCH, ""), "utf-8")
    docs = load_docs(top)
    docs = replace(docs, today=docs.stored.status.policy.reported_until)
    docs.build(to_be_verified=len(languages) > 1)
    return docs


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Docs:
    with unmeasured():
        return build(tmp_path_factory.mktemp("english"), HOSTILE, HOSTILE_PATH, (MAIN,))


@pytest.fixture(scope="module")
def english_home(english: Docs) -> Iterator[str]:
    with served(english.site) as address:
        yield address


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> tuple[Docs, Report]:
    with unmeasured():
        docs = build(tmp_path_factory.mktemp("wild"), HOSTILE, HOSTILE_PATH)
        report, findings = docs.verify(Pool(partial(open_mock, docs.stored)))
    assert findings == []
    return docs, report


@pytest.fixture(scope="module")
def tame(tmp_path_factory: pytest.TempPathFactory) -> Docs:
    with unmeasured():
        return build(tmp_path_factory.mktemp("tame"), TAME, TAME_PATH)


@pytest.fixture(scope="module")
def wild_home(wild: tuple[Docs, Report]) -> Iterator[str]:
    with served(wild[0].site) as address:
        yield address


@pytest.mark.long
def test_every_block_delivers_the_same_json_and_passes(wild: tuple[Docs, Report]) -> None:
    docs, report = wild
    assert report.counts["found"] == report.counts["passed"] > 0
    names = {receipt.endpoint for receipt in report.receipts}
    prompts = {str(docs.stored.status.endpoints[str(name)].body) for name in names}
    assert all("window.x=1" in prompt for prompt in prompts)


def outline(file: Path) -> list[tuple[str, ...]]:
    """Return the elements of a page with the names of their attributes and their links."""
    page = lxml.html.fromstring(file.read_bytes())
    for code in page.xpath("//pre/code"):
        assert {str(part.tag) for part in code.iterdescendants()} <= {"span", "a"}
        for part in list(code):
            part.drop_tree()
    return [
        (str(part.tag), *sorted(part.attrib), part.get("href", ""), part.get("src", ""))
        for part in page.iter()
    ]


def pages_of(site: Path) -> list[str]:
    return sorted(file.relative_to(site).as_posix() for file in site.rglob("*.html"))


@pytest.mark.long
def test_no_text_becomes_markup_in_any_language(wild: tuple[Docs, Report], tame: Docs) -> None:
    tame.verify(Pool(partial(open_mock, tame.stored)))
    names = pages_of(wild[0].site)
    assert names == pages_of(tame.site) and len(names) > 4 * len(PAGES)
    changed = [name for name in names if outline(wild[0].site / name) != outline(tame.site / name)]
    assert changed == []


def test_the_comparison_finds_an_injected_element(tmp_path: Path) -> None:
    shell = "<html><body><p>{}</p><pre><code>{}</code></pre></body></html>"
    (tmp_path / "a").write_text(shell.format("a", "b"))
    (tmp_path / "b").write_text(shell.format("<i>a</i>", "b"))
    (tmp_path / "c").write_text(shell.format("a", "<img src=x>"))
    assert outline(tmp_path / "a") != outline(tmp_path / "b")
    with pytest.raises(AssertionError):
        outline(tmp_path / "c")


def open_pages(page: Page, home: str, paths: Sequence[str]) -> None:
    with watched(page, home):
        for path in paths:
            page.goto(f"{home}/{path}")
            assert page.evaluate("typeof window.x") == "undefined", path
            assert "window.x=1" in page.locator("article").inner_text() or path == ""


def test_nothing_is_executed_in_a_browser(tab: Page, english_home: str) -> None:
    open_pages(tab, english_home, KINDS)


@pytest.mark.long
@pytest.mark.parametrize("home", HOMES, ids=LANGUAGES)
def test_nothing_is_executed_on_a_stamped_page(home: str, tab: Page, wild_home: str) -> None:
    open_pages(tab, f"{wild_home}/{home}".removesuffix("/"), PAGES)


def test_nothing_is_executed_by_the_search(tab: Page, english_home: str) -> None:
    with watched(tab, english_home):
        tab.goto(f"{english_home}/status/")
        field = tab.locator(".md-search__input").first
        field.click()
        field.fill("onerror")
        field.press("End")  # text that is not typed by keys alone goes unnoticed
        tab.locator(".md-search-result__link").first.wait_for()
        assert tab.evaluate("typeof window.x") == "undefined"
        assert tab.locator(".md-search-result img").count() == 0


def test_a_script_that_runs_is_reported(tab: Page, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<script>window.x=1; alert(1)</script>")
    with (
        pytest.raises(AssertionError, match="dialog"),
        served(tmp_path) as home,
        watched(tab, home),
    ):
        tab.goto(home)
        assert tab.evaluate("typeof window.x") == "number"


def test_a_target_with_one_base_url_offers_none(english: Docs) -> None:
    found = {file: file.read_text("utf-8") for file in english.site.rglob("*.html")}
    assert not [file for file, text in found.items() if re.search("tu-bases|base-at", text)]
