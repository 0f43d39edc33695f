"""Parts: a page as the blocks that a translation has too, and notes of which were translated."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter

from trueup.site.languages import MAIN
from trueup.site.pages import Page

NOTES = ".sources.json"
"""In a language's folder: by page, the hashes of the source's parts that were translated."""
FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
CALL = re.compile(r"\{\{.*?\}\}", re.DOTALL)
HEADING = re.compile(r"#{1,6}(?= )")
HASH_LETTERS = 12
_FORM = TypeAdapter(dict[str, tuple[str, ...]])


@dataclass(frozen=True)
class Part:
    """A part of a page: what stands between two blank lines, a fence as one."""

    line: int
    text: str

    @property
    def kept(self) -> tuple[str, ...]:
        """What a translation must keep: calls of macros, code, and the level of a heading."""
        if FENCE.match(self.text):
            return (self.text,)
        heading = HEADING.match(self.text)
        return (heading[0] if heading else "", *CALL.findall(self.text))

    @property
    def mark(self) -> str:
        """A hash that tells whether it changed."""
        return sha256(self.text.encode()).hexdigest()[:HASH_LETTERS]


def parts_of(page: Page) -> list[Part]:
    """The parts of a page's text."""
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
    """Writes down that the pages of a language say what their sources say now."""
    sources = {page.source: page for page in pages if page.language == MAIN}
    own = [page.source for page in pages if page.language == language]
    notes = {name: [p.mark for p in parts_of(sources[name])] for name in own if name in sources}
    text = json.dumps(notes, indent=1) + "\n"
    (docs / language / NOTES).write_text(text, encoding="utf-8")


def read_notes(folder: Path) -> Mapping[str, Sequence[str]] | None:
    """The notes of a language, from its folder; None where there are none that can be read."""
    try:
        # Not by validate_json, which refuses a page whose name is no UTF-8.
        return _FORM.validate_python(json.loads((folder / NOTES).read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None
