"""Export: copies receipts and the files of forms into the built site, links them, and marks the
pages of a rehearsal."""

import re
import shutil
from collections.abc import Mapping
from html import escape
from pathlib import Path

from trueup.site.built_pages import change_pages

FOLDER, FORM_FILES = "evidence", "files"
LINK = re.compile(r'href="(evidence|files):([^"]*)"')
BODY = re.compile(r"<body\b[^>]*>")


def export_files(receipts: Path, form_files: Mapping[str, bytes], site: Path) -> None:
    """Copy every receipt of a folder and the files that blocks send, by name, and complete the
    pages' links to them."""
    for name, content in form_files.items():
        (site / FORM_FILES).mkdir(exist_ok=True)
        (site / FORM_FILES / name).write_bytes(content)
    for file in receipts.glob("*.json"):
        (site / FOLDER).mkdir(exist_ok=True)
        shutil.copyfile(file, site / FOLDER / file.name)

    def linked(page: str, text: str) -> str:
        root = "../" * page.count("/")
        return LINK.sub(rf'href="{root}\1/\2"', text)

    change_pages(site, linked)


def mark_pages(site: Path, mark: str) -> None:
    """Insert a sentence at the top of every page, so that none is mistaken for the real one."""

    banner = f'<p class="tu-rehearsal" role="note">{escape(mark)}</p>'

    def marked(_: str, text: str) -> str:
        return BODY.sub(lambda found: found[0] + banner, text, count=1)

    change_pages(site, marked)
