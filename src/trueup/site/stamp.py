"""Stamp: the line under each block, put into the built HTML at its marker comment.

No HTML parser gives a page back unchanged, so text is inserted; every other byte stays.
"""

import re
from collections.abc import Mapping
from pathlib import Path

MARKER = re.compile(
    # What was stamped before ends before the next marker: else it could hold other blocks.
    r"<!--stamp:([A-Za-z0-9._-]+)-->(?:(?:(?!<!--stamp:).)*?<!--/stamp-->)?",
    re.DOTALL,
)


def stamp_site(site: Path, lines: Mapping[tuple[str, str], str]) -> int:
    """Puts each line (HTML) at its marker, keyed by page and block id; returns how many.

    A line that was stamped before is replaced; a marker without a line keeps nothing.
    """
    count = 0
    for file in sorted(site.rglob("*.html")):
        page = file.relative_to(site).as_posix()
        before = file.read_bytes().decode(errors="surrogateescape")

        def line_for(found: re.Match[str], page: str = page) -> str:
            nonlocal count
            line = lines.get((page, found[1]))
            if line is None:
                return f"<!--stamp:{found[1]}-->"
            count += 1
            return f"<!--stamp:{found[1]}-->{line}<!--/stamp-->"

        after = MARKER.sub(line_for, before)
        if after != before:
            file.write_bytes(after.encode(errors="surrogateescape"))
    return count
