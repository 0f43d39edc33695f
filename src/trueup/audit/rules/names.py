"""Names: what became the same by a replacement, and what is called old since one."""

import re
from collections import defaultdict
from collections.abc import Iterator

from trueup.audit.found import Found, Spot, quoted, report
from trueup.audit.page import Page
from trueup.audit.replaced import Change, Replaced, is_correction
from trueup.audit.tokens import is_name, is_version, spans_of, tokens_of
from trueup.audit.tree import Tree
from trueup.audit.words import OBSOLETE_AFTER, OBSOLETE_BEFORE

AIM = re.compile(r"\]\([^)]*\)|<?https?://[^\s<>\"'`)]+>?|(?:href|src)=\"[^\"]*\"")
"""What a link leads to: its text may well have the same name."""
BESIDE = 24
"""Characters between a name and the word that calls it old."""
MOST_CURRENT = 10
"""Places of current use that are named; a name may be on every page."""
BETWEEN = frozenset(
    (*"\"'`,/|&+", "and", "or", "vs", "vs.", "和", "与", "或", "と", "и", "или", "und", "et", "y")
)
"""What stands between two names that are set side by side."""
QUOTES = frozenset("\"'`")
SEPARATE = "Read the commit: give each its own name again, or remove the repetition."


def check_names(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    """Return the findings about names that became the same."""
    yield from _same_in_line(tree, replaced)
    yield from _called_old(tree, replaced)


def _same_in_line(tree: Tree, replaced: Replaced) -> Iterator[Found]:
    seen: set[Spot] = set()
    for change in replaced.changes:
        spot = (change.path, change.line)
        is_mass = replaced.is_mass(change)
        if spot in seen or not (is_mass or change.is_only):
            continue
        if not _became_same(tree.pages[change.path], change, is_mass):
            continue
        seen.add(spot)
        swap, commit = change.swap, change.version.commit
        problem = f"the line names {quoted(swap.new)} twice since commit {commit} replaced "
        problem += f"{quoted(swap.old)} by it; the two were different before"
        yield report(tree, "same-names", [spot], problem, SEPARATE, change.cause)


def _became_same(page: Page, change: Change, is_mass: bool) -> bool:
    kind = page.kinds[change.line - 1]
    assert change.version.before is not None
    new, old = change.swap.new, change.swap.old
    texts = change.version.before.text, change.version.text, page.lines[change.line - 1]
    before, after, now = (tokens_of(AIM.sub(" ", text)) for text in texts)
    at = [index for index, token in enumerate(now) if token == new]
    if len(at) < 2 or old in now or before.count(new) >= after.count(new) or old not in before:
        return False
    made = min(before.count(old), after.count(new))
    if before.count(new) == 0 and (not is_mass or after.count(new) == made):
        return False  # another line in the place of this one
    around = [(now[i - 1] if i else "", now[i + 1] if i + 1 < len(now) else "") for i in at]
    if is_version(new):
        named = [left for left, _ in around if left[:1].isupper() and left.isalpha()]
        return kind != "code" and len(set(named)) < len(named)
    are_names = is_name(old) and is_name(new)
    between = [set(now[one + 1 : other]) for one, other in zip(at, at[1:], strict=False)]
    if any(one <= BETWEEN and (kind != "code" or one & QUOTES) for one in between):
        return are_names or is_mass or _are_spans(change)  # side by side
    if not is_mass and is_correction(change.swap):
        return False
    are_alike = len(set(around)) < len(around)  # marked alike, perhaps far from each other
    if kind == "code":
        return is_mass and are_alike
    if is_mass and are_names:
        return True
    return are_alike and (is_mass or are_names or _are_spans(change))


def _are_spans(change: Change) -> bool:
    """Return whether old and new are each a part of a code span."""
    swap, version = change.swap, change.version
    sides = ((swap.old, version.before), (swap.new, version))
    return all(side and name in tokens_of(" ".join(spans_of(side.text))) for name, side in sides)


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
