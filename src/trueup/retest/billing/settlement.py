"""Settlement: waits until a gateway's columns have settled, before a call and after it.

It waits through the client's clock and `sleep`, and leaves the verdict to the reconciliation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Self

from trueup.receipts import Bill
from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.late_bills import LateBills
from trueup.retest.billing.reconciliation import bill_of, is_agreed, is_logged, reconcile
from trueup.retest.billing.records import (
    BilledCall,
    Inconclusive,
    LedgerSnapshot,
    Terms,
    TokenColumns,
    UserColumns,
    new_rows,
)

POLL_S = 3.0
"""Pause between snapshots: each takes three reads, and two minutes of them fit the rate limit."""
BATCH_INTERVAL_S = 5.0
"""Interval of a gateway's batch unless its operator changed that; no reply documents it."""
FLUSH_S = 2.0
"""Time for a batch to be written: some updates of a local database."""
QUIET_S = 2 * BATCH_INTERVAL_S + FLUSH_S
"""Time of rest after which no batch can be under way: one that had just begun, and the next."""
GIVE_UP_S = 90.0
"""Longest wait for the columns: enough for a gateway whose batch runs once a minute."""
BATCH_WAIT_S = 360.0
"""Longest wait for columns that no batch has touched since the row: its interval may be minutes,
as an operator sets it, and a batch that was lost leaves them so for good."""
NO_ROW_WAIT_S = 3 * QUIET_S
"""Longest wait for a row at a gateway that wrote none of an earlier output."""
PRICES_CACHED_S = 60.0
"""Age to which a gateway serves its list of prices: one that was read later is of the call's time,
or of a later one."""
BUSY = f"the columns still changed after {GIVE_UP_S:.0f} s, so the account is used by others."
UNSETTLED = (
    f"the columns still changed {GIVE_UP_S:.0f} s after the answer, by a batch or other calls."
)


@dataclass
class LedgerAccount:
    """A token at a gateway, whose calls are billed one at a time.

    `group` is the one by whose ratio it pays, None where that is unreadable; `prices` are those of
    the group, by model.
    """

    client: LedgerClient
    terms: Terms
    token: TokenColumns
    group: str | None = None
    prices: Mapping[str, Decimal | None] = field(default_factory=dict)
    _prices_read_s: float = 0.0
    _settled: LedgerSnapshot | None = None
    _batch_wait_s: float = BATCH_WAIT_S
    _row_wait_s: float = GIVE_UP_S
    _late: LateBills = field(default_factory=LateBills)

    @classmethod
    def find(cls, client: LedgerClient, key: str) -> Self | Inconclusive:
        """Return the account behind a key, which is not kept."""
        terms = client.terms()
        if isinstance(terms, Inconclusive):
            return terms
        token = client.find_token(key)
        if isinstance(token, Inconclusive):
            return token
        group = client.group_of(token)
        account = cls(client, terms, token, None if isinstance(group, Inconclusive) else group)
        account._read_prices()
        return account

    def _read_prices(self) -> None:
        """Read the prices of the token's group; unreadable ones are not known."""
        self._prices_read_s = self.client.clock()
        prices = self.client.prices(self.group) if self.group is not None else {}
        self.prices = {} if isinstance(prices, Inconclusive) else prices

    def before(self) -> LedgerSnapshot | Inconclusive:
        """Return a snapshot before a call, once nothing of an earlier call can be under way.

        Bills of earlier calls that were late are made again from it.
        """
        snapshot = self._rested()
        if isinstance(snapshot, LedgerSnapshot):
            self._late.read(snapshot, self.terms)
        return snapshot

    def revised(self, *, is_last: bool = False) -> Mapping[int, Bill]:
        """Return the bills that were made again since the last time, by the number of the call;
        with `is_last`, after one more reading where a bill is late."""
        if is_last and self._late.calls:
            self.before()
        return self._late.take_revised()

    def _rested(self) -> LedgerSnapshot | Inconclusive:
        series, settled = SnapshotSeries(self.client), self._settled
        self._settled = None
        while True:
            snapshot = series.read(self.token)
            if isinstance(snapshot, Inconclusive) or self.terms.is_batching is False:
                return snapshot
            if snapshot == settled or series.rested_s >= QUIET_S:
                return snapshot
            if series.passed_s >= GIVE_UP_S:
                return Inconclusive("other-traffic", BUSY)
            self.client.sleep(POLL_S)

    def bill(self, before: LedgerSnapshot | Inconclusive, call: BilledCall) -> Bill:
        """Return the bill of a call that was made after `before` and has just been answered."""
        if isinstance(before, Inconclusive):
            return bill_of(before)
        answered_s, call = self.client.clock(), self._priced(call)
        after = self.after(before, call)
        if isinstance(after, Inconclusive):
            bill = bill_of(after)
        else:
            rows = new_rows(before, after)
            if is_agreed(before, after, rows, call):
                self._settled = after
            bill = reconcile(before, after, rows, call, self.terms)
            if bill.verdict in ("uncharged-success", "overcharged"):
                self._await_prices(answered_s)
                call = self._priced(call)
                bill = reconcile(before, after, rows, call, self.terms)
        self._late.add(before, call, bill)
        return bill

    def _priced(self, call: BilledCall) -> BilledCall:
        price_usd = self.prices.get(call.called or call.model)
        return replace(call, price_usd=None if price_usd is None else price_usd * call.count)

    def _await_prices(self, answered_s: float) -> None:
        """Read the prices again, unless those that are known are of the time of the answer."""
        current_s = answered_s + PRICES_CACHED_S
        if self._prices_read_s < current_s:
            self.client.sleep(max(current_s - self.client.clock(), 0.0))
            self._read_prices()

    def after(self, before: LedgerSnapshot, call: BilledCall) -> LedgerSnapshot | Inconclusive:
        """Return a snapshot that has settled after a call.

        Without a batch, one snapshot after the row is final if token and rows agree. Otherwise the
        columns must rest since the row appeared (for a call that failed, since the answer). Where
        they rest and do not agree, the wait goes on to its end, which is later while used_quota has
        not moved despite the row; a gateway that lost a batch, or wrote no row, is waited for like
        this once. Columns that still change then, or are unreadable, are inconclusive.
        """
        series, end_s = SnapshotSeries(self.client), GIVE_UP_S
        is_batched = self.terms.is_batching is not False
        while True:
            had_row = series.has_row
            after = series.read(before.token)
            if isinstance(after, LedgerSnapshot):
                rows = new_rows(before, after)
                if is_logged(before, rows, call):
                    series.note_row()
                is_final = had_row and not is_batched
                needs_no_row = series.has_row or call.outcome == "error"
                has_rested = needs_no_row and series.rested_s >= QUIET_S
                if (is_final or has_rested) and is_agreed(before, after, rows, call):
                    return after
                is_booked = after.token.used_quota != before.token.used_quota
                if series.has_row and is_batched and not is_booked:
                    end_s = min(self._batch_wait_s, max(end_s, series.passed_s + 3 * QUIET_S))
            needs_row = call.outcome != "error" and not series.has_row
            if series.passed_s >= (self._row_wait_s if needs_row else end_s):
                break
            self.client.sleep(POLL_S if series.passed_s < GIVE_UP_S else QUIET_S)
        if end_s >= BATCH_WAIT_S:
            self._batch_wait_s = GIVE_UP_S
        if needs_row:
            self._row_wait_s = NO_ROW_WAIT_S
        if isinstance(after, LedgerSnapshot) and series.rested_s < QUIET_S:
            return Inconclusive("batch-unsettled", UNSETTLED)
        return after


