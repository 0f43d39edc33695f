"""Page: a Markdown or MDX file as lines by kind, with its fences, tables, headings and lists."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["front", "code", "comment", "table", "heading", "item", "text", "blank"]
OPENING = re.compile(r"([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(`{3,}(?=[^`]*$)|~{3,})(.*)$")
HEADING = re.compile(r"[ \t>]{0,8}(#{1,6})[ \t]+(.*)$")
ITEM = re.compile(r"([ \t>]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(\S.*)$")
DIVIDER = re.compile(r":?-+:?")
CELL_END = re.compile(r"(?<!\\)\|")
HIDDEN_PIPE = re.compile(r"`[^`]*`")
MOST_COLUMNS = 100
"""Columns of a table that people read; a wider one is data."""
BEFORE = 12
"""Lines above a block that say what it shows."""
LONGEST = 4_000
"""Characters of a line that are read: a longer one is data, not a sentence."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code: its language in lower case, and its lines from line `first` of the file,
    without the indentation of the fence."""

    language: str
    info: str
    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the code."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the line and cells of its head, and the line and cells of each row."""

    line: int
    head: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with its line and level."""

    line: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """The items of one list on one level, each with its first line; `lead` is the line before."""

    lead: int
    items: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Page:
    """A page. `path` is relative to the top; line 1 is the first one of `lines`."""

    path: str
    lines: list[str]
    kinds: list[Kind] = field(default_factory=list)
    fences: list[Fence] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    bullets: list[Bullets] = field(default_factory=list)

    def prose(self) -> Iterator[tuple[int, str]]:
        """Return the lines with sentences, cells, items and headings, each with its number."""
        for number, (line, kind) in enumerate(zip(self.lines, self.kinds, strict=True), 1):
            if kind in ("text", "item", "heading", "table"):
                yield number, line

    def section_of(self, line: int) -> int:
        """Return the number of headings up to a line: equal for lines of one section."""
        return bisect_right(self.headings, line, key=lambda heading: heading.line)

    def cut_lines(self, fence: Fence) -> list[int]:
        """Return the numbers of the lines of a block that were perhaps not read to their end."""
        numbers = range(fence.first, fence.first + len(fence.lines))
        return [number for number in numbers if len(self.lines[number - 1]) == LONGEST]

    def lead_to(self, line: int) -> list[str]:
        """Return a line and those above it in its section that say what it shows."""
        section = self.section_of(line)
        start = self.headings[section - 1].line if section else 1
        return self.lines[max(start, line - BEFORE) - 1 : line]


def read_page(path: str, text: str) -> Page:
    """Return the page of a file's text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    page = Page(path, [line[:LONGEST] for line in text.split("\n")])
    if page.lines[-1] == "":
        page.lines.pop()
    page.kinds = ["text"] * len(page.lines)
    at = _front(page)
    while at < len(page.lines):
        at = _read(page, at)
    page.tables, page.bullets = list(_tables(page)), list(_bullets(page))
    return page


def _front(page: Page) -> int:
    """Mark the front matter; return the index of the line after it."""
    if not page.lines or page.lines[0].rstrip() != "---":
        return 0
    for index in range(1, len(page.lines)):
        if page.lines[index].rstrip() in ("---", "..."):
            page.kinds[: index + 1] = ["front"] * (index + 1)
            return index + 1
    return 0


def _read(page: Page, at: int) -> int:
    """Mark the part that begins at a line; return the index of the line after it."""
    line = page.lines[at]
    opened = OPENING.match(line) if "```" in line or "~~~" in line else None
    if opened:
        return _fence(page, at, opened)
    for opening, closing in (("<!--", "-->"), ("{/*", "*/}")):
        if line.lstrip().startswith(opening):
            return _until(page, at, closing)
    if page.path.endswith(".mdx") and line.startswith(("import ", "export ")):
        return _until(page, at, "")
    if not line.strip():
        page.kinds[at] = "blank"
    elif found := HEADING.match(line):
        page.kinds[at] = "heading"
        page.headings.append(Heading(at + 1, len(found[1]), found[2].strip(" \t#")))
    elif ITEM.match(line):
        page.kinds[at] = "item"
    return at + 1


