"""Billing: whether a gateway's books agree on a call. It reads the ledger and never writes to it.

`Account` is the way in: the books before a call, and its bill after it; `reconcile` is the rule.
"""

from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.reconciliation import bill_of, reconcile
from trueup.retest.billing.records import (
    Bill,
    BilledCall,
    CallOutcome,
    Cause,
    Inconclusive,
    LedgerSnapshot,
    LogRow,
    Terms,
    TokenColumns,
    UserColumns,
    new_rows,
)
from trueup.retest.billing.settlement import Account

__all__ = [
    "Account",
    "Bill",
    "BilledCall",
    "CallOutcome",
    "Inconclusive",
    "Cause",
    "LedgerClient",
    "LogRow",
    "LedgerSnapshot",
    "Terms",
    "TokenColumns",
    "UserColumns",
    "bill_of",
    "new_rows",
    "reconcile",
]
