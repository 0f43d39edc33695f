"""Write: what a retest adds to the status file, and putting it and its proofs on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trueup.errors import BadInput
from trueup.model import Mapping as Sighting
from trueup.model import Observation, Source, split
from trueup.retest.receipt import RetestReceipt, row_of
from trueup.status_file import (
    Stored,
    append_mapping,
    append_observation,
    extend_observation,
    save,
    write_whole,
)


@dataclass(frozen=True)
class Update:
    """The status with what the proofs add, and the files that its rows point to, by path."""

    stored: Stored
    files: Mapping[str, str]


def update(stored: Stored, proofs: Sequence[RetestReceipt], now: datetime) -> Update:
    """The status file with a row for each proof, or with one more sighting on an equal row.

    A proof that the file already points to adds nothing, so that a write which was cut off can be
    made again. Raises BadInput where the file would not hold the rows as they are meant.
    """
    files: dict[str, str] = {}
    known = {row.source.receipt for row in stored.status.observations if row.source}
    for proof in proofs:
        if proof.path in known:
            continue
        equal = _equal(stored, row_of(proof))
        if equal is not None:
            proof = proof.model_copy(update={"previous": equal.source})
        row = row_of(proof)
        assert row.source is not None and row.source.receipt is not None
        files[row.source.receipt] = proof.render()
        if equal is None:
            stored = append_observation(stored, row, now)
        else:
            stored = extend_observation(stored, equal, proof.at, now, row.source)
        if sighting := _sighting(stored, proof, row.source):
            stored = append_mapping(stored, sighting, now)
    return Update(stored, files)


def write(top: Path, made: Update) -> None:
    """Puts the proofs on disk, and then the status file that points to them, each in one step.

    Raises BadInput, with the status file as it was, where something cannot be written.
    """
    try:
        for name, text in made.files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(top / name, text.encode(), 0o644)
    except OSError as error:
        raise BadInput(
            f"{error.filename or top}: {error.strerror}; a place for the receipts was expected."
            " Nothing was written into the status file; mend it and use --resume --write."
        ) from error
    try:
        save(made.stored)
    except BadInput as error:
        raise BadInput(f"{error} The answers are kept: use --resume --write.") from error


def _equal(stored: Stored, row: Observation) -> Observation | None:
    """The newest row of the endpoint at the target, where it holds the same and has a receipt."""
    seen = stored.status.seen(row.endpoint, row.target)
    if not seen or row.outcome == "inconclusive" or row.billing == "inconclusive":
        return None
    newest = seen[0]
    if newest.source is None or newest.source.receipt is None:
        return None
    moments = {"at": None, "first": None, "last": None, "times": 1, "source": None}
    same = newest.model_copy(update=moments) == row.model_copy(update=moments)
    return newest if same and newest.newest < row.newest else None


def _sighting(stored: Stored, proof: RetestReceipt, source: Source) -> Sighting | None:
    """The model seen behind an alias, where the newest sighting was of another or only stated."""
    alias, _ = split(proof.endpoint)
    seen = next((one.upstream for one in reversed(proof.attempts) if one.upstream), None)
    rows = [row for row in stored.status.mappings if row.alias == alias]
    if seen is None or (rows and (rows[-1].upstream, rows[-1].how) == (seen, "seen")):
        return None
    return Sighting(alias=alias, upstream=seen, at=proof.at, how="seen", source=source)
