"""Receipts: each row that has one against its file: there, unchanged, and saying the same."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from trueup.finding import Finding
from trueup.model import Mapping, Observation
from trueup.retest.receipt import RetestReceipt, row_of
from trueup.status_file import Stored

FOLDER = Path("docs", "evidence")
WANTED = "what a retest wrote was expected"
RETEST = "Retest it, or take the row out."
Row = Observation | Mapping
Told = tuple[str, str, str, str]
"""Rule, what was found, what was expected, and what to do."""


def check_receipts(stored: Stored, top: Path) -> list[Finding]:
    """Findings in the receipts of a status file; their paths start at `top`.

    Files of no row are told once all else is well: a chain that is cut leaves some behind.
    """
    used: set[Path] = set()
    found = [
        Finding(str(stored.place_of(row)), *told)
        for row in _with_receipts(stored)
        for told in dict.fromkeys(_of_row(row, top, used))
    ]
    return found or [
        Finding(
            str(file),
            "stray-receipt",
            "no row points to it",
            "a receipt of one was expected",
            "Take the file away.",
        )
        for file in sorted((top / FOLDER).glob("*"))
        if not (file.name.startswith(".") or _is_used(file, used))
    ]


def _with_receipts(stored: Stored) -> list[Row]:
    rows: list[Row] = [*stored.status.observations, *stored.status.mappings]
    return [row for row in rows if row.source is not None and row.source.receipt is not None]


def _of_row(row: Row, top: Path, used: set[Path]) -> Iterator[Told]:
    """What is wrong with a row's receipt, and with those before it."""
    times, next_one = row.times if isinstance(row, Observation) else 1, row.source
    assert next_one is not None
    for number in range(times):
        content = _read(top, next_one.receipt or "", used)
        if content is None:
            yield (
                "missing-receipt",
                f"the receipt {next_one.receipt} is not in the repository",
                "its file was expected",
                "Add it, or take the row out.",
            )
            return
        if hashlib.sha256(content).hexdigest() != next_one.sha256:
            yield (
                "changed-receipt",
                f"the file {next_one.receipt} has another hash than the row",
                "the receipt as it was written was expected",
                "Restore the file.",
            )
            return
        try:
            proof = RetestReceipt.model_validate_json(content)
        except ValidationError:
            yield "odd-receipt", f"the file {next_one.receipt} is no receipt", WANTED, RETEST
            return
        yield from _disagreements(row, proof, top)
        if proof.previous is None:
            if number + 1 < times:
                found = f"its receipts show {number + 1} sightings, and times is {times}"
                yield "odd-receipt", found, WANTED, RETEST
            return
        next_one = proof.previous


def _disagreements(row: Row, proof: RetestReceipt, top: Path) -> Iterator[Told]:
    """What a row says and its receipt does not."""
    if proof.rehearsal and not (top / "REHEARSAL").exists():
        found = f"its receipt of {proof.at.date()} is of a rehearsal, in which the mock answered"
        yield "rehearsed-receipt", found, "one of a gateway was expected", "Take the row out."
    if isinstance(row, Mapping):
        if row.upstream not in [attempt.upstream for attempt in proof.attempts]:
            yield "odd-receipt", f"its receipt shows no {row.upstream}", WANTED, RETEST
        return
    told = row_of(proof)
    for name in ("endpoint", "target", "sent", "outcome", "shape", "signatures", "billing"):
        if getattr(row, name) != getattr(told, name):
            found = f"{name} is {getattr(row, name)!s}, and its receipt says {getattr(told, name)}"
            yield "odd-receipt", found, WANTED, RETEST


def _is_used(file: Path, used: set[Path]) -> bool:
    try:
        return file.resolve() in used
    except (OSError, RuntimeError):  # a loop of links
        return False


def _read(top: Path, receipt: str, used: set[Path]) -> bytes | None:
    """A receipt's bytes; None when it cannot be read, or is outside `top`."""
    try:
        file = (top / receipt).resolve()
        if not file.is_relative_to(top.resolve()):
            return None
        content = file.read_bytes()
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a loop of links
        return None
    used.add(file)
    return content
