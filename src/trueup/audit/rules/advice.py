"""Advice: what the pages of one language recommend in one place and warn against in another."""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product

from trueup.audit.advice import Advice, advices_of
from trueup.audit.found import Found, quoted, report
from trueup.audit.gates import kept
from trueup.audit.tree import Tree

EDITION = re.compile(r"(?:version-)?v?\d[\w.]*", re.IGNORECASE)
"""A folder with the pages about one version: another one may well advise something else."""
MOST_PLACES = 100
"""Advices about one name that are compared with each other."""
MOST_DISPUTED = 0.3
"""Part of the names with several advices that may be disputed by mistake; more, and the pages are
a discussion."""


def check_advice(tree: Tree) -> Iterator[Found]:
    """Return the findings about advices that contradict each other."""
    by_thing: dict[tuple[str, str, str, str], list[Advice]] = defaultdict(list)
    for path, page in tree.pages.items():
        language = tree.languages.get(path, "")
        edition = "/".join(part for part in path.split("/")[:-1] if EDITION.fullmatch(part))
        for one in advices_of(page):
            known = by_thing[language, edition, one.name, one.route]
            if len(known) < MOST_PLACES:
                known.append(one)
    several = [advices for advices in by_thing.values() if len(advices) > 1]
    found = [both for advices in several if (both := _disputed(tree, advices)) is not None]
    yield from kept(found, len(several), MOST_DISPUTED)


def _disputed(tree: Tree, advices: list[Advice]) -> Found | None:
    pairs = [
        (one, other)
        for one, other in product(advices, advices)
        if one.is_for and not other.is_for and _is_same_matter(one, other)
    ]
    if not pairs:
        return None
    praised = dict.fromkeys((one.page, one.line) for one, _ in pairs)
    warned = dict.fromkeys((other.page, other.line) for _, other in pairs)
    first = advices[0]
    what = quoted(first.name) + (f" with {first.route}" if first.route else "")
    problem = f"{what} is recommended in {_places(len(praised))}, the first of these, and advised "
    problem += f"against in {_places(len(warned))} after"
    fix = "Find out which advice holds, or say when each does; these disagree."
    return report(tree, "advice-both-ways", [*praised, *warned], problem, fix)


def _is_same_matter(one: Advice, other: Advice) -> bool:
    """Return whether two advices about a name are not each about a case of its own."""
    if one.page == other.page and abs(one.line - other.line) < 2:
        return False
    if one.routes and other.routes and not one.routes & other.routes:
        return False
    is_apart = bool(one.topic and other.topic) and not one.topic & other.topic
    return not (one.is_order and is_apart and not one.route)


def _places(count: int) -> str:
    return "1 place" if count == 1 else f"{count} places"
