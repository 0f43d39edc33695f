"""Unclosed: opening marks of a page without their closing ones, where a search for the end of each
would read the rest of the page again."""

import re
from collections.abc import Iterator

MOST = 100
"""A typing error leaves one or two open; a page for people has never so many."""
IN_A_LINE = (("](", ")"), ("<http", ">"), ("{", "}"))
IN_THE_PAGE = (("{#", "#}"), ("<!--", "-->"), ("<code", "</code>"))
LONG_LINE = re.compile(rf"[^\n]{{{MOST},}}")
"""A shorter line has no room for so many marks."""


def unclosed_in(text: str) -> str | None:
    """Return the first mark that is left open more than `MOST` times."""
    return next(_open_marks(text.lower()), None)


def _open_marks(text: str) -> Iterator[str]:
    for mark, end in IN_THE_PAGE:
        if text.count(mark, text.rfind(end) + 1) > MOST:
            yield mark
    for line in LONG_LINE.findall(text):
        for mark, end in IN_A_LINE:
            if line.count(mark, line.rfind(end) + 1) > MOST:
                yield mark
