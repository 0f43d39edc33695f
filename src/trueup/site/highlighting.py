"""Highlighting: the colours of code, made once for the pages of all languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PLAIN = ("w", "n", "nx")
"""Classes of tokens that the theme shows in the colour of all code: a third of a page's
elements."""
MOST = 4000
"""Texts of code whose colours are kept: about 40 MB."""
KNOWN: dict[tuple[object, ...], str] = {}


@contextmanager
def highlighting_once() -> Iterator[None]:
    """Let Markdown colour each text of code once, and give plain tokens no element."""
    # Imported here: a check imports this package and builds nothing.
    import pygments
    from pygments.token import STANDARD_TYPES
    from pymdownx import highlight as extension

    def highlight(code: str, lexer: Any, formatter: Any) -> str:
        made_from = (
            *(code, type(lexer), repr(lexer.options)),
            *(type(formatter), repr(formatter.options)),
        )
        if (known := KNOWN.get(made_from)) is None:
            known = pygments.highlight(code, lexer, formatter)
            if len(KNOWN) < MOST:
                KNOWN[made_from] = known
        return known

    classes = {token: name for token, name in STANDARD_TYPES.items() if name in PLAIN}
    STANDARD_TYPES.update(dict.fromkeys(classes, ""))
    extension.highlight = highlight
    try:
        yield
    finally:
        extension.highlight = pygments.highlight
        STANDARD_TYPES.update(classes)
