"""Billing end to end: calls to the mock, and their bills from its ledger as a client reads it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_args

import httpx
import pytest
from conftest import is_long_run
from test_mock import KEY, NATIVE, NATIVE_BODY, call
from test_mock_ledger import MODEL, PRICE, START_QUOTA, Bank

from trueup.mock import Dialect, Fault, Options, Token
from trueup.receipts import Bill
from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.records import BilledCall, Inconclusive, LedgerSnapshot
from trueup.retest.billing.settlement import QUIET_S, LedgerAccount

Edit = Callable[[httpx.Request, Any], Any]
SECOND = "second00"
DIALECTS: tuple[Dialect, ...] = ("new-api-b", "new-api-documented")
BOTH = pytest.mark.parametrize("dialect", DIALECTS)
ONE = pytest.mark.parametrize(
    "dialect", ["new-api-b", pytest.param("new-api-documented", marks=pytest.mark.long)]
)
"""The wordings of a ledger are read alike; each is in the gate once, by BOTH."""


@pytest.fixture(scope="module")
def few_polls() -> Iterator[None]:
    """A ledger is read four times in a whole wait and not thirty, save in the long run."""
    with pytest.MonkeyPatch.context() as patch:
        if not is_long_run():
            patch.setattr("trueup.retest.billing.settlement.POLL_S", 30.0)
        yield


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """A transport to the mock's app; `edit` changes the replies."""

    bank: Bank
    edit: Edit | None = None
    seen: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        sent = httpx.Request(request.method, request.url, headers=request.headers)
        reply = await httpx.ASGITransport(app=self.bank.app).handle_async_request(sent)
        content = await reply.aread()
        if self.edit and content:
            changed = self.edit(request, json.loads(content))
            content = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        return httpx.Response(reply.status_code, content=content)


def client_of(
    bank: Bank, wire: httpx.AsyncBaseTransport, access_token: str | None = "YOUR_ACCESS_TOKEN"
) -> LedgerClient:
    return LedgerClient(
        "http://mock",
        access_token=access_token,
        user_id=1,
        transport=wire,
        clock=lambda: bank.now,
        sleep=lambda seconds: setattr(bank, "now", bank.now + seconds),
    )


@dataclass
class Till:
    """A mock with a clock moved by hand, and the account that a retest of it would open."""

    options: Options
    edit: Edit | None = None
    prepare: Callable[[Bank], None] = lambda bank: None

    def __post_init__(self) -> None:
        self.bank = Bank(self.options)
        self.prepare(self.bank)
        self.wire = Wire(self.bank, self.edit)
        self.client = client_of(self.bank, self.wire)

    def account(self) -> LedgerAccount:
        found = LedgerAccount.find(self.client, KEY)
        assert isinstance(found, LedgerAccount), found
        return found

    def image(self, meanwhile: Callable[[Bank], object] = lambda bank: None) -> Bill:
        return self.billed(self.bank.send_native, "output", MODEL, meanwhile)

    def error(self, meanwhile: Callable[[Bank], object] = lambda bank: None) -> Bill:
        return self.billed(self.bank.fail, "error", "nano-banana", meanwhile)

    def billed(
        self,
        send: Callable[[], httpx.Response],
        outcome: Any,
        model: str,
        meanwhile: Callable[[Bank], object] = lambda bank: None,
    ) -> Bill:
        account = self.account()
        before = account.before()
        assert isinstance(before, LedgerSnapshot), before
        reply = send()
        assert (reply.status_code == 200) is (outcome != "error")
        meanwhile(self.bank)
        request_id = reply.headers["x-oneapi-request-id"]
        called = BilledCall(outcome, reply.status_code, model, request_id, upstream=MODEL)
        return account.bill(before, called)


def till(*faults: Fault, edit: Edit | None = None, **options: Any) -> Till:
    return Till(Options(faults=faults, **options), edit)


def judged(bill: Bill) -> tuple[str, str]:
    return bill.verdict, bill.cause


def forget_batching(request: httpx.Request, reply: Any) -> Any:
    if request.url.path == "/api/status":
        del reply["data"]["enable_batch_update"]
    return reply


BATCHES: Mapping[str, tuple[bool, Edit | None]] = {
    "off": (False, None),
    "on": (True, None),
    "off, undocumented": (False, forget_batching),
    "on, undocumented": (True, forget_batching),
}


@BOTH
@pytest.mark.parametrize("batch", BATCHES)
def test_a_good_image_is_aligned_to_the_unit(dialect: Dialect, batch: str) -> None:
    is_on, edit = BATCHES[batch]
    bill = till(edit=edit, dialect=dialect, batch=is_on).image()
    assert judged(bill) == ("aligned", "agreed")
    amounts = (bill.log_quota_units, bill.used_delta_quota_units, bill.remain_delta_quota_units)
    assert amounts == (PRICE, PRICE, -PRICE)
    assert bill.log_usd == bill.used_delta_usd == Decimal("0.04")
    assert bill.reason == (
        "log quota 20000 units (0.04 USD), used_quota +20000 units (0.04 USD), remain_quota"
        " -20000 units: log, used_quota and remain_quota agree."
    )


