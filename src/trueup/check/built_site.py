"""Built site: what is published, compared with the status file, the sources and the receipts."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from pydantic import ValidationError

from trueup.check.banned_terms import BannedTerms, banned_terms
from trueup.check.built_article import BuiltPage, check_article, expected_article
from trueup.check.built_files import BuiltFiles
from trueup.check.page_policy import check_policy, theme_inlines
from trueup.check.page_shell import check_shell
from trueup.check.published_blocks import check_published
from trueup.check.rendered_pages import render_articles
from trueup.errors import BadInput
from trueup.feed import SiteFiles, StatusFeed
from trueup.finding import Finding
from trueup.place import Place
from trueup.site import NOT_FOUND, Block, language_at, load_outline, read_blocks, stamps_of
from trueup.snippet import PROGRAMS, Snippet
from trueup.verify.block_receipt import RECEIPTS, BlockReceipt, Report
from trueup.wording import load_catalogue, receipt_line, standing_words

AGAIN = "Build and verify the site again."
LINK = re.compile(r"""<(?:a|link|script|img|source)\b[^>]*?\s(?:href|src)=["']?([^"'\s>]*)""")
PART = re.compile(r"""\s(?:id|name)=["']?([^"'\s>]+)""")
ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/")


class BuiltSite:
    """A built site, read once at `now`. `files` makes the files that it must have, and `snippets`
    are all that macros can publish; `blocks` are its own, and `markdown` is its Markdown export
    where that was just made."""

    def __init__(
        self,
        files: SiteFiles,
        snippets: Sequence[Snippet],
        now: datetime,
        blocks: Sequence[Block] | None = None,
        markdown: Mapping[str, str] | None = None,
    ) -> None:
        self.files, self.snippets, self.now, self.markdown = files, snippets, now, markdown
        self.site, self.status, self.sources = files.site, files.status, files.pages
        self.blocks = read_blocks(self.site) if blocks is None else blocks
        self.rendered: dict[str, str] = {}
        self.pages = {
            file.relative_to(self.site).as_posix(): file.read_bytes().decode(errors="replace")
            for file in sorted(self.site.rglob("*.html"))
        }

    def check(self) -> list[Finding]:
        """Return findings in all that the site publishes."""
        found = check_published(self.status, self.sources, self.blocks, self.snippets)
        try:
            feed = StatusFeed.model_validate_json((self.site / "status.json").read_bytes())
        except (OSError, ValidationError):
            problem = "no valid feed of the standings"
            found.append(
                Finding(Place(str(self.site / "status.json")), problem, AGAIN, "stale-site")
            )
        else:  # it says as of which date the site was built
            self.files = replace(self.files, today=feed.as_of)
        try:
            found += [*self._texts(), *self._exports()]
        except BadInput as error:
            found.append(Finding.of(error.message, "changed-text"))
        return [*found, *self._stamps(), *_links(self.pages, self.site)]

    def _texts(self) -> Iterator[Finding]:
        """Return findings in the pages as their readers see them."""
        articles, titles = dict[str, str](), dict[str, str]()
        for page, title, article in self._articles():
            articles[page], titles[page] = article, title
        inlines = theme_inlines(self._tree.theme)
        known = {name: self._known(name, titles) for name in self.files.languages}
        for name, text in self.pages.items():
            language = language_at(name, self.files.languages)
            expected = articles.get(name, "")
            built = BuiltPage(name, text, text)
            if name in articles:
                built, found = check_article(name, text, expected)
                yield from found
            allowed, terms = known[language]
            yield from check_shell(built, expected, allowed, terms, self.files.mark)
            yield from check_policy(built, inlines)

    def _articles(self) -> Iterator[tuple[str, str, str]]:
        """Yield each page with its title and the article that it must have."""
        for language, guide in self.files.guides.items():
            pages = [page for page in self.sources if page.language == language]
            rendered = render_articles(self.files.top, language, pages, self.now, self.files.today)
            for page, title, html in rendered:
                self.rendered[page.html] = html
                text = self.pages.get(page.html, "")
                yield page.html, title, expected_article(page.html, text, html, guide)

    def _known(
        self, language: str, titles: Mapping[str, str]
    ) -> tuple[Collection[str], BannedTerms]:
        """Return the texts that a language's pages may have outside their articles, and the words
        that no other text there may have."""
        words = standing_words(load_catalogue(language)).values()
        outline = load_outline(self.files.top, language)
        pages = [page for page in self.sources if page.language == language]
        texts = {outline.name, outline.description, *(page.description for page in pages)}
        texts |= {section.title or "" for section in outline.sections}
        texts |= {titles[page.html] for page in pages}
        return texts, banned_terms(self.status, words)

    @cached_property
    def _tree(self) -> BuiltFiles:
        return BuiltFiles(self.files.top, self.site, self.sources, self.files.languages)

    def _exports(self) -> Iterator[Finding]:
        exports: dict[str, str | Path] = {**self.files.data(), **self.files.evidence()}
        try:
            exports |= self.files.markdown() if self.markdown is None else self.markdown
        except BadInput as error:  # a page without an article, which is a finding already
            yield Finding.of(error.message, "changed-text")
        yield from self._tree.check(exports, [RECEIPTS])
        yield from self._tree.check_search(self.rendered)

    def _stamps(self) -> Iterator[Finding]:
        """Return findings for lines under blocks that differ from the receipts of the site."""
        file = self.site / RECEIPTS
        shown = {page: stamps_of(text) for page, text in self.pages.items()}
        if not (file.is_file() or any(shown.values())):
            return
        try:
            report = Report.parse(text := file.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            yield Finding(Place(str(file)), "no valid receipts", AGAIN, "wrong-stamp")
            return
        for problem in _contradictions(report, text):
            yield Finding(Place(str(file)), problem, AGAIN, "wrong-stamp")
        receipts = {(one.sha256, one.language, one.endpoint): one for one in report.receipts}
        for block in self.blocks:
            if block.id is None or block.endpoint not in self.status.endpoints:
                continue
            receipt = receipts.get((block.sha256, block.language, block.endpoint))
            catalogue = load_catalogue(language_at(block.page, self.files.languages))
            line = receipt_line(receipt, self.status, catalogue, block.page) if receipt else None
            if line is None or shown[block.page].pop(block.id, None) != line:
                problem = f"the line under {block.id} differs from its receipt"
                if receipt is None:
                    problem = f"{block.id} has no receipt"
                place = Place(f"site/{block.page}", block.line)
                yield Finding(place, problem, AGAIN, "wrong-stamp")
        for page, left in shown.items():
            for name in left:
                problem = f"the line of {name} is under no block"
                yield Finding(Place(f"site/{page}"), problem, AGAIN, "wrong-stamp")


def _contradictions(report: Report, text: str) -> Iterator[str]:
    """Yield what of a report no verification could have written."""
    if report.render() != text:
        yield "the counts or the form of the receipts differ from what they hold"
    times = Counter((one.sha256, one.language, one.endpoint) for one in report.receipts)
    for (_, language, endpoint), count in times.items():
        if count > 1:
            yield f"{endpoint} ({language}) has {count} receipts, expected one"
    for receipt in report.receipts:
        if problem := _contradiction(receipt):
            yield f"the receipt of {receipt.endpoint} ({receipt.language}) {problem}"


def _contradiction(receipt: BlockReceipt) -> str | None:
    was_run = receipt.skipped is None and receipt.inconclusive is None
    if receipt.passed and (receipt.reasons or not was_run):
        return "says passed, with a reason against it"
    program = PROGRAMS.get(receipt.language)
    fails = program is not None and program.fails_by_exit_code and receipt.outcome != "output"
    if receipt.passed and (receipt.exit_code != 0) != fails:
        return f"says passed, with outcome {receipt.outcome} and exit code {receipt.exit_code}"
    if was_run and not receipt.passed and not receipt.reasons:
        return "says failed, without a reason"
    return None


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
