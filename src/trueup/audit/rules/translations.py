"""Translations: the tables, sections, first routes and length of a page in each language."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from trueup.audit.align import is_in_step, main_of, tables_paired
from trueup.audit.facts import dates_in, names_in, numbers_in
from trueup.audit.found import Found, Spot, listed, quoted, report
from trueup.audit.gates import is_kept
from trueup.audit.mention import routes_of
from trueup.audit.page import Page, Table
from trueup.audit.rules.languages import FIXES, language_name
from trueup.audit.tokens import is_name, spans_of
from trueup.audit.tree import Tree

MOST_MISSING = 3
"""Rows that a table lacks; more, and it is another table."""
MOST_APART = 0.4
"""Part of the tables in two languages that differ where these are of other editions."""
STUB = 0.15
"""Part of the others' lines that a page has which is only the start of one."""
LEAST_LONG = 30
"""Lines with text of a page that is not short in itself."""
KINDS: tuple[tuple[str, str, Callable[[str], Counter[str]]], ...] = (
    ("language-values", "date", dates_in),
    ("language-names", "name", names_in),
    ("language-values", "number", numbers_in),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language, with its place."""

    page: Page
    line: int
    text: str


def check_translations(tree: Tree) -> Iterator[Found]:
    """Return the findings about pages beside their translations, their code aside."""
    for group in tree.twins:
        yield from _stubs(tree, group)
        yield from _first_routes(tree, group)
    yield from _tables(tree)
    yield from _sections(tree)


def _stubs(tree: Tree, group: Mapping[str, Page]) -> Iterator[Found]:
    sizes = {
        name: sum(kind not in ("blank", "front", "comment") for kind in page.kinds)
        for name, page in group.items()
    }
    for name, size in sizes.items():
        others = sorted(count for other, count in sizes.items() if other != name)
        usual = others[len(others) // 2]
        if usual >= LEAST_LONG and size <= STUB * usual:
            problem = f"the page has {size} lines in {language_name(name)}, and {usual} in others"
            spots = [(group[name].path, 1)]
            spots += [(page.path, 1) for other, page in group.items() if other != name]
            fix = "Translate it, or remove it, so that readers get the page in another language."
            yield report(tree, "language-stub", spots, problem, fix)


def _first_routes(tree: Tree, group: Mapping[str, Page]) -> Iterator[Found]:
    routes = {name: next(iter(routes_of(page)), None) for name, page in group.items()}
    known = {name: route for name, route in routes.items() if route is not None}
    texts = Counter(route.text for route in known.values())
    if len(texts) < 2 or len(known) < len(group):
        return
    all_routes = [{route.text for route in routes_of(page)} for page in group.values()]
    if not any(texts.keys() - mine for mine in all_routes):
        return  # the pages have the same routes, in another order
    order = sorted(known, key=lambda name: (texts[known[name].text], name))
    shown = "; ".join(f"{language_name(name)}: {quoted(known[name].text)}" for name in order)
    problem = f"the first route of the page differs between languages: {shown}"
    spots = [(group[name].path, known[name].line) for name in order]
    yield report(tree, "language-route", spots, problem, FIXES)


def _tables(tree: Tree) -> Iterator[Found]:
    cases: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    found: list[tuple[str, Found]] = []
    for group in tree.twins:
        main = main_of(group)
        for name in sorted(group):
            for mine, yours in tables_paired(group[main], group[name]) if name != main else ():
                cases[name] += 1
                pages = group[main], group[name]
                made = list(_table(tree, pages, (main, name), mine, yours))
                broken[name] += bool(made)
                found += [(name, one) for one in made]
    yield from (one for name, one in found if is_kept(broken[name], cases[name], MOST_APART))


def _table(
    tree: Tree, pages: tuple[Page, Page], names: tuple[str, str], mine: Table, yours: Table
) -> Iterator[Found]:
    keys = [[_row_key(cells) for _, cells in table.rows] for table in (mine, yours)]
    if len(mine.rows) != len(yours.rows):
        yield from _rows(tree, pages, names, (mine, yours), keys)
    pairs = _row_pairs(mine, yours, keys)
    for (line, cells), (other_line, other_cells) in pairs:
        for cell, other in zip(cells, other_cells, strict=False):
            texts = Text(pages[0], line, cell), Text(pages[1], other_line, other)
            yield from _facts(tree, names, texts, "table")


def _row_key(cells: tuple[str, ...]) -> str:
    """Return what names a row in every language, or nothing."""
    key = cells[0].strip(" *`")
    return key.lower() if key.isascii() and (spans_of(cells[0]) or is_name(key)) else ""


def _row_pairs(
    mine: Table, yours: Table, keys: list[list[str]]
) -> list[tuple[tuple[int, tuple[str, ...]], tuple[int, tuple[str, ...]]]]:
    if keys[0] == keys[1] or (len(mine.rows) == len(yours.rows) and not all(keys[0])):
        return list(zip(mine.rows, yours.rows, strict=True))
    by_key = {key: row for key, row in zip(keys[1], yours.rows, strict=True) if key}
    unique = [key for key in by_key if keys[0].count(key) == 1 == keys[1].count(key)]
    rows = zip(keys[0], mine.rows, strict=True)
    matched = [(row, by_key[key]) for key, row in rows if key in unique]
    if len(mine.rows) == len(yours.rows) and len(matched) >= len(mine.rows) - MOST_MISSING:
        return list(zip(mine.rows, yours.rows, strict=True))
    return matched


def _rows(
    tree: Tree,
    pages: tuple[Page, Page],
    names: tuple[str, str],
    tables: tuple[Table, Table],
    keys: list[list[str]],
) -> Iterator[Found]:
    """Return the rows that one of two tables lacks, where the rest are the same."""
    counts = [len(table.rows) for table in tables]
    if abs(counts[0] - counts[1]) > MOST_MISSING or min(counts) == 0:
        return
    less = 0 if counts[0] < counts[1] else 1
    more = 1 - less
    left = Counter(keys[more]) - Counter(keys[less])
    spots: list[Spot] = [(pages[less].path, tables[less].line)]
    shown = ""
    if all(keys[0]) and all(keys[1]):
        if left.total() != counts[more] - counts[less]:
            return
        lost = [row for key, row in zip(keys[more], tables[more].rows, strict=True) if key in left]
        spots += [(pages[more].path, line) for line, _ in lost]
        shown = f": {listed(quoted(cells[0].strip(' `*')) for _, cells in lost)}"
    else:
        spots.append((pages[more].path, tables[more].line))
    problem = f"the table has {counts[less]} rows in {language_name(names[less])} and "
    problem += f"{counts[more]} in {language_name(names[more])}{shown}"
    yield report(tree, "language-rows", spots, problem, FIXES)


def _facts(
    tree: Tree, names: tuple[str, str], texts: tuple[Text, Text], where: str
) -> Iterator[Found]:
    """Return the facts that have another one in their place in the other language."""
    for rule, noun, facts_in in KINDS:
        mine, yours = (facts_in(one.text) for one in texts)
        gone, come = mine - yours, yours - mine
        if len(gone) != len(come) or not 1 <= len(gone) <= 2:
            continue
        if noun == "number" and (names_in(texts[0].text) or len(gone) > 1):
            continue
        shown = f"{language_name(names[0])}: {listed(map(quoted, gone))}; "
        shown += f"{language_name(names[1])}: {listed(map(quoted, come))}"
        problem = f"the {noun} in the same place of a {where} differs between languages: {shown}"
        spots = [(one.page.path, one.line) for one in texts]
        yield report(tree, rule, spots, problem, FIXES)


def _sections(tree: Tree) -> Iterator[Found]:
    """Return the dates and names of sentences that differ in sections in step."""
    for group in tree.twins:
        main = main_of(group)
        for name in sorted(group):
            if name != main and is_in_step(group[main], group[name]):
                yield from _section_facts(tree, group, main, name)


def _section_facts(
    tree: Tree, group: Mapping[str, Page], main: str, name: str
) -> Iterator[Found]:
    pages = group[main], group[name]
    for rule, noun, facts_in in KINDS[:2]:
        found = [_places(page, facts_in) for page in pages]
        for section in sorted(set(found[0]) & set(found[1])):
            mine, yours = found[0][section], found[1][section]
            counts = [Counter({fact: len(at) for fact, at in one.items()}) for one in (mine, yours)]
            gone, come = counts[0] - counts[1], counts[1] - counts[0]
            if len(gone) != 1 or len(come) != 1 or gone.total() != come.total():
                continue
            (old,), (new,) = gone, come
            shown = f"{language_name(main)}: {quoted(old)}; {language_name(name)}: {quoted(new)}"
            problem = f"the {noun} in the same section differs between languages: {shown}"
            spots = [(pages[1].path, line) for line in yours[new]]
            spots += [(pages[0].path, line) for line in mine[old]]
            yield report(tree, rule, spots, problem, FIXES)


def _places(
    page: Page, facts_in: Callable[[str], Counter[str]]
) -> dict[int, dict[str, list[int]]]:
    """Return the lines of each fact of a page's sentences, by section."""
    found: dict[int, dict[str, list[int]]] = {}
    for line, text in page.prose():
        if page.kinds[line - 1] == "table":
            continue
        for fact in facts_in(text).elements():
            found.setdefault(page.section_of(line), {}).setdefault(fact, []).append(line)
    return found
