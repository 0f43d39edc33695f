"""Rows: what a table has in one language and lacks in another."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from trueup.audit.align import Row, aligned_tables, main_of, row_key
from trueup.audit.facts import dates_in, dates_page, names_in, numbers_in
from trueup.audit.found import Found, Spot, listed, quoted, report
from trueup.audit.gates import is_kept
from trueup.audit.page import Page, Table
from trueup.audit.rules.languages import FIXES, language_name
from trueup.audit.tree import Tree

MOST_MISSING = 3
"""Rows that a table lacks; more, and it is another table."""
MOST_APART = 0.4
"""Part of the tables in a language that differ where its pages are of another edition."""


def check_rows(tree: Tree) -> Iterator[Found]:
    """Return the findings about tables that have other rows in another language."""
    cases: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    found: list[tuple[set[str], Found]] = []
    for group in tree.twins:
        for table, twins in aligned_tables(group):
            tables = {main_of(group): table, **twins}
            cases.update(list(tables))
            made = _lacking(tree, group, tables)
            if made is not None:
                apart.update(made[0])
                found.append(made)
    for names, one in found:
        if all(is_kept(apart[name], cases[name], MOST_APART) for name in names):
            yield one


def _lacking(
    tree: Tree, group: Mapping[str, Page], tables: Mapping[str, Table]
) -> tuple[set[str], Found] | None:
    """Return the languages whose table has fewer rows than that of most, and the finding."""
    counts = Counter(len(table.rows) for table in tables.values())
    if len(counts) < 2:
        return None
    usual = max(counts, key=lambda count: (counts[count], count))
    full = next(name for name in tables if len(tables[name].rows) == usual)
    odd = {
        name: _differing(tables[full].rows, table.rows)
        for name, table in tables.items()
        if 0 < abs(len(table.rows) - usual) <= MOST_MISSING and table.rows
    }
    odd = {name: rows for name, rows in odd.items() if rows is not None}
    if not odd:
        return None
    spots: list[Spot] = []
    shown = []
    for name, rows in odd.items():
        is_short = len(tables[name].rows) < usual
        spots += [(group[name].path, tables[name].line)] if is_short else []
        lines = [row[0] for row in rows or ()]
        owners = [one for one in tables if len(tables[one].rows) == usual] if is_short else [name]
        for owner in owners:
            spots += [
                (group[owner].path, line)
                for line in _same(tables[full], tables[owner], lines, is_short)
            ]
        names = listed(quoted(row[1][0].strip(" `*")) for row in rows or ())
        shown.append(f"{language_name(name)} {'lacks' if is_short else 'alone has'} {names}")
    others = [name for name in sorted(tables) if name not in odd]
    spots += [(group[name].path, tables[name].line) for name in others]
    problem = f"rows of a table differ between languages: {'; '.join(shown)}"
    return set(odd), report(tree, "language-rows", spots, problem, FIXES)


def _same(full: Table, owner: Table, lines: Sequence[int], is_short: bool) -> list[int]:
    """Return the lines of rows in the table of another language that has as many."""
    if not is_short:
        return list(lines)
    indexes = [at for at, (line, _) in enumerate(full.rows) if line in lines]
    return [owner.rows[at][0] for at in indexes]


def _differing(full: Sequence[Row], other: Sequence[Row]) -> list[Row] | None:
    """Return the rows that the longer of two tables has more; None where other rows differ too."""
    longer, shorter = (full, other) if len(full) > len(other) else (other, full)
    mine, yours = ([_mark(cells) for _, cells in rows] for rows in (longer, shorter))
    matcher = SequenceMatcher(None, mine, yours, autojunk=False)
    kept = {
        at for block in matcher.get_matching_blocks() for at in range(block.a, block.a + block.size)
    }
    more = [row for at, row in enumerate(longer) if at not in kept]
    return more if len(more) == len(longer) - len(shorter) else None


def _mark(cells: Sequence[str]) -> tuple[str, ...]:
    """Return what a row has in every language."""
    known = () if dates_page(cells[0]) else cells
    facts = (
        fact for cell in known for kind in (dates_in, names_in, numbers_in) for fact in kind(cell)
    )
    return (row_key(cells), *sorted(facts))