def _fence(page: Page, at: int, opened: re.Match[str]) -> int:
    mark, indent = opened[2], len(opened[1].expandtabs(4))
    end = at + 1
    while end < len(page.lines):
        bare = page.lines[end].strip(" \t>")
        if len(bare) >= len(mark) and bare.startswith(mark) and not bare.strip(mark[0]):
            break
        end += 1
    lines = tuple(_dedent(line, indent, ">" in opened[1]) for line in page.lines[at + 1 : end])
    info = opened[3].strip()
    language = re.split(r"[\s{,:]", info.lstrip("{. "), maxsplit=1)[0].rstrip("}").lower()
    page.fences.append(Fence(language, info, at + 2, lines))
    after = min(end + 1, len(page.lines))
    page.kinds[at:after] = ["code"] * (after - at)
    return after


def _dedent(line: str, indent: int, is_quoted: bool) -> str:
    """Return a line without as much of its indentation as the fence has."""
    if is_quoted:
        return line.lstrip(" \t").removeprefix(">").removeprefix(" ")
    line = line.expandtabs(4) if line.startswith("\t") and indent else line
    return line[min(indent, len(line) - len(line.lstrip(" "))) :]


def _until(page: Page, at: int, closing: str) -> int:
    """Mark lines as a comment, up to the one with its end; without an end, only the first."""
    for index in range(at, len(page.lines)):
        line = page.lines[index]
        if (closing in line) if closing else not line.strip():
            page.kinds[at : index + 1] = ["comment"] * (index + 1 - at)
            return index + 1
    page.kinds[at] = "comment"
    return at + 1


def _tables(page: Page) -> Iterator[Table]:
    at = 1
    while at < len(page.lines):
        head, line = page.lines[at - 1], page.lines[at]
        is_text = page.kinds[at] == "text" and page.kinds[at - 1] in ("text", "item")
        if not (is_text and "|" in head and _is_divider(line)):
            at += 1
            continue
        cells, rows, end = cells_of(head), [], at + 1
        if len(cells_of(line)) != len(cells) or len(cells) > MOST_COLUMNS:
            at += 1
            continue
        while end < len(page.lines) and page.kinds[end] == "text" and "|" in page.lines[end]:
            rows.append((end + 1, cells_of(page.lines[end])))
            end += 1
        page.kinds[at - 1 : end] = ["table"] * (end - at + 1)
        yield Table(at, cells, tuple(rows))
        at = end + 1


def _is_divider(line: str) -> bool:
    """Return whether a line parts the head of a table from its rows."""
    bare = line.strip(" \t>")
    if "-" not in bare or bare.strip("|:- \t"):
        return False
    return all(DIVIDER.fullmatch(cell) for cell in cells_of(line))


def cells_of(line: str) -> tuple[str, ...]:
    """Return the cells of a row; a pipe within code, or behind a backslash, ends none."""
    hidden = HIDDEN_PIPE.sub(lambda code: code[0].replace("|", "\0"), line.strip(" \t>"))
    if hidden.startswith("|"):
        hidden = hidden[1:]
    if hidden.endswith("|") and not hidden.endswith("\\|"):
        hidden = hidden[:-1]
    return tuple(cell.replace("\0", "|").strip() for cell in CELL_END.split(hidden))


def _bullets(page: Page) -> Iterator[Bullets]:
    open_lists: dict[int, list[tuple[int, str]]] = {}
    leads: dict[int, int] = {}
    last = 0
    for number, line in enumerate(page.lines, 1):
        kind = page.kinds[number - 1]
        found = ITEM.match(line) if kind == "item" else None
        if found is None:
            indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip(" "))
            ended = () if kind == "blank" else [one for one in open_lists if one >= indent]
            for depth in sorted(ended):
                yield Bullets(leads[depth], tuple(open_lists.pop(depth)))
            last = number if kind != "blank" else last
            continue
        depth = len(found[1].expandtabs(4))
        for deeper in [one for one in open_lists if one > depth]:
            yield Bullets(leads[deeper], tuple(open_lists.pop(deeper)))
        if depth not in open_lists:
            open_lists[depth], leads[depth] = [], last
        open_lists[depth].append((number, found[2].strip()))
        last = number
    for depth in sorted(open_lists):
        yield Bullets(leads[depth], tuple(open_lists[depth]))
