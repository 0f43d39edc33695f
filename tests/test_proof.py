"""Proof: what the file of one retest says, and the row that follows from it."""

from datetime import UTC, datetime

import pytest

from trueup.model import Sent
from trueup.proof import Amounts, Attempt, Outcome, Proof, row_of

NOW = datetime(2026, 4, 20, 10, tzinfo=UTC)
SENT = Sent(
    base_url="https://gateway.example",
    request="POST /v1/images/generations",
    auth="bearer",
    body={"model": "kiwi", "prompt": "A"},
)


def proof_of(*outcomes: Outcome, reason: str | None = None) -> Proof:
    attempts = tuple(Attempt(at=NOW, outcome=one, reason=reason, sent=SENT) for one in outcomes)
    return Proof(
        endpoint="kiwi/images",
        target="production",
        language="curl",
        block="curl x",
        sha256="0" * 64,
        containment="namespace",
        attempts=attempts,
    )


def test_a_proof_is_read_back_as_it_was_written() -> None:
    proof = proof_of("error", "image")
    assert Proof.model_validate_json(proof.model_dump_json()) == proof


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        (("image",), "image"),
        (("error", "error"), "error"),
        (("error", "image"), "mixed"),
        (("error", "cannot-tell"), "cannot-tell"),
    ],
)
def test_a_row_says_what_all_attempts_come_to(outcomes: tuple[Outcome, ...], told: str) -> None:
    row = row_of(proof_of(*outcomes, reason="HTTP 500"))
    assert (row.outcome, row.endpoint, row.target, row.sent) == (
        told,
        "kiwi/images",
        "production",
        SENT,
    )


def test_a_row_has_the_verdict_of_the_bills_that_were_read() -> None:
    amounts = Amounts(verdict="mismatch", cause="amounts", reason="200 and 260 units")
    (first,) = proof_of("image").attempts
    billed = proof_of("image").model_copy(
        update={"attempts": (first.model_copy(update={"billing": amounts}),)}
    )
    assert (row_of(proof_of("image")).billing, row_of(billed).billing) == (None, "mismatch")
