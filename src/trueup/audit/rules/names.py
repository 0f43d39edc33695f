"""Names: what became the same by a replacement, and what is called old since one."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trueup.audit.found import Cause, Found, Spot, quoted, report
from trueup.audit.page import Page, cells_of
from trueup.audit.past import Line
from trueup.audit.replaced import Change, Replaced
from trueup.audit.tokens import is_name, is_version, spans_of, tokens_of
from trueup.audit.tree import Tree
from trueup.audit.words import OBSOLETE_AFTER, OBSOLETE_BEFORE

AIM = re.compile(r"\]\([^)]*\)|<?https?://[^\s<>\"'`)]+>?|(?:href|src)=\"[^\"]*\"")
"""What a link leads to: its text may well have the same name."""
BESIDE = 24
"""Characters between a name and the word that calls it old."""
MOST_CURRENT = 10
"""Places of current use that are named; a name may be on every page."""
SEPARATE = "Read the commit: give each its own name again, or remove the repetition."


def check_names(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    """Return the findings about names that became the same."""
    yield from _same_in_line(tree, replaced)
    for page in tree.pages.values():
        for group in _groups(page):
            yield from _same_in_group(tree, replaced, page, group)
    yield from _called_old(tree, replaced)


def _same_in_line(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    seen: set[Spot] = set()
    for change in replaced.changes:
        spot = (change.path, change.line)
        if spot in seen or not replaced.is_replacement(change):
            continue
        page = tree.pages[change.path]
        if not _became_same(page, change, replaced.is_mass(change)):
            continue
        seen.add(spot)
        swap, commit = change.swap, change.version.commit
        problem = f"the line names {quoted(swap.new)} twice since commit {commit} replaced "
        problem += f"{quoted(swap.old)} by it; the two were different before"
        yield report(tree, "same-names", [spot], problem, SEPARATE, change.cause)


def _became_same(page: Page, change: Change, is_mass: bool) -> bool:
    kind = page.kinds[change.line - 1]
    if kind not in ("text", "item", "heading", "table", "code") or (kind == "code" and not is_mass):
        return False
    assert change.version.before is not None
    new, old = change.swap.new, change.swap.old
    texts = change.version.before.text, change.version.text, page.lines[change.line - 1]
    before, after, now = (tokens_of(AIM.sub(" ", text)) for text in texts)
    at = [index for index, token in enumerate(now) if token == new]
    if len(at) < 2 or old in now or before.count(new) >= after.count(new) or old not in before:
        return False
    if before.count(new) == 0 and after.count(new) - _made(before, after, old, new) < 1:
        return False
    around = [(now[i - 1] if i else "", now[i + 1] if i + 1 < len(now) else "") for i in at]
    if is_version(new):
        return kind != "code" and len({left for left, _ in around}) < len(around)
    are_names = is_name(old) and is_name(new)
    if kind == "code" or not is_mass or not are_names:  # side by side, or at least marked alike
        return len(set(around)) < len(around) and (is_mass or are_names)
    return True


def _made(before: Sequence[str], after: Sequence[str], old: str, new: str) -> int:
    """Return how many of the new names were the old one before: a name that stood twice may."""
    return min(before.count(old), after.count(new))


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines next to each other that begin with names of their own."""

    noun: str
    lines: tuple[int, ...]


def _groups(page: Page) -> Iterator[_Group]:
    for table in page.tables:
        yield _Group("row", tuple(line for line, _ in table.rows))
    for bullets in page.bullets:
        yield _Group("item", tuple(line for line, _ in bullets.items))
    by_level: dict[int, list[int]] = defaultdict(list)
    for heading in page.headings:
        for deeper in [level for level in by_level if level > heading.level]:
            yield _Group("heading", tuple(by_level.pop(deeper)))
        by_level[heading.level].append(heading.line)
    for lines in by_level.values():
        yield _Group("heading", tuple(lines))


def _same_in_group(tree: Tree, replaced: Replaced, page: Page, group: _Group) -> Iterator[Found]:
    """Return the keys of a group that are the same now, and were not before a replacement."""
    now = {line: _key(group.noun, page.lines[line - 1]) for line in group.lines}
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for line, key in now.items():
        if key[0]:
            places[key].append(line)
    for key, lines in places.items():
        if len(lines) < 2:
            continue
        known = [replaced.lines[page.path][line - 1] for line in lines]
        if (cause := _cause(group.noun, key, known, replaced)) is None:
            continue
        where = "headings" if group.noun == "heading" else f"{group.noun}s"
        problem = f"{len(lines)} {where} are named {quoted(key[0])} since commit {cause.commit} "
        problem += (
            f"replaced {quoted(cause.old)} by {quoted(cause.new)}; their names differed before"
        )
        spots = [(page.path, line) for line in lines]
        yield report(tree, "same-keys", spots, problem, SEPARATE, cause)


