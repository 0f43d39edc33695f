"""Built: the pages of the built site, changed in place.

No HTML parser gives a page back unchanged, so text is put in; every other byte stays.
"""

from collections.abc import Callable
from pathlib import Path


def change_pages(site: Path, change: Callable[[str, str], str]) -> None:
    """Puts what `change` makes of each page, given its place within the site, in its place."""
    for file in sorted(site.rglob("*.html")):
        before = file.read_bytes().decode(errors="surrogateescape")
        after = change(file.relative_to(site).as_posix(), before)
        if after != before:
            file.write_bytes(after.encode(errors="surrogateescape"))