@ONE
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("error_log", [False, True])
def test_a_failed_call_that_costs_nothing_is_aligned(
    dialect: Dialect, batch: str, error_log: bool
) -> None:
    is_on, edit = BATCHES[batch]
    options = Options(dialect=dialect, batch=is_on, error_log=error_log, refund_after_s=1)
    assert judged(Till(options, edit).error()) == ("aligned", "nothing-charged")


OF_AN_IMAGE: Mapping[Fault, tuple[str, str]] = {
    "batch-lag": ("aligned", "agreed"),
    "lost-flush": ("mismatch", "not-booked"),
    "settle-fault": ("mismatch", "partly-booked"),
    "token-fault": ("mismatch", "partly-booked"),
    "no-usage": ("uncharged-success", "no-usage"),
    "billed-error": ("aligned", "agreed"),
    "log-off": ("inconclusive", "no-row"),
    "overcharge": ("overcharged", "above-price"),
    "owner-edit": ("inconclusive", "remain-edited"),
}
OF_AN_ERROR: Mapping[Fault, tuple[str, str]] = {
    **dict.fromkeys(OF_AN_IMAGE, ("aligned", "nothing-charged")),
    "blocked-prompt": ("aligned", "nothing-charged"),
    "billed-error": ("charged-on-failure", "billed-error"),
}
CHEAP = {MODEL: 0.000003, "nano-banana": 0.000003}
"""A price of which one unit is held, and two are due."""


@ONE
@pytest.mark.parametrize("fault", OF_AN_IMAGE)
def test_a_fault_at_an_image_has_its_verdict(fault: Fault, dialect: Dialect) -> None:
    prices = CHEAP if fault in ("settle-fault", "token-fault") else None
    assert judged(till(fault, dialect=dialect, prices=prices).image()) == OF_AN_IMAGE[fault]


@ONE
@pytest.mark.parametrize("fault", OF_AN_ERROR)
def test_a_fault_at_an_error_has_its_verdict(fault: Fault, dialect: Dialect) -> None:
    assert judged(till(fault, dialect=dialect).error()) == OF_AN_ERROR[fault]


@BOTH
def test_a_blocked_prompt_that_is_billed_is_charged_without_an_image(dialect: Dialect) -> None:
    blocked = till("blocked-prompt", dialect=dialect)
    bill = blocked.billed(blocked.bank.send_native, "no-output", MODEL)
    assert judged(bill) == ("charged-without-output", "billed-without-image")


def test_every_fault_of_the_mock_has_its_verdict() -> None:
    assert {*OF_AN_IMAGE, "blocked-prompt"} == {*OF_AN_ERROR} == set(get_args(Fault))


def trust(bank: Bank) -> None:
    bank.ledger.user.quota = bank.ledger.tokens[1].remain_quota = 6_000_000


def test_a_charge_that_no_settlement_booked_is_a_mismatch() -> None:
    faults: tuple[Fault, ...] = ("settle-fault",)
    bill = Till(Options(faults=faults), prepare=trust).image()
    assert judged(bill) == ("mismatch", "not-booked")
    assert "used_quota +0 units (0 USD)" in bill.reason


def test_a_refund_that_never_comes_is_a_charge_on_failure() -> None:
    bill = till(refund_after_s=1000).error()
    assert judged(bill) == ("charged-on-failure", "not-refunded")
    assert (bill.log_quota_units, bill.used_delta_quota_units) == (0, PRICE)


@pytest.mark.parametrize("interval_s", [11, 70, 120, 300])
def test_a_batch_that_takes_longer_than_usual_is_no_mismatch(interval_s: float) -> None:
    bill = till(batch=True, batch_interval_s=interval_s).image()
    assert judged(bill) == ("aligned", "agreed")


def test_a_batch_that_has_not_settled_in_time_is_inconclusive() -> None:
    def trickle(request: httpx.Request, reply: Any) -> Any:
        if request.url.path == "/api/user/self":
            reply["data"]["quota"] -= int(slow.bank.now)
        return reply

    def start(bank: Bank) -> None:
        slow.wire.edit = trickle

    slow = till(batch=True)
    assert judged(slow.image(start)) == ("inconclusive", "batch-unsettled")
    found = slow.account().before()
    assert isinstance(found, Inconclusive) and found.cause == "other-traffic"


@pytest.mark.parametrize("batch", [False, True])
def test_an_image_is_not_judged_before_its_row_is_there(batch: bool) -> None:
    options = Options(batch=batch, after_answer_s=(30, 30, 30))
    assert judged(Till(options, prepare=trust).image()) == ("aligned", "agreed")


def test_columns_that_were_read_before_the_row_are_read_again() -> None:
    def pass_time(request: httpx.Request, reply: Any) -> Any:
        if request.url.path == "/api/user/self":
            slow.bank.after(2)
        return reply

    slow = till(edit=pass_time, after_answer_s=(1, 1, 1))
    assert judged(slow.image()) == ("aligned", "agreed")


