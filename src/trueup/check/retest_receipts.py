"""Receipts: whether the file of each one exists, is unchanged, and agrees with its row."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from trueup.finding import Finding
from trueup.model import Mapping, Observation
from trueup.place import Place
from trueup.retest.retest_receipt import RetestReceipt, row_of
from trueup.status_file import Stored

FOLDER = Path("docs", "evidence")
RETEST = "Retest, or remove the row."
Row = Observation | Mapping
Problem = tuple[str, str, str]
"""Problem, fix and rule."""


def check_receipts(stored: Stored, top: Path) -> list[Finding]:
    """Return findings in the receipts of a status file; their paths start at `top`.

    Files of no row are reported only without other findings, since a broken chain leaves some.
    """
    used: set[Path] = set()
    found = [
        Finding(stored.place_of(row), *problem)
        for row in _with_receipts(stored)
        for problem in dict.fromkeys(_problems(row, top, used))
    ]
    return found or [
        Finding(
            Place(str(file)), "no row refers to this receipt", "Remove the file.", "unused-receipt"
        )
        for file in sorted((top / FOLDER).glob("*"))
        if not (file.name.startswith(".") or _is_used(file, used))
    ]


def _with_receipts(stored: Stored) -> list[Row]:
    rows: list[Row] = [*stored.status.observations, *stored.status.mappings]
    return [row for row in rows if row.source is not None and row.source.receipt is not None]


def _problems(row: Row, top: Path, used: set[Path]) -> Iterator[Problem]:
    """Return the problems of a row's receipt, and of those before it."""
    times, source = row.times if isinstance(row, Observation) else 1, row.source
    assert source is not None
    for number in range(times):
        content = _read(top, source.receipt or "", used)
        if content is None:
            problem = f"the receipt {source.receipt} is not in the repository"
            yield problem, "Add it, or remove the row.", "missing-receipt"
            return
        if hashlib.sha256(content).hexdigest() != source.sha256:
            problem = f"the hash of {source.receipt} differs from the row's"
            yield problem, "Restore the file.", "changed-receipt"
            return
        try:
            proof = RetestReceipt.model_validate_json(content)
        except ValidationError:
            yield f"{source.receipt} is not a valid receipt", RETEST, "receipt-mismatch"
            return
        yield from _disagreements(row, proof, top)
        if proof.previous is None:
            if number + 1 < times:
                problem = f"times is {times}, expected {number + 1} as in its receipts"
                yield problem, RETEST, "receipt-mismatch"
            return
        source = proof.previous


def _disagreements(row: Row, proof: RetestReceipt, top: Path) -> Iterator[Problem]:
    """Return the problems of a row that differs from its receipt."""
    if proof.rehearsal and not (top / "REHEARSAL").exists():
        problem = f"its receipt of {proof.at.date()} is of a rehearsal, which the mock answered"
        yield problem, "Remove the row.", "rehearsed-receipt"
    if isinstance(row, Mapping):
        if row.upstream not in [attempt.upstream for attempt in proof.attempts]:
            problem = f"upstream is {row.upstream}, which its receipt does not show"
            yield problem, RETEST, "receipt-mismatch"
        return
    proved = row_of(proof)
    for name in ("endpoint", "target", "sent", "outcome", "shape", "signatures", "billing"):
        got, expected = getattr(row, name), getattr(proved, name)
        if got != expected:
            problem = f"{name} is {got}, expected {expected} as in its receipt"
            yield problem, RETEST, "receipt-mismatch"


def _is_used(file: Path, used: set[Path]) -> bool:
    try:
        return file.resolve() in used
    except (OSError, RuntimeError):  # a loop of links
        return False


def _read(top: Path, receipt: str, used: set[Path]) -> bytes | None:
    """Return a receipt's bytes; None when it cannot be read, or is outside `top`."""
    try:
        file = (top / receipt).resolve()
        if not file.is_relative_to(top.resolve()):
            return None
        content = file.read_bytes()
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a loop of links
        return None
    used.add(file)
    return content
