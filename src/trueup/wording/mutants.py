"""Mutants: what the gate made of this repository broken on purpose, and the table of it."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby

from trueup.finding import RULES
from trueup.model import Frozen
from trueup.wording.catalogue import Catalogue
from trueup.wording.pages import table


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


def render_mutants(figures: Mutants, catalogue: Catalogue) -> str:
    """A sentence, and a table for each area, in Markdown."""
    return "\n\n".join(_parts(figures, catalogue))


def _parts(figures: Mutants, catalogue: Catalogue) -> Iterator[str]:
    _, number = catalogue.gettext, catalogue.number
    yield _(
        "On {day}, {killed} of {mutants} mutants in {kinds} classes were refused: {rate} %."
    ).format(
        day=figures.on,
        killed=number(figures.killed),
        mutants=number(figures.mutants),
        kinds=number(len(figures.kinds)),
        rate=number(100 * figures.rate, 1),
    )
    heads = (_("Class"), _("Mutants"), _("Refused"), _("By"))
    areas = _areas(catalogue)
    for area, kinds in groupby(figures.kinds, lambda kind: kind.area):
        yield f"**{areas[area]}**"
        yield table(heads, [_row(kind, number) for kind in kinds])


def _areas(catalogue: Catalogue) -> dict[str, str]:
    """What each module of classes is about."""
    _ = catalogue.gettext
    return {
        "record": _("The facts and the policy of the status file"),
        "evidence": _("The evidence of the status file"),
        "templates": _("The published requests"),
        "pages": _("Pages, their translations and their settings"),
        "built": _("The built site"),
    }


def _row(kind: MutantsOfKind, number: Callable[..., str]) -> tuple[str, ...]:
    rules = ", ".join(
        f"[`{rule}`](rules.md#{rule})" if rule in RULES else f"`{rule}`" for rule in kind.by
    )
    return f"`{kind.name}`", number(kind.mutants), number(kind.killed), rules or "–"
