"""Export: copies receipts and the files of forms into the built site, links them, and marks the
pages of a rehearsal."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

FOLDER, FORM_FILES = "evidence", "files"
LINK = re.compile(r'href="(evidence|files):([^"]*)"')
BODY = re.compile(r"<body\b[^>]*>")


def export_files(receipts: Path, form_files: Mapping[str, bytes], site: Path) -> None:
    """Copy every receipt of a folder and the files that blocks send, by name."""
    for name, content in form_files.items():
        (site / FORM_FILES).mkdir(exist_ok=True)
        (site / FORM_FILES / name).write_bytes(content)
    for file in receipts.glob("*.json"):
        (site / FOLDER).mkdir(exist_ok=True)
        shutil.copyfile(file, site / FOLDER / file.name)


def link_files(page: str, text: str) -> str:
    """Complete the links of a page to those files."""
    root = "../" * page.count("/")
    return LINK.sub(rf'href="{root}\1/\2"', text)


@dataclass(frozen=True)
class Banner:
    """The change that inserts a sentence at the top of a page, so that none is mistaken for the
    real one."""

    mark: str

    def __call__(self, _: str, text: str) -> str:
        banner = f'<p class="tu-rehearsal" role="note">{escape(self.mark)}</p>'
        return BODY.sub(lambda found: found[0] + banner, text, count=1)
