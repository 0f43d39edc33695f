"""Replaced: the names and dates of lines that a commit put in the place of others."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from trueup.audit.found import Cause
from trueup.audit.past import Line, Past
from trueup.audit.tokens import (
    Swap,
    days_in,
    is_name,
    is_version,
    spans_of,
    swaps_between,
    tokens_of,
)
from trueup.audit.tree import Tree

ALIKE = 0.85
"""Part of their letters that a misspelt name and its correction share."""
MASS = 3
"""Lines in which one commit made the same replacement: fewer can be a sentence rewritten."""


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a page, in which a commit put a name in the place of another."""

    path: str
    line: int
    version: Line
    """The version after the replacement; the one before is its `before`."""
    swap: Swap
    is_only: bool
    """Whether that commit changed nothing else in the line."""

    @property
    def cause(self) -> Cause:
        """The replacement and its commit."""
        return Cause(self.version.commit, self.swap.old, self.swap.new)


@dataclass
class Replaced:
    """The changes of names on all pages, and how many lines each replacement reached."""

    lines: Mapping[str, list[Line | None]]
    """History of each line, by path."""
    changes: list[Change] = field(default_factory=list)
    counts: Counter[Cause] = field(default_factory=Counter)
    days: dict[Cause, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    """Places of replaced dates, where nothing else was changed in the line."""

    def is_replacement(self, change: Change) -> bool:
        """Return whether a name was replaced, rather than a sentence rewritten or spelt right."""
        return self.is_mass(change) or (change.is_only and not is_correction(change.swap))

    def is_mass(self, change: Change) -> bool:
        """Return whether the same commit did so in several lines."""
        return self.counts[change.cause] >= MASS


def is_correction(swap: Swap) -> bool:
    """Return whether a replacement only corrects letters of a name."""
    old, new = swap.old, swap.new
    digits = [[char for char in name if char.isdigit()] for name in (old, new)]
    is_longer = bool(digits[0]) and (old.startswith(new) or new.startswith(old))
    return (
        digits[0] == digits[1]
        and not is_longer
        and abs(len(old) - len(new)) <= 1
        and SequenceMatcher(None, old, new).ratio() > ALIKE
    )


def read_replaced(tree: Tree, past: Past) -> Replaced:
    """Return the replacements in what is on the pages now."""
    found = Replaced({path: past.lines_of(page) for path, page in tree.pages.items()})
    for path, lines in found.lines.items():
        for number, line in enumerate(lines, 1):
            if line is not None and line.before is not None:
                _read_line(found, path, number, line)
    return found


def _read_line(found: Replaced, path: str, number: int, line: Line) -> None:
    for version in line.versions():
        if version.before is None:
            return
        swaps, is_only = swaps_between(version.before.text, version.text)
        is_only = is_only and len({(swap.old, swap.new) for swap in swaps}) == 1
        for swap in swaps:
            if days_in(swap.old) and days_in(swap.new):
                if is_only and swap.new in line.text:
                    cause = Cause(version.commit, swap.old, swap.new)
                    found.days[cause].append((path, number))
            elif swap.new in line.text and _is_of_names(swap, version):
                change = Change(path, number, version, swap, is_only)
                found.changes.append(change)
                found.counts[change.cause] += 1


def _is_of_names(swap: Swap, version: Line) -> bool:
    """Return whether a name took the place of a name, as their forms or their marks say."""
    old, new = swap.old, swap.new
    if is_version(old) and is_version(new):
        return True
    if not (old[0].isalpha() and new[0].isalpha() and len(new) > 2 and len(old) > 2):
        return is_name(old) and is_name(new)
    return is_marked(swap, version) or (old[0].isupper() and new[0].isupper())


def is_marked(swap: Swap, version: Line) -> bool:
    """Return whether a replaced word is a name by its form, by marks of code or as part of a path:
    another one may be any word with a capital letter."""
    if is_name(swap.old) or is_name(swap.new):
        return True
    spans = [token for span in spans_of(version.text) for token in tokens_of(span)]
    return swap.new in spans or tokens_of(version.text)[swap.at - 1] == "/"