def bill_call(
    account: LedgerAccount | Inconclusive | None,
    before: LedgerSnapshot | Inconclusive | None,
    call: BilledCall,
) -> Bill | None:
    """Return the bill of a call; None where no ledger is read."""
    if account is None or isinstance(account, Inconclusive):
        return bill_of(account) if account else None
    return account.bill(before, call) if before else None


def cost_of(bill: Bill, reserved_usd: Decimal) -> Decimal | None:
    """Return what a call cost, for a cap; None where its reserved price remains.

    It is less than reserved only where the ledger shows that: without a conclusive bill, or where
    an output cost nothing, the charge may come later.
    """
    known = [usd for usd in (bill.log_usd, bill.used_delta_usd) if usd]
    if not known:
        return Decimal(0) if bill.cause in ("nothing-charged", "free-model") else None
    is_certain = bill.verdict != "inconclusive"
    return max(Decimal(0) if is_certain else reserved_usd, *known)


class SnapshotSeries:
    """Snapshots one after the other, and the time since which their columns rest.

    A read may wait for the gateway's limit halfway. So a change that it shows is dated to its end,
    and columns that it shows again have rested until its start.
    """

    def __init__(self, client: LedgerClient) -> None:
        self._client = client
        self._columns: tuple[TokenColumns, UserColumns] | None = None
        self._last_s = self._confirmed_s = self._moved_s = 0.0
        self._began_s: float | None = None
        self._row_s: float | None = None

    def read(self, token: TokenColumns) -> LedgerSnapshot | Inconclusive:
        """Return the next snapshot; one that fails leaves the columns as they were."""
        self._last_s = self._client.clock()
        snapshot = self._client.read(token)
        now = self._client.clock()
        if self._began_s is None:
            self._began_s = now
        if isinstance(snapshot, LedgerSnapshot):
            self._confirmed_s = self._last_s
            if snapshot.columns != self._columns:
                self._columns, self._moved_s = snapshot.columns, now
        return snapshot

    def note_row(self) -> None:
        """Note that the last snapshot shows the row of the call."""
        if self._row_s is None:
            self._row_s = self._client.clock()

    @property
    def has_row(self) -> bool:
        """Whether the row of the call was seen."""
        return self._row_s is not None

    @property
    def passed_s(self) -> float:
        """Time from the end of the first read to the start of the last."""
        return self._last_s - (self._began_s or 0.0)

    @property
    def rested_s(self) -> float:
        """Time for which the columns are known to be unchanged, since the row if there is one."""
        since_s = self._moved_s if self._row_s is None else max(self._moved_s, self._row_s)
        return max(self._confirmed_s - since_s, 0.0)
