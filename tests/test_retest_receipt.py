"""Proof: what the file of one retest says, and the row that follows from it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile, json_values, paragraphs

from trueup.model import Sent, Source
from trueup.retest.receipt import Amounts, Attempt, Outcome, RetestReceipt, row_of

NOW = datetime(2026, 4, 20, 10, tzinfo=UTC)
SENT = Sent(
    base_url="https://gateway.example",
    request="POST /v1/images/generations",
    auth="bearer",
    body={"model": "kiwi", "prompt": "A"},
)


def proof_of(*outcomes: Outcome, reason: str | None = None) -> RetestReceipt:
    attempts = tuple(Attempt(at=NOW, outcome=one, reason=reason, sent=SENT) for one in outcomes)
    return RetestReceipt(
        endpoint="kiwi/images",
        target="production",
        language="curl",
        block="curl x",
        sha256="0" * 64,
        containment="namespace",
        attempts=attempts,
    )


units = st.none() | st.integers(-(10**18), 10**18)
dollars = st.none() | st.decimals(-(10**6), 10**6, places=9)
amounts = st.builds(
    Amounts,
    verdict=st.sampled_from(["aligned", "mismatch", "inconclusive"]),
    cause=hostile,
    reason=paragraphs,
    log_quota_units=units,
    used_delta_quota_units=units,
    log_usd=dollars,
    used_delta_usd=dollars,
)
attempts = st.builds(
    Attempt,
    at=st.timedeltas(timedelta(), timedelta(days=99)).map(lambda later: NOW + later),
    outcome=st.sampled_from(["output", "error", "inconclusive"]),
    reason=st.none() | hostile,
    status=st.none() | st.integers(100, 599),
    request_id=st.none() | hostile,
    shape=st.sampled_from([None, "url", "b64-json"]),
    image=st.none() | st.dictionaries(hostile, json_values, max_size=3),
    error=st.none() | paragraphs,
    signatures=st.lists(hostile, max_size=2).map(tuple),
    upstream=st.none() | hostile,
    sent=st.dictionaries(hostile, json_values, max_size=3).map(
        lambda body: SENT.model_copy(update={"body": body})
    ),
    billing=st.none() | amounts,
)
proofs = st.builds(
    lambda tried, block, previous, told: proof_of().model_copy(
        update={"attempts": tried, "block": block, "previous": previous, "others_conclusive": told}
    ),
    st.lists(attempts, min_size=1, max_size=3).map(tuple),
    paragraphs,
    st.none() | st.builds(Source, receipt=hostile, sha256=st.just("0" * 64)),
    st.booleans(),
)


@given(proofs)
def test_a_proof_is_read_back_as_it_was_written(proof: RetestReceipt) -> None:
    text = proof.render()
    again = RetestReceipt.model_validate_json(text)
    assert (again, again.render(), again.path) == (proof, text, proof.path)
    bills = [one.billing for one in again.attempts if one.billing]
    assert all(isinstance(one.log_usd, Decimal | None) for one in bills)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        (("output",), "output"),
        (("error", "error"), "error"),
        (("error", "output"), "mixed"),
        (("error", "inconclusive"), "inconclusive"),
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
    (first,) = proof_of("output").attempts
    billed = proof_of("output").model_copy(
        update={"attempts": (first.model_copy(update={"billing": amounts}),)}
    )
    assert (row_of(proof_of("output")).billing, row_of(billed).billing) == (None, "mismatch")
