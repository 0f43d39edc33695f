"""Late bills: those that a later reading of the ledger may show to be right after all: a batch that
took longer than any wait, or a row that came late. No clock, no network."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from trueup.receipts import Bill, Cause
from trueup.retest.billing.reconciliation import reconcile
from trueup.retest.billing.records import (
    CONSUME,
    ERROR,
    REFUND,
    BilledCall,
    LedgerSnapshot,
    Terms,
    is_of_token,
    new_rows,
)

LATE: Collection[Cause] = (
    "no-row",
    "not-booked",
    "partly-booked",
    "overbooked",
    "not-refunded",
    "batch-unsettled",
)
"""Causes that time may remove; a booking that is late makes a later call look overbooked."""
FINAL = ("aligned", "overcharged")


@dataclass(frozen=True)
class MadeCall:
    """A call, and the snapshot before it."""

    before: LedgerSnapshot
    call: BilledCall
    is_late: bool


@dataclass
class LateBills:
    """The calls of an account since the first whose bill is late, and the bills made again."""

    calls: list[MadeCall] = field(default_factory=list)
    _revised: dict[int, Bill] = field(default_factory=dict)

    def add(self, before: LedgerSnapshot, call: BilledCall, bill: Bill) -> None:
        """Note a call with its bill."""
        is_late = bill.cause in LATE
        if is_late or self.calls:
            self.calls.append(MadeCall(before, call, is_late))

    def read(self, snapshot: LedgerSnapshot, terms: Terms) -> None:
        """Make each late bill again from a snapshot after all calls, and note it if it agrees."""
        for index, made in enumerate(self.calls):
            if made.is_late and (bill := self._again(index, snapshot, terms)) is not None:
                self._revised[made.call.ordinal] = bill
                self.calls[index] = replace(made, is_late=False)
        if not any(made.is_late for made in self.calls):
            self.calls.clear()

    def take_revised(self) -> Mapping[int, Bill]:
        """Return the bills made again since the last call of this, by the number of the call."""
        taken, self._revised = self._revised, {}
        return taken

    def _again(self, index: int, snapshot: LedgerSnapshot, terms: Terms) -> Bill | None:
        """Return the bill that agrees with a snapshot: of the call with those after it, or else
        with earlier ones too, whose booking may have come after it."""
        call = self.calls[index].call
        for first in range(index, -1, -1):
            others = [made.call for made in self.calls[first:] if made.call is not call]
            bill = _bill_among(self.calls[first].before, snapshot, call, others, terms)
            if bill.verdict in FINAL:
                return bill
        return None


def _bill_among(
    before: LedgerSnapshot,
    after: LedgerSnapshot,
    call: BilledCall,
    others: Collection[BilledCall],
    terms: Terms,
) -> Bill:
    """Return the bill of one of several calls between two snapshots, by taking off what the rows of
    the others cost."""
    ids = {other.request_id for other in others} - {None, call.request_id}
    rows, token = new_rows(before, after), before.token
    theirs = [row for row in rows if is_of_token(row, token) and row.request_id in ids]
    used = sum(row.quota for row in theirs if row.type in (CONSUME, ERROR))
    used -= sum(row.quota for row in theirs if row.type == REFUND)
    paid = 0 if any(row.is_subscription for row in theirs) else used
    columns, user = after.token, after.user
    without = replace(
        after,
        token=replace(
            columns,
            used_quota=columns.used_quota - used,
            remain_quota=columns.remain_quota + used,
        ),
        user=replace(user, used_quota=user.used_quota - used, quota=user.quota + paid),
    )
    rest = [row for row in rows if not (is_of_token(row, token) and row.request_id in ids)]
    return reconcile(before, without, rest, call, terms)
