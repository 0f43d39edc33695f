"""Align: the blocks and tables of a page beside those of its translations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from trueup.audit.code import CodeToken, code_tokens
from trueup.audit.page import Fence, Page, Table
from trueup.audit.tokens import is_name, spans_of
from trueup.audit.tree import MAIN

LEAST_ALIKE = 0.6
"""Part of their tokens that two blocks share if one is the other in another language."""
MOST_MIDDLE = 200
"""Tokens between the first and the last difference that are compared one by one."""
Row = tuple[int, tuple[str, ...]]
Marks = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A fence with its tokens, and these as they are compared."""

    fence: Fence
    tokens: tuple[CodeToken, ...]
    marks: Marks


@dataclass(frozen=True, slots=True)
class Difference:
    """Tokens of two blocks that differ: `mine` of the first, `yours` of the second."""

    mine: CodeToken
    yours: CodeToken


def main_of(group: Mapping[str, Page]) -> str:
    """Return the language that the others are compared with: the main one, English or the first."""
    return next((name for name in (MAIN, "en", "en-us") if name in group), min(group))


def blocks_of(page: Page) -> list[Block]:
    """Return the blocks of a page that hold code."""
    made = []
    for fence in page.fences:
        tokens = code_tokens(fence)
        if tokens and fence.language != "mermaid":
            marks = tuple((one.role, one.text) for one in tokens)
            made.append(Block(fence, tokens, marks))
    return made


def paired(mine: Sequence[Block], yours: Sequence[Block]) -> Iterator[tuple[Block, Block]]:
    """Return the blocks of two pages that are each other's, in their order."""
    left, right = ([(one.fence.language, one.marks) for one in blocks] for blocks in (mine, yours))
    for kind, i, k, j, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from zip(mine[i:k], yours[j:m], strict=True)
        elif kind == "replace":
            yield from _nearest(mine[i:k], yours[j:m])


def _nearest(mine: Sequence[Block], yours: Sequence[Block]) -> Iterator[tuple[Block, Block]]:
    start, in_step = 0, len(mine) == len(yours)
    for index, one in enumerate(mine):
        for at in range(index if in_step else start, index + 1 if in_step else len(yours)):
            other = yours[at]
            if one.fence.language == other.fence.language and _is_alike(one, other):
                yield one, other
                start = at + 1
                break


def _is_alike(one: Block, other: Block) -> bool:
    mine, yours = set(one.marks), set(other.marks)
    if min(len(one.marks), len(other.marks)) <= 4:  # a request alone, such as GET /v1/models
        return len(one.marks) == len(other.marks)
    return len(mine & yours) >= LEAST_ALIKE * max(len(mine), len(yours))


def differences(one: Block, other: Block) -> list[Difference]:
    """Return where the code of two blocks differs, apart from what is translated."""
    mine, yours = one.marks, other.marks
    if mine == yours:
        return []
    start, most = 0, min(len(mine), len(yours))
    while start < most and mine[start] == yours[start]:
        start += 1
    end = 0
    while end < most - start and mine[-1 - end] == yours[-1 - end]:
        end += 1
    left, right = mine[start : len(mine) - end], yours[start : len(yours) - end]
    if max(len(left), len(right)) > MOST_MIDDLE:
        return []
    found: list[Difference] = []
    for kind, i, k, j, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        gone = one.tokens[start + i : start + k]
        come = other.tokens[start + j : start + m]
        near_mine = one.tokens[min(start + i, len(one.tokens) - 1)].line
        near_yours = other.tokens[min(start + j, len(other.tokens) - 1)].line
        found += _differences(gone, come, near_mine, near_yours)
    return found


def counterparts(one: Block, other: Block, indexes: Sequence[int]) -> list[int]:
    """Return the tokens of another block, by index, that are some tokens of one."""
    if one.marks == other.marks:
        return list(dict.fromkeys(indexes))
    matcher = SequenceMatcher(None, one.marks, other.marks, autojunk=False)
    found: dict[int, int] = {}
    for at, to, size in matcher.get_matching_blocks():
        found |= {at + step: to + step for step in range(size)}
    return list(dict.fromkeys(found[index] for index in indexes if index in found))


