"""Missing: the sections and blocks that a page has in most languages and lacks in one."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import inf

from trueup.audit.align import main_of
from trueup.audit.code import code_tokens
from trueup.audit.found import Found, Spot, listed, quoted, report
from trueup.audit.gates import is_nearly_kept
from trueup.audit.page import Fence, Page
from trueup.audit.rules.languages import FIXES, language_name
from trueup.audit.rules.translations import stubs_of
from trueup.audit.sections import MOST_LACKING, lacking, lacking_sections, tops
from trueup.audit.tree import Tree

MOST_APART = 0.4
"""Part of a language's pages with other sections or blocks where it has another edition."""
LEAST_ALIKE = 0.5
"""Part of their tokens that two blocks share if one is the other in another language."""
MOST_LINES = 40
"""Lines of a block that are looked for elsewhere on a page."""
SHORTEST = 3
"""Letters of such a line."""
ATTRIBUTES = re.compile(r"\s*\{[:#].*$")
Odd = Mapping[str, Found | None]
"""Languages whose page differs from most, each with the finding if it only lacks something."""


def check_missing(tree: Tree) -> Iterator[Found]:
    """Return the findings about sections and blocks that pages lack in a language."""
    for find in (partial(_sections, _lengths(tree)), _blocks):
        cases: Counter[str] = Counter()
        apart: Counter[str] = Counter()
        found: list[tuple[str, Found]] = []
        for group in tree.twins:
            cases.update(list(group))
            odd = find(tree, group)
            apart.update(list(odd))
            found += [(name, one) for name, one in odd.items() if one is not None]
        for name, one in found:
            if is_nearly_kept(apart[name], cases[name], MOST_APART):
                yield one


def _usual(shapes: Mapping[str, tuple[int, ...]], group: Mapping[str, Page]) -> list[str]:
    """Return the languages whose pages have the form of most; of two languages, the main one where
    it has more, since the other may have more for its own readers."""
    counts = Counter(shapes.values())
    usual = max(counts, key=lambda shape: (counts[shape], len(shape)))
    of_two = len(shapes) == len(group) == 2 and usual == shapes[main_of(group)]
    is_most = 2 * counts[usual] > len(group) or of_two
    return [name for name in shapes if shapes[name] == usual] if is_most else []


def _levels(group: Mapping[str, Page]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(one.level for one in page.headings) for name, page in group.items()}


def _lengths(tree: Tree) -> dict[str, float]:
    """Return how much longer than the main language each one is, by the pages in step."""
    bytes_of: dict[str, list[int]] = {}
    for group in tree.twins:
        levels, main = _levels(group), main_of(group)
        sizes = {
            name: sum(len(line.encode()) for line in page.lines) for name, page in group.items()
        }
        for name in group:
            if levels[name] == levels[main]:
                known = bytes_of.setdefault(name, [1, 1])
                known[0] += sizes[name]
                known[1] += sizes[main]
    return {name: own / main for name, (own, main) in bytes_of.items()}


def _sections(lengths: Mapping[str, float], tree: Tree, group: Mapping[str, Page]) -> Odd:
    owners = _usual(_levels(group), group)
    odd: dict[str, Found | None] = dict.fromkeys(name for name in group if name not in owners)
    if not owners or not odd:
        return odd
    stubs = stubs_of(group)
    owner = main_of({name: group[name] for name in owners})
    full = group[owner]
    for name in odd:
        ratio = lengths.get(name, 1.0) / lengths.get(owner, 1.0)
        found = None if name in stubs else lacking_sections(full, group[name], ratio)
        if found is None or any(_is_contents(full, at) for at in found):
            continue
        shown = tops(full, found)
        before = [at - sum(one < at for one in found) - 1 for at in shown]
        spots = [(group[name].path, group[name].headings[at].line) for at in before]
        spots += [(group[one].path, group[one].headings[at].line) for one in owners for at in shown]
        texts = [ATTRIBUTES.sub("", full.headings[at].text) for at in shown]
        odd[name] = _lack(tree, ("section", name, owners), spots, texts)
    return odd


def _is_contents(page: Page, at: int) -> bool:
    """Return whether a section has nothing but links to others of the page."""
    start = page.headings[at].line
    end = page.headings[at + 1].line - 1 if at + 1 < len(page.headings) else len(page.lines)
    lines = [line for line in page.lines[start:end] if line.strip()]
    return bool(lines) and all("](#" in line for line in lines)


