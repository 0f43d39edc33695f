"""Built pages: changes the pages of the built site in place.

No HTML parser writes a page back unchanged, so text is inserted; every other byte stays.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

CODE = re.compile(r"<script\b.*?</script>|<pre>.*?</pre>", re.DOTALL)
COLOURS = re.compile(r'<span(?: class="[\w ]*")?>|</span>')
BLOCK = re.compile(r'(<div [^>]*\bdata-endpoint="([^"]*)"[^>]*>)<pre>.*?</pre>', re.DOTALL)
SPAN = re.compile(r"</?span\b[^>]*>")
WRAPPED = re.compile(r'<p>(<(p|figure) class="tu-(?:(?!</?\2\b).)*</\2>)</p>', re.DOTALL)
"""What Markdown puts into a paragraph where it is indented, as in a folded box."""


@lru_cache(maxsize=64)  # several checks read each page
def without_colours(html: str) -> str:
    """Return the page without the elements that only colour its code; its text is unchanged."""
    return CODE.sub(
        lambda found: COLOURS.sub("", found[0]) if found[0].startswith("<pre") else found[0], html
    )


def without_repeats(html: str) -> str:
    """Return the page as the search reads it: without any span in its code, and of each endpoint's
    blocks with the first alone. All send the same request, and the rest of them is what each model
    has, which made up six sevenths of the index of a large site."""
    seen = set[str]()

    def first(block: re.Match[str]) -> str:
        is_first = block[2] not in seen
        seen.add(block[2])
        return block[0] if is_first else block[1]

    return CODE.sub(lambda found: SPAN.sub("", found[0]), BLOCK.sub(first, html))


Change = Callable[[str, str], str]
"""Gets the path of a page in the site and its text, and returns its new text."""


def pages_in(site: Path) -> list[str]:
    """Return the paths of the pages of a site, in their order."""
    return sorted(file.relative_to(site).as_posix() for file in site.rglob("*.html"))


def change_pages(site: Path, change: Change, pages: Iterable[str] | None = None) -> None:
    """Replace pages of a site, or all, by what a change makes of them."""
    for page in pages_in(site) if pages is None else pages:
        before = (site / page).read_bytes().decode(errors="surrogateescape")
        after = change(page, before)
        if after != before:
            (site / page).write_bytes(after.encode(errors="surrogateescape"))


def unwrap_parts(_: str, text: str) -> str:
    """Take the paragraphs and figures of macros out of paragraphs, which may hold neither."""
    return WRAPPED.sub(r"\1", text)
