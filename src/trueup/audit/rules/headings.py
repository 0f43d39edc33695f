"""Headings: a version in a heading that none of the names in its section has."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile

from trueup.audit.code import FILE
from trueup.audit.found import Found, Spot, listed, quoted, report
from trueup.audit.gates import kept
from trueup.audit.mention import Route, routes_of
from trueup.audit.page import Heading, Page
from trueup.audit.tokens import days_in, is_name, spans_of, tokens_of
from trueup.audit.tree import Tree
from trueup.audit.words import BESIDE_VERSION, COUNTEREXAMPLE, OBSOLETE_BEFORE, TRANSITION

Version = tuple[int, ...]
NUMBER = re.compile(r"\d+(?:[.\-]\d+)*")
NUMBERED = re.compile(
    r"(?P<family>[A-Za-z][A-Za-z]+(?:[ \-][A-Za-z]+){0,3})"
    r"[ \-]?v?(?P<version>\d{1,2}(?:\.\d{1,2}){0,2})"
    r"(?![\w.+%×]*\d|[+%×]|[A-Za-z])"
)
API_NUMBERED = re.compile(
    r"(?:API v(\d{1,2})|v(\d{1,2}) API)(?: reference| routes| endpoints)?", re.I
)
PATH_VERSION = re.compile(r"/v(\d{1,2})(?=/|$)")
COUNTED = frozenset(
    (
        *("step", "part", "chapter", "section", "phase", "example", "option", "appendix", "level"),
        *("stage", "lesson", "day", "week", "table", "figure", "case", "question", "top", "tier"),
        *("issue", "test", "task", "exercise", "port", "layer", "node", "shard", "zone"),
    )
)
"""What headings count: their numbers are no versions."""
LEAST_NAMES = 2
"""Names of a family that a section has before its heading is compared with them."""
MOST_ODD = 0.3
"""Part of the headings with a version that none of their names has by mistake; more, and the
numbers mean something else."""


@dataclass(slots=True)
class Section:
    """A heading that names a version, with the names or routes of its section by their version."""

    page: Page
    heading: Heading
    last: int
    version: Version
    spots: dict[str, list[Spot]] = field(default_factory=lambda: defaultdict(list))
    versions: dict[str, Version] = field(default_factory=dict)
    is_api: bool = False

    def add(self, name: str, line: int, version: Version) -> None:
        """Add a name of a line."""
        self.spots[name].append((self.page.path, line))
        self.versions[name] = version


def check_headings(tree: Tree) -> Iterator[Found]:
    """Return the findings about headings with another version than all names of their section."""
    found = [section for page in tree.pages.values() for section in _sections(page)]
    by_path = _path_versions(tree) if any(one.is_api for one in found) else set()
    sections = [
        one
        for one in found
        if len(one.spots) >= LEAST_NAMES
        and (not one.is_api or one.version in by_path)
        and not any(
            _is_change(one.page, line) for line in range(one.heading.line + 1, one.last + 1)
        )
    ]
    odd = [both for one in sections if (both := _odd(tree, one)) is not None]
    yield from kept(odd, len(sections), MOST_ODD)


def _odd(tree: Tree, section: Section) -> Found | None:
    versions = set(section.versions.values())
    other = versions.pop()
    if versions or not other or _is_compatible(section.version, other):
        return None
    page, first = section.page, section.heading.line
    both = [_alone(section.version), _alone(other)]
    for line in range(first, section.last + 1):
        if page.kinds[line - 1] != "code" and all(one.search(page.lines[line - 1]) for one in both):
            return None
    problem = f"the heading {quoted(section.heading.text)} names another version than "
    problem += f"{listed(map(quoted, section.spots))} below it; these disagree"
    fix = "Find out which version the section is about."
    spots = [(page.path, first), *(spot for all_of in section.spots.values() for spot in all_of)]
    return report(tree, "heading-version", spots, problem, fix)


def _alone(version: Version) -> re.Pattern[str]:
    """Return the pattern of a version that is no part of a name."""
    return re.compile(rf"(?<![\w.\-])v?{re.escape('.'.join(map(str, version)))}(?![\w\-]|\.\d)")


def _is_compatible(one: Version, other: Version) -> bool:
    """Return whether two versions may be the same: they are, as far as both are given."""
    return all(left == right for left, right in zip(one, other, strict=False))


def _sections(page: Page) -> Iterator[Section]:
    """Return the sections whose heading names one version, and is about no change of it."""
    lasts = _last_lines(page)
    has_api = any(API_NUMBERED.fullmatch(one.text) for one in page.headings)
    routes = routes_of(page) if has_api else []
    for chain in page.heading_chains()[1:]:
        heading = chain[-1]
        text = heading.text.replace("`", "").replace("*", "")
        if len(NUMBER.findall(text)) != 1 or _is_about_change(chain, text):
            continue
        api, named = API_NUMBERED.fullmatch(text), NUMBERED.search(text)
        if not (api or named):
            continue
        last = lasts[heading.line]
        if api:
            yield _of_routes(page, heading, last, routes)
        elif named:
            yield from _of_names(page, heading, last, named)


def _last_lines(page: Page) -> dict[int, int]:
    """Return the last line of the section of each heading, its lower headings included."""
    lasts: dict[int, int] = {}
    open_ones: list[Heading] = []
    for heading in page.headings:
        while open_ones and open_ones[-1].level >= heading.level:
            lasts[open_ones.pop().line] = heading.line - 1
        open_ones.append(heading)
    return {**lasts, **{one.line: len(page.lines) for one in open_ones}}


def _is_about_change(chain: tuple[Heading, ...], text: str) -> bool:
    """Return whether a heading, or one that it is under, compares versions or is a record."""
    if BESIDE_VERSION.search(text) or days_in(text) or OBSOLETE_BEFORE.search(text):
        return True
    return any(TRANSITION.search(one.text) or COUNTEREXAMPLE.search(one.text) for one in chain)


def _of_routes(page: Page, heading: Heading, last: int, routes: list[Route]) -> Section:
    version = int(NUMBER.findall(heading.text)[0])
    section = Section(page, heading, last, (version,), is_api=True)
    first, end = (bisect_right(routes, at, key=_line_of) for at in (heading.line, last))
    for route in routes[first:end]:
        if found := _path_version(route):
            section.add(route.text, route.line, found)
    return section


def _line_of(route: Route) -> int:
    return route.line


def _path_versions(tree: Tree) -> set[Version]:
    return {_path_version(route) for page in tree.pages.values() for route in routes_of(page)}


def _path_version(route: Route) -> Version:
    found = PATH_VERSION.search(route.text)
    return (int(found[1]),) if found else ()


def _of_names(page: Page, heading: Heading, last: int, found: re.Match[str]) -> Iterator[Section]:
    words = re.split(r"[ \-]", found["family"].lower())
    if words[-1] in ("v", "version"):
        words.pop()
    if not words or words[-1] in COUNTED:
        return
    families = [words[at:] for at in range(len(words))]
    section = Section(page, heading, last, tuple(map(int, found["version"].split("."))))
    for line in range(heading.line + 1, last + 1):
        text = page.lines[line - 1]
        if words[-1] not in text.lower():
            continue
        code = [text] if page.kinds[line - 1] == "code" else spans_of(text)
        for token in (one for each in code for one in tokens_of(each)):
            if is_name(token) and "_" not in token and not FILE.fullmatch(token):
                parts = re.split(r"[.\-]", token.lower())
                if (version := _version_in(parts, families)) is not None:
                    section.add(token, line, version)
    yield section


def _is_change(page: Page, line: int) -> bool:
    """Return whether a line is about a change of versions, or a heading with one of its own."""
    kind, text = page.kinds[line - 1], page.lines[line - 1]
    if kind == "heading" and any(map(str.isdigit, text)):
        return True
    return kind in ("text", "item", "table", "heading") and bool(TRANSITION.search(text))


def _version_in(parts: list[str], families: list[list[str]]) -> Version | None:
    """Return the version in the parts of a name of a family, empty where it has none for certain;
    None for a name of no such family."""
    after = [
        parts[at + len(family) :]
        for family in families
        for at in range(len(parts))
        if parts[at : at + len(family)] == family
    ]
    if not after:
        return None
    rest = dropwhile(str.isalpha, after[0])
    numbers = takewhile(lambda part: part.isdecimal() and len(part) <= 2, rest)
    return tuple(map(int, numbers))
