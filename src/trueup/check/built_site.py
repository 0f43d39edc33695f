"""Built site: the pages as published, compared with the status file and their own receipts."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from pydantic import ValidationError

from trueup.check.published_blocks import check_published
from trueup.evidence import Assessment, assess
from trueup.feed import StatusFeed, feed_of
from trueup.finding import Finding
from trueup.model import Standing, Status
from trueup.place import Place
from trueup.site import NOT_FOUND, STAMP, Block, Page, language_at
from trueup.snippet import Snippet
from trueup.verify.block_receipt import Report
from trueup.wording import load_catalogue, receipt_line

AGAIN = "Build and verify the site again."
LINK = re.compile(r"""<(?:a|link|script|img|source)\b[^>]*?\s(?:href|src)=["']?([^"'\s>]*)""")
PART = re.compile(r"""\s(?:id|name)=["']?([^"'\s>]+)""")
HEADING = re.compile(r"<h[1-6]\b")
LEGACY = re.compile(r"""<p class=["']?tu-legacy\b""")
ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/")


def check_built(
    status: Status,
    sources: Sequence[Page],
    blocks: Sequence[Block],
    snippets: Iterable[Snippet],
    site: Path,
) -> list[Finding]:
    """Return findings in the built site; its receipts are checked where it has any.

    `sources` are its pages as written, `snippets` all that macros can publish.
    """
    languages = tuple(dict.fromkeys(page.language for page in sources))
    pages = {
        file.relative_to(site).as_posix(): file.read_bytes().decode(errors="replace")
        for file in sorted(site.rglob("*.html"))
    }
    found = check_published(status, sources, blocks, snippets)
    assessments = assess(status)
    found += [*_feed(status, assessments, site), *_marks(assessments, blocks, pages)]
    found += _stamps(status, blocks, pages, site, languages)
    return [*found, *_links(pages, site)]


def _feed(status: Status, assessments: Mapping[str, Assessment], site: Path) -> Iterator[Finding]:
    file = site / "status.json"
    try:
        feed = StatusFeed.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        problem = "no valid feed of the standings"
    else:
        if feed == feed_of(status, assessments, feed.as_of, feed.rehearsal):
            return
        problem = "the site was built from another status file"
    yield Finding(Place(str(file)), problem, AGAIN, "stale-site")


def _marks(
    assessments: Mapping[str, Assessment], blocks: Iterable[Block], pages: Mapping[str, str]
) -> Iterator[Finding]:
    """Return findings for code of a failing endpoint without a mark under its heading."""
    for block in blocks:
        assessment = assessments.get(block.endpoint or "")
        if assessment is None or block.id is None:
            continue
        if assessment.standing is not Standing.NOT_RECOMMENDED:
            continue
        text = pages[block.page]
        at = text.find(f'id="{block.id}"')
        headings = [one.start() for one in HEADING.finditer(text, 0, max(at, 0))]
        if at < 0 or not LEGACY.search(text, headings[-1] if headings else 0, at):
            yield Finding(
                Place(f"site/{block.page}", block.line),
                f"code of {block.endpoint}, which is not recommended, has no legacy mark",
                "Publish it with {{ route(…) }}, and build again.",
                "unmarked-legacy",
            )


def _stamps(
    status: Status,
    blocks: Iterable[Block],
    pages: Mapping[str, str],
    site: Path,
    languages: Sequence[str],
) -> Iterator[Finding]:
    """Return findings for lines under blocks that differ from the receipts of the site."""
    file = site / "receipts.json"
    shown = {page: {one[1]: one[2] for one in STAMP.finditer(text)} for page, text in pages.items()}
    if not (file.is_file() or any(shown.values())):
        return
    try:
        report = Report.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        yield Finding(Place(str(file)), "no valid receipts", AGAIN, "wrong-stamp")
        return
    receipts = {(one.sha256, one.language, one.endpoint): one for one in report.receipts}
    for block in blocks:
        if block.id is None or block.endpoint not in status.endpoints:
            continue
        receipt = receipts.get((block.sha256, block.language, block.endpoint))
        catalogue = load_catalogue(language_at(block.page, languages))
        line = receipt_line(receipt, status, catalogue, block.page) if receipt else None
        if line is None or shown[block.page].get(block.id) != line:
            problem = f"the line under {block.id} differs from its receipt"
            if receipt is None:
                problem = f"{block.id} has no receipt"
            place = Place(f"site/{block.page}", block.line)
            yield Finding(place, problem, AGAIN, "wrong-stamp")


def _links(pages: Mapping[str, str], site: Path) -> Iterator[Finding]:
    parts = {page: {unescape(one) for one in PART.findall(text)} for page, text in pages.items()}
    there: dict[str, bool] = {}
    for page, text in pages.items():
        if page.endswith(NOT_FOUND):
            continue
        known = set()
        for link in LINK.finditer(text):
            target = unescape(link[1])
            if not target or ELSEWHERE.match(target) or target in known:
                continue
            known.add(target)
            if problem := _problem(page, target, parts, site, there):
                place = Place(f"site/{page}", text.count("\n", 0, link.start()) + 1)
                yield Finding(place, f"broken link: {problem}", "Correct the link.", "dead-link")


def _problem(
    page: str, target: str, parts: Mapping[str, set[str]], site: Path, there: dict[str, bool]
) -> str | None:
    path, _, part = target.partition("#")
    path = unquote(path.partition("?")[0])
    name = normpath(join(dirname(page), path)) if path else page
    if (index := normpath(join(name, "index.html"))) in parts:
        name = index
    if name not in there:
        there[name] = name in parts or (site / name).is_file()
    if not there[name]:
        return f"{target} does not exist"
    if part and name in parts and unquote(part) not in parts[name]:
        return f"{name} has no part #{part}"
    return None
