"""Receipts: what each retest proved, as its file under `docs/evidence`, and the chain of a row.

Reads files; knows no rule, and writes nothing.
"""

from trueup.receipts.bill import Bill, Cause
from trueup.receipts.chain import FOLDER, Link, read_chain
from trueup.receipts.retest_receipt import Attempt, RetestReceipt, row_of, sighting_of

__all__ = [
    "Attempt",
    "Bill",
    "Cause",
    "FOLDER",
    "Link",
    "RetestReceipt",
    "read_chain",
    "row_of",
    "sighting_of",
]