def _fences(page: Page) -> list[Fence]:
    """Return the blocks of a page, without diagrams, which a language may have as a picture."""
    return [one for one in page.fences if one.language != "mermaid" and one.text.strip()]


def _blocks(tree: Tree, group: Mapping[str, Page]) -> Odd:
    in_step = _usual(_levels(group), group)
    fences = {name: _fences(group[name]) for name in in_step}
    shapes = {
        name: tuple(group[name].section_of(one.first) for one in known)
        for name, known in fences.items()
    }
    owners = _usual(shapes, group) if len(in_step) > 1 else []
    odd: dict[str, Found | None] = dict.fromkeys(name for name in group if name not in owners)
    if not owners or not odd:
        return odd
    full = main_of({name: group[name] for name in owners})
    for name in odd:
        found = _lacking_blocks(group[full], group[name]) if name in in_step else None
        if found is None or (len(group) == 2 and not fences[name]):
            continue
        spots = [_start_of(group[name], shapes[full][at]) for at in found]
        spots += [(group[one].path, fences[one][at].first) for one in owners for at in found]
        texts = [_first_line(fences[full][at]) for at in found]
        odd[name] = _lack(tree, ("block", name, owners), spots, texts)
    return odd


def _lack(
    tree: Tree, who: tuple[str, str, Sequence[str]], spots: Sequence[Spot], texts: Sequence[str]
) -> Found:
    """Return the finding that a language lacks what its owners have."""
    noun, name, owners = who
    what = f"a {noun} of the page is" if len(texts) == 1 else f"{len(texts)} {noun}s are"
    problem = f"{what} in {listed(map(language_name, owners))} and not in {language_name(name)}: "
    problem += listed(map(quoted, texts))
    return report(tree, f"language-{noun}s", spots, problem, FIXES)


def _lacking_blocks(full: Page, short: Page) -> list[int] | None:
    """Return which blocks of a page another one lacks, by their index; None where the blocks
    differ in more, or the code is there in another form."""
    ours, theirs = _fences(full), _fences(short)
    if not 0 < len(ours) - len(theirs) <= min(MOST_LACKING, max(1, len(ours) // 2)):
        return None
    mine, yours = _by_section(full, ours), _by_section(short, theirs)
    found: list[int] = []
    for section in sorted({*mine, *yours}):
        left, right = mine.get(section, []), yours.get(section, [])
        cost = _cost([ours[at] for at in left], [theirs[at] for at in right])
        gone = lacking(len(left), len(right), cost) if len(left) >= len(right) else None
        if gone is None:
            return None
        found += [left[at] for at in gone]
    texts = ["\n".join(page.lines) for page in (full, short)]
    return found if all(_is_gone(ours[at], *texts) for at in found) else None


def _by_section(page: Page, fences: Sequence[Fence]) -> dict[int, list[int]]:
    made: dict[int, list[int]] = {}
    for at, fence in enumerate(fences):
        made.setdefault(page.section_of(fence.first), []).append(at)
    return made


def _cost(mine: Sequence[Fence], yours: Sequence[Fence]) -> Callable[[int, int], float]:
    known = [[{one.text for one in code_tokens(fence)} for fence in side] for side in (mine, yours)]

    def cost(i: int, j: int) -> float:
        either, both = known[0][i] | known[1][j], known[0][i] & known[1][j]
        alike = len(both) / len(either) if either else 1.0
        is_same = mine[i].language == yours[j].language
        return 1 - alike + (0.0 if is_same else 0.3) if alike >= LEAST_ALIKE else inf

    return cost


def _is_gone(fence: Fence, full: str, short: str) -> bool:
    """Return whether the lines of a block, as far as no language translates them, are fewer times
    on one page than on the other."""
    lines = [line.strip() for line in fence.lines[:MOST_LINES]]
    lines = [
        line
        for line in lines
        if line.isascii() and len(line) >= SHORTEST and any(char.isalnum() for char in line)
    ]
    fewer = sum(short.count(line) < full.count(line) for line in lines)
    return 2 * fewer > len(lines)


def _start_of(page: Page, section: int) -> Spot:
    """Return the place of a section, the start of the page for what is before its headings."""
    return page.path, page.headings[section - 1].line if section else 1


def _first_line(fence: Fence) -> str:
    """Return the first line of a block with more than signs."""
    return next((line for line in fence.lines if any(map(str.isalnum, line))), fence.text)
