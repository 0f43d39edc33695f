"""The row that the attempts of a receipt make, and the sizes within which its files are read."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError
from test_altered_rows import RECORD
from test_receipts import kept, named
from test_status_file_row_proof import ALIGNED, NATIVE, receipt_of

from trueup.receipts import Attempt, RetestReceipt, read_chain, row_of
from trueup.status_file import parse_status

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
RECEIPT = receipt_of(NATIVE, NOON, "output")


def receipt(*outcomes: str) -> RetestReceipt:
    """Return a receipt of attempts, each an outcome and perhaps a verdict of its bill."""
    attempts = []
    for number, text in enumerate(outcomes):
        outcome, _, verdict = text.partition(" ")
        bill = ALIGNED.model_copy(update={"verdict": verdict}) if verdict else None
        facts = {"outcome": outcome, "error": "x" if outcome == "error" else None}
        facts |= {"kind": "no-answer", "reason": "x"} if outcome == "inconclusive" else {}
        update = {"at": NOON + timedelta(seconds=number), "billing": bill, **facts}
        attempts.append(RECEIPT.attempts[0].model_copy(update=update))
    return RECEIPT.model_copy(update={"attempts": tuple(attempts)})


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (("output aligned",), ("output", "aligned")),
        (("error", "error"), ("error", None)),
        (("error", "output aligned"), ("mixed", "aligned")),
        (("error aligned",), ("inconclusive", None)),
        (("error", "inconclusive"), ("inconclusive", None)),
        (("error mismatch",), ("inconclusive", "mismatch")),
        (("error charged-on-failure", "output aligned"), ("mixed", "charged-on-failure")),
        (("output inconclusive", "output aligned"), ("output", "inconclusive")),
    ],
)
def test_a_row_says_no_more_than_its_attempts(
    outcomes: tuple[str, ...], expected: tuple[str, str | None]
) -> None:
    row = row_of(receipt(*outcomes))
    assert (row.outcome, row.billing) == expected


def test_a_receipt_without_an_attempt_is_none() -> None:
    none: tuple[Attempt, ...] = ()
    text = RECEIPT.model_copy(update={"attempts": none}).render()
    with pytest.raises(ValidationError, match="at least 1 item"):
        RetestReceipt.model_validate_json(text)


def test_a_receipt_or_signature_that_is_too_large_is_not_read_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = kept(tmp_path, 10)
    file = tmp_path / (source.receipt or "")
    size = file.stat().st_size
    monkeypatch.setattr("trueup.receipts.chain.MOST_BYTES", size - 1)
    (link,) = read_chain(named(tmp_path, file), tmp_path)
    assert (link.fault, link.content) == ("missing", b"")
    assert sha256(file.read_bytes()).hexdigest() == source.sha256


def test_without_the_files_of_a_repository_no_receipt_proves_a_row() -> None:
    stored = parse_status(RECORD, "status.yml", datetime(2026, 5, 20, tzinfo=UTC))
    assert list(stored.proofs.found) == [("observations", 2)]
