"""Digest: all that a check asks of one page, so that a page that did not change is not read."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from markdown.extensions.toc import slugify

from trueup.check.banned_terms import BannedTerms
from trueup.check.hidden import check_hidden
from trueup.check.lines import Lines
from trueup.check.model_page import check_model_page
from trueup.check.prose import CODE_SPAN, check_prose, fences_of, is_inside
from trueup.check.visible_text import CALL, blank, plain
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.model import Frozen
from trueup.site import MacroCall, Page, calls_in, parts_of

LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^ {0,3}\[[^\]\n]+\]:[ \t]*<?([^\s>]+)", re.MULTILINE
)
ELSEWHERE = re.compile(r"(?:https?|mailto):|//", re.IGNORECASE)
"""Whatever else begins like an address, such as a script, leads to no page."""
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
MARKED = re.compile(r"[^\w \-:,.]")
OWN_ID = re.compile(r"\{:?[^{}\n]*#([\w:.-]+)[^{}\n]*\}")


Kept = tuple[int, str, str]
"""A part of a page as a translation is compared with it: its line, a mark that tells whether it
changed, and what a translation must keep, a line for each."""


Link = tuple[str, str]
"""A link to a page of the site or to a part of it: its place and its target."""


class PageSummary(Frozen):
    """One page, without its text."""

    path: str
    language: str
    source: str
    model: str | None
    blocks: int
    first_line: int
    parts: tuple[Kept, ...]
    links: tuple[Link, ...]
    ids: frozenset[str]
    """The addresses of its headings."""
    calls: tuple[MacroCall, ...]
    """The calls of macros in it, which can make further addresses."""
    findings: tuple[Finding, ...]
    """What is wrong in it, whatever stands elsewhere."""


def summarize_page(page: Page, facts: BannedTerms) -> PageSummary:
    """The digest of a page, by the facts that no page of its language may type."""
    try:
        calls, unread = calls_in(page), []
    except BadInput as error:
        calls, unread = (), [Finding.told(str(error), "bad-call")]
    return PageSummary(
        path=str(page.path),
        language=page.language,
        source=page.source,
        model=page.model,
        blocks=page.blocks,
        first_line=page.first_line,
        parts=tuple((one.line, one.mark, "\n".join(one.kept)) for one in parts_of(page)),
        links=(*_links(page), *_linked_by_calls(page, calls)),
        ids=frozenset(_ids(page)),
        calls=calls,
        findings=(
            *unread,
            *check_prose(facts, [page]),
            *check_hidden([page]),
            *check_model_page(page, facts.models, calls),
        ),
    )


def _links(page: Page) -> Iterator[tuple[str, str]]:
    """Place and target of each link of a page that leads to no other site."""
    text, lines = CALL.sub(blank, page.text), Lines(page.text, page.first_line)
    spans = [one.span() for one in CODE_SPAN.finditer(text)]
    fences = [(start, end) for start, end, _ in fences_of(text)]
    for found in LINK.finditer(text):
        target = unquote(found[1] or found[2])
        if ELSEWHERE.match(target) or is_inside(spans, found.start()):
            continue
        if not is_inside(fences, found.start()):
            yield f"{page.path}:{lines.place(found.start())}", target


def _linked_by_calls(page: Page, calls: Iterable[MacroCall]) -> Iterator[Link]:
    """The pages that a macro is to link to."""
    for call in calls:
        if target := call.given.get("page"):
            yield f"{page.path}:{call.line}", target


def _ids(page: Page) -> set[str]:
    """The addresses of a page's headings, as the extension `toc` makes them."""
    ids = set(OWN_ID.findall(page.text))
    for heading in HEADING.finditer(page.text):
        text = OWN_ID.sub("", heading[1])
        ids.add(slugify(plain(text).text if MARKED.search(text) else text, "-"))
    return ids
