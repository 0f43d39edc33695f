"""Built pages: changes the pages of the built site in place.

No HTML parser writes a page back unchanged, so text is inserted; every other byte stays.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

CODE = re.compile(r"<script\b.*?</script>|<pre>.*?</pre>", re.DOTALL)
COLOURS = re.compile(r'<span(?: class="[\w ]*")?>|</span>')
SPAN = re.compile(r"</?span\b[^>]*>")
WRAPPED = re.compile(r'<p>(<(p|figure) class="tu-(?:(?!</?\2\b).)*</\2>)</p>', re.DOTALL)
"""What Markdown puts into a paragraph where it is indented, as in a folded box."""


@lru_cache(maxsize=64)  # several checks read each page
def without_colours(html: str) -> str:
    """Return the page without the elements that only colour its code; its text is unchanged."""
    return CODE.sub(
        lambda found: COLOURS.sub("", found[0]) if found[0].startswith("<pre") else found[0], html
    )


def without_spans(html: str) -> str:
    """Return the page without any span in its code, as the search reads it."""
    return CODE.sub(lambda found: SPAN.sub("", found[0]), html)


def change_pages(site: Path, change: Callable[[str, str], str]) -> None:
    """Replace each page by the result of `change`, which gets its path in the site and its text."""
    for file in sorted(site.rglob("*.html")):
        before = file.read_bytes().decode(errors="surrogateescape")
        after = change(file.relative_to(site).as_posix(), before)
        if after != before:
            file.write_bytes(after.encode(errors="surrogateescape"))


def unwrap_parts(site: Path) -> None:
    """Take the paragraphs and figures of macros out of paragraphs, which may hold neither."""
    change_pages(site, lambda _, text: WRAPPED.sub(r"\1", text))
