"""Advice: what a page recommends or warns against without a condition, by name and route."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from trueup.audit.clause import (
    AGAINST,
    CLAUSE,
    FILLER,
    FOR,
    NAME,
    OTHER,
    ROUTE,
    UNWRITTEN,
    WORD,
    Masked,
    is_conditioned,
    is_end,
    label_side,
    side_of,
    starts_limited,
)
from trueup.audit.mention import routes_of, worded_routes_of
from trueup.audit.page import Page
from trueup.audit.words import COUNTEREXAMPLE, may_have, pattern_of, words_of

ADVICE = words_of("advice_for", "advice_use", "advice_against")
OVERVIEW = pattern_of("advice_overview")
SENTENCE = re.compile(r"(?:(?<=[^\W\d_]{2}[.!?])|(?<=[\ue000-\uf7ff)\"][.!?]))\s+|(?<=[。！？])")
LETTERS = re.compile(r"[^\W\d_]{2,}")
MOST_LINES = 60
"""Lines of a paragraph that people read; a longer one is data."""
COLONS = (":", "：")


@dataclass(frozen=True, slots=True)
class Advice:
    """A name that a page recommends or warns against, with the route that it is for, if one is
    said. `is_order` is one that says what to do here, such as `Use`. `topic` are the words of its
    heading, and `routes` those of its section or page."""

    name: str
    route: str
    is_for: bool
    page: str
    line: int
    is_order: bool
    topic: frozenset[str]
    routes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Said:
    """An advice as its text has it, before what stands above it is read."""

    name: str
    route: str
    is_for: bool
    line: int
    is_order: bool = False


def advices_of(page: Page) -> Iterator[Advice]:
    """Return each advice of a page that names what it is about and has no condition."""
    if not may_have(ADVICE, "\n".join(page.lines)):
        return
    found = [*_in_texts(page), *_in_lists(page), *_in_tables(page)]
    if not found:
        return
    leads = {line: one.lead for one in page.bullets for line, _ in one.items}
    chains, near = page.heading_chains(), _routes_by_section(page)
    for said in found:
        section = page.section_of(said.line)
        above = [one.text for one in chains[section]]
        lead = page.lines[leads[said.line] - 1] if leads.get(said.line) else ""
        lead = lead if lead.rstrip(" *_").endswith(COLONS) else ""
        if _is_limited(said, [*above, lead], bool(lead)):
            continue
        topic = _topic(above[-1], said.name) if above else frozenset()
        routes = frozenset() if said.route else near.get(section, near[-1])
        yield Advice(
            *(said.name, said.route, said.is_for, page.path, said.line, said.is_order),
            *(topic, routes),
        )


def _is_limited(said: Said, above: list[str], has_lead: bool) -> bool:
    """Return whether what stands above an advice is a condition of it, or turns it round."""
    if said.is_order and has_lead and not said.route:
        return True
    masked = [_masked((0, text)).text for text in above]
    if said.is_for and any(AGAINST.search(one) or COUNTEREXAMPLE.search(one) for one in masked):
        return True
    return not said.route and any(is_conditioned(one) for one in masked)


def _topic(heading: str, name: str) -> frozenset[str]:
    own = set(LETTERS.findall(name.lower()))
    rest = FILLER.sub(" ", OVERVIEW.sub(" ", heading.lower()))
    return frozenset(word for word in LETTERS.findall(rest) if word not in own)


def _routes_by_section(page: Page) -> dict[int, frozenset[str]]:
    """Return the routes of each section that has some, and as -1 those of the page."""
    found: dict[int, set[str]] = defaultdict(set)
    for one in (*worded_routes_of(page), *routes_of(page)):
        found[page.section_of(one.line)].add(one.text)
        found[-1].add(one.text)
    return {-1: frozenset(), **{number: frozenset(one) for number, one in found.items()}}


def _masked(*lines: tuple[int, str]) -> Masked:
    masked = Masked()
    for number, text in lines:
        masked.add(number, text)
    return masked


def _in_texts(page: Page) -> Iterator[Said]:
    for lines in _units(page):
        text = "\n".join(page.lines[line - 1] for line in lines)
        if len(lines) > MOST_LINES or "`" not in text or not may_have(ADVICE, text):
            continue
        masked = _masked(*((line, page.lines[line - 1]) for line in lines))
        if not NAME.search(masked.text) or _has_nameless(masked.text):
            continue
        is_heading = page.kinds[lines[0] - 1] == "heading"
        before = ""
        for start, sentence in _sentences(masked.text):
            if not before.endswith(("?", "？")):
                for said in _in_sentence(masked, start, sentence):
                    if not (said.is_order and is_heading):
                        yield said
            before = sentence.rstrip()


def _units(page: Page) -> Iterator[list[int]]:
    """Return the numbers of the lines of each paragraph, item and heading."""
    lines: list[int] = []
    for number, kind in enumerate(page.kinds, 1):
        goes_on = kind == "text" and lines and page.kinds[lines[-1] - 1] != "heading"
        if lines and not goes_on:
            yield lines
            lines = []
        if kind in ("text", "item", "heading"):
            lines.append(number)
    if lines:
        yield lines


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for found in SENTENCE.finditer(text):
        yield start, text[start : found.start()]
        start = found.end()
    yield start, text[start:]


def _has_nameless(text: str) -> bool:
    """Return whether a clause of a paragraph has an advice without a name: it may limit another."""
    clauses = (clause for _, one in _sentences(text) for clause in CLAUSE.split(one))
    return any(not NAME.search(one) and (AGAINST.search(one) or FOR.search(one)) for one in clauses)


def _in_sentence(masked: Masked, start: int, sentence: str) -> Iterator[Said]:
    routes = set(ROUTE.findall(sentence))
    if not NAME.search(sentence) or len(routes) > 1 or is_conditioned(sentence):
        return
    cuts = [0, *(one.end() for one in CLAUSE.finditer(sentence)), len(sentence)]
    clauses = [sentence[one:other] for one, other in zip(cuts, cuts[1:], strict=False)]
    if any(starts_limited(one) for one in clauses):
        return
    for at, clause in zip(cuts, clauses, strict=False):
        bare = CLAUSE.sub(" ", clause)
        if (side := side_of(bare)) is None:
            continue
        sign = NAME.search(clause)
        assert sign is not None
        route = masked.signs[min(routes)] if routes else ""
        line = masked.line_at(start + at + sign.start())
        yield Said(masked.signs[sign[0]], route, side[0], line, side[1])


def _in_lists(page: Page) -> Iterator[Said]:
    """Return the names at the head of items whose list is introduced by nothing but an advice."""
    for bullets in page.bullets:
        lead = page.lines[bullets.lead - 1] if bullets.lead else ""
        is_heading = bool(bullets.lead) and page.kinds[bullets.lead - 1] == "heading"
        if not (is_heading or lead.rstrip(" *_").endswith(COLONS)):
            continue
        if (is_for := label_side(_masked((0, lead)).text)) is None:
            continue
        for line, text in bullets.items:
            masked = _masked((line, text))
            names, routes = set(NAME.findall(masked.text)), set(ROUTE.findall(masked.text))
            if len(names) != 1 or len(routes) > 1 or not _is_head(masked.text):
                continue
            if page.kinds[line : line + 1] == ["text"]:
                continue
            route = masked.signs[routes.pop()] if routes else ""
            yield Said(masked.signs[names.pop()], route, is_for, line)


def _is_head(text: str) -> bool:
    """Return whether a text begins with its name, and neither limits nor repeats an advice."""
    before, name, after = text.partition(NAME.findall(text)[0])
    if WORD.search(FILLER.sub(" ", ROUTE.sub(" ", before))) or OTHER in before:
        return False
    if after.startswith(UNWRITTEN) or not is_end(ROUTE.sub(" ", after)):
        return False
    return not (is_conditioned(text) or FOR.search(text) or AGAINST.search(text))


def _in_tables(page: Page) -> Iterator[Said]:
    """Return the names of rows that have a cell with nothing but an advice."""
    for table in page.tables:
        found: list[Said] = []
        if not may_have(ADVICE, "\n".join(cell for _, cells in table.rows for cell in cells)):
            continue
        for line, cells in table.rows:
            masked = Masked()
            for cell in cells:
                masked.add(line, cell)
            starts = [start for start, _ in masked.starts]
            ends = [*starts[1:], len(masked.text)]
            texts = [masked.text[one:end] for one, end in zip(starts, ends, strict=True)]
            sides = [side for one in texts if (side := label_side(one)) is not None]
            names, routes = set(NAME.findall(masked.text)), set(ROUTE.findall(masked.text))
            if len(sides) == 1 and len(names) == 1 and len(routes) < 2:
                if OTHER in masked.text or any(map(is_conditioned, (*texts, *table.head))):
                    continue
                route = masked.signs[routes.pop()] if routes else ""
                found.append(Said(masked.signs[names.pop()], route, sides[0], line))
        counts = Counter((one.name, one.route) for one in found)
        yield from (one for one in found if counts[one.name, one.route] == 1)
