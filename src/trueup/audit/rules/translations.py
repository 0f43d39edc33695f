"""Translations: the tables, sections, first routes and length of a page in each language."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trueup.audit.align import aligned_tables, is_in_step, main_of, paired_rows
from trueup.audit.facts import (
    Facts,
    dates_in,
    dates_page,
    measures_in,
    names_in,
    numbers_in,
    words_in,
)
from trueup.audit.found import Found, listed, quoted, report
from trueup.audit.gates import is_kept
from trueup.audit.links import Aims, links_of
from trueup.audit.mention import routes_of
from trueup.audit.page import Page
from trueup.audit.rules.languages import FIXES, language_name
from trueup.audit.rules.span_words import SpanWords
from trueup.audit.tree import Tree

MOST_APART = 0.4
"""Part of the cells and sections of a language that differ where it has another edition."""
STUB = 0.15
"""Part of the others' lines that a page has which is only the start of one."""
LEAST_LONG = 20
"""Lines with text of a page that is not short in itself."""
Kind = tuple[str, str, Callable[[str], Facts]]
KINDS: tuple[Kind, ...] = (
    ("language-values", "date", dates_in),
    ("language-names", "name", names_in),
    ("language-values", "number", numbers_in),
)
WORDS: Kind = ("language-values", "word", words_in)
PROSE: tuple[Kind, ...] = (*KINDS[:2], ("language-values", "number", measures_in), WORDS)
"""Kinds of facts in sentences: of their numbers only those with a unit, or marked as code."""
NOUNS = (*((rule, noun) for rule, noun, _ in KINDS), ("language-links", "link"))
MOST_NUMBERS = {"cell": 2, "list item": 2, "section": 4}
"""Numbers of a place that are compared; one with more has them in another form, too."""
INDEX = re.compile(r"(?:index|readme)\.\w+$", re.IGNORECASE)
"""The page of a folder, under either of its names."""
MAYBE = re.compile(r"[`\d]| /")
"""What a line with a fact has."""


def check_translations(tree: Tree) -> Iterator[Found]:
    """Return the findings about pages beside their translations, their code aside."""
    for group in tree.twins:
        yield from _stubs(tree, group)
        yield from _first_routes(tree, group)
    words, said = SpanWords(), set()
    for places in (_cells, _items, _sections):
        all_places = (place for group in tree.twins for place in places(group))
        for one in _agree(tree, all_places, words):
            said.add(one.finding.where)
            yield one
    yield from (one for one in words.found() if one.finding.where not in said)
    yield from _agree(tree, _links(tree))


