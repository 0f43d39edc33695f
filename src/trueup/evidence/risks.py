"""Risks: the failures of an endpoint that a reader must know of before building on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from trueup.evidence.standing import Conclusive, Tally
from trueup.model import Billing, Observation, Outcome

RiskKind = Literal["failed", "billing", "works-elsewhere"]


@dataclass(frozen=True)
class Risk:
    """A failure with its date; one risk covers all targets with the same failure.

    `rows` are the observations that show it.
    """

    kind: RiskKind
    targets: tuple[str, ...]
    day: date
    outcome: Outcome
    signatures: tuple[str, ...] = ()
    billing: Billing | None = None
    rows: tuple[Observation, ...] = field(default=(), compare=False, repr=False)


def risks_in(tallies: Mapping[str, Tally], reference: str) -> Iterator[Risk]:
    """Return the risks of an endpoint from its tallies by target, the reference target's first."""
    newest = {name: tally.newest for name, tally in tallies.items() if tally.newest is not None}
    yield from _failures(newest)
    for name, tally in tallies.items():
        if (billed := tally.billed) and billed.row.billing != "aligned":
            row = billed.row
            yield Risk("billing", (name,), row.day, billed.outcome, (), row.billing, (row,))
    if reference in newest and newest[reference].outcome == "error":
        for name, seen in newest.items():
            if seen.outcome == "output":
                yield Risk("works-elsewhere", (name,), seen.row.day, "output", rows=(seen.row,))


def _failures(newest: Mapping[str, Conclusive]) -> Iterator[Risk]:
    same: dict[tuple[date, Outcome, tuple[str, ...]], list[Observation]] = {}
    for seen in newest.values():
        if seen.outcome in ("error", "mixed"):
            key = (seen.row.day, seen.outcome, seen.row.signatures)
            same.setdefault(key, []).append(seen.row)
    for (day, outcome, signatures), rows in same.items():
        targets = tuple(row.target for row in rows)
        yield Risk("failed", targets, day, outcome, signatures, rows=tuple(rows))


def same_result(first: Observation, second: Observation) -> bool:
    """Return whether two rows have the same outcome, shape, type of image and failure text.

    A value that one of them lacks is not compared.
    """
    pairs = (
        (first.outcome, second.outcome),
        (first.shape, second.shape),
        (first.mime, second.mime),
    )
    if first.signatures and second.signatures and not {*first.signatures} & {*second.signatures}:
        return False
    return all(a == b for a, b in pairs if a is not None and b is not None)
