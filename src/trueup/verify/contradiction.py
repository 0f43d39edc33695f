"""Contradiction: what within one receipt no run of a block could have written."""

import re

from trueup.snippet import PROGRAMS
from trueup.verify.block_receipt import BlockReceipt

RECORD = re.compile(r"(?:.*/)?status\.yml:[0-9]+(?::[0-9]+)?", re.DOTALL)


def contradiction_in(receipt: BlockReceipt) -> str | None:
    """Return how a receipt contradicts itself, as the end of a sentence about it, or None."""
    was_run = receipt.skipped is None and receipt.inconclusive is None
    if receipt.passed and (receipt.reasons or not was_run):
        return "says passed, with a reason against it"
    program = PROGRAMS.get(receipt.language)
    fails = program is not None and program.fails_by_exit_code and receipt.outcome != "output"
    if receipt.passed and (receipt.exit_code != 0) != fails:
        return f"says passed, with outcome {receipt.outcome} and exit code {receipt.exit_code}"
    if receipt.record is not None and not RECORD.fullmatch(receipt.record):
        return "names a record that is no line of the status file"
    if was_run and not receipt.passed and not receipt.reasons:
        return "says failed, without a reason"
    return None
