"""Stamp: inserts the line under each block into the built HTML at its marker comment."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from trueup.site.built_pages import change_pages

MARKER = re.compile(
    # An earlier stamp ends before the next marker: else it could hold other blocks.
    r"<!--stamp:([A-Za-z0-9._-]+)-->"
    r"(?:[^<]*(?:<(?!!--(?:stamp:|/stamp-->))[^<]*)*<!--/stamp-->)?"
)

STAMP = re.compile(r"<!--stamp:([A-Za-z0-9._-]+)-->([^<]*(?:<(?!!--)[^<]*)*)<!--/stamp-->")
"""A stamped block: its id and its line."""


def stamp_site(
    site: Path, lines: Mapping[tuple[str, str], str], pages: Iterable[str] | None = None
) -> int:
    """Insert each line (HTML) at its marker, keyed by page and block id, in pages or in all; return
    the number of lines.

    An earlier line is replaced; it is removed from a marker without a line.
    """
    count = 0

    def stamped(page: str, text: str) -> str:
        def line_for(found: re.Match[str]) -> str:
            nonlocal count
            line = lines.get((page, found[1]))
            count += line is not None
            return f"<!--stamp:{found[1]}-->" + (f"{line}<!--/stamp-->" if line is not None else "")

        return MARKER.sub(line_for, text)

    change_pages(site, stamped, pages)
    return count


def stamps_of(text: str) -> dict[str, str]:
    """Return the line (HTML) under each stamped block of a page, by its id."""
    return {found[1]: found[2] for found in STAMP.finditer(text)}
