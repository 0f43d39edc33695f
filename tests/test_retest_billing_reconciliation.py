"""The reconciliation: the bill of a call by two snapshots and the rows between them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueup.receipts import Bill, Cause
from trueup.retest.billing.reconciliation import bill_of, reconcile
from trueup.retest.billing.records import (
    BilledCall,
    CallOutcome,
    Inconclusive,
    LedgerSnapshot,
    LogRow,
    Terms,
    TokenColumns,
    UserColumns,
    new_rows,
)

Q = 20_000
TERMS = Terms(Decimal(500_000), False)
ROW = LogRow(2, 1_776_124_800, Q, "m", "own", 1, "id")
IMAGE = BilledCall("output", 200, "m", "id")
FAILED = BilledCall("error", 400, "m", "id")
CHEAP = replace(IMAGE, price_usd=Decimal("0.039"))
EMPTY = BilledCall("no-output", 200, "m", "id")
FEE = replace(ROW, quota=500, is_violation_fee=True)


def read(
    used: int = 0, remain: int | None = None, spent: int | None = None, **token: Any
) -> LedgerSnapshot:
    """A snapshot after a charge of `used`; the other columns changed alike unless given."""
    columns = TokenColumns(1, "own", 7 + used, 10**6 + (-used if remain is None else remain), False)
    paid = used if spent is None else spent
    return LedgerSnapshot(replace(columns, **token), UserColumns(1, 10**7 - paid, 11 + paid))


def bill(after: LedgerSnapshot, call: BilledCall, *rows: LogRow) -> Bill:
    before = replace(read(), token=replace(read().token, is_unlimited=after.token.is_unlimited))
    return reconcile(before, after, rows, call, TERMS)


def zero(**fields: Any) -> LogRow:
    return replace(ROW, quota=0, **fields)


Case = tuple[str, str, LedgerSnapshot, BilledCall, Sequence[LogRow]]
CASES: Sequence[Case] = (
    ("aligned", "agreed", read(Q), IMAGE, [ROW]),
    ("aligned", "agreed", read(Q), IMAGE, [ROW, zero(type=5)]),
    ("aligned", "agreed", read(Q), replace(IMAGE, request_id=None), [ROW]),
    ("aligned", "agreed", read(Q), IMAGE, [replace(ROW, request_id=None)]),
    ("aligned", "agreed", read(Q), IMAGE, [replace(ROW, token_id=None)]),
    (
        *("aligned", "agreed", read(Q), replace(IMAGE, model="alias", upstream="m")),
        [replace(ROW, request_id=None)],
    ),
    ("aligned", "agreed", read(Q, spent=Q + 9), IMAGE, [ROW, replace(ROW, quota=9, token_id=2)]),
    ("aligned", "agreed", read(Q), IMAGE, [ROW, replace(ROW, quota=9, token_id=2)]),
    ("aligned", "agreed", read(2 * Q), IMAGE, [ROW, replace(ROW, created_at=9)]),
    (
        *("aligned", "agreed", read(Q), IMAGE),
        [ROW, replace(ROW, token_id=None, token_name="other", request_id="b")],
    ),
    ("aligned", "nothing-charged", read(), FAILED, []),
    ("aligned", "nothing-charged", read(), FAILED, [zero()]),
    ("aligned", "nothing-charged", read(), FAILED, [zero(type=5)]),
    ("aligned", "nothing-charged", read(), FAILED, [ROW, replace(ROW, type=6)]),
    ("aligned", "nothing-charged", read(), EMPTY, [zero()]),
    ("aligned", "free-model", read(), replace(IMAGE, price_usd=Decimal(0)), [zero()]),
    ("overcharged", "above-price", read(Q), CHEAP, [ROW]),
    ("overcharged", "above-price", read(Q), replace(IMAGE, price_usd=Decimal(0)), [ROW]),
    ("aligned", "agreed", read(Q), replace(IMAGE, price_usd=Decimal("0.039998")), [ROW]),
    ("aligned", "agreed", read(Q + 500), replace(IMAGE, price_usd=Decimal("0.04")), [ROW, FEE]),
    ("inconclusive", "other-traffic", read(Q, spent=Q + 1), CHEAP, [ROW]),
    ("mismatch", "not-booked", read(), IMAGE, [ROW]),
    ("mismatch", "partly-booked", read(Q - 1), IMAGE, [ROW]),
    ("mismatch", "overbooked", read(Q + 1), IMAGE, [ROW]),
    ("mismatch", "overbooked", read(Q), IMAGE, [zero()]),
    ("inconclusive", "no-row", read(Q), IMAGE, [zero(type=5)]),
    ("inconclusive", "no-row", read(Q), IMAGE, []),
    ("mismatch", "partly-booked", read(Q), IMAGE, [ROW, FEE]),
    ("uncharged-success", "zero-row", read(), IMAGE, [zero()]),
    ("uncharged-success", "no-usage", read(), IMAGE, [zero(has_usage=False)]),
    ("uncharged-success", "zero-row", read(), IMAGE, [ROW, replace(ROW, type=6)]),
    ("charged-on-failure", "billed-error", read(Q), FAILED, [ROW]),
    ("charged-on-failure", "billed-error", read(), FAILED, [ROW]),
    ("charged-on-failure", "billed-error", read(), FAILED, [replace(ROW, type=5)]),
    ("charged-on-failure", "not-refunded", read(Q), FAILED, []),
    ("charged-on-failure", "not-refunded", read(Q), FAILED, [zero(type=5)]),
    ("charged-on-failure", "violation-fee", read(500), FAILED, [FEE]),
    ("charged-without-output", "billed-without-image", read(Q), EMPTY, [ROW]),
    ("charged-without-output", "billed-without-image", read(), EMPTY, [ROW]),
    ("charged-without-output", "billed-without-image", read(Q), EMPTY, []),
    ("inconclusive", "no-row", read(), IMAGE, []),
    ("inconclusive", "no-row", read(), IMAGE, [zero(type=5)]),
    ("inconclusive", "no-row", read(), EMPTY, []),
    ("inconclusive", "unlimited-token", read(is_unlimited=True), IMAGE, [ROW]),
    ("inconclusive", "unlimited-token", read(is_unlimited=True), FAILED, [ROW]),
    ("inconclusive", "unlimited-token", read(Q, 0, is_unlimited=True), IMAGE, [ROW]),
    ("aligned", "agreed", read(Q, is_unlimited=True), IMAGE, [ROW]),
    ("inconclusive", "remain-edited", read(Q, 50), IMAGE, [ROW]),
    ("inconclusive", "remain-edited", read(0, 50), FAILED, []),
    ("mismatch", "partly-booked", read(Q - 1, 50), IMAGE, [ROW]),
    ("inconclusive", "token-changed", read(Q, id=2), IMAGE, [ROW]),
    ("inconclusive", "other-traffic", read(2 * Q), IMAGE, [ROW, replace(ROW, request_id="b")]),
    ("inconclusive", "other-traffic", read(Q), IMAGE, [ROW, zero(type=5, request_id="b")]),
    ("inconclusive", "other-traffic", read(-5), FAILED, []),
    ("inconclusive", "other-traffic", read(), FAILED, [replace(ROW, type=6)]),
    ("inconclusive", "other-traffic", read(Q, spent=Q + 1), IMAGE, [ROW]),
    ("inconclusive", "other-traffic", read(0, spent=1), FAILED, []),
    (
        *("inconclusive", "other-traffic", read(2 * Q), IMAGE),
        [replace(ROW, request_id=None), replace(ROW, request_id=None, created_at=9)],
    ),
    (
        *("inconclusive", "other-traffic", replace(read(Q), rows=(ROW,), is_whole=False), IMAGE),
        [ROW],
    ),
)


@pytest.mark.parametrize(("verdict", "cause", "after", "call", "rows"), CASES)
def test_each_case_has_its_verdict(
    verdict: str, cause: str, after: LedgerSnapshot, call: BilledCall, rows: Sequence[LogRow]
) -> None:
    found = bill(after, call, *rows)
    assert (found.verdict, found.cause) == (verdict, cause)


def test_a_fee_beside_a_charge_is_part_of_the_bill() -> None:
    assert bill(read(Q + 500), IMAGE, ROW, FEE).log_quota_units == Q + 500
    unnamed = [replace(row, request_id=None) for row in (ROW, FEE)]
    assert bill(read(Q + 500), IMAGE, *unnamed).verdict == "aligned"


def test_every_cause_that_the_rule_gives_is_tried() -> None:
    elsewhere = {"batch-unsettled", "unreadable"}
    assert {case[1] for case in CASES} == set(get_args(Cause)) - elsewhere


@pytest.mark.parametrize(
    ("price", "units", "verdict"),
    [
        ("0.0000019", 500_000, "aligned"),
        ("0.000002", 500_000, "uncharged-success"),
        ("0.0000001", None, "uncharged-success"),
    ],
)
def test_a_price_below_one_unit_is_free(price: str, units: int | None, verdict: str) -> None:
    terms = Terms(quota_units_per_usd=None if units is None else Decimal(units))
    call = replace(IMAGE, price_usd=Decimal(price))
    assert reconcile(read(), read(), [zero()], call, terms).verdict == verdict


def test_a_charge_of_the_user_alone_is_other_traffic_with_its_amounts() -> None:
    found = bill(read(Q, spent=Q + 9), IMAGE, ROW)
    assert (found.verdict, found.cause) == ("inconclusive", "other-traffic")
    assert "the user's used_quota +20009 units and quota -20009 units: the" in found.reason


def test_a_subscription_pays_in_place_of_the_wallet() -> None:
    after = read(Q)
    paid = replace(after, user=replace(after.user, quota=10**7))
    assert bill(paid, IMAGE, replace(ROW, is_subscription=True)).verdict == "aligned"
    assert bill(paid, IMAGE, ROW).cause == "other-traffic"


def test_a_refund_may_leave_what_the_user_has_used() -> None:
    after = read(0)
    kept = replace(after, user=replace(after.user, used_quota=11 + Q))
    assert bill(kept, FAILED, ROW, replace(ROW, type=6)).verdict == "aligned"


def test_the_amounts_are_in_units_and_dollars() -> None:
    found = bill(read(26_000), IMAGE, ROW)
    assert (found.log_usd, found.used_delta_usd) == (Decimal("0.04"), Decimal("0.052"))
    assert found.reason == (
        "log quota 20000 units (0.04 USD), used_quota +26000 units (0.052 USD), remain_quota"
        " -26000 units: log quota and used_quota differ."
    )


def test_dollars_are_those_of_the_rows_where_the_gateway_has_no_rate() -> None:
    priced = replace(ROW, cost_usd=Decimal("0.04"))
    for terms in (None, Terms()):
        found = reconcile(read(), read(Q), [priced], IMAGE, terms)
        assert (found.log_usd, found.used_delta_usd) == (Decimal("0.04"), None)
        assert "USD" not in found.reason
        assert reconcile(read(), read(Q), [ROW], IMAGE, terms).log_usd is None


def test_an_unread_ledger_makes_a_bill_without_amounts() -> None:
    found = bill_of(Inconclusive("unreadable", "/api/status: no answer."))
    reason = "/api/status: no answer."
    assert found == Bill(verdict="inconclusive", cause="unreadable", reason=reason)


UNITS = st.integers(-2, 3).map(lambda n: n * Q) | st.integers(-(2**63), 2**63)
FEW = st.sampled_from([0, 1, Q, 2 * Q])
ROWS = st.lists(
    st.builds(
        LogRow,
        type=st.sampled_from([1, 2, 3, 5, 6]),
        created_at=st.integers(0, 2),
        quota=FEW,
        model=st.sampled_from(["m", "n"]),
        token_name=st.sampled_from(["own", "other", ""]),
        token_id=st.sampled_from([1, 2, None]),
        request_id=st.sampled_from(["id", "b", None]),
        has_usage=st.booleans(),
        is_violation_fee=st.booleans(),
        is_subscription=st.booleans(),
    ),
    max_size=4,
)
SNAPSHOTS = st.builds(
    read, used=UNITS, remain=UNITS | st.none(), spent=UNITS | st.none(), is_unlimited=st.booleans()
)
CALLS = st.builds(
    BilledCall,
    outcome=st.sampled_from(get_args(CallOutcome)),
    http_status=st.just(200),
    model=st.just("m"),
    request_id=st.sampled_from(["id", None]),
    price_usd=st.sampled_from([None, Decimal(0), Decimal(1)]),
)


@settings(deadline=None)
@given(SNAPSHOTS, ROWS, CALLS)
def test_nothing_is_aligned_unless_every_leg_is(
    after: LedgerSnapshot, rows: list[LogRow], call: BilledCall
) -> None:
    found = bill(after, call, *rows)
    assert found.verdict != "abnormal"
    assert found.reason.endswith(".") and "\n" not in found.reason
    mine = [
        row for row in rows if row.token_id == 1 or (row.token_id, row.token_name) == (None, "own")
    ]
    consumed = sum(row.quota for row in mine if row.type in (2, 5))
    refunded = sum(row.quota for row in mine if row.type == 6)
    used, remain = after.token.used_quota - 7, after.token.remain_quota - 10**6
    if found.verdict == "aligned":
        assert used == consumed - refunded == -remain
        assert bool(used) is (call.outcome == "output" and found.cause == "agreed")
        assert found.log_quota_units == found.used_delta_quota_units == used
        assert not any(row.request_id == "b" for row in mine) or call.request_id is None
    if found.verdict == "uncharged-success":
        assert call.outcome == "output" and used == remain == 0
    if found.verdict in ("charged-on-failure", "charged-without-output"):
        assert used or consumed or after.user != read().user


@settings(deadline=None)
@given(SNAPSHOTS, ROWS, CALLS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_nothing(
    after: LedgerSnapshot, rows: list[LogRow], call: BilledCall, random: Any
) -> None:
    mixed = list(rows)
    random.shuffle(mixed)
    assert bill(after, call, *mixed) == bill(after, call, *rows)


@settings(deadline=None)
@given(SNAPSHOTS, ROWS, CALLS)
def test_rows_of_other_tokens_that_cost_nothing_change_nothing(
    after: LedgerSnapshot, rows: list[LogRow], call: BilledCall
) -> None:
    stranger = LogRow(5, 1, 0, "m", "other", 2, "id")
    assert bill(after, call, *rows, stranger) == bill(after, call, *rows)


@settings(deadline=None)
@given(SNAPSHOTS, ROWS, CALLS, FEW)
def test_a_charge_of_another_token_that_its_owner_paid_changes_nothing_but_the_user(
    after: LedgerSnapshot, rows: list[LogRow], call: BilledCall, quota: int
) -> None:
    user = after.user
    paid = replace(user, quota=user.quota - quota, used_quota=user.used_quota + quota)
    stranger = LogRow(2, 1, quota, "m", "other", 2, "c")
    alone = bill(after, call, *rows)
    if alone.verdict != "inconclusive":
        found = bill(replace(after, user=paid), call, *rows, stranger)
        assert (found.verdict, found.cause) in (
            (alone.verdict, alone.cause),
            ("inconclusive", "other-traffic"),
        )
        if not any(row.token_id == 2 or row.token_name == "other" for row in rows):
            assert found.verdict == alone.verdict


@settings(deadline=None)
@given(ROWS, ROWS)
def test_new_rows_are_those_that_were_not_there(old: list[LogRow], new: list[LogRow]) -> None:
    before = replace(read(), rows=tuple(old))
    after = replace(read(), rows=(*new, *old))
    assert sorted(map(repr, new_rows(before, after))) == sorted(map(repr, new))
