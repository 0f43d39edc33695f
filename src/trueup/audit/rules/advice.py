"""Advice: a name that is recommended for a route in one place, and advised against in another."""

import re
from collections import defaultdict
from collections.abc import Iterator

from trueup.audit.code import normal_path
from trueup.audit.found import Found, Spot, quoted, report
from trueup.audit.gates import kept
from trueup.audit.mention import REQUEST
from trueup.audit.page import Page
from trueup.audit.tokens import days_in, is_name, spans_of
from trueup.audit.tree import Tree
from trueup.audit.words import pattern_of

RECOMMENDED = pattern_of("recommended")
ADVISED_AGAINST = pattern_of("advised_against")
NEGATION = pattern_of("negation")
CONDITION = pattern_of("condition")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\sa-z])|(?<=[。！？])")
EDITION = re.compile(r"(?:v|version[-_.]?)?\d+(?:\.[\dx]+)*", re.IGNORECASE)
"""A folder of the docs of one version, beside those of others."""
MOST_DISPUTED = 0.5
"""Part of the advised routes on which pages disagree; more, and the words mean something else."""
MOST_LINES = 20
"""Lines of a paragraph that people read; a longer one is data."""
Thing = tuple[str, str, str, str]
"""Language, edition, name and route."""


def check_advice(tree: Tree) -> Iterator[Found]:
    """Return the findings about advice for and against a name and a route."""
    places: dict[Thing, dict[bool, list[Spot]]] = defaultdict(lambda: {True: [], False: []})
    for path, page in tree.pages.items():
        edition = "/".join(part for part in path.split("/")[:-1] if EDITION.fullmatch(part))
        for line, name, route, is_for in _advice_on(page):
            thing = (tree.languages.get(path, ""), edition, name, route)
            places[thing][is_for].append((path, line))
    several = {thing: both for thing, both in places.items() if len(both[True] + both[False]) > 1}
    disputed = [(thing, both) for thing, both in several.items() if both[True] and both[False]]
    for (_, _, name, route), both in kept(disputed, len(several), MOST_DISPUTED):
        count = {is_for: _places(len(spots)) for is_for, spots in both.items()}
        problem = f"{quoted(name)} is recommended for {route} in {count[True]}, the first of these,"
        problem += f" and advised against in {count[False]} after"
        fix = "Find out which advice holds, or say when each does; these disagree."
        yield report(tree, "advice-both-ways", both[True] + both[False], problem, fix)


def _places(count: int) -> str:
    return "1 place" if count == 1 else f"{count} places"


def _advice_on(page: Page) -> Iterator[tuple[int, str, str, bool]]:
    """Yield line, name and route of each advice on a page, and whether it recommends."""
    for lines in _units(page):
        text = " ".join(page.lines[line - 1] for line in lines)
        heading = page.headings[page.section_of(lines[0]) - 1].text if page.headings else ""
        if len(lines) > MOST_LINES or not REQUEST.search(text) or CONDITION.search(heading):
            continue
        for sentence in SENTENCE.split(text):
            if (found := _advice_in(sentence)) is not None:
                name, route, is_for = found
                line = next(line for line in lines if name in page.lines[line - 1])
                yield line, name, route, is_for


def _units(page: Page) -> Iterator[list[int]]:
    """Yield the numbers of the lines of each paragraph, item and row."""
    lines: list[int] = []
    for number, kind in enumerate(page.kinds, 1):
        if lines and kind != "text":
            yield lines
            lines = []
        if kind in ("text", "item", "table"):
            lines.append(number)
    if lines:
        yield lines


def _advice_in(sentence: str) -> tuple[str, str, bool] | None:
    """Return name, route and side of a sentence or row that is nothing but one advice; None where
    it has another name or route, a date, a condition or a further negation."""
    routes = list(REQUEST.finditer(sentence))
    if len(routes) != 1:
        return None
    names = {span for span in spans_of(sentence) if not REQUEST.fullmatch(span)}
    if len(names) != 1 or not is_name(name := names.pop()):
        return None
    rest = sentence.replace(routes[0][0], " ").replace(f"`{name}`", " ")
    rest, against = ADVISED_AGAINST.subn(" ", rest)
    rest, recommended = RECOMMENDED.subn(" ", rest)
    if against + recommended != 1 or days_in(sentence):
        return None
    if NEGATION.search(rest) or CONDITION.search(rest) or rest.rstrip().endswith(("?", "？")):
        return None
    return name, f"{routes[0]['method']} {normal_path(routes[0]['path'])}", bool(recommended)
