"""Built: the pages of the built site, read and changed in place.

No HTML parser gives a page back unchanged, so text is put in; every other byte stays.
"""

import re
from collections.abc import Callable
from pathlib import Path

CODE = re.compile(r"<script\b.*?</script>|<pre>.*?</pre>", re.DOTALL)
COLOURS = re.compile(r'<span(?: class="[\w ]*")?>|</span>')


def without_colours(html: str) -> str:
    """The page without what colours its code: most of its elements, and nothing to its text."""
    return CODE.sub(
        lambda found: COLOURS.sub("", found[0]) if found[0].startswith("<pre") else found[0], html
    )


def change_pages(site: Path, change: Callable[[str, str], str]) -> None:
    """Puts what `change` makes of each page, given its place within the site, in its place."""
    for file in sorted(site.rglob("*.html")):
        before = file.read_bytes().decode(errors="surrogateescape")
        after = change(file.relative_to(site).as_posix(), before)
        if after != before:
            file.write_bytes(after.encode(errors="surrogateescape"))
