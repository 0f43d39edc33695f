"""Hidden text: parts of a page that its source does not show, and so no rule can check."""

import re
from collections.abc import Iterator

from trueup.check.prose import CODE_SPAN, fences_of, is_inside
from trueup.check.visible_text import CALL, blank
from trueup.finding import Finding
from trueup.place import TextPositions
from trueup.site import Page

EXPRESSION = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)", re.DOTALL)
TAG = re.compile(r"<(?!/)([A-Za-z][A-Za-z0-9-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
PLAIN_LINK = re.compile(r"""\s+href=(?:"[^"]*"|'[^']*')\s*""")
LISTED = re.compile(r"(?<=\])\([^)\s]{1,2000}+\s+[\"'(][^)\n]*\)|\{:?[.#\w\s-]++=[^{}\n]*\}")
"""A link with a title, or attributes other than ids and classes, such as a style."""
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def check_hidden(page: Page) -> Iterator[Finding]:
    """Return findings in a page as written."""
    lines = TextPositions(page.path, page.text, page.first_line)

    def finding(offset: int, problem: str, fix: str) -> Finding:
        return Finding(lines.place(offset), problem, fix, "hidden-text")

    text = CALL.sub(blank, page.text)
    for found in EXPRESSION.finditer(text):
        problem = f"{_short(found[0])} is not a single macro call with plain names"
        yield finding(found.start(), problem, "Call one macro, or write the text itself.")
    text = EXPRESSION.sub(blank, text)
    spans = [one.span() for one in CODE_SPAN.finditer(text) if not one[0].startswith("<")]
    fences = [(start, end) for start, end, _ in fences_of(text)]
    for found in TAG.finditer(text):
        is_link = found[1].lower() == "a" and PLAIN_LINK.fullmatch(found[2])
        if not (is_link or _is_code(found.start(), spans, fences)):
            problem = f"the element {_short(found[0])} is HTML"
            yield finding(found.start(), problem, "Write it in Markdown.")
    for found in LISTED.finditer(text):
        if not _is_code(found.start(), spans, fences):
            problem = (
                f"{_short(found[0])} has a link title, or attributes other than ids and classes"
            )
            yield finding(found.start(), problem, "Remove them.")
    for found in UNSEEN.finditer(text):
        problem = f"the character U+{ord(found[0]):04X} is invisible"
        yield finding(found.start(), problem, "Remove it.")


def _is_code(offset: int, *kinds: list[tuple[int, int]]) -> bool:
    return any(is_inside(spans, offset) for spans in kinds)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
