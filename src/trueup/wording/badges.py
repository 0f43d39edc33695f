"""Marks: words with a look of their own, and days that tell their age, as HTML.

Each look has its icon, border and colour in the stylesheet; the word is there for everyone.
"""

from datetime import date
from typing import Literal

from trueup.wording.markdown import plain

Look = Literal[
    "good", "fair", "bad", "absent", "inconclusive", "partly", "stale", "held", "same", "parted"
]


def mark(look: Look, word: str) -> str:
    """A word, or a phrase, as a mark."""
    return f'<span class="tu-mark tu-mark-{look}">{plain(word)}</span>'


def column(name: str) -> str:
    """The name of a cell's column, in Markdown: a phone shows it in place of the table's header."""
    return f'<b class="tu-column">{name}</b>'


def dated(day: date) -> str:
    """A day; a browser adds how long ago it was, on the reader's own day."""
    return f'<time class="tu-day" datetime="{day}">{day}</time>'
