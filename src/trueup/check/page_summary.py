"""Page summary: a page's links, headings and macro calls, and the findings in the page alone."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from markdown.extensions.toc import slugify

from trueup.check.banned_terms import BannedTerms
from trueup.check.hidden import check_hidden
from trueup.check.model_page import check_model_page
from trueup.check.prose import CODE_SPAN, check_prose, fences_of, is_inside
from trueup.check.visible_text import CALL, blank, visible_text
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.place import Place, TextPositions
from trueup.site import MacroCall, Page, calls_in

LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^ {0,3}\[[^\]\n]+\]:[ \t]*<?([^\s>]+)", re.MULTILINE
)
ELSEWHERE = re.compile(r"(?:https?|mailto):|//", re.IGNORECASE)
"""Any other scheme, such as a script, leads to no page."""
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
MARKED = re.compile(r"[^\w \-:,.]")
OWN_ID = re.compile(r"\{:?[^{}\n]*#([\w:.-]+)[^{}\n]*\}")
Link = tuple[Place, str]
"""Place and target of a link to a page of the site, or to a part of one."""


@dataclass(frozen=True)
class PageSummary:
    """A page with the data that is compared across pages."""

    page: Page
    links: tuple[Link, ...]
    ids: frozenset[str]
    """Ids of its headings; its macro calls can make more."""
    calls: tuple[MacroCall, ...]
    findings: tuple[Finding, ...]
    """Findings in the page, whatever the other pages hold."""


def summarize_page(page: Page, terms: BannedTerms) -> PageSummary:
    """Return the summary of a page, checked against the terms of its language."""
    calls: tuple[MacroCall, ...] = ()
    findings = []
    try:
        calls = calls_in(page)
    except BadInput as error:
        findings.append(Finding.of(error.message, "bad-call"))
    findings += [*check_prose(terms, page), *check_hidden(page)]
    findings += check_model_page(page, terms.models, calls)
    links = (*_links(page), *_links_by_calls(page, calls))
    return PageSummary(page, links, frozenset(_ids(page)), calls, tuple(findings))


def _links(page: Page) -> Iterator[Link]:
    """Return each link of a page that does not lead to another site."""
    text, lines = CALL.sub(blank, page.text), TextPositions(page.path, page.text, page.first_line)
    spans = [one.span() for one in CODE_SPAN.finditer(text)]
    fences = [(start, end) for start, end, _ in fences_of(text)]
    for found in LINK.finditer(text):
        target = unquote(found[1] or found[2])
        if ELSEWHERE.match(target) or is_inside(spans, found.start()):
            continue
        if not is_inside(fences, found.start()):
            yield lines.place(found.start()), target


def _links_by_calls(page: Page, calls: Iterable[MacroCall]) -> Iterator[Link]:
    """Return the links that macros make to the pages in their arguments."""
    for call in calls:
        if target := call.given.get("page"):
            yield page.place(call.line), target


def _ids(page: Page) -> set[str]:
    """Return the ids of a page's headings, as the extension `toc` makes them."""
    ids = set(OWN_ID.findall(page.text))
    for heading in HEADING.finditer(page.text):
        text = OWN_ID.sub("", heading[1])
        ids.add(slugify(visible_text(text).text if MARKED.search(text) else text, "-"))
    return ids