def _differences(
    gone: Sequence[CodeToken], come: Sequence[CodeToken], near_mine: int, near_yours: int
) -> Iterator[Difference]:
    if len(gone) == len(come):
        for mine, yours in zip(gone, come, strict=True):
            if mine.text and yours.text and mine.text != yours.text:
                yield Difference(mine, yours)
        return
    if any(side and {one.role for one in side} <= {"prose", "sign"} for side in (gone, come)):
        return  # a text that one of them translates as a whole
    if any(one.role == "prose" for one in (*gone, *come)):
        gone = [one for one in gone if one.role == "key"]
        come = [one for one in come if one.role == "key"]
    for mine in gone:
        if mine.role in ("key", "route") and mine.text not in {one.text for one in come}:
            yield Difference(mine, CodeToken("", mine.role, near_yours))
    for yours in come:
        if yours.role in ("key", "route") and yours.text not in {one.text for one in gone}:
            yield Difference(CodeToken("", yours.role, near_mine), yours)


def tables_paired(mine: Page, yours: Page) -> Iterator[tuple[Table, Table]]:
    """Return the tables of two pages that are each other's: by their order, where both pages have
    as many of the same widths, else those of sections in step."""
    widths = [[len(table.head) for table in page.tables] for page in (mine, yours)]
    if widths[0] == widths[1]:
        yield from zip(mine.tables, yours.tables, strict=True)
    elif is_in_step(mine, yours):
        by_section: dict[int, list[Table]] = {}
        for table in yours.tables:
            by_section.setdefault(yours.section_of(table.line), []).append(table)
        mine_by: dict[int, list[Table]] = {}
        for table in mine.tables:
            mine_by.setdefault(mine.section_of(table.line), []).append(table)
        for section, tables in mine_by.items():
            others = by_section.get(section, [])
            if [len(one.head) for one in tables] == [len(one.head) for one in others]:
                yield from zip(tables, others, strict=True)


def aligned_tables(group: Mapping[str, Page]) -> Iterator[tuple[Table, dict[str, Table]]]:
    """Return the tables of a page in the main language, each with those of the other languages."""
    main = main_of(group)
    twins: dict[int, dict[str, Table]] = {}
    for name in sorted(group):
        for mine, yours in tables_paired(group[main], group[name]) if name != main else ():
            twins.setdefault(mine.line, {})[name] = yours
    for table in group[main].tables:
        if table.line in twins:
            yield table, twins[table.line]


def paired_rows(mine: Table, yours: Table) -> dict[int, Row]:
    """Return the rows of a table that are those of another one, by the index there."""
    keys = [[row_key(cells) for _, cells in table.rows] for table in (mine, yours)]
    if len(mine.rows) == len(yours.rows):
        moved = set(filter(None, keys[0])) & set(filter(None, keys[1]))
        in_order = [[key for key in one if key in moved] for one in keys]
        if in_order[0] == in_order[1]:
            return dict(enumerate(yours.rows))
    by_key = {key: row for key, row in zip(keys[1], yours.rows, strict=True) if key}
    return {
        at: by_key[key]
        for at, key in enumerate(keys[0])
        if key in by_key and keys[0].count(key) == 1 == keys[1].count(key)
    }


def row_key(cells: Sequence[str]) -> str:
    """Return what names a row in every language, or nothing."""
    key = cells[0].strip(" *`")
    return key.lower() if key.isascii() and (spans_of(cells[0]) or is_name(key)) else ""


def is_in_step(mine: Page, yours: Page) -> bool:
    """Return whether two pages have the same headings by level."""
    return [one.level for one in mine.headings] == [one.level for one in yours.headings]
