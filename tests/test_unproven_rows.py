"""What a row that is not proven may lower, and what it leaves as it was."""

from datetime import UTC, datetime, timedelta

import pytest
from test_status_file_row_proof import NATIVE, STATUS, receipt_of

from trueup.evidence import Assessment, assess
from trueup.model import Billing, Observation, Outcome, Standing
from trueup.receipts import row_of

START = datetime(2026, 5, 10, 12, tzinfo=UTC)
ALIGNED: Billing = "aligned"


def row(day: int, outcome: Outcome, billing: Billing | None = None, **more: object) -> Observation:
    receipt = receipt_of(NATIVE, START + timedelta(days=day), "output")
    facts = {"outcome": outcome, "billing": billing, "shape": None, "image": None, **more}
    return row_of(receipt).model_copy(update=facts)


def judged(*rows: Observation) -> Assessment:
    return assess(STATUS.model_copy(update={"observations": rows}))[NATIVE]


def day_of(row: Observation | None) -> int | None:
    return (row.day - START.date()).days if row else None


GOOD = (row(0, "output", ALIGNED), row(1, "output", ALIGNED))
"""Enough to be recommended."""


@pytest.mark.parametrize(
    ("late", "standing", "outcome", "billing"),
    [
        (("output", ALIGNED), Standing.RECOMMENDED, 1, 1),
        (("output", None), Standing.RECOMMENDED, 1, 1),
        (("output", "mismatch"), Standing.CONTROLLED_TESTING, 1, 5),
        (("mixed", ALIGNED), Standing.CONTROLLED_TESTING, 5, None),
        (("error", None), Standing.NOT_RECOMMENDED, 5, None),
    ],
)
def test_an_unproven_row_after_good_ones_only_lowers(
    late: tuple[Outcome, Billing | None],
    standing: Standing,
    outcome: int,
    billing: int | None,
) -> None:
    found = judged(*GOOD, row(5, *late).as_unproven())
    assert (found.supported, day_of(found.outcome)) == (standing, outcome)
    assert day_of(found.billing) == billing


@pytest.mark.parametrize("late", ["output", "mixed"])
def test_an_unproven_row_after_a_failure_leaves_it(late: Outcome) -> None:
    found = judged(row(0, "error"), row(5, late).as_unproven())
    assert (found.supported, day_of(found.outcome)) == (Standing.NOT_RECOMMENDED, 0)


@pytest.mark.parametrize(("billing", "expected"), [("mismatch", 5), (ALIGNED, 0)])
def test_an_unproven_bill_is_a_risk_if_it_is_bad_and_removes_none(
    billing: Billing, expected: int
) -> None:
    before: Billing = ALIGNED if billing == "mismatch" else "mismatch"
    found = judged(row(0, "output", before), row(5, "output", billing).as_unproven())
    (risk,) = found.risks
    assert (risk.billing, day_of(risk.rows[0])) == ("mismatch", expected)


def test_an_unproven_output_between_two_silences_hides_none() -> None:
    silent = {"kind": "no-answer", "reason": "x", "others_conclusive": True}
    rows = (row(0, "inconclusive", None, **silent), row(3, "output").as_unproven())
    found = judged(*rows, row(5, "inconclusive", None, **silent))
    assert found.supported == Standing.NOT_RECOMMENDED and found.no_answer


@pytest.mark.parametrize("body", [{"*": None}, {"model": None, "prompt": None}])
def test_a_row_of_which_only_names_are_known_raises_nothing(body: dict[str, None]) -> None:
    known = row(0, "output")
    unknown = known.model_copy(update={"sent": known.sent.model_copy(update={"body": body})})
    assert judged(unknown).supported == Standing.UNVERIFIED
    assert judged(known).supported == Standing.CONTROLLED_TESTING
