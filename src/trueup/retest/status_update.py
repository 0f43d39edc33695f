"""Status update: the rows that a retest adds to the status file, and their receipts, on disk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trueup.model import Mapping as Sighting
from trueup.model import Observation
from trueup.receipts import RetestReceipt, row_of, sighting_of
from trueup.status_file import (
    Stored,
    append_row,
    extend_observation,
    save,
    write_whole,
)


@dataclass(frozen=True)
class StatusUpdate:
    """The status file with new rows, and the receipts that its rows point to, by path."""

    stored: Stored
    files: Mapping[str, str]


def update_status(stored: Stored, receipts: Sequence[RetestReceipt], now: datetime) -> StatusUpdate:
    """Return the status file with a row for each receipt, or with an equal row extended by it.

    A receipt that the file already points to adds nothing, so that an interrupted write can be
    repeated. Raises BadInput where the file would not hold the rows as they are meant.
    """
    files: dict[str, str] = {}
    known = {row.source.receipt for row in stored.status.observations if row.source}
    for receipt in receipts:
        if receipt.path in known:
            continue
        equal = _equal(stored, row_of(receipt))
        if equal is not None:
            receipt = receipt.model_copy(update={"previous": equal.source})
        row = row_of(receipt)
        assert row.source is not None and row.source.receipt is not None
        files[row.source.receipt] = receipt.render()
        if equal is None:
            stored = append_row(stored, row, now)
        else:
            stored = extend_observation(stored, equal, receipt.at, now, row.source)
        if sighting := _sighting(stored, receipt):
            stored = append_row(stored, sighting, now)
    return StatusUpdate(stored, files)


def write_update(top: Path, made: StatusUpdate, sign: Callable[[bytes], str] | None = None) -> None:
    """Write the receipts, and then the status file that points to them, each in one step.

    `sign` returns the signature of a receipt, which is written first. Raises BadInput or OSError,
    with the status file unchanged, where one cannot be written.
    """
    files = dict(made.files)
    if sign is not None:
        signatures = {f"{name}.sig": sign(text.encode()) for name, text in files.items()}
        files = signatures | files
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(top / name, text.encode(), 0o644)
    save(made.stored)


def _equal(stored: Stored, row: Observation) -> Observation | None:
    """Return the newest row of the endpoint at the target, if it is equal and has a receipt.

    It is not where it was retracted: an older row would then count for what was seen after it.
    """
    series = (row.endpoint, row.target, None)
    rows = reversed(stored.status.observations)
    newest = next((one for one in rows if (one.endpoint, one.target, one.variant) == series), None)
    if newest is None or row.outcome == "inconclusive" or row.billing == "inconclusive":
        return None
    if newest.source is None or newest.source.receipt is None:
        return None
    moments = {"at": None, "first": None, "last": None, "times": 1, "source": None}
    same = newest.model_copy(update=moments) == row.model_copy(update=moments)
    return newest if same and newest.newest < row.newest else None


def _sighting(stored: Stored, receipt: RetestReceipt) -> Sighting | None:
    """Return the model seen behind an alias, if the newest sighting differs or was not seen."""
    seen = sighting_of(receipt)
    if seen is None:
        return None
    rows = [row for row in stored.status.mappings if row.alias == seen.alias]
    is_known = rows and (rows[-1].upstream, rows[-1].how) == (seen.upstream, "seen")
    return None if is_known else seen
