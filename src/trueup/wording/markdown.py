"""Text: free text of the status file made inert for Markdown and HTML."""

import re
from datetime import date, timedelta

ACTIVE = re.compile(r"[\\`*_\[\]<>&|~^{}!#]")


def plain(text: str) -> str:
    """The text as running text: no character of it means anything to Markdown or HTML."""
    return inert(_one_line(text))


def inert(text: str) -> str:
    """A text of one line like that, with the spaces at its edges."""
    return ACTIVE.sub(lambda found: f"&#{ord(found[0])};", text)


def code(text: str) -> str:
    """The text as code in a page's Markdown."""
    text = _one_line(text)
    if "<" in text:  # the pages' Markdown looks for blocks of HTML before it looks for code spans
        return f"<code>{plain(text)}</code>"
    return code_span(text)


def code_span(text: str) -> str:
    """The text as a code span, where nothing but Markdown reads it."""
    text = _one_line(text)
    fence = fence_for(text, 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fence_for(text: str, least: int) -> str:
    """Backticks that close nothing inside the text; at least so many."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def aged(fresh: str, stale: str, seen_on: date | None, fresh_for: timedelta, today: date) -> str:
    """Both sentences in HTML, the one that is true today shown.

    `data-until` is the last day on which the first may be said, for the page to switch by itself.
    """
    if seen_on is None:
        return stale
    until = seen_on + fresh_for
    late = today > until
    return _voice("fresh", fresh, until, late) + _voice("stale", stale, until, not late)


def _voice(name: str, sentence: str, until: date, hidden: bool) -> str:
    # Hidden sentences stay out of the search index too.
    attributes = ' hidden="hidden" data-search-exclude="true"' if hidden else ""
    return f'<span class="tu-{name}" data-until="{until}"{attributes}>{sentence}</span>'


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
