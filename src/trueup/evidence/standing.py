"""Standing: rules 1 to 4 of the manual, over the observations of one endpoint at one target."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from trueup.model import Hold, Observation, Outcome, Policy, Standing, Status

_BEST_FIRST: tuple[Outcome | None, ...] = ("output", "mixed", None, "error")
"""Newest outcomes by the standings that they support; None is `unverified`."""


@dataclass(frozen=True)
class Conclusive:
    """A conclusive observation; its `outcome` is `error` if rule 4 makes missing answers one."""

    row: Observation
    outcome: Outcome


@dataclass(frozen=True)
class Tally:
    """The sum of the rows so far of one endpoint at one target.

    `billed` is the newest conclusive bill; `billing` is the newest one since the last failure, and
    None where bills are not measured. `clean` counts the clean retests since the last bad one;
    `has_failed_before` is true once there was a bad one. Of these three only the reference
    target's are used.
    """

    newest: Conclusive | None = None
    billed: Conclusive | None = None
    billing: Observation | None = None
    clean: int = 0
    has_failed_before: bool = False
    no_answer_dates: tuple[date, ...] = ()
    """Two at most: one of two differs from any further date."""
    unanswered_dates: tuple[date, ...] = ()
    """The same with rows that were retracted or of another request, for rule 3."""

    def after(
        self,
        row: Observation,
        *,
        is_current: bool,
        others_conclusive: bool,
        is_measured: bool,
        has_ledger: bool = True,
        is_free: bool = False,
    ) -> "Tally":
        """Return the tally with a newer row.

        `others_conclusive` is true for an inconclusive row of a date on which other endpoints were
        conclusive. Where the reference target declares that it has no ledger (`is_measured`),
        outputs count as clean, and so they do where the docs call the route free (`is_free`) until
        a bill is on record; where the target names no ledger (`has_ledger`), no bill is good news.
        A row that was retracted, or of another request than today's (not `is_current`), is no
        outcome; the endpoint has failed all the same (rule 3).
        """
        outcome, no_answer_dates = _outcome(row, others_conclusive, self.no_answer_dates)
        fallen, unanswered_dates = _outcome(row, others_conclusive, self.unanswered_dates)
        if row.retracted is not None or not is_current:
            if row.outcome != "inconclusive":
                unanswered_dates = self.unanswered_dates
            is_bad = fallen in ("error", "mixed") or (is_measured and row.is_bad)
            after = replace(self, unanswered_dates=unanswered_dates)
            return replace(after, clean=0, has_failed_before=True) if is_bad else after
        seen = Conclusive(row, outcome)
        is_good = row.billing == "aligned" and has_ledger
        has_bill = is_good or row.billing not in (None, "inconclusive", "aligned")
        has_failed = outcome in ("error", "mixed")
        is_bad = fallen in ("error", "mixed")
        is_bad = is_bad or (is_measured and has_bill and not is_good)
        by_bill = is_measured and (has_bill or self.billed is not None or not is_free)
        is_clean = is_good if by_bill else outcome == "output"
        billing = row if is_measured and has_bill else self.billing
        after = Tally(
            newest=self.newest if outcome == "inconclusive" else seen,
            billed=seen if has_bill else self.billed,
            billing=None if has_failed else billing,
            clean=0 if is_bad else self.clean + (row.times if is_clean else 0),
            has_failed_before=self.has_failed_before or is_bad,
            no_answer_dates=no_answer_dates,
            unanswered_dates=unanswered_dates,
        )
        return after if row.can_raise else self._lowered(after)

    def _lowered(self, after: "Tally") -> "Tally":
        """Return the tally after a row that raises nothing: only its bad news counts (rule 2)."""
        was, new = (tally.newest.outcome if tally.newest else None for tally in (self, after))
        is_worse = after.newest is not self.newest and new != "output"
        is_worse = is_worse and _BEST_FIRST.index(new) >= _BEST_FIRST.index(was)
        bill = after.billed
        is_bad_bill = bill is not None and bill.row.billing != "aligned"
        return replace(
            after,
            newest=after.newest if is_worse else self.newest,
            billed=bill if is_bad_bill else self.billed,
            billing=None if is_worse else after.billing if is_bad_bill else self.billing,
            clean=min(self.clean, after.clean),
            no_answer_dates=after.no_answer_dates or self.no_answer_dates,
            unanswered_dates=after.unanswered_dates or self.unanswered_dates,
        )

    def needed(self, policy: Policy) -> int:
        """Return the number of clean retests that recommend the endpoint (rule 3)."""
        if self.has_failed_before:
            return max(policy.confirm_after, policy.recover_after)
        return policy.confirm_after

    def supported(self, policy: Policy) -> Standing:
        """Return the standing that the evidence supports, before any hold (rule 1)."""
        if self.newest is None:
            return Standing.UNVERIFIED
        if self.newest.outcome == "error":
            return Standing.NOT_RECOMMENDED
        if self.newest.outcome == "output" and self.clean >= self.needed(policy):
            return Standing.RECOMMENDED
        return Standing.CONTROLLED_TESTING


def _outcome(
    row: Observation, others_conclusive: bool, known: tuple[date, ...]
) -> tuple[Outcome, tuple[date, ...]]:
    """Return the outcome by rule 4, and the dates without an answer up to now; `known` are those
    before."""
    if row.outcome != "inconclusive":
        return row.outcome, ()
    if not others_conclusive or row.kind != "no-answer":
        return "inconclusive", known
    days = tuple(dict.fromkeys((*known, row.day)))
    return ("error" if len(days) > 1 else "inconclusive"), days[:2]


def holds_of(status: Status, endpoint: str) -> list[Hold]:
    """Return the holds whose pattern matches an endpoint, also those that do not lower it."""
    return [hold for hold in status.holds if fnmatchcase(endpoint, hold.endpoint)]


def lowering(holds: Sequence[Hold], supported: Standing) -> Hold | None:
    """Return the lowest hold if it lowers the supported standing (rule 2)."""
    lowest = max(holds, key=lambda hold: hold.to.rank, default=None)
    return lowest if lowest and lowest.to.rank > supported.rank else None
