"""Mutants: what the gate made of this repository broken on purpose, and the table of it."""

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
"""What each module of classes is about."""


class MutantsOfKind(Frozen):
    """One class of mistakes."""

    area: str
    """What it is about."""
    name: str
    """Its name in `scripts/mutation`."""
    mutants: int
    """How many there are of it."""
    killed: int
    """How many of them the gate refused."""
    by: tuple[str, ...]
    """The rules that refused them, the most frequent first."""


class Mutants(Frozen):
    """One run of `scripts/mutants`."""

    on: date
    """The day."""
    kinds: tuple[MutantsOfKind, ...]

    @property
    def mutants(self) -> int:
        """How many there were in all."""
        return sum(kind.mutants for kind in self.kinds)

    @property
    def killed(self) -> int:
        """How many of them were refused."""
        return sum(kind.killed for kind in self.kinds)

    @property
    def rate(self) -> float:
        """The part of them that was refused, rounded down: all is said of all alone."""
        return self.killed * 1000 // self.mutants / 1000


def render_mutants(figures: Mutants) -> str:
    """A sentence, and a table for each area, in Markdown."""
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
