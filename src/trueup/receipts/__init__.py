"""Receipts: what each retest proved, as its file under `docs/evidence`, the chain of a row, and who
may sign them.

Reads files; knows no rule, and writes nothing.
"""

from trueup.receipts.bill import Bill, Cause
from trueup.receipts.chain import FOLDER, Link, read_chain
from trueup.receipts.retest_receipt import Attempt, RetestReceipt, row_of, sighting_of
from trueup.receipts.signers import Signers, changed_signers, load_signers, parse_signers

__all__ = [
    "Attempt",
    "Bill",
    "Cause",
    "FOLDER",
    "Link",
    "RetestReceipt",
    "Signers",
    "changed_signers",
    "load_signers",
    "parse_signers",
    "read_chain",
    "row_of",
    "sighting_of",
]
