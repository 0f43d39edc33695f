"""Markdown: free text of the status file, made inert for Markdown and HTML."""

import re

ACTIVE = re.compile(r"[\\`*_\[\]<>&|~^{}!#]")


def escape_markdown(text: str) -> str:
    """Return the text as running text, in which no character is markup of Markdown or HTML."""
    return inert(one_line(text))


def inert(text: str) -> str:
    """Return a text of one line as running text, with the spaces at its edges."""
    return ACTIVE.sub(lambda found: f"&#{ord(found[0])};", text)


def code(text: str) -> str:
    """Return the text as code in a page's Markdown."""
    text = one_line(text)
    if "<" in text:  # the pages' Markdown looks for blocks of HTML before it looks for code spans
        return f"<code>{escape_markdown(text)}</code>"
    return code_span(text)


def code_span(text: str) -> str:
    """Return the text as a code span, for places where only Markdown reads it."""
    text = one_line(text)
    fence = fence_for(text, 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fence_for(text: str, least: int) -> str:
    """Return a run of at least `least` backticks that is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def one_line(text: str) -> str:
    """Return the text in one line, without characters that are not printable."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def indented(text: str) -> str:
    """Return blocks as the content of a list item, a tab or a box."""
    return "\n".join(f"    {line}" if line else "" for line in text.split("\n"))


def folded(kind: str, title: str, body: str) -> str:
    """Return blocks in a box that is closed at first; `kind` has its look, and more classes."""
    return f'??? {kind} "{title}"\n\n{indented(body)}'
