"""Page summary: a page's links, headings and macro calls, and the findings in the page alone."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pydantic import TypeAdapter

from trueup.check.banned_terms import BannedTerms
from trueup.check.hidden import check_hidden
from trueup.check.model_page import check_model_page
from trueup.check.page_markdown import PageMarkdown
from trueup.check.page_policy import check_element
from trueup.check.prose import check_prose
from trueup.check.typed_page import TypedPage, read_typed_page
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.memo import Memo
from trueup.place import Place
from trueup.site import MacroCall, Page, calls_in

ELSEWHERE = re.compile(r"(?:https?|mailto):|//", re.IGNORECASE)
"""Any other scheme, such as a script, leads to no page."""
TARGETS = {"a": "href", "img": "src"}
Link = tuple[Place, str]
"""Place and target of a link to a page of the site, or to a part of one."""
Parts = tuple[tuple[Link, ...], frozenset[str], tuple[MacroCall, ...], tuple[Finding, ...]]
"""What a summary holds beside its page."""


@dataclass(frozen=True)
class PageSummary:
    """A page with the data that is compared across pages."""

    page: Page
    links: tuple[Link, ...] = ()
    ids: frozenset[str] = frozenset()
    """Ids of its elements; its macro calls can make more."""
    calls: tuple[MacroCall, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Findings in the page, whatever the other pages hold."""


def summarize_pages(
    pages: Iterable[Page], terms: BannedTerms, markdown: PageMarkdown, memo: Memo
) -> Iterator[PageSummary]:
    """Yield the summaries of pages, checked against the terms of their language, from the memo
    those that were made from the same page, terms and options of `markdown`."""
    if not memo.keeps:
        yield from (summarize_page(page, terms, markdown) for page in pages)
        return
    known = terms.mark, repr([*markdown.options.items()])
    data = TypeAdapter(Parts)
    for page in pages:

        def parts(page: Page = page) -> Any:
            one = summarize_page(page, terms, markdown)
            return data.dump_python((one.links, one.ids, one.calls, one.findings), mode="json")

        kept = memo.get([*known, *map(repr, vars(page).values())], parts)
        yield PageSummary(page, *data.validate_python(kept))


def summarize_page(page: Page, terms: BannedTerms, markdown: PageMarkdown) -> PageSummary:
    """Return the summary of a page, checked against the terms of its language."""
    try:
        calls = calls_in(page)
    except BadInput as error:
        return PageSummary(page, findings=(Finding.of(error.message, "bad-call"),))
    try:
        typed = read_typed_page(page, markdown)
    except BadInput as error:
        return PageSummary(page, findings=(Finding.of(error.message, "unreadable-page"),))
    findings = [*check_prose(terms, typed), *check_hidden(typed)]
    findings += check_model_page(page, terms.models, calls)
    for picture in () if typed.root is None else typed.root.iter("img"):
        findings += check_element(picture, typed.search(picture.get("src", "")))
    links = tuple(_links(typed))
    ids = () if typed.root is None else typed.root.xpath("//@id")
    return PageSummary(page, links, frozenset(map(str, ids)), calls, tuple(findings))


def _links(typed: TypedPage) -> Iterator[Link]:
    """Return each link of a page that does not lead to another site."""
    at = 0
    for element in () if typed.root is None else typed.root.iter(*TARGETS):
        written = element.get(TARGETS[element.tag])
        if not written or ELSEWHERE.match(written) or "footnote" in (element.get("class") or ""):
            continue
        place = typed.search(written, at)
        at = max(typed.page.text.find(written, at), at)
        yield place, unquote(written)