def test_a_column_that_lags_behind_the_other_is_waited_for() -> None:
    def lag(request: httpx.Request, reply: Any) -> Any:
        if request.url.path == "/api/token/1" and late.bank.now < 1_776_124_830:
            reply["data"]["remain_quota"] = START_QUOTA
        return reply

    late = till(edit=lag)
    assert judged(late.image()) == ("aligned", "agreed")


@pytest.mark.parametrize("delays", [(0, 0, 30), (5, 10, 15), (60, 70, 80)])
@pytest.mark.parametrize("batch", [False, True])
def test_a_late_settlement_is_waited_for(delays: tuple[float, float, float], batch: bool) -> None:
    bill = till(batch=batch, after_answer_s=delays).image()
    too_late = batch and delays[-1] == 80
    assert judged(bill) == (
        ("inconclusive", "batch-unsettled") if too_late else ("aligned", "agreed")
    )


def test_calls_are_billed_one_by_one_and_a_settled_ledger_is_not_waited_for_again() -> None:
    quick = till(batch=True)
    account = quick.account()
    waits = []
    for _ in range(3):
        began = quick.bank.now
        before = account.before()
        waits.append(quick.bank.now - began)
        request_id = quick.bank.send_native().headers["x-oneapi-request-id"]
        assert (
            account.bill(before, BilledCall("output", 200, MODEL, request_id)).verdict == "aligned"
        )
    assert waits[0] >= QUIET_S and waits[1:] == [0, 0]
    account.before()
    quick.bank.fail()
    began = quick.bank.now
    account.before()
    assert quick.bank.now - began >= QUIET_S


def test_an_earlier_call_settles_before_the_first_snapshot() -> None:
    busy = till(batch=True)
    busy.bank.after(1).send_native()
    assert judged(busy.image()) == ("aligned", "agreed")


def test_another_call_with_the_same_token_spoils_the_bill() -> None:
    for batch in (False, True):
        shared = till(batch=batch, error_log=True)
        assert judged(shared.image(Bank.send_native)) == ("inconclusive", "other-traffic")
        assert judged(shared.error(Bank.send_native)) == ("inconclusive", "other-traffic")
        assert judged(shared.image(Bank.fail)) == ("inconclusive", "other-traffic")


def add_second(bank: Bank) -> None:
    token = Token(SECOND, 2, name="second", remain_quota=START_QUOTA)
    bank.ledger.tokens[2] = bank.ledger.keys[SECOND] = token


def send_second(bank: Bank) -> httpx.Response:
    return call(bank.app, "POST", f"{NATIVE}?key={SECOND}", json=NATIVE_BODY)


@pytest.mark.parametrize("batch", [False, True])
def test_another_token_of_the_account_does_no_harm_where_its_rows_explain_all(batch: bool) -> None:
    shared = Till(Options(batch=batch), prepare=add_second)
    assert judged(shared.image(send_second)) == ("aligned", "agreed")


def test_the_rate_limit_of_the_ledger_is_kept_and_waited_out() -> None:
    slow = till(batch=True, api_limit=6)
    assert judged(slow.image()) == ("aligned", "agreed")
    replies = len(slow.wire.seen)
    assert replies > 4


def test_reads_never_come_faster_than_the_limit() -> None:
    quick = till()
    times = []
    for _ in range(400):
        assert not isinstance(quick.client.terms(), Inconclusive)
        times.append(quick.bank.now)
        quick.bank.after(0.25)
    assert all(later - sooner >= 180 for sooner, later in zip(times, times[180:], strict=False))


def test_a_limit_that_never_ends_is_inconclusive() -> None:
    never = till(api_limit=0)
    found = never.client.terms()
    assert isinstance(found, Inconclusive)
    assert found.reason.startswith("/api/status: HTTP 429 for ")


@pytest.mark.parametrize("access_token", ["WRONG_ACCESS_TOKEN", None])
def test_without_the_right_access_token_no_account_is_found(access_token: str | None) -> None:
    bank = Bank(Options())
    client = client_of(bank, Wire(bank), access_token)
    found = LedgerAccount.find(client, KEY)
    assert isinstance(found, Inconclusive) and found.cause == "unreadable"
    assert "access token" in found.reason and "WRONG" not in found.reason
    assert not isinstance(client.terms(), Inconclusive)


def test_an_account_that_is_gone_after_the_call_is_inconclusive() -> None:
    gone = till()
    account = gone.account()
    before = account.before()
    reply = gone.bank.send_native()
    gone.bank.ledger.user.access_token = "ANOTHER_ACCESS_TOKEN"
    bill = account.bill(
        before, BilledCall("output", 200, MODEL, reply.headers["x-oneapi-request-id"])
    )
    assert judged(bill) == ("inconclusive", "unreadable")
    assert bill.log_quota_units is None
    bill = account.bill(account.before(), BilledCall("output", 200, MODEL))
    assert bill.verdict == "inconclusive"
