"""Built site: what an override or a later edit could change is found before publishing."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from command import trueup
from conftest import CurlPool
from sharing import common, once

from trueup.check import Check, Sources
from trueup.check.site_comparison import check_file_kinds, compare_sites
from trueup.docs import Docs
from trueup.finding import Finding
from trueup.scaffold import InstallSource, SiteAnswers, write_starter
from trueup.verify.block_receipt import Report
from trueup.verify.run import open_mock

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)
PAGE = "example-image-1/index.html"
INDEX = "search/search_index.json"
Edit = Callable[[str], str]
Found = list[tuple[str, str]]


def load(top: Path, address: str = "") -> Docs:
    return Docs.load(top, NOW, NOW.date(), address=address)


def make_site(top: Path) -> None:
    write_starter(top, SiteAnswers(day=NOW.date()), InstallSource(("trueup==0.1.0",)))
    docs = load(top)
    docs.build(to_be_verified=True)
    docs = replace(docs, today=NOW.date() + timedelta(days=1))
    assert docs.verify(CurlPool(partial(open_mock, docs.stored)))[1] == []


@pytest.fixture(scope="module")
def base(pytestconfig: pytest.Config) -> Path:
    """A new site, built, and verified a day later."""
    return once(common(pytestconfig) / "built-starter", make_site)


@pytest.fixture
def top(base: Path, tmp_path: Path) -> Path:
    """A copy of it by hard links, so that a changed file has to be written anew."""
    return Path(shutil.copytree(base, tmp_path / "top", copy_function=os.link))


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text(text, "utf-8")


def pairs(found: list[Finding]) -> Found:
    """Return rule and place of each finding."""
    return [(one.rule, one.where.path) for one in found]


def test_a_site_as_built_and_verified_has_no_findings(top: Path) -> None:
    done = trueup(top, "check", "--built")
    assert (done.returncode, done.stdout) == (0, "nothing found\n"), done.stderr


@pytest.mark.long
@pytest.mark.no_cover
def test_a_site_in_four_languages_has_no_findings(made: tuple[Docs, Report]) -> None:
    assert made[0].check_built() == []


def swap(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new, 1)


def around(start: str, end: str) -> Edit:
    """Return the edit that puts an element around the article."""
    return lambda text: text.replace("<article ", f"{start}<article ", 1).replace(
        "</article>", f"</article>{end}", 1
    )


DESCRIBED = '<head><meta name="description" content="Works reliably">'
REQUEST = "hurl/example-image-1--images-generations.hurl"
SVG = "<svg><text>recommended</text></svg></article>"
TAMPERED: dict[str, tuple[str, Edit, str]] = {
    # The head, and what no reader sees at once.
    "the title": (PAGE, swap("</title>", ", recommended</title>"), "changed-text"),
    "the description": (PAGE, swap("<head>", DESCRIBED), "changed-text"),
    "a comment": (PAGE, swap("</body>", "<!-- works --></body>"), "changed-text"),
    "a text in an svg": (PAGE, swap("</article>", SVG), "changed-text"),
    "a text at the end": (PAGE, swap("</body>", "It works.</body>"), "changed-text"),
    "data": (PAGE, swap("</body>", '<script type="a/b">1</script></body>'), "changed-text"),
    # Around the article and on it.
    "a hidden wrapper": (PAGE, around("<div hidden>", "</div>"), "changed-text"),
    "a folded wrapper": (PAGE, around("<details>", "</details>"), "changed-text"),
    "a closed wrapper": (PAGE, around("<dialog>", "</dialog>"), "changed-text"),
    "an inert wrapper": (PAGE, around("<template>", "</template>"), "changed-text"),
    "an overlay": (PAGE, around('<div class="md-overlay">', "</div>"), "changed-text"),
    "an attribute": (PAGE, swap("<article ", "<article hidden "), "changed-text"),
    # The article.
    "a word": (PAGE, swap(">not recommended<", ">recommended<"), "changed-text"),
    "a mark": (PAGE, swap(">Legacy code, not recommended</p>", "></p>"), "changed-text"),
    "a sentence": (PAGE, swap("</article>", "<p>Works.</p></article>"), "changed-text"),
    "a class": (PAGE, swap('class="tu-standing', 'class="md-hidden tu-standing'), "changed-text"),
    "no article": (PAGE, lambda _: "<p>Works.</p>", "changed-text"),
    "elements without end": (PAGE, lambda text: "<div>" * 9000 + text, "changed-text"),
    "a stamp": (PAGE, swap("Replays a sample", "Confirmed"), "changed-text"),
    # The rest of the page.
    "the menu": (PAGE, swap('class="md-nav__title"', 'class="md-nav"'), "changed-text"),
    "the footer": (PAGE, swap("</footer>", "Works.</footer>"), "changed-text"),
    "the policy": (PAGE, swap("default-src", "x-src"), "changed-text"),
    # Other files.
    "a twin": ("example-image-1/index.md", swap("not recommended", "recommended"), "stale-site"),
    "the list": ("llms.txt", swap("#", "# Recommended"), "stale-site"),
    "the standings": ("status.json", swap('"unverified"', '"recommended"'), "stale-site"),
    "a feed": ("changes.atom", swap("</feed>", "<entry/></feed>"), "stale-site"),
    "a badge": ("badges/example-image-1.svg", swap("</title>", "!</title>"), "stale-site"),
    "a shield": ("badges/example-image-1.json", swap("red", "green"), "stale-site"),
    "the summary": ("summary.json", swap("major_outage", "operational"), "stale-site"),
    "an operation": ("openapi.json", swap("unverified", "recommended"), "stale-site"),
    "a request": (REQUEST, swap("not recommended", "recommended"), "stale-site"),
    "a page at its address": ("status.md", swap("not recommended", "recommended"), "stale-site"),
    "the search": (INDEX, swap("not recommended", "recommended"), "stale-site"),
    "a style": ("assets/trueup.css", lambda text: text + "p{display:none}", "stale-site"),
    "a script": ("assets/legacy.js", lambda text: text + "x()", "stale-site"),
    "a new script": ("assets/more.js", lambda _: "x()", "unknown-file"),
    "a new page": ("more/index.html", lambda _: "<p>Hello</p>", "unknown-file"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_tampered_file_is_found(case: str, base: Path, top: Path) -> None:
    name, change, rule = TAMPERED[case]
    file = top / "site" / name
    before = file.read_text("utf-8") if file.exists() else ""
    write(file, change(before))
    assert file.read_text("utf-8") != before
    found = list(compare_sites(top / "site", base / "site"))
    assert pairs(found) == [(rule, f"site/{name}")]


def test_a_difference_is_shown_at_its_line(base: Path, top: Path) -> None:
    file = top / "site" / PAGE
    before = file.read_text("utf-8")
    edits = {
        ">not recommended<": ">recommended<",
        "<main ": "<main data-x ",
    }
    texts = []
    for old, new in edits.items():
        write(file, before.replace(old, new, 1))
        (found,) = compare_sites(top / "site", base / "site")
        texts.append((found.where.line, found.problem))
    line = before[: before.index(">not recommended<")].count("\n") + 1
    assert texts[0][0] == line
    assert texts[0][1].startswith("got the text '…") and "', expected '…" in texts[0][1]
    assert "recommended" in texts[0][1] and len(texts[0][1]) < 200
    assert texts[1][1] == "the HTML differs from what the source of the page makes"


def test_a_missing_page_or_file_is_found(base: Path, top: Path) -> None:
    gone = {PAGE: "changed-text", "changes.json": "stale-site", INDEX: "stale-site"}
    for name in gone:
        (top / "site" / name).unlink()
    found = pairs(list(compare_sites(top / "site", base / "site")))
    assert sorted(found) == sorted((rule, f"site/{name}") for name, rule in gone.items())


def test_a_link_or_a_pipe_in_place_of_a_file_is_found_and_not_read(top: Path) -> None:
    site = top / "site"
    for name in (PAGE, "status.json", "status/index.html"):
        (site / name).unlink()
    (site / "status" / "index.html").mkdir()
    (site / PAGE).symlink_to(top / "README.md")
    (site / "folder").symlink_to("/proc")
    os.mkfifo(site / "status.json")
    names = (PAGE, "folder", "status/index.html", "status.json")
    found = [("unknown-file", f"site/{name}") for name in names]
    assert pairs(load(top).check_built()) == found == pairs(check_file_kinds(site))


def test_another_address_or_day_than_that_of_the_pages_is_found(top: Path) -> None:
    docs = load(top)
    pages = {("changed-text", f"site/{page.html}") for page in docs.pages}
    assert pages < set(pairs(replace(docs, address="https://docs.example/").check_built()))
    feed = top / "site" / "status.json"
    write(feed, feed.read_text("utf-8").replace("2026-04-14", "2026-04-13", 1))
    found = set(pairs(docs.check_built()))
    assert found >= {("changed-text", "site/status/index.html"), ("stale-site", "site/index.md")}


def test_an_override_changes_a_page_around_its_article_alone(top: Path) -> None:
    named = "policy:\n  overrides: [overrides/main.html, overrides/partials/header.html]\n"
    status = (top / "status.yml").read_text("utf-8").replace("policy:\n", named, 1)
    write(top / "status.yml", status)
    header = top / "overrides" / "partials" / "header.html"
    write(header, "<header>A header of our own</header>")
    article = '{{ super() | replace("not recommended", "recommended") }}'
    main = f'{{% extends "base.html" %}}{{% block content %}}{article}{{% endblock %}}'
    write(top / "overrides" / "main.html", main)
    docs = load(top)
    docs.build()
    assert "A header of our own" in (docs.site / PAGE).read_text("utf-8")
    found = docs.check_built()
    assert {page for rule, page in pairs(found) if rule == "changed-text"} == {
        f"site/{page.html}"
        for page in docs.pages
        if "recommended" in (docs.site / page.html).read_text("utf-8")
    }
    assert all("expected" in one.problem for one in found), found


POLICY: dict[str, Edit] = {
    "no policy": swap("Content-Security-Policy", "X-Policy"),
    "another policy": swap("img-src &#x27;self&#x27;", "img-src *"),
    "a frame": swap("</body>", '<iframe src="https://a.example/"></iframe></body>'),
    "a handler": swap("<body ", '<body onload="x()" '),
    "a foreign script": swap("</body>", '<script src="//a.example/x.js"></script></body>'),
    "a foreign picture": swap("</article>", '<img src="https://a.example/x.png"></article>'),
}


@pytest.mark.parametrize("case", POLICY)
def test_what_the_policy_of_a_page_blocks_is_found_without_a_build(case: str, top: Path) -> None:
    file = top / "site" / PAGE
    write(file, POLICY[case](file.read_text("utf-8")))
    assert ("page-policy", f"site/{PAGE}") in pairs(load(top).check_site())


def test_a_picture_from_elsewhere_is_found_where_it_is_typed(top: Path) -> None:
    page = top / "docs" / "en" / "index.md"
    before = page.read_text("utf-8")
    write(page, f"{before}\n![A sketch](https://a.example/x.png) ![Ours](x.png)\n")
    line = before.count("\n") + 2
    found = Check(Sources(top, NOW), NOW.date()).run()
    assert [(one.rule, one.where.line) for one in found] == [("page-policy", line)]


RECEIPTS: dict[str, dict[str, object]] = {
    "a failure that says passed": {"exit_code": 1, "outcome": "output"},
    "a pass with a reason against it": {"reasons": ["got a 500"]},
    "a failure without a reason": {"passed": False},
    "a target that the status file lacks": {"target": "other"},
    "a containment that does not exist": {"containment": "other"},
    "a standing as its record": {"record": "recommended"},
    "a standing as its engine": {"engine": "recommended"},
}


@pytest.mark.parametrize("case", RECEIPTS)
def test_a_receipt_that_contradicts_itself_is_found(case: str, top: Path) -> None:
    file = top / "site" / "receipts.json"
    data = json.loads(file.read_text("utf-8"))
    data["receipts"][0] |= RECEIPTS[case]
    write(file, json.dumps(data, indent=2) + "\n")
    found = load(top).check_site()
    where = f"site/{PAGE}" if "target" in RECEIPTS[case] else "site/receipts.json"
    assert {one.rule for one in found} == {"wrong-stamp"} and found[0].where.path == where


def test_a_line_that_differs_from_its_receipt_is_found(top: Path) -> None:
    file = top / "site" / PAGE
    write(file, file.read_text("utf-8").replace("Replays a sample", "Confirmed", 1))
    assert ("wrong-stamp", f"site/{PAGE}") in pairs(load(top).check_site())
