"""Highlighting: the colours of code, made once for the pages of all languages."""

from collections.abc import Iterator
from contextlib import contextmanager

import pygments
from pygments.formatter import Formatter
from pygments.lexer import Lexer
from pygments.token import STANDARD_TYPES, Name, Whitespace

PLAIN = (Whitespace, Name, Name.Other)
"""Tokens that the theme shows in the colour of all code: a third of a page's elements."""


@contextmanager
def highlighting_once() -> Iterator[None]:
    """Let Markdown colour each text of code once, and give plain tokens no element."""
    known: dict[tuple[object, ...], str] = {}

    def highlight(code: str, lexer: Lexer, formatter: Formatter[str]) -> str:
        made_from = (
            *(code, type(lexer), repr(lexer.options)),
            *(type(formatter), repr(formatter.options)),
        )
        if made_from not in known:
            known[made_from] = pygments.highlight(code, lexer, formatter)
        return known[made_from]

    from pymdownx import highlight as extension

    classes = {token: STANDARD_TYPES[token] for token in PLAIN}
    STANDARD_TYPES.update(dict.fromkeys(PLAIN, ""))
    extension.highlight = highlight
    try:
        yield
    finally:
        extension.highlight = pygments.highlight
        STANDARD_TYPES.update(classes)
