"""Export: what goes into the built site beside its pages: receipts, the links to them, and the mark
of a rehearsal. Every other byte of a page stays."""

import re
import shutil
from collections.abc import Iterable
from html import escape
from pathlib import Path

FOLDER = "evidence"
LINK = re.compile(r'href="evidence:([^"]*)"')
BODY = re.compile(r"<body\b[^>]*>")


def export_receipts(receipts: Path, site: Path) -> None:
    """Copies every receipt of a folder, and leads the pages' links to them."""
    files = sorted(receipts.glob("*.json"))
    for file in files:
        (site / FOLDER).mkdir(exist_ok=True)
        shutil.copyfile(file, site / FOLDER / file.name)
    for page, text, root in _pages(site):
        _replace(page, text, LINK.sub(rf'href="{root}{FOLDER}/\1"', text))


def mark_pages(site: Path, mark: str) -> None:
    """Puts a sentence on top of every page, so that none of them is taken for the real one."""
    banner = f'<p class="tu-rehearsal" role="note">{escape(mark)}</p>'
    for page, text, _ in _pages(site):
        _replace(page, text, BODY.sub(lambda found: found[0] + banner, text, count=1))


def _pages(site: Path) -> Iterable[tuple[Path, str, str]]:
    """Each page with its text, and the way from it to the site's top."""
    for page in sorted(site.rglob("*.html")):
        depth = len(page.relative_to(site).parts) - 1
        yield page, page.read_bytes().decode(errors="surrogateescape"), "../" * depth


def _replace(page: Path, before: str, after: str) -> None:
    if after != before:
        page.write_bytes(after.encode(errors="surrogateescape"))