def stubs_of(group: Mapping[str, Page]) -> dict[str, tuple[int, int]]:
    """Return the languages in which a page is nearly empty: its lines, and those of others."""
    sizes = {
        name: sum(kind not in ("blank", "front", "comment") for kind in page.kinds)
        for name, page in group.items()
    }
    found = {}
    for name, size in sizes.items():
        others = sorted(count for other, count in sizes.items() if other != name)
        usual = others[len(others) // 2]
        if usual >= LEAST_LONG and size <= STUB * usual:
            found[name] = (size, usual)
    return found


def _stubs(tree: Tree, group: Mapping[str, Page]) -> Iterator[Found]:
    for name, (size, usual) in stubs_of(group).items():
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


@dataclass(frozen=True, slots=True)
class _Place:
    """The same cell or section in several languages: its facts in each, with their lines."""

    noun: str
    group: Mapping[str, Page]
    texts: Mapping[str, Mapping[str, Mapping[str, list[int]]]]
    """Lines of each fact, by language and by what kind of fact it is."""


def _cells(group: Mapping[str, Page]) -> Iterator[_Place]:
    """Return the cells of the tables that a page has in several languages."""
    main = main_of(group)
    for table, twins in aligned_tables(group):
        rows = {name: paired_rows(table, twin) for name, twin in twins.items()}
        for at, (line, cells) in enumerate(table.rows):
            known = {main: (line, cells)} | {
                name: row[at] for name, row in rows.items() if at in row
            }
            if any(dates_page(row[0]) for _, row in known.values()):
                continue
            for column in range(len(cells)):
                texts = {
                    name: _facts([(number, row[column])], (*KINDS, WORDS))
                    for name, (number, row) in known.items()
                    if column < len(row)
                }
                yield _Place("cell", group, texts)


def _items(group: Mapping[str, Page]) -> Iterator[_Place]:
    """Return the items of the lists that a page has in several languages."""
    items = {
        name: [item for bullets in page.bullets for item in bullets.items]
        for name, page in _with_same_lists(group).items()
    }
    for at in range(len(items[main_of(group)])):
        texts = {name: _facts([known[at]], PROSE) for name, known in items.items()}
        yield _Place("list item", group, texts)


def _with_same_lists(group: Mapping[str, Page]) -> dict[str, Page]:
    """Return the pages that have lists of as many items as the main one."""
    main = group[main_of(group)]
    sizes = [len(bullets.items) for bullets in main.bullets]
    return {
        name: page
        for name, page in group.items()
        if [len(bullets.items) for bullets in page.bullets] == sizes and is_in_step(main, page)
    }


def _sections(group: Mapping[str, Page]) -> Iterator[_Place]:
    """Return the sections that a page has in several languages, with their facts."""
    main = group[main_of(group)]
    pages = {name: page for name, page in group.items() if is_in_step(main, page)}
    has_items = len(_with_same_lists(group)) == len(pages)
    left_out = ("table", "item") if has_items else ("table",)
    texts: dict[int, dict[str, list[tuple[int, str]]]] = {}
    stamps = {
        at
        for page in pages.values()
        for at, heading in enumerate(page.headings, 1)
        if dates_page(heading.text)
    }
    for name, page in pages.items():
        for line, text in page.prose():
            section = page.section_of(line)
            if page.kinds[line - 1] in left_out or section in stamps:
                continue
            by_name = texts.setdefault(section, {})
            by_name.setdefault(name, []).append((line, text))
    for by_name in texts.values():
        known = {name: _facts(by_name.get(name, []), PROSE) for name in pages}
        yield _Place("section", group, known)


def _links(tree: Tree) -> Iterator[_Place]:
    """Return the sections that a page has in several languages, with the pages that they lead to,
    each by its name in the main language."""
    main_page = {
        page.path: group[main_of(group)].path for group in tree.twins for page in group.values()
    }
    links: dict[str, dict[int, dict[str, list[int]]]] = {}
    aims = Aims(tree)
    for link in links_of(tree):
        aim = aims.file(link)[1] if link.names_file and link.page.path in main_page else None
        if aim is not None:
            by_section = links.setdefault(link.page.path, {})
            known = by_section.setdefault(link.page.section_of(link.line), {})
            name = INDEX.sub("", main_page.get(aim, aim))
            known.setdefault(name, []).append(link.line)
    for group in tree.twins:
        main = group[main_of(group)]
        pages = {name: page for name, page in group.items() if is_in_step(main, page)}
        for section in sorted(links.get(main.path, {})):
            texts = {
                name: {"link": links.get(page.path, {}).get(section, {})}
                for name, page in pages.items()
            }
            yield _Place("section", group, texts)


def _facts(texts: list[tuple[int, str]], kinds: Sequence[Kind]) -> dict[str, dict[str, list[int]]]:
    """Return the lines of each fact in some lines of a page, by kind."""
    found: dict[str, dict[str, list[int]]] = {noun: {} for _, noun, _ in kinds}
    for line, text in texts:
        if not MAYBE.search(text):
            continue
        for _, noun, facts_in in kinds:
            for fact, count in facts_in(text).items():
                found[noun].setdefault(fact, []).extend([line] * count)
    return found


def _agree(tree: Tree, places: Iterable[_Place], words: SpanWords | None = None) -> Iterator[Found]:
    """Return the facts that have another one in their place in another language."""
    cases: Counter[tuple[str, str]] = Counter()
    apart: Counter[tuple[str, str]] = Counter()
    found: list[tuple[str, set[str], Found]] = []
    for place in places:
        if words is not None:
            known = {name: texts["word"] for name, texts in place.texts.items()}
            words.read(tree, place.noun, place.group, known)
        for rule, noun in NOUNS:
            having = [name for name, texts in place.texts.items() if texts.get(noun)]
            if not having:
                continue
            cases.update((name, noun) for name in having)
            made = _disagreement(tree, place, rule, noun)
            if made is not None:
                apart.update((name, noun) for name in made[0])
                found.append((noun, *made))
    for noun, odd, one in found:
        if all(is_kept(apart[name, noun], cases[name, noun], MOST_APART) for name in odd):
            yield one


def _disagreement(tree: Tree, place: _Place, rule: str, noun: str) -> tuple[set[str], Found] | None:
    """Return the languages that have another fact than most, and the finding."""
    lines = {name: texts[noun] for name, texts in place.texts.items() if noun in texts}
    facts = {name: frozenset(_counted(known)) for name, known in lines.items()}
    if len(set(facts.values())) < 2:
        return None
    main = main_of(place.group)
    by_facts: dict[frozenset[str], list[str]] = defaultdict(list)
    for name in sorted(facts, key=lambda name: name != main):
        by_facts[facts[name]].append(name)
    usual = max(by_facts, key=lambda known: (len(by_facts[known]), main in by_facts[known]))
    odd = {
        name: (min(usual - known), min(known - usual))
        for name, known in facts.items()
        if len(usual - known) == 1 == len(known - usual)
    }
    odd = {name: (old[:-2], new[:-2]) for name, (old, new) in odd.items()}
    if noun == "number":
        odd = {name: pair for name, pair in odd.items() if _unit(pair[0]) == _unit(pair[1])}
    if not odd or (noun == "number" and len(usual) > MOST_NUMBERS[place.noun]):
        return None
    old = next(iter(odd.values()))[0]
    odd = {name: pair for name, pair in odd.items() if pair[0] == old}
    path = {name: page.path for name, page in place.group.items()}
    spots = [
        (path[name], line) for name, (_, new) in odd.items() for line in lines[name].get(new, [])
    ]
    having = [name for name in sorted(lines) if name not in odd and old in lines[name]]
    spots += [(path[name], line) for name in having for line in lines[name][old]]
    shown = [f"{language_name(name)}: {quoted(new)}" for name, (_, new) in odd.items()]
    shown.append(f"{listed(map(language_name, having))}: {quoted(old)}")
    problem = f"the {noun} in the same {place.noun} differs between languages: {'; '.join(shown)}"
    return set(odd), report(tree, rule, spots, problem, FIXES)


def _unit(number: str) -> str:
    return number.partition(" ")[2]


def _counted(known: Mapping[str, list[int]]) -> Iterator[str]:
    """Return the facts of a place, each as often as it has it: `fact#0`, `fact#1`."""
    for fact, lines in known.items():
        yield from (f"{fact}#{min(count, 9)}" for count in range(len(lines)))
