"""Built pages: changes the pages of the built site in place.

No HTML parser writes a page back unchanged, so text is inserted; every other byte stays.
"""

import re
from collections.abc import Callable
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
