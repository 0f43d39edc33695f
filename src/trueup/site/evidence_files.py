"""Export: copies receipts into the built site, links them, and marks the pages of a rehearsal."""

import re
import shutil
from html import escape
from pathlib import Path

from trueup.site.built_pages import change_pages

FOLDER = "evidence"
LINK = re.compile(r'href="evidence:([^"]*)"')
BODY = re.compile(r"<body\b[^>]*>")


def export_receipts(receipts: Path, site: Path) -> None:
    """Copy every receipt of a folder, and complete the pages' links to them."""
    for name, file in receipt_files(receipts).items():
        (site / FOLDER).mkdir(exist_ok=True)
        shutil.copyfile(file, site / name)
    change_pages(site, link_receipts)


def receipt_files(receipts: Path) -> dict[str, Path]:
    """Return the receipts of a folder, by their paths in the site."""
    return {f"{FOLDER}/{file.name}": file for file in sorted(receipts.glob("*.json"))}


def link_receipts(page: str, text: str) -> str:
    """Return a page with its links to receipts completed."""
    root = "../" * page.count("/")
    return LINK.sub(rf'href="{root}{FOLDER}/\1"', text)


def mark_pages(site: Path, mark: str) -> None:
    """Insert a sentence at the top of every page, so that none is mistaken for the real one."""

    def marked(_: str, text: str) -> str:
        return BODY.sub(lambda found: found[0] + banner_of(mark), text, count=1)

    change_pages(site, marked)


def banner_of(mark: str) -> str:
    """Return the HTML of that sentence."""
    return f'<p class="tu-rehearsal" role="note">{escape(mark)}</p>'
