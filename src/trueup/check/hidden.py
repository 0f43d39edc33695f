"""Hidden text: what a page could say that its source does not show, and so no rule could read."""

import re
from collections.abc import Iterable, Iterator

from trueup.check.lines import Lines
from trueup.check.prose import CODE_SPAN, fences_of, is_inside
from trueup.check.visible_text import CALL, blank
from trueup.finding import Finding
from trueup.site import Page

EXPRESSION = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)", re.DOTALL)
TAG = re.compile(r"<(?!/)([A-Za-z][A-Za-z0-9-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
PLAIN_LINK = re.compile(r"""\s+href=(?:"[^"]*"|'[^']*')\s*""")
LISTED = re.compile(r"(?<=\])\([^)\s]{1,2000}+\s+[\"'(][^)\n]*\)|\{:?[.#\w\s-]++=[^{}\n]*\}")
"""A link with a tooltip, or attributes that set more than names: a style, what is copied."""
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def check_hidden(pages: Iterable[Page]) -> list[Finding]:
    """Findings in the pages as written."""
    return [finding for page in pages for finding in _page(page)]


def _page(page: Page) -> Iterator[Finding]:
    lines = Lines(page.text, page.first_line)

    def finding(offset: int, found: str, expected: str) -> Finding:
        where = f"{page.path}:{lines.place(offset)}"
        return Finding(where, "hidden-text", found, expected, "Write it as plain text.")

    text = CALL.sub(blank, page.text)
    for found in EXPRESSION.finditer(text):
        told = f"{_short(found[0])} is more than one call of a macro"
        yield finding(found.start(), told, "a call with plain names was expected")
    text = EXPRESSION.sub(blank, text)
    spans = [one.span() for one in CODE_SPAN.finditer(text) if not one[0].startswith("<")]
    fences = [(start, end) for start, end, _ in fences_of(text)]
    for found in TAG.finditer(text):
        is_link = found[1].lower() == "a" and PLAIN_LINK.fullmatch(found[2])
        if not (is_link or _is_code(found.start(), spans, fences)):
            told = f"the element {_short(found[0])} is typed"
            yield finding(found.start(), told, "Markdown was expected")
    for found in LISTED.finditer(text):
        if not _is_code(found.start(), spans, fences):
            told = f"the attributes {_short(found[0])} are typed"
            yield finding(found.start(), told, "names and classes alone were expected")
    for found in UNSEEN.finditer(text):
        told = f"the character U+{ord(found[0]):04X} is not seen"
        yield finding(found.start(), told, "text that can be seen was expected")


def _is_code(offset: int, *kinds: list[tuple[int, int]]) -> bool:
    return any(is_inside(spans, offset) for spans in kinds)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
