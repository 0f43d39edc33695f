"""Unclosed: opening marks of a page without their closing ones, where a search for the end of each
would read the rest of the page again."""

import re

MOST = 100
"""A typing error leaves one or two open; a page for people has never so many."""
CLOSED_BY = {"[": "]", "(": ")", "{": "}", "<": ">", "{#": "#}", "<!--": "-->"}
OPENED_BY = {end: mark for mark, end in CLOSED_BY.items()}
MARK = re.compile(r"\{#|#\}|<!--|-->|[\[\](){}<>]|\n[ \t]*\n")
IN_A_PARAGRAPH = ("[", "(", "{")
"""The marks of which none is open after an empty line."""


def unclosed_in(text: str) -> str | None:
    """Return the first mark of which more than `MOST` are open at one place."""
    opened = dict.fromkeys(CLOSED_BY, 0)
    for found in MARK.finditer(text):
        mark = found[0]
        if mark in CLOSED_BY:
            opened[mark] += 1
            if opened[mark] > MOST:
                return mark
        elif mark in OPENED_BY:
            opened[OPENED_BY[mark]] = max(opened[OPENED_BY[mark]] - 1, 0)
        else:
            opened |= dict.fromkeys(IN_A_PARAGRAPH, 0)
    return None
