"""Links: those from page to page that lead to no file, or to no place of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from trueup.audit.anchors import Anchors
from trueup.audit.found import Found, Spot, quoted, report
from trueup.audit.gates import LEAST_CASES, is_nearly_kept, kept
from trueup.audit.links import Aims, Link, links_of
from trueup.audit.tree import MAIN, Tree

MOST_DEAD = 0.1
"""Part of a repository's links that lead nowhere by mistake; more, and they are resolved by a way
that the audit does not know."""
MOST_LOST = 0.2
"""Part of the names behind links that lead nowhere by mistake."""
Aimed = tuple[Link, tuple[str, ...]]
"""A link, and the pages that it may mean."""
Place = tuple[tuple[str, ...], str]
"""The pages and the name that links lead to."""


def check_links(tree: Tree) -> Iterator[Found]:
    """Return the findings about links from page to page."""
    links = list(links_of(tree))
    aims = Aims(tree, links)
    cases, found = 0, []
    for link in links:
        is_below, aim = aims.file(link) if link.names_file else (False, None)
        cases += is_below
        if is_below and aim is None:
            found.append((link.page.path, link.line, link.path))
    for where, line, path in kept(found, cases, MOST_DEAD):
        problem = f"the link leads to {quoted(path)}, which does not exist"
        yield report(tree, "dead-page-link", [(where, line)], problem, "Correct the link.")
    yield from _dead_anchors(tree, _aimed(aims, links))


def _aimed(aims: Aims, links: Iterable[Link]) -> Iterator[Aimed]:
    for link in links:
        if not link.fragment:
            continue
        if not link.path:
            yield link, (link.page.path,)
        elif link.names_file:
            aim = aims.file(link)[1]
            yield link, (() if aim is None else (aim,))
        else:
            yield link, tuple(aims.pages(link))


def _dead_anchors(tree: Tree, aimed: Iterable[Aimed]) -> Iterator[Found]:
    """Return the findings about places that no page has which a link to them may mean, where nearly
    all others in the same language, linked in the same way, are there."""
    groups: dict[tuple[str, bool], dict[Place, list[Spot]]] = defaultdict(dict)
    for link, paths in aimed:
        if paths and all(path in tree.pages for path in paths):
            group = tree.languages.get(paths[0], MAIN), bool(link.path) and not link.names_file
            spots = groups[group].setdefault((paths, link.fragment), [])
            spots.append((link.page.path, link.line))
    known: dict[str, Anchors] = {}
    for (_, is_address), places in groups.items():
        cases, dead = 0, []
        for paths, name in places:
            for path in paths:
                if path not in known:
                    known[path] = Anchors(tree.pages[path])
            found = {known[path].has(name) for path in paths}
            cases += True in found or found == {False}
            dead += [(paths, name)] if found == {False} else []
        is_seen = not is_address or cases >= LEAST_CASES
        if is_seen and is_nearly_kept(len(dead), cases, MOST_LOST):
            yield from (_dead_anchor(tree, place, places[place]) for place in dead)


def _dead_anchor(tree: Tree, place: Place, spots: Sequence[Spot]) -> Found:
    (path, *_), name = place
    is_same = all(spot[0] == path for spot in spots)
    where = "on this page" if is_same else f"in {path}"
    problem = f"the link leads to {quoted(f'#{name}')}, and nothing {where} has that name"
    fix = "Name a heading or an anchor that is there."
    return report(tree, "dead-anchor", [*spots, *([] if is_same else [(path, 0)])], problem, fix)
