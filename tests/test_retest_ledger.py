"""The ledger of a real gateway: prices by the group of a token, batches that come late, and rows
that are never written."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from test_mock_ledger import MODEL, Bank
from test_retest_billing import Edit, Till, judged, till
from test_retest_faults import GOOD, IMAGES, NATIVE, NOW, TEXT, Gateway, desk

from trueup.mock import Options
from trueup.receipts import row_of
from trueup.relay import Budget
from trueup.retest.billing.records import BilledCall, CallOutcome
from trueup.retest.billing.settlement import LedgerAccount
from trueup.retest.rehearsal import open_rehearsal
from trueup.status_file import parse_status

__all__ = ["desk"]
GROUPS = {"default": 1.0, "vip": 0.5, "dear": 5.0}


def of_group(group: str, **options: Any) -> Till:
    def join(bank: Bank) -> None:
        bank.ledger.tokens[1].group = group

    return Till(Options(groups=GROUPS, **options), prepare=join)


@pytest.mark.parametrize(
    ("group", "usd"), [("", "0.04"), ("vip", "0.02"), ("dear", "0.2"), ("auto", None)]
)
def test_a_price_is_that_of_the_group_of_the_token(group: str, usd: str | None) -> None:
    own = of_group(group)
    assert own.account().prices[MODEL] == (Decimal(usd) if usd else None)
    assert judged(own.image()) == ("aligned", "agreed")


def test_a_token_without_a_group_pays_as_its_owner() -> None:
    own = of_group("")
    own.bank.ledger.user.group = "dear"
    assert own.account().prices[MODEL] == Decimal("0.2")
    own.wire.edit = lambda request, reply: b"" if "user" in request.url.path else reply
    assert not own.account().prices


Listing = Callable[[Till], Edit]


def listed(model_price: float, seconds: float = 10**6, **fields: Any) -> Listing:
    """A list of prices that differs for some seconds from what is charged."""

    def of(own: Till) -> Edit:
        end = own.bank.now + seconds

        def edit(request: httpx.Request, reply: Any) -> Any:
            if request.url.path == "/api/pricing" and own.bank.now < end:
                for price in reply["data"]:
                    price.update({"model_price": model_price, **fields})
            return reply

        return edit

    return of


@pytest.mark.parametrize(
    ("options", "listing", "expected"),
    [
        ({}, listed(0.03), ("overcharged", "above-price")),
        ({}, listed(0.039999), ("aligned", "agreed")),
        ({}, listed(0.03, seconds=60), ("aligned", "agreed")),
        ({}, listed(0, quota_type=0, model_ratio=0), ("overcharged", "above-price")),
        ({}, listed(0, quota_type=0, model_ratio=2), ("aligned", "agreed")),
        ({"prices": {MODEL: 0}}, listed(0, quota_type=0, model_ratio=0), ("aligned", "free-model")),
        ({"prices": {MODEL: 0}}, listed(0.04, seconds=60), ("aligned", "free-model")),
        ({"prices": {MODEL: 0}}, listed(0.04), ("uncharged-success", "zero-row")),
        ({"prices": {MODEL: 0.0000009}}, None, ("aligned", "free-model")),
    ],
)
def test_a_bill_is_compared_with_the_price_of_its_time(
    options: dict[str, Any], listing: Listing | None, expected: tuple[str, str]
) -> None:
    own = till(**options)
    own.wire.edit = listing(own) if listing else None
    assert judged(own.image()) == expected


def test_a_price_is_multiplied_by_the_number_of_outputs() -> None:
    own = till("overcharge")
    account = own.account()
    before, reply = account.before(), own.bank.send_native()
    call = BilledCall("output", 200, MODEL, reply.headers["x-oneapi-request-id"], count=2)
    assert judged(account.bill(before, call)) == ("aligned", "agreed")


def billed(own: Till, account: LedgerAccount, numbers: Sequence[int]) -> dict[int, str]:
    """The verdicts of several calls by their number, as each was at first."""
    found = dict[int, str]()
    for number in numbers:
        before, reply = account.before(), own.bank.send_native()
        request_id = reply.headers["x-oneapi-request-id"]
        call = BilledCall("output", 200, MODEL, request_id, ordinal=number)
        found[number] = account.bill(before, call).verdict
    return found


@pytest.mark.parametrize("interval_s", [500, pytest.param(900, marks=pytest.mark.long)])
def test_a_batch_that_comes_after_every_wait_is_seen_by_a_later_reading(interval_s: float) -> None:
    own = till(batch=True, batch_interval_s=interval_s)
    account = own.account()
    found = billed(own, account, range(1, 6))
    assert found[1] == "mismatch"
    own.bank.after(interval_s)
    found |= {number: bill.verdict for number, bill in account.revised(is_last=True).items()}
    assert found == dict.fromkeys(range(1, 6), "aligned")
    assert not account.revised(is_last=True)


def test_a_batch_that_is_lost_stays_a_mismatch_whatever_comes_later() -> None:
    own = till("lost-flush")
    account = own.account()
    assert billed(own, account, [1]) == {1: "mismatch"}
    own.bank.ledger.options = Options("new-api-b", batch=True)
    assert billed(own, account, [2, 3]) == {2: "aligned", 3: "aligned"}
    assert not account.revised(is_last=True)


def test_a_late_refund_and_a_late_row_are_seen_by_a_later_reading() -> None:
    for own, verdict in (
        (till(refund_after_s=200), "charged-on-failure"),
        (till(after_answer_s=(0, 0, 200)), "inconclusive"),
    ):
        account = own.account()
        before = account.before()
        is_error = verdict == "charged-on-failure"
        reply = own.bank.fail() if is_error else own.bank.send_native()
        request_id = reply.headers["x-oneapi-request-id"]
        outcome: CallOutcome = "error" if is_error else "output"
        call = BilledCall(outcome, reply.status_code, MODEL, request_id, ordinal=7)
        assert account.bill(before, call).verdict == verdict
        assert not account.revised(is_last=True)
        own.bank.after(200)
        assert [bill.verdict for bill in account.revised(is_last=True).values()] == ["aligned"]


def test_a_gateway_that_writes_no_rows_is_waited_for_once() -> None:
    own = till("log-off")
    account, waited = own.account(), []
    for number in (1, 2):
        began = own.bank.now
        assert billed(own, account, [number]) == {number: "inconclusive"}
        waited.append(own.bank.now - began)
    assert waited == [90, 36]


def test_a_rehearsal_reads_no_ledger_where_the_target_has_none() -> None:
    text = TEXT.replace("    ledger: new-api\n", "", 1)
    stored = parse_status(text, "status.yml", NOW)
    with open_rehearsal(stored, Budget(1), None, True, "production", str) as opened:
        assert opened.account is None


def test_a_receipt_has_the_bill_as_the_last_reading_shows_it(tmp_path: Path, desk: Any) -> None:
    late = {"batch": True, "batch_interval_s": 440.0}
    gateway = Gateway(tmp_path, desk, options=late)
    receipts = gateway.retest(GOOD, NATIVE, IMAGES)
    assert [row_of(receipt).billing for receipt in receipts] == ["aligned"] * 3
    lines = [line for line in gateway.lines if line.endswith("billing aligned, booked late")]
    assert lines and any("billing mismatch" in line for line in gateway.lines)
    assert gateway.retest(GOOD, NATIVE, IMAGES) == receipts
