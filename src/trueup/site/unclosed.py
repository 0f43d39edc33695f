"""Unclosed: marks of a page that open what nothing closes, where a search for the end of each one
would read the rest of the page again and again."""

import re
from collections.abc import Iterator

MOST = 100
"""A slip leaves one or two open, and no page that people read has so many."""
IN_A_LINE = (("](", ")"), ("<http", ">"), ("{", "}"))
IN_THE_PAGE = (("{#", "#}"), ("<!--", "-->"), ("<code", "</code>"))
LONG_LINE = re.compile(rf"[^\n]{{{MOST},}}")
"""A shorter one has no room for so many."""


def unclosed_in(text: str) -> str | None:
    """The first mark that too many times opens what nothing closes."""
    return next(_found(text.lower()), None)


def _found(text: str) -> Iterator[str]:
    for mark, end in IN_THE_PAGE:
        if text.count(mark, text.rfind(end) + 1) > MOST:
            yield mark
    for line in LONG_LINE.findall(text):
        for mark, end in IN_A_LINE:
            if line.count(mark, line.rfind(end) + 1) > MOST:
                yield mark
