"""Built site: what a hook, an override or a later edit could change is found before publishing."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sharing import common, once

from trueup.check import Check
from trueup.docs import Docs
from trueup.scaffold import InstallSource, SiteAnswers, write_starter
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)
PAGE = "example-image-1/index.html"
INDEX = "search/search_index.json"
Edit = Callable[[str], str]


def make_site(top: Path) -> None:
    write_starter(top, SiteAnswers(day=NOW.date()), InstallSource(("trueup==0.1.0",)))
    docs = Docs.load(top, NOW, NOW.date())
    docs.build(to_be_verified=True)
    assert docs.verify(Pool(partial(open_mock, docs.stored)))[1] == []


@pytest.fixture(scope="module")
def base(pytestconfig: pytest.Config) -> Path:
    """A new site, built and verified."""
    return once(common(pytestconfig) / "built-starter", make_site)


@pytest.fixture
def top(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "top"))


def found_in(top: Path) -> list[tuple[str, str]]:
    """Return rule and place of each finding in the built site."""
    found = Check(top, NOW, NOW.date()).built(top / "site")
    return [(one.rule, one.where.path.removeprefix(f"{top}/")) for one in found]


def test_a_site_as_built_has_no_findings(top: Path) -> None:
    assert found_in(top) == []


def swap(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new, 1)


ANNOUNCED = '">Use it: recommended.'
DESCRIBED = '<head><meta property="og:title" content="Works reliably">'
DATA = '<script type="application/ld+json">"\\u0072ecommended"</script></body>'
FOREIGN = '<script src="//a.example/x.js"></script></body>'
BLOCKED = '<iframe src="https://a.example/"></iframe></body>'
OTHER = "script-src &#x27;self&#x27; &#x27;unsafe-inline&#x27;"
EDITS = {
    # What a hook or an override could do to the article, and an edit of the site too.
    "a word": (PAGE, swap(">not recommended<", ">recommended<"), "changed-text"),
    "a mark": (PAGE, swap(">Legacy code, not recommended</p>", "></p>"), "changed-text"),
    "a sentence": (PAGE, swap("</article>", "<p>Works.</p></article>"), "changed-text"),
    "a class": (PAGE, swap('class="tu-standing', 'class="md-hidden tu-standing'), "changed-text"),
    "a style": (PAGE, swap("<h1 ", '<h1 style="opacity:0" '), "changed-text"),
    # Outside the article.
    "the announcement": (PAGE, swap('announce">', f'announce{ANNOUNCED}'), "typed-standing"),
    "the description": (PAGE, swap("<head>", DESCRIBED), "typed-standing"),
    "an alt": (PAGE, swap('alt="logo"', 'alt="first choice"'), "typed-standing"),
    "data": (PAGE, swap("</body>", DATA), "typed-standing"),
    # The policy, and what it blocks.
    "no policy": (PAGE, swap("Content-Security-Policy", "X-Policy"), "page-policy"),
    "another policy": (PAGE, swap("script-src &#x27;self&#x27;", OTHER), "page-policy"),
    "a frame": (PAGE, swap("</body>", BLOCKED), "page-policy"),
    "a handler": (PAGE, swap("<body ", '<body onload="x()" '), "page-policy"),
    "a script": (PAGE, swap("</body>", "<script>x()</script></body>"), "page-policy"),
    "a foreign script": (PAGE, swap("</body>", FOREIGN), "page-policy"),
    # Files for programs.
    "a badge": ("badges/example-image-1.svg", swap("</title>", "!</title>"), "stale-site"),
    "the list": ("llms.txt", swap("#", "# Recommended"), "stale-site"),
    "a twin": ("example-image-1/index.md", swap("not recommended", "recommended"), "stale-site"),
    "a feed": ("changes.atom", swap("</feed>", "<entry/></feed>"), "stale-site"),
    "the schema": ("status.schema.json", swap("{", "{ "), "stale-site"),
    "the search": (INDEX, swap("not recommended", "recommended"), "stale-site"),
    # Files of MkDocs.
    "the theme's script": ("assets/legacy.js", lambda text: text + "x()", "unknown-file"),
    "a new script": ("assets/more.js", lambda _: "x()", "unknown-file"),
    "a new page": ("more/index.html", lambda _: "<p>Hello</p>", "unknown-file"),
    "a new picture": ("more.svg", lambda _: "<svg/>", "unknown-file"),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_the_built_site_is_found(edit: str, top: Path) -> None:
    name, change, rule = EDITS[edit]
    file = top / "site" / name
    before = file.read_text("utf-8") if file.exists() else ""
    file.parent.mkdir(exist_ok=True)
    file.write_text(change(before), "utf-8")
    assert file.read_text("utf-8") != before
    assert (rule, f"site/{name}") in found_in(top)


def test_a_missing_page_or_export_is_found(top: Path) -> None:
    (top / "site" / PAGE).unlink()
    (top / "site" / "changes.json").unlink()
    found = found_in(top)
    assert ("changed-text", f"site/{PAGE}") in found
    assert ("stale-site", "site/changes.json") in found


RECEIPTS = {
    "a failure that says passed": {"exit_code": 1, "outcome": "output"},
    "a pass with a reason against it": {"reasons": ["got a 500"]},
    "a failure without a reason": {"passed": False},
}


@pytest.mark.parametrize("case", RECEIPTS)
def test_a_receipt_that_contradicts_itself_is_found(case: str, top: Path) -> None:
    file = top / "site" / "receipts.json"
    data = json.loads(file.read_text("utf-8"))
    data["receipts"][0] |= RECEIPTS[case]
    file.write_text(json.dumps(data, indent=2) + "\n", "utf-8")
    assert ("wrong-stamp", "site/receipts.json") in found_in(top)
