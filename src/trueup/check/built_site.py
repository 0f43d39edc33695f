"""Built site: what it publishes, compared with the status file and its receipts."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from itertools import chain
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from trueup.check.banned_terms import banned_terms
from trueup.check.claims import Near, check_text
from trueup.check.page_policy import check_policy
from trueup.check.published_blocks import check_published
from trueup.finding import Finding
from trueup.model import Status
from trueup.place import Place
from trueup.site import NOT_FOUND, Block, Page, stamps_of
from trueup.snippet import Snippet
from trueup.verify.block_receipt import RECEIPTS, BlockReceipt, Report
from trueup.verify.contradiction import contradiction_in
from trueup.wording import load_catalogue, receipt_lines, standing_words

FREE_TEXTS = (
    *("engine", "request_id", "output", "outcome", "shape"),
    *("skipped", "inconclusive", "unobserved", "reasons"),
)
"""Fields of a receipt, of which the page or `receipts.json` shows what a run wrote."""
AGAIN = "Build and verify the site again."
LINK = re.compile(r"""<(?:a|link|script|img|source)\b[^>]*?\s(?:href|src)=["']?([^"'\s>]*)""")
PART = re.compile(r"""\s(?:id|name)=["']?([^"'\s>]+)""")
ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/")


class BuiltSite:
    """A built site with its blocks; `sources` are those of its pages, and `snippets` are all that
    macros can publish."""

    def __init__(
        self,
        site: Path,
        status: Status,
        sources: Sequence[Page],
        blocks: Sequence[Block],
        snippets: Sequence[Snippet],
    ) -> None:
        self.site, self.status, self.sources = site, status, sources
        self.blocks, self.snippets = blocks, snippets
        self.languages = [page.language for page in sources]
        self.pages = {
            file.relative_to(site).as_posix(): file.read_bytes().decode(errors="replace")
            for file in sorted(site.rglob("*.html"))
        }

    def check(self) -> list[Finding]:
        """Return findings in what the site publishes, whatever its sources are."""
        return [
            *check_published(self.status, self.sources, self.blocks, self.snippets),
            *(one for page, text in self.pages.items() for one in check_policy(page, text)),
            *self._stamps(),
            *_links(self.pages, self.site),
        ]

    def _stamps(self) -> Iterator[Finding]:
        """Return findings for lines under blocks that differ from the receipts of the site."""
        file = self.site / RECEIPTS
        shown = {page: stamps_of(text) for page, text in self.pages.items()}
        if not (file.is_file() or any(shown.values())):
            return
        try:
            report = Report.parse(text := file.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            yield Finding(Place(f"site/{RECEIPTS}"), "no valid receipts", AGAIN, "wrong-stamp")
            return
        for problem in (*_contradictions(report, text), *self._advice(report)):
            yield Finding(Place(f"site/{RECEIPTS}"), problem, AGAIN, "wrong-stamp")
        receipts = {(one.sha256, one.language, one.endpoint) for one in report.receipts}
        lines = receipt_lines(self.blocks, report.receipts, self.status, self.languages)
        for block in self.blocks:
            if block.id is None or block.endpoint not in self.status.endpoints:
                continue
            line = lines.get((block.page, block.id))
            if shown[block.page].pop(block.id, None) != line or line is None:
                problem = f"the line under {block.id} differs from its receipt"
                if (block.sha256, block.language, block.endpoint) not in receipts:
                    problem = f"{block.id} has no receipt"
                place = Place(f"site/{block.page}", block.line)
                yield Finding(place, problem, AGAIN, "wrong-stamp")
        for page, left in shown.items():
            for name in left:
                problem = f"the line of {name} is under no block"
                yield Finding(Place(f"site/{page}"), problem, AGAIN, "wrong-stamp")

    def _advice(self, report: Report) -> Iterator[str]:
        """Yield each standing and advice in the free texts of receipts."""
        words = [standing_words(load_catalogue(one)).values() for one in {*self.languages}]
        terms = banned_terms(self.status, chain.from_iterable(words))
        for receipt in report.receipts:
            text = "; ".join(str(getattr(receipt, name)) for name in FREE_TEXTS)
            for found in check_text(Place(RECEIPTS), text, terms, Near.NAME, "hold"):
                if found.rule == "typed-standing":
                    yield f"{_name(receipt)}: {found.problem}"


def _name(receipt: BlockReceipt) -> str:
    return f"the receipt of {receipt.endpoint} ({receipt.language})"


def _contradictions(report: Report, text: str) -> Iterator[str]:
    """Yield what of a report no verification could have written."""
    if report.render() != text:
        yield "the counts or the form of the receipts differ from what they hold"
    times = Counter((one.sha256, one.language, one.endpoint) for one in report.receipts)
    for (_, language, endpoint), count in times.items():
        if count > 1:
            yield f"{endpoint} ({language}) has {count} receipts, expected one"
    for receipt in report.receipts:
        if problem := contradiction_in(receipt):
            yield f"{_name(receipt)} {problem}"


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
