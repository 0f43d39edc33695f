"""Keys: rows, items, headings and lines of code that a replacement gave the same name."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trueup.audit.found import Cause, Found, quoted, report
from trueup.audit.page import Page, cells_of
from trueup.audit.past import Line
from trueup.audit.replaced import MASS, Replaced
from trueup.audit.rules.names import SEPARATE
from trueup.audit.tokens import is_name, spans_of, tokens_of
from trueup.audit.tree import Tree

LONGEST_KEY = 80
"""Characters of a name, or of a line of code that holds little else."""
NEAR = 2
"""Lines between two of code that belong to one list."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines that begin with names of their own, and what one of them is called."""

    noun: str
    lines: tuple[int, ...]


def check_keys(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    """Return the findings about names of lines next to each other that became the same."""
    for page in tree.pages.values():
        for group in _groups(page):
            yield from _same(tree, replaced, page, group)


def _groups(page: Page) -> Iterator[_Group]:
    for table in page.tables:
        yield _Group("row", tuple(line for line, _ in table.rows))
    for bullets in page.bullets:
        yield _Group("item", tuple(line for line, _ in bullets.items))
    for fence in page.fences:
        yield _Group("code line", tuple(range(fence.first, fence.first + len(fence.lines))))
    by_level: dict[int, list[int]] = defaultdict(list)
    for heading in page.headings:
        for deeper in [level for level in by_level if level > heading.level]:
            yield _Group("heading", tuple(by_level.pop(deeper)))
        by_level[heading.level].append(heading.line)
    for lines in by_level.values():
        yield _Group("heading", tuple(lines))


def _same(tree: Tree, replaced: Replaced, page: Page, group: _Group) -> Iterator[Found]:
    places: dict[str, list[int]] = defaultdict(list)
    for line in group.lines:
        if key := _key(group.noun, page.lines[line - 1]):
            places[key].append(line)
    for key, lines in places.items():
        if len(lines) < 2 or (
            group.noun == "code line" and lines[-1] - lines[0] > NEAR * len(lines)
        ):
            continue
        known = [replaced.lines[page.path][line - 1] for line in lines]
        if (cause := _cause(group.noun, key, known, replaced)) is None:
            continue
        problem = f"{len(lines)} {group.noun}s are named {quoted(key)} since commit {cause.commit} "
        problem += f"replaced {quoted(cause.old)} by {quoted(cause.new)}; "
        problem += "their names differed before"
        spots = [(page.path, line) for line in lines]
        yield report(tree, "same-keys", spots, problem, SEPARATE, cause)


def _cause(noun: str, key: str, known: Sequence[Line | None], replaced: Replaced) -> Cause | None:
    """Return the replacement that made the keys of some lines the same, if one did."""
    if any(line is None for line in known):
        return None
    for line in known:
        for version in line.versions() if line else ():
            if version.before is None or (was := _key(noun, version.before.text)) == key:
                continue
            others = [
                _key(noun, _at(other, version.commit.number))
                for other in known
                if other is not line
            ]
            if not was or was in others or len(set(others)) < len(others):
                break  # a key that goes on in the next cell
            cause = _swap_of(was, key, version)
            least = 1 if _is_marked(key) else MASS
            return cause if cause is not None and replaced.counts[cause] >= least else None
    return None


def _at(line: Line | None, number: int) -> str:
    """Return the text of a line before a commit."""
    versions = list(line.versions()) if line else []
    earlier = [version.text for version in versions if version.commit.number < number]
    return earlier[0] if earlier else ""


def _swap_of(was: str, key: str, version: Line) -> Cause | None:
    """Return the replacement of one word that leads from a key to another."""
    old, new = tokens_of(was), tokens_of(key)
    if len(old) != len(new):
        return None
    differ = {(one, other) for one, other in zip(old, new, strict=True) if one != other}
    return Cause(version.commit, *differ.pop()) if len(differ) == 1 else None


def _is_marked(key: str) -> bool:
    """Return whether a key is a name by its form, or by marks of code."""
    return "`" in key or any(map(is_name, tokens_of(key)))


def _key(noun: str, text: str) -> str:
    """Return the name that a line begins with, or nothing."""
    if noun == "row":
        key = cells_of(text)[0]
    elif noun == "heading":
        key = text.strip(" #\t")
    elif noun == "code line":
        key = text.strip(" \t,;")
        key = key if any(map(is_name, tokens_of(key))) else ""
    else:
        bare = text.lstrip(" \t-*+>").lstrip("*")
        spans = spans_of(bare[:LONGEST_KEY]) if bare.startswith("`") else []
        key = f"`{spans[0]}`" if spans else ""
    return key if len(key) <= LONGEST_KEY else ""
