"""Found: what a rule of the audit returns, with the commit that may have caused it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trueup.audit.past import Commit
from trueup.audit.tree import Tree
from trueup.finding import Finding

MOST_SHOWN = 12
"""Characters fit for a message are few; a list of names is cut after these many."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A commit that replaced `old` by `new`."""

    commit: Commit
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and what caused it, if the history shows that."""

    finding: Finding
    cause: Cause | None = None


Spot = tuple[str, int]
"""Path of a page and number of a line."""


def report(
    tree: Tree,
    rule: str,
    spots: Sequence[Spot],
    problem: str,
    fix: str,
    cause: Cause | None = None,
) -> Found:
    """Return a finding at the first spot, with the others as its further places."""
    first, *others = [tree.place(path, line) for path, line in dict.fromkeys(spots)]
    return Found(Finding(first, problem, fix, rule, others=tuple(others)), cause)


def quoted(text: str) -> str:
    """Return a text of a page as it is quoted in a message: short, and marked as a name."""
    text = " ".join(text.split())
    return f"'{text if len(text) <= 60 else text[:57] + '…'}'"


def listed(names: Iterable[str]) -> str:
    """Return names as a list for a message, the first few of them."""
    known = list(dict.fromkeys(names))
    more = [f"{len(known) - MOST_SHOWN} more"] if len(known) > MOST_SHOWN else []
    return ", ".join([*known[:MOST_SHOWN], *more])
