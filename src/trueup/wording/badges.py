"""Marks: words with a look of their own, and dates with their age, as HTML.

Each look has its icon, border and colour in the stylesheet; the word is there for everyone.
"""

from datetime import date
from typing import Literal

from trueup.wording.markdown import escape_markdown

Look = Literal[
    "good", "fair", "bad", "absent", "inconclusive", "partly", "stale", "held", "same", "different"
]


def mark(look: Look, word: str) -> str:
    """Return a word or phrase as a mark."""
    return f'<span class="tu-mark tu-mark-{look}">{escape_markdown(word)}</span>'


def column(name: str) -> str:
    """Return a column's name for a cell: a phone shows it in place of the table's header."""
    return f'<b class="tu-column">{name}</b>'


def dated(day: date, *, is_aged: bool = False) -> str:
    """Return a date as HTML; with `is_aged`, the browser adds its age on the reader's own day."""
    look = "tu-day tu-aged" if is_aged else "tu-day"
    return f'<time class="{look}" datetime="{day}">{day}</time>'
