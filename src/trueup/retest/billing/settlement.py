"""Settlement: waits until a gateway's columns have settled, before a call and after it.

It waits through the client's clock and `sleep`, and leaves the judgement to the reconciliation.
"""

from dataclasses import dataclass
from typing import Self

from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.reconciliation import bill_of, is_agreed, is_logged, reconcile
from trueup.retest.billing.records import (
    Bill,
    BilledCall,
    Inconclusive,
    LedgerSnapshot,
    Terms,
    TokenColumns,
    UserColumns,
    new_rows,
)

POLL_S = 3.0
BATCH_INTERVAL_S = 5.0
"""How often a gateway writes its batch unless its operator changed that; it does not tell."""
FLUSH_S = 2.0
GIVE_UP_S = 90.0
BUSY = f"the columns still moved after {GIVE_UP_S:.0f} s; an account at rest was expected."
UNSETTLED = (
    f"the columns still moved {GIVE_UP_S:.0f} s after the answer, by a batch or other calls."
)


@dataclass
class Account:
    """One token on one gateway, whose calls are billed one at a time.

    `is_exclusive` says that nobody else uses the token's owner's account meanwhile.
    """

    client: LedgerClient
    terms: Terms
    token: TokenColumns
    is_exclusive: bool = False
    batch_interval_s: float = BATCH_INTERVAL_S
    _settled: LedgerSnapshot | None = None

    @classmethod
    def find(
        cls,
        client: LedgerClient,
        key: str,
        *,
        is_exclusive: bool = False,
        batch_interval_s: float = BATCH_INTERVAL_S,
    ) -> Self | Inconclusive:
        """The account behind a key, which is not kept."""
        terms = client.terms()
        if isinstance(terms, Inconclusive):
            return terms
        token = client.find_token(key)
        if isinstance(token, Inconclusive):
            return token
        return cls(client, terms, token, is_exclusive, batch_interval_s)

    @property
    def quiet_s(self) -> float:
        """How long columns must rest until no batch can be on its way."""
        return 2 * self.batch_interval_s + FLUSH_S

    def before(self) -> LedgerSnapshot | Inconclusive:
        """The books before a call, once nothing of an earlier call can be on its way."""
        watch, settled = Watch(self.client), self._settled
        self._settled = None
        while True:
            reading = watch.read(self.token)
            if isinstance(reading, Inconclusive) or self.terms.is_batching is False:
                return reading
            if reading == settled or watch.rested_s >= self.quiet_s:
                return reading
            if watch.passed_s >= GIVE_UP_S:
                return Inconclusive("other-traffic", BUSY)
            self.client.sleep(POLL_S)

    def bill(self, before: LedgerSnapshot | Inconclusive, call: BilledCall) -> Bill:
        """The bill of a call that was made after `before`, and has just been answered."""
        if isinstance(before, Inconclusive):
            return bill_of(before)
        after = self.after(before, call)
        if isinstance(after, Inconclusive):
            return bill_of(after)
        rows = new_rows(before, after)
        if is_agreed(before, after, rows, call):
            self._settled = after
        return reconcile(before, after, rows, call, self.terms, is_exclusive=self.is_exclusive)

    def after(self, before: LedgerSnapshot, call: BilledCall) -> LedgerSnapshot | Inconclusive:
        """The books once they have settled after a call.

        Without a batch, one reading after the row is final if token and rows agree. Otherwise the
        columns must rest since the row came (for a call that failed, since the answer). Where they
        rest and do not agree, time is given until the end: an operator may have set the batch's
        interval longer. What still moves then, or cannot be read, cannot be told.
        """
        watch = Watch(self.client)
        while True:
            had_row = watch.has_row
            after = watch.read(before.token)
            if isinstance(after, LedgerSnapshot):
                rows = new_rows(before, after)
                if is_logged(before, rows, call):
                    watch.see_row()
                is_final = had_row and self.terms.is_batching is False
                needs_no_row = watch.has_row or call.outcome == "error"
                has_rested = needs_no_row and watch.rested_s >= self.quiet_s
                if (is_final or has_rested) and is_agreed(before, after, rows, call):
                    return after
            if watch.passed_s >= GIVE_UP_S:
                break
            self.client.sleep(POLL_S)
        if isinstance(after, LedgerSnapshot) and watch.rested_s < self.quiet_s:
            return Inconclusive("batch-unsettled", UNSETTLED)
        return after


class Watch:
    """Readings one after the other, and since when their columns rest.

    A reading may wait for the gateway's limit halfway. So what it shows first shows at its end, and
    what it shows again held until its start.
    """

    def __init__(self, client: LedgerClient) -> None:
        self._client = client
        self._columns: tuple[TokenColumns, UserColumns] | None = None
        self._last_s = self._asked_s = self._moved_s = 0.0
        self._began_s: float | None = None
        self._row_s: float | None = None

    def read(self, token: TokenColumns) -> LedgerSnapshot | Inconclusive:
        """The next reading; one that fails leaves the columns as they were."""
        self._last_s = self._client.clock()
        reading = self._client.read(token)
        now = self._client.clock()
        if self._began_s is None:
            self._began_s = now
        if isinstance(reading, LedgerSnapshot):
            self._asked_s = self._last_s
            if reading.columns != self._columns:
                self._columns, self._moved_s = reading.columns, now
        return reading

    def see_row(self) -> None:
        """Notes that the last reading shows the row of the call."""
        if self._row_s is None:
            self._row_s = self._client.clock()

    @property
    def has_row(self) -> bool:
        """Whether the row was seen."""
        return self._row_s is not None

    @property
    def passed_s(self) -> float:
        """From the end of the first reading to the start of the last."""
        return self._last_s - (self._began_s or 0.0)

    @property
    def rested_s(self) -> float:
        """How long the columns were seen to stay as they are, with the row if there is one."""
        since_s = self._moved_s if self._row_s is None else max(self._moved_s, self._row_s)
        return max(self._asked_s - since_s, 0.0)
