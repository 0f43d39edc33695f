"""Wording: choices between a name and itself, repeated items, and stamps older than their page."""

import re
from collections import defaultdict
from collections.abc import Iterator

from trueup.audit.found import Found, Spot, quoted, report
from trueup.audit.page import Page
from trueup.audit.past import Line
from trueup.audit.replaced import Replaced
from trueup.audit.tokens import days_in, is_name
from trueup.audit.tree import Tree
from trueup.audit.words import STAMP

ITSELF = re.compile(
    r"(`[^`\n]{2,60}`)\s*(?:,?\s*(?:or|instead of|rather than|versus|vs\.?|to|或者?|または|или)\s*"
    r"|\s*(?:->|→|=>)\s*)(`[^`\n]{2,60}`)"
)
LEAST_ITEM = 12
"""Characters of an item that is repeated by mistake; shorter ones are cells of a form."""
MOST_OLD = 0.3
"""Part of the stamps that are older than their page where stamps are kept at all."""
LEAST_LATER = 3
"""Days between a stamp and a change that it should have had."""


def check_wording(tree: Tree) -> Iterator[Found]:
    """Return the findings about single sentences and lists."""
    for page in tree.pages.values():
        for line, text in page.prose():
            for found in ITSELF.finditer(text) if text.count("`") >= 4 else ():
                if found[1] == found[2] and is_name(found[1].strip("`").split("/")[-1]):
                    problem = f"the sentence sets {quoted(found[1])} against itself"
                    fix = "Find out which other name was meant."
                    yield report(tree, "name-or-itself", [(page.path, line)], problem, fix)
        yield from _repeated(tree, page)


def _repeated(tree: Tree, page: Page) -> Iterator[Found]:
    for bullets in page.bullets:
        places: dict[str, list[Spot]] = defaultdict(list)
        for line, text in bullets.items:
            is_step = page.lines[line - 1].lstrip(" \t>")[0].isdigit()
            if len(text) >= LEAST_ITEM and not is_step and not _goes_on(page, line):
                places[" ".join(text.split())].append((page.path, line))
        for text, spots in places.items():
            if len(spots) > 1:
                problem = f"the list has the item {quoted(text)} {len(spots)} times"
                fix = "Remove one, or write what was meant."
                yield report(tree, "repeated-item", spots, problem, fix)


def _goes_on(page: Page, line: int) -> bool:
    """Return whether an item has more than one line, by which it may differ from another."""
    following = page.lines[line] if line < len(page.lines) else ""
    indent = len(page.lines[line - 1]) - len(page.lines[line - 1].lstrip())
    return bool(following.strip()) and len(following) - len(following.lstrip()) > indent


def check_stamps(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    """Return one finding for all pages whose date of the last update is older than their change,
    where the repository keeps such dates."""
    old: list[Spot] = []
    cases = 0
    for path, page in tree.pages.items():
        stamps = [
            (line, max(days))
            for line, text in page.prose()
            if (days := days_in(text)) and STAMP.search(text)
        ]
        if len(stamps) != 1:
            continue
        (line, day), cases = stamps[0], cases + 1
        others = [one for at, one in enumerate(replaced.lines[path], 1) if at != line]
        if (last := _last_change(others)) is not None and (last - day.toordinal()) >= LEAST_LATER:
            old.append((path, line))
    if old and len(old) <= MOST_OLD * cases:
        problem = (
            f"{len(old)} of {cases} pages with the date of their last update were changed later"
        )
        fix = "Update the date with the text, or leave it to a tool."
        yield report(tree, "old-stamps", old, problem, fix)


def _last_change(lines: list[Line | None]) -> int | None:
    days = [line.commit.day.toordinal() for line in lines if line is not None]
    return max(days, default=None)
