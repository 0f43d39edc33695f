"""Row proof, one part at a time: each field, time, order and owner of a row, and each receipt."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from test_status_file_row_proof import ALIGNED, NATIVE, OTHER, STATUS, receipt_of

from trueup.model import Billing, Mapping, Observation, Outcome, Source
from trueup.place import Place
from trueup.receipts import Link, RetestReceipt, row_of, sighting_of
from trueup.request import request_of
from trueup.status_file.row_proof import Proofs, is_to_be_signed, prove

DAY = date(2026, 5, 12)
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERSONS = {"at", "first", "last", "times", "source", "note", "retracted", "sample"}


def proofs_of(*rows: Observation | Mapping, receipts: tuple[RetestReceipt, ...] = ()) -> Proofs:
    known = {source.sha256: one for one in receipts if (source := row_of(one).source)}

    def read(source: Source) -> list[Link]:
        links: list[Link] = []
        following: Source | None = source
        while following is not None:
            links.append(Link(following, receipt=known[following.sha256]))
            following = known[following.sha256].previous
        return links

    observations = tuple(row for row in rows if isinstance(row, Observation))
    mappings = tuple(row for row in rows if isinstance(row, Mapping))
    status = STATUS.model_copy(update={"observations": observations, "mappings": mappings})
    return prove(status, lambda name, index: Place(f"{index}"), read)


def rules_of(proofs: Proofs) -> dict[int, list[str]]:
    return {index: [one.rule for one in each] for (_, index), each in proofs.found.items()}


def changed(row: Observation, **update: object) -> Observation:
    return row.model_copy(update=update)


def chain(*receipts: RetestReceipt) -> tuple[RetestReceipt, ...]:
    """Return the receipts, oldest first, each with the one before it."""
    made: list[RetestReceipt] = []
    for receipt in receipts:
        previous = row_of(made[-1]).source if made else None
        made.append(receipt.model_copy(update={"previous": previous}))
    return tuple(made)


def series(newest: RetestReceipt, first: datetime, times: int) -> Observation:
    return changed(row_of(newest), at=None, first=first, last=newest.at, times=times)


EDITS: dict[str, object] = {
    "endpoint": OTHER,
    "variant": "v",
    "target": "local",
    "sent": request_of(STATUS, OTHER, "production"),
    "outcome": "mixed",
    "kind": "overloaded",
    "reason": "x",
    "others_conclusive": True,
    "shape": "b64-json",
    "mime": "image/webp",
    "signatures": ("x",),
    "group": "x",
    "billing": "mismatch",
}


@pytest.mark.parametrize("name", sorted(Observation.model_fields.keys() - PERSONS))
def test_each_field_of_a_row_is_what_its_receipt_has(name: str) -> None:
    receipt = receipt_of(NATIVE, NOON, "output")
    assert proofs_of(row_of(receipt), receipts=(receipt,)).found == {}
    ((finding,),) = proofs_of(
        changed(row_of(receipt), **{name: EDITS[name]}), receipts=(receipt,)
    ).found.values()
    assert finding.rule == "receipt-mismatch" and finding.problem.startswith(f"{name} is ")


@pytest.mark.parametrize(
    ("name", "value"), [("alias", "walnut"), ("upstream", "elm"), ("at", DAY), ("how", "stated")]
)
def test_each_field_of_a_mapping_is_what_its_receipt_has(name: str, value: object) -> None:
    receipt = receipt_of(NATIVE, NOON, "output", upstream="oak")
    sighting = sighting_of(receipt)
    assert sighting and proofs_of(sighting, receipts=(receipt,)).found == {}
    edited = sighting.model_copy(update={name: value})
    ((finding,),) = proofs_of(edited, receipts=(receipt,)).found.values()
    assert finding.rule == "receipt-mismatch" and finding.problem.startswith(f"{name} is ")


def test_a_mapping_is_one_sighting() -> None:
    old, new = (receipt_of(NATIVE, at, "output", upstream="oak") for at in (NOON - HOUR, NOON))
    old, new = chain(old.model_copy(update={"rehearsal": True}), new)
    sighting = sighting_of(new)
    assert sighting and proofs_of(sighting, receipts=(old, new)).found == {}


@pytest.mark.parametrize(
    ("hours", "outcome", "verdict", "is_joined"),
    [
        ((1, 2), "output", "aligned", True),
        ((2, 1), "output", "aligned", False),
        ((1, 1), "output", "aligned", False),
        ((1, 2), "inconclusive", "aligned", False),
        ((1, 2), "output", "inconclusive", False),
    ],
)
def test_a_chain_is_one_row_where_its_receipts_follow_each_other_and_are_conclusive(
    hours: tuple[int, int], outcome: Outcome, verdict: Billing, is_joined: bool
) -> None:
    facts = {"reason": "x", "billing": ALIGNED.model_copy(update={"verdict": verdict})}
    receipts = chain(*(receipt_of(NATIVE, NOON + hour * HOUR, outcome, **facts) for hour in hours))
    row = series(receipts[-1], receipts[0].at, 2)
    found = proofs_of(row, receipts=receipts).found.get(("observations", 0), ())
    problems = [one.problem for one in found]
    assert problems == ([] if is_joined else ["times is 2, expected 1 as in its receipts"])


def test_a_row_given_to_another_endpoint_keeps_its_place_in_the_order() -> None:
    old, new = chain(*(receipt_of(NATIVE, NOON + hour * HOUR, "error") for hour in (0, 2)))
    moved = changed(series(new, old.at, 2), endpoint=OTHER)
    late = receipt_of(NATIVE, NOON + HOUR, "output")
    found = rules_of(proofs_of(moved, row_of(late), receipts=(old, new, late)))
    assert found == {0: ["receipt-mismatch"], 1: ["row-order"]}
    source = Source(reported="a page")
    report = changed(row_of(late), at=DAY - timedelta(days=1), source=source)
    found = rules_of(proofs_of(moved, report, receipts=(old, new)))
    assert found == {0: ["receipt-mismatch"], 1: ["row-order"]}


def test_mappings_of_an_alias_stand_in_the_order_of_their_times() -> None:
    facts = {"alias": "acorn", "upstream": "oak", "source": {"reported": "docs"}}
    number = count()

    def stated(day: date, **more: object) -> Mapping:
        given = {**facts, "how": "stated", "at": day, **more}
        return Mapping.model_validate(given | {"source": {"reported": f"docs {next(number)}"}})

    earlier = DAY - timedelta(days=1)
    assert rules_of(proofs_of(stated(DAY), stated(earlier))) == {1: ["row-order"]}
    for fine in (stated(earlier, how="seen"), stated(earlier, alias="walnut")):
        assert rules_of(proofs_of(stated(DAY), fine)) == {}


@pytest.mark.parametrize("update", [{"note": "again"}, {"retracted": "it was wrong"}])
def test_a_report_is_the_same_whatever_a_person_adds(update: dict[str, object]) -> None:
    row = row_of(receipt_of(NATIVE, NOON, "output"))
    report = changed(row, at=DAY, source=Source(reported="a page"))
    assert rules_of(proofs_of(report, changed(report, **update))) == {1: ["reused-receipt"]}


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({}, True),
        ({"at": datetime(2026, 5, 1, 12, tzinfo=UTC)}, False),
        ({"outcome": "mixed", "billing": None}, True),
        ({"outcome": "error", "billing": None}, False),
        ({"outcome": "error", "billing": "aligned"}, True),
        ({"outcome": "inconclusive", "billing": None}, False),
        ({"retracted": "x"}, False),
    ],
)
def test_a_row_is_to_be_signed_if_it_can_raise_a_standing(
    update: dict[str, object], expected: bool
) -> None:
    row = changed(row_of(receipt_of(NATIVE, NOON, "output")), **update)
    assert is_to_be_signed(row, STATUS.policy) == expected


def test_a_mapping_is_to_be_signed_unless_it_counts_as_reported() -> None:
    sighting = sighting_of(receipt_of(NATIVE, NOON, "output", upstream="oak"))
    assert sighting and is_to_be_signed(sighting, STATUS.policy)
    early = sighting.model_copy(update={"at": date(2026, 5, 1)})
    assert not is_to_be_signed(early, STATUS.policy)


FAILED = {"signatures": ("gone",), "error": "x"}


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        ({}, NATIVE),
        ({"endpoint": "acorn/edits"}, None),
        ({"target": "elsewhere"}, None),
        ({"rehearsal": True}, None),
    ],
)
def test_a_failure_under_a_false_row_counts_if_it_is_of_this_site(
    receipt: dict[str, object], expected: str | None
) -> None:
    failed = receipt_of(NATIVE, NOON, "error", **FAILED).model_copy(update=receipt)
    row = changed(row_of(failed), outcome="output", retracted="wrong", signatures=())
    hidden = proofs_of(row, receipts=(failed,)).receipt_rows.get(("observations", 0))
    assert (hidden.endpoint if hidden else None) == expected
    if hidden:
        facts = (hidden.outcome, hidden.signatures, hidden.retracted, hidden.is_proven)
        assert facts == ("error", (), "wrong", False)


def test_a_failure_in_the_middle_of_a_chain_counts() -> None:
    bad, good = chain(receipt_of(NATIVE, NOON, "error"), receipt_of(NATIVE, NOON + HOUR, "output"))
    proofs = proofs_of(series(good, bad.at, 2), receipts=(bad, good))
    assert proofs.receipt_rows["observations", 0].outcome == "error"
