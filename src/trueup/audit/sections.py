"""Sections: the parts of a page under its headings, and which of them another page lacks."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, log

from trueup.audit.code import code_tokens
from trueup.audit.facts import dates_in, names_in, numbers_in
from trueup.audit.page import Heading, Page

MOST_LACKING = 3
"""Sections or blocks that a page lacks; more, and it is another page."""
MOST_GAP = 12
"""Headings that a page has less than another, those within its sections included."""
MOST_HEADINGS = 300
"""Headings of a page that are compared; one with more is data."""
MARGIN = 0.25
"""Cost by which a section is the one that is lacking, rather than the next."""
INFORMATIVE = 0.3
"""Part of the section before it from which a text is long enough to be missed by its length."""
SURE = 500
"""Bytes from which a page itself shows how much longer its language is."""
ANCHOR = re.compile(r"\{:?[^{}]{0,40}?#([\w.\-]{1,200})|<a (?:id|name)=\"([^\"]{1,200})\"")
SIGN = re.compile(r"\{\{[^{}]{1,200}\}\}|<[A-Z]\w*")
"""Calls of macros and components, the same in every language."""
SMALL = re.compile(r"\d{1,2}")
"""Numbers that another language may write in words."""
LINK = re.compile(r"\]\(\s*<?([^\s()<>]+)")


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a page from a heading to the next one, with what it has in every language."""

    heading: Heading
    size: int
    """Bytes of its text."""
    form: tuple[int, ...]
    """How many items, rows, blocks and paragraphs it has."""
    facts: frozenset[str]
    anchor: str
    has_own_anchor: bool
    """Whether the heading spells its anchor, rather than having the one of its words."""


def sections_of(page: Page) -> list[Section]:
    """Return the sections of a page, in their order."""
    starts = [heading.line for heading in page.headings]
    facts: list[set[str]] = [set() for _ in range(len(starts) + 1)]
    for line, text in page.prose():
        known = facts[page.section_of(line)]
        for kind in (dates_in, names_in, numbers_in):
            known.update(kind(text))
        known.update(found[1].rpartition("/")[2] for found in LINK.finditer(text))
        known.update(SIGN.findall(text))
    for fence in page.fences:
        known = facts[page.section_of(fence.first)]
        known.update(one.text for one in code_tokens(fence) if one.role != "sign")
    made = []
    for at, heading in enumerate(page.headings):
        end = starts[at + 1] - 1 if at + 1 < len(starts) else len(page.lines)
        size = sum(len(line.encode()) for line in page.lines[heading.line : end])
        found = ANCHOR.search(page.lines[heading.line - 1])
        own = (found[1] or found[2]) if found else ""
        form = _form(page, heading.line, end)
        known = facts[at + 1]
        made.append(
            Section(heading, size, form, frozenset(known), own or _slug(heading), bool(own))
        )
    return made


def _form(page: Page, start: int, end: int) -> tuple[int, ...]:
    kinds = page.kinds[start:end]
    texts = zip(["blank", *kinds], kinds, strict=False)
    return (
        kinds.count("item"),
        kinds.count("table"),
        sum(start < fence.first <= end for fence in page.fences),
        sum(kind == "text" and before != "text" for before, kind in texts),
    )


def _slug(heading: Heading) -> str:
    """Return the address that generators give a heading of ASCII words, nothing for others."""
    if not heading.text.isascii():
        return ""
    return "-".join(re.findall(r"[a-z0-9]+", heading.text.lower()))


def lacking(
    full: int, short: int, cost: Callable[[int, int], float], margin: float = 0.0
) -> list[int] | None:
    """Return which of `full` things have none among `short` ones in the same order, by what it
    costs to take one for another; None where that is impossible or nearly as good another way."""
    found = _cheapest(full, short, cost)
    if found is None:
        return None
    total, left_out = found
    others = (_cheapest(full, short, cost, kept=at) for at in left_out if margin)
    return None if any(one and one[0] < total + margin for one in others) else left_out


