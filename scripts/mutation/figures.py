"""Figures: the results of all mutants, and their tables."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby

from trueup.finding import RULES
from trueup.model import Frozen
from trueup.wording.pages import table

AREAS = {
    "record": "The facts and the policy of the status file",
    "evidence": "The evidence of the status file",
    "templates": "The published requests",
    "pages": "Pages, their translations and their settings",
    "built": "The built site",
}
"""Title of each module of classes."""


class MutantsOfKind(Frozen):
    """The figures of a class."""

    area: str
    """Area that it belongs to."""
    name: str
    """Name in `scripts/mutation`."""
    mutants: int
    """Number of its mutants."""
    killed: int
    """Number that the gate refused."""
    by: tuple[str, ...]
    """Rules that refused them, the most frequent first."""


class Mutants(Frozen):
    """A run of `scripts/mutants`."""

    on: date
    """Date of the run."""
    kinds: tuple[MutantsOfKind, ...]

    @property
    def mutants(self) -> int:
        """Number of all mutants."""
        return sum(kind.mutants for kind in self.kinds)

    @property
    def killed(self) -> int:
        """Number of refused mutants."""
        return sum(kind.killed for kind in self.kinds)

    @property
    def rate(self) -> float:
        """Share of refused mutants, rounded down so that 100 % means all."""
        return self.killed * 1000 // self.mutants / 1000


def render_mutants(figures: Mutants) -> str:
    """Return a sentence, and a table for each area, in Markdown."""
    return "\n\n".join(_parts(figures))


def _parts(figures: Mutants) -> Iterator[str]:
    yield (
        f"On {figures.on}, {figures.killed} of {figures.mutants} mutants in {len(figures.kinds)}"
        f" classes were refused: {100 * figures.rate:.1f} %."
    )
    for area, kinds in groupby(figures.kinds, lambda kind: kind.area):
        yield f"**{AREAS[area]}**"
        yield table(("Class", "Mutants", "Refused", "By"), map(_row, kinds))


def _row(kind: MutantsOfKind) -> tuple[str, ...]:
    rules = ", ".join(
        f"[`{rule}`](rules.md#{rule})" if rule in RULES else f"`{rule}`" for rule in kind.by
    )
    return f"`{kind.name}`", str(kind.mutants), str(kind.killed), rules or "–"
