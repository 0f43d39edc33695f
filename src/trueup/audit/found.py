"""Found: what a rule of the audit returns, with the commit that may have caused it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from trueup.audit.past import Commit
from trueup.audit.tokens import tokens_of
from trueup.audit.tree import Tree
from trueup.check.leaked_keys import possible_keys
from trueup.finding import Finding

MOST_SHOWN = 12
"""Characters fit for a message are few; a list of names is cut after these many."""
HIDDEN = "(possible key)"
SHORTEST = 8
"""Characters of a part of a key that gives some of it away."""
RUN = re.compile(rf"[\w.\-]{{{SHORTEST},}}", re.ASCII)
"""Characters that a key or a part of one may have."""


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


def without_keys(findings: Sequence[Finding], texts: Iterable[str]) -> list[Finding]:
    """Return findings with `HIDDEN` for each possible key of some texts, and for what begins as one
    of its words does: a rule may quote a word, or cut it."""
    known = [*texts, *(one.text for one in findings)]
    keys = {
        found[0].decode()
        for text in known
        for found in possible_keys(text.encode(errors="surrogatepass"))
    }
    words = {word for key in keys for word in (key, *tokens_of(key)) if re.search(r"\d", word)}
    starts = {word[:SHORTEST] for word in words if len(word) >= SHORTEST}

    def hide(found: re.Match[str]) -> str:
        run, last = found[0], len(found[0]) - SHORTEST
        at = next((at for at in range(last + 1) if run[at : at + SHORTEST] in starts), None)
        return run if at is None else run[:at] + HIDDEN

    return [
        replace(one, problem=RUN.sub(hide, one.problem), fix=RUN.sub(hide, one.fix))
        for one in findings
    ]