def _cheapest(
    full: int, short: int, cost: Callable[[int, int], float], kept: int = -1
) -> tuple[float, list[int]] | None:
    """Return the lowest cost with what is left out of `full` for it, which `kept` never is."""
    ways: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}  # by how many are left out
    for i in range(full):
        next_ways: dict[int, tuple[float, list[int]]] = {}
        for out, (total, left_out) in ways.items():
            taken = total + cost(i, i - out) if i - out < short else inf
            if taken < next_ways.get(out, (inf,))[0]:
                next_ways[out] = (taken, left_out)
            if out < full - short and i != kept:
                next_ways[out + 1] = (total, [*left_out, i])
        ways = next_ways
    return ways.get(full - short)


def lacking_sections(full: Page, short: Page, ratio: float) -> list[int] | None:
    """Return which sections of a page another one lacks, by the index of their headings; None
    where the pages differ in more, or the text is there all the same.

    `ratio` is how much longer the language of the other page is.
    """
    gap = len(full.headings) - len(short.headings)
    if not 0 < gap <= min(MOST_GAP, max(1, len(full.headings) // 2)):
        return None
    if len(full.headings) > MOST_HEADINGS:
        return None
    mine, yours = sections_of(full), sections_of(short)
    found = lacking(len(mine), len(yours), _cost(mine, yours, ratio), MARGIN)
    if found is None or len(tops(full, found)) > MOST_LACKING or 0 in found:
        return None
    is_there = _has_facts(mine, yours, found) or _has_length(mine, yours, found, ratio)
    return None if is_there else found


def _cost(
    mine: Sequence[Section], yours: Sequence[Section], ratio: float
) -> Callable[[int, int], float]:
    @cache
    def cost(i: int, j: int) -> float:
        one, other = mine[i], yours[j]
        if one.heading.level != other.heading.level:
            return inf
        total = min(1.0, abs(log((ratio * one.size + 40) / (other.size + 40)))) / 2
        if one.anchor and one.anchor == other.anchor:
            total -= 1
        elif one.has_own_anchor and other.has_own_anchor:
            total += 1
        if more := sum(map(max, one.form, other.form)):
            total += 1 - sum(map(min, one.form, other.form)) / more
        if either := one.facts | other.facts:
            total += 1 - len(one.facts & other.facts) / len(either)
        return total

    return cost


def tops(page: Page, found: Sequence[int]) -> list[int]:
    """Return those of some sections of a page, by index, that are within no other of them."""
    made: list[int] = []
    for before, at in zip([-2, *found], found, strict=False):
        is_within = before == at - 1 and page.headings[at].level > page.headings[made[-1]].level
        if not is_within:
            made.append(at)
    return made


def _has_facts(mine: Sequence[Section], yours: Sequence[Section], found: Sequence[int]) -> bool:
    """Return whether what sections alone have is on the other page, under another heading."""
    there = frozenset[str]().union(*(one.facts for one in yours))
    kept = frozenset[str]().union(*(one.facts for at, one in enumerate(mine) if at not in found))
    own = [{one for one in mine[at].facts - kept if not SMALL.fullmatch(one)} for at in found]
    return any(known and 2 * len(known & there) >= len(known) for known in own)


def _has_length(
    mine: Sequence[Section], yours: Sequence[Section], found: Sequence[int], ratio: float
) -> bool:
    """Return whether a section is as long as if it held the text of those lacking after it."""
    left = [at for at in range(len(mine)) if at not in found]
    sizes = {at: (mine[at].size, other.size) for at, other in zip(left, yours, strict=True)}
    totals = [sum(known[side] for known in sizes.values()) for side in (0, 1)]
    for at, (size, other) in sizes.items():
        last = next((one for one in left if one > at), len(mine))
        more = sum(mine[one].size for one in range(at + 1, last))
        rest = (totals[1] - other + SURE * ratio) / (totals[0] - size + SURE)
        if more >= INFORMATIVE * max(1, size) and _is_nearer(
            other, rest * (size + more), rest * size
        ):
            return True
    return False


def _is_nearer(size: float, to: float, than: float) -> bool:
    return abs(log((size + 20) / (to + 20))) < abs(log((size + 20) / (than + 20)))
