"""Receipts: whether the file of each one exists, is unchanged, and agrees with its row."""

from collections.abc import Iterator
from pathlib import Path

from trueup.finding import Finding
from trueup.model import Mapping, Observation
from trueup.place import Place
from trueup.receipts import FOLDER, RetestReceipt, read_chain, row_of
from trueup.status_file import Stored

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
    times, number = row.times if isinstance(row, Observation) else 1, 0
    assert row.source is not None
    for number, link in enumerate(read_chain(row.source, top), 1):
        name = link.source.receipt
        if link.file is not None:
            used.add(link.file)
        if link.fault == "missing":
            problem = f"the receipt {name} is not in the repository"
            yield problem, "Add it, or remove the row.", "missing-receipt"
            return
        if link.fault == "changed":
            problem = f"the hash of {name} differs from the row's"
            yield problem, "Restore the file.", "changed-receipt"
            return
        if link.receipt is None:
            yield f"{name} is not a valid receipt", RETEST, "receipt-mismatch"
            return
        yield from _disagreements(row, link.receipt, top)
        if number == times:
            return
    problem = f"times is {times}, expected {number} as in its receipts"
    yield problem, RETEST, "receipt-mismatch"


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
