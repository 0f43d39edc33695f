"""Parts: the paragraphs and fences of a page, and the notes of those that were translated."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter

from trueup.errors import BadInput
from trueup.site.page_languages import MAIN
from trueup.site.source_pages import Page
from trueup.source_file import read_source

NOTES = ".sources.json"
"""The file in a language's folder with the hashes of the translated source parts, by page."""
FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
CALL = re.compile(r"\{\{.*?\}\}", re.DOTALL)
HEADING = re.compile(r"#{1,6}(?= )")
HASH_LETTERS = 12
"""48 bits: a chance collision within a page is out of the question, and a diff stays readable."""
_FORM = TypeAdapter(dict[str, tuple[str, ...]])


@dataclass(frozen=True)
class Part:
    """A part of a page: the lines between two blank ones, or a whole fence."""

    line: int
    text: str

    @property
    def kept(self) -> tuple[str, ...]:
        """The texts that a translation must keep: macro calls, code, and a heading's level."""
        if FENCE.match(self.text):
            return (self.text,)
        heading = HEADING.match(self.text)
        return (heading[0] if heading else "", *CALL.findall(self.text))

    @property
    def mark(self) -> str:
        """The hash of the text."""
        return sha256(self.text.encode()).hexdigest()[:HASH_LETTERS]


def parts_of(page: Page) -> list[Part]:
    """Return the parts of a page's text."""
    parts: list[Part] = []
    lines: list[str] = []
    fence, first = "", 0
    for number, line in enumerate([*page.text.split("\n"), ""], page.first_line):
        if not (line.strip() or fence):
            if lines:
                parts.append(Part(first, "\n".join(lines)))
            lines = []
            continue
        first = first if lines else number
        lines.append(line)
        if found := FENCE.match(line):
            fence = found[1] if not fence else "" if line.strip() == fence else fence
    return parts + ([Part(first, "\n".join(lines))] if lines else [])


def note_translation(docs: Path, language: str, pages: Sequence[Page]) -> None:
    """Write notes that the pages of a language match their current sources."""
    sources = {page.source: page for page in pages if page.language == MAIN}
    own = [page.source for page in pages if page.language == language]
    notes = {name: [p.mark for p in parts_of(sources[name])] for name in own if name in sources}
    text = json.dumps(notes, indent=1) + "\n"
    (docs / language / NOTES).write_text(text, encoding="utf-8")


def read_notes(folder: Path) -> Mapping[str, Sequence[str]] | None:
    """Return the notes in a language's folder; None if there are none that can be read."""
    try:
        # Not by validate_json, which refuses a page name that is not valid UTF-8.
        return _FORM.validate_python(json.loads(read_source(folder / NOTES, folder.parent.parent)))
    except (OSError, ValueError, RecursionError, BadInput):
        return None
