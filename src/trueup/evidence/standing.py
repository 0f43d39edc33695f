"""Standing: the rules row by row: what the observations of an endpoint at one target add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from trueup.model import Hold, Observation, Outcome, Policy, Standing, Status


@dataclass(frozen=True)
class Conclusive:
    """A row that decided something; its `outcome` is an error too where it only was silent."""

    row: Observation
    outcome: Outcome


@dataclass(frozen=True)
class Tally:
    """What the rows so far of one endpoint at one target add up to.

    `billed` is the newest conclusive bill; `billing` is that since the last failure, and None where
    bills are not measured. `clean` counts clean retests since the last bad one; `fell` is whether
    there ever was one. Of these three only the reference target's are used.
    """

    newest: Conclusive | None = None
    billed: Conclusive | None = None
    billing: Observation | None = None
    clean: int = 0
    fell: bool = False
    silent_days: tuple[date, ...] = ()
    """Two at most: that is enough to have one that differs from a further day."""

    def after(self, row: Observation, *, others_conclusive: bool, is_measured: bool) -> "Tally":
        """The tally with one more row, which is newer.

        `others_conclusive` is whether other endpoints were conclusive on the day of a silent row;
        `is_measured` whether the reference target's bills can be read: otherwise a clean retest is
        one with an output.
        """
        outcome, silent_days = row.outcome, self.silent_days
        if outcome != "inconclusive":
            silent_days = ()
        elif others_conclusive:
            if any(day != row.day for day in silent_days):
                outcome = "error"
            if row.day not in silent_days:
                silent_days = (*silent_days, row.day)[:2]
        seen = Conclusive(row, outcome)
        is_billed = row.billing not in (None, "inconclusive")
        is_billed_wrong = is_billed and row.billing != "aligned"
        has_failed = outcome in ("error", "mixed")
        billing, clean = self.billing, self.clean
        if has_failed:
            billing, clean = None, 0
        elif is_measured and is_billed:
            billing, clean = row, 0 if is_billed_wrong else clean + row.times
        elif not is_measured and outcome == "output":
            clean += row.times
        return Tally(
            newest=self.newest if outcome == "inconclusive" else seen,
            billed=seen if is_billed else self.billed,
            billing=billing,
            clean=clean,
            fell=self.fell or has_failed or (is_measured and is_billed_wrong),
            silent_days=silent_days,
        )

    def needed(self, policy: Policy) -> int:
        """How many clean retests recommend the endpoint."""
        return policy.recover_after if self.fell else policy.confirm_after

    def supported(self, policy: Policy) -> Standing:
        """The standing that the evidence supports, before any hold."""
        if self.newest is None:
            return Standing.UNVERIFIED
        if self.newest.outcome == "error":
            return Standing.NOT_RECOMMENDED
        if self.newest.outcome == "output" and self.clean >= self.needed(policy):
            return Standing.RECOMMENDED
        return Standing.CONTROLLED_TESTING


def holds_of(status: Status, endpoint: str) -> list[Hold]:
    """The holds whose pattern an endpoint fits, whether they lower it or not."""
    return [hold for hold in status.holds if fnmatchcase(endpoint, hold.endpoint)]


def lowering(holds: Sequence[Hold], supported: Standing) -> Hold | None:
    """The lowest of some holds, where it lowers what the evidence supports."""
    lowest = max(holds, key=lambda hold: hold.to.rank, default=None)
    return lowest if lowest and lowest.to.rank > supported.rank else None
