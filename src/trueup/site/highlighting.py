"""Highlighting: the colours of code, made once for the pages of all languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PLAIN = ("w", "n", "nx")
"""Classes of tokens that the theme shows in the colour of all code: a third of a page's
elements."""


@contextmanager
def highlighting_once() -> Iterator[None]:
    """Let Markdown colour each text of code once, and give plain tokens no element."""
    # Imported here: a check imports this package and builds nothing.
    import pygments
    from pygments.token import STANDARD_TYPES
    from pymdownx import highlight as extension

    known: dict[tuple[object, ...], str] = {}

    def highlight(code: str, lexer: Any, formatter: Any) -> str:
        made_from = (
            *(code, type(lexer), repr(lexer.options)),
            *(type(formatter), repr(formatter.options)),
        )
        if made_from not in known:
            known[made_from] = pygments.highlight(code, lexer, formatter)
        return known[made_from]

    classes = {token: name for token, name in STANDARD_TYPES.items() if name in PLAIN}
    STANDARD_TYPES.update(dict.fromkeys(classes, ""))
    extension.highlight = highlight
    try:
        yield
    finally:
        extension.highlight = pygments.highlight
        STANDARD_TYPES.update(classes)