def _cause(
    noun: str, key: tuple[str, ...], known: Sequence[Line | None], replaced: Replaced
) -> Cause | None:
    """Return the replacement that made the keys of some lines the same, if one did."""
    if any(line is None for line in known):
        return None
    for line in known:
        for version in line.versions() if line else ():
            if version.before is None or _key(noun, version.before.text) == key:
                continue
            was = _key(noun, version.before.text)
            others = [_at(other, version.commit.number) for other in known if other is not line]
            if was in {_key(noun, text) for text in others} or not was[0]:
                break
            cause = _swap_of(was, key, version)
            counted = cause is not None and replaced.counts[cause]
            return cause if counted else None
    return None


def _at(line: Line | None, number: int) -> str:
    """Return the text of a line before a commit."""
    versions = list(line.versions()) if line else []
    earlier = [version.text for version in versions if version.commit.number < number]
    return earlier[0] if earlier else ""


def _swap_of(was: tuple[str, ...], key: tuple[str, ...], version: Line) -> Cause | None:
    old, new = tokens_of(was[0]), tokens_of(key[0])
    if len(old) != len(new):
        return None
    differ = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    return Cause(version.commit, *differ[0]) if len(differ) == 1 else None


def _key(noun: str, text: str) -> tuple[str, ...]:
    """Return the key of a line: the name that it begins with, of a row with its next cell."""
    if noun == "row":
        cells = cells_of(text)
        key = cells[0] if any(map(is_name, tokens_of(cells[0]))) or spans_of(cells[0]) else ""
        return (key,)
    if noun == "heading":
        return (text.strip(" #\t"),)
    spans = spans_of(text[:80])
    return (spans[0] if spans and text.lstrip(" \t-*+>").lstrip("*").startswith("`") else "",)


def _called_old(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    """Return the replaced names that a sentence calls old, and that are in use elsewhere."""
    labelled: dict[str, list[Change]] = defaultdict(list)
    for change in replaced.changes:
        page = tree.pages[change.path]
        if not replaced.is_mass(change) or page.kinds[change.line - 1] in ("code", "front"):
            continue
        if _is_called_old(page.lines[change.line - 1], change.swap.new):
            labelled[change.swap.new].append(change)
    for name, changes in labelled.items():
        spots = list(dict.fromkeys((change.path, change.line) for change in changes))
        current = list(_current(tree, name, set(spots)))
        if len(current) < 3:
            continue
        cause = changes[0].cause
        problem = f"{quoted(name)} is called old here and is in use elsewhere; "
        problem += f"commit {cause.commit} put it where {quoted(cause.old)} was"
        fix = "Give the old name back to the sentence, or change the other places."
        places = [*spots, *current[:MOST_CURRENT]]
        yield report(tree, "obsolete-name", places, problem, fix, cause)


def _is_called_old(text: str, name: str) -> bool:
    for found in re.finditer(rf"(?<![\w.\-]){re.escape(name)}(?![\w\-])", text):
        start = text[max(0, found.start() - BESIDE) : found.start()]
        end = text[found.end() : found.end() + BESIDE]
        before = [one.end() for one in OBSOLETE_BEFORE.finditer(start)]
        if before and not re.search(
            r"[.,;:!?。，；]\s|[^\s`*\"'“「(]+\s+\S+\s+\S+\s", start[before[-1] :]
        ):
            return True
        if (after := OBSOLETE_AFTER.search(end)) and not re.search(
            r"[.;!?。；]", end[: after.start()]
        ):
            return True
    return False


def _current(tree: Tree, name: str, left_out: set[Spot]) -> Iterator[Spot]:
    """Return the places where a name is used, and not called old."""
    whole = re.compile(rf"(?<![\w.\-]){re.escape(name)}(?![\w\-])")
    for path, page in tree.pages.items():
        for number, text in enumerate(page.lines, 1):
            if name not in text or (path, number) in left_out or not whole.search(text):
                continue
            if not (OBSOLETE_BEFORE.search(text) or OBSOLETE_AFTER.search(text)):
                yield path, number
