"""Built site: what it publishes, compared with the status file and its receipts."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from html import unescape
from itertools import chain
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from pydantic import TypeAdapter

from trueup.check.banned_terms import banned_terms
from trueup.check.claims import Near, check_text
from trueup.check.page_policy import check_policy
from trueup.check.published_blocks import check_published
from trueup.finding import Finding
from trueup.memo import NO_MEMO, Memo
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


@dataclass(frozen=True)
class BuiltPage:
    """What the checks of a site need of one of its pages."""

    name: str
    """Path in the site."""
    policy: tuple[Finding, ...]
    """Findings in its content security policy."""
    stamps: Mapping[str, str]
    """Line (HTML) under each stamped block, by its id."""
    parts: frozenset[str]
    """Names within the page that links can lead to."""
    links: tuple[tuple[str, int], ...]
    """Each address within the site that it leads to, once, with the first line."""


PAGE = TypeAdapter(BuiltPage)


def read_pages(site: Path, pages: Iterable[str], memo: Memo = NO_MEMO) -> list[BuiltPage]:
    """Return pages of a built site as its checks need them."""
    found = []
    for page in pages:
        text = (site / page).read_bytes().decode(errors="replace")
        found.append(PAGE.validate_python(memo.get([page, text], partial(_read_page, page, text))))
    return found


def _read_page(page: str, text: str) -> BuiltPage:
    links: dict[str, int] = {}
    for link in LINK.finditer(text) if not page.endswith(NOT_FOUND) else ():
        target = unescape(link[1])
        if target and target not in links and not ELSEWHERE.match(target):
            links[target] = text.count("\n", 0, link.start()) + 1
    return BuiltPage(
        name=page,
        policy=tuple(check_policy(page, text)),
        stamps=stamps_of(text),
        parts=frozenset(unescape(one) for one in PART.findall(text)),
        links=tuple(links.items()),
    )


class BuiltSite:
    """A built site with its pages and blocks; `sources` are those of its pages, and `snippets` are
    all that macros can publish."""

    def __init__(
        self,
        site: Path,
        status: Status,
        sources: Sequence[Page],
        pages: Iterable[BuiltPage],
        blocks: Sequence[Block],
        snippets: Sequence[Snippet],
    ) -> None:
        self.site, self.status, self.sources = site, status, sources
        self.blocks, self.snippets = blocks, snippets
        self.languages = [page.language for page in sources]
        self.pages = {page.name: page for page in pages}

    def check(self) -> list[Finding]:
        """Return findings in what the site publishes, whatever its sources are."""
        return [
            *check_published(self.status, self.sources, self.blocks, self.snippets),
            *(one for page in self.pages.values() for one in page.policy),
            *self._stamps(),
            *self._links(),
        ]

    def _stamps(self) -> Iterator[Finding]:
        """Return findings for lines under blocks that differ from the receipts of the site."""
        file = self.site / RECEIPTS
        shown = {name: dict(page.stamps) for name, page in self.pages.items()}
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

    def _links(self) -> Iterator[Finding]:
        there: dict[str, bool] = {}
        for page in self.pages.values():
            for target, line in page.links:
                if problem := self._problem(page.name, target, there):
                    place = Place(f"site/{page.name}", line)
                    yield Finding(
                        place, f"broken link: {problem}", "Correct the link.", "dead-link"
                    )

    def _problem(self, page: str, target: str, there: dict[str, bool]) -> str | None:
        path, _, part = target.partition("#")
        path = unquote(path.partition("?")[0])
        name = normpath(join(dirname(page), path)) if path else page
        if (index := normpath(join(name, "index.html"))) in self.pages:
            name = index
        if name not in there:
            there[name] = name in self.pages or (self.site / name).is_file()
        if not there[name]:
            return f"{target} does not exist"
        if part and name in self.pages and unquote(part) not in self.pages[name].parts:
            return f"{name} has no part #{part}"
        return None

    def _advice(self, report: Report) -> Iterator[str]:
        """Yield each standing and advice in the free texts of receipts."""
        words = [standing_words(load_catalogue(one)).values() for one in {*self.languages}]
        terms = banned_terms(self.status, chain.from_iterable(words))

        @cache
        def advice(text: str) -> list[str]:
            found = check_text(Place(RECEIPTS), text, terms, Near.NAME, "hold")
            return [one.problem for one in found if one.rule == "typed-standing"]

        for receipt in report.receipts:
            texts = (str(getattr(receipt, name)) for name in FREE_TEXTS)
            for problem in chain.from_iterable(map(advice, texts)):
                yield f"{_name(receipt)}: {problem}"


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
