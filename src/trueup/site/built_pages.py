"""Built pages: changes the pages of the built site in place.

No HTML parser writes a page back unchanged, so text is inserted; every other byte stays.
"""

import re
from collections.abc import Callable, Iterable
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


Change = Callable[[str, str], str]
"""Gets the path of a page in the site and its text, and returns its new text."""


def pages_in(site: Path) -> list[str]:
    """Return the paths of the pages of a site, in their order."""
    return sorted(file.relative_to(site).as_posix() for file in site.rglob("*.html"))


def change_pages(site: Path, changes: Iterable[Change], pages: Iterable[str] | None = None) -> None:
    """Replace pages of a site, or all, by what one change after the other makes of them."""
    for page in pages_in(site) if pages is None else pages:
        before = after = (site / page).read_bytes().decode(errors="surrogateescape")
        for change in changes:
            after = change(page, after)
        if after != before:
            (site / page).write_bytes(after.encode(errors="surrogateescape"))


def unwrap_parts(_: str, text: str) -> str:
    """Take the paragraphs and figures of macros out of paragraphs, which may hold neither."""
    return WRAPPED.sub(r"\1", text)
