"""The mock's ledger: the order of writes, the batch map, and what each fault looks like outside."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from test_mock import ASK, IMAGES, KEY, LEGACY, NATIVE, STATUS, call, post

from trueup.mock import Fault, GatewayLedger, Options, Token, User, create_app

START = 1_776_124_800.0
START_QUOTA = 4_000_000
PRICE = 20_000
"""The default price in quota units: small enough for its holder not to be trusted."""
MODEL = "gemini-2.5-flash-image"
SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "scheme": "http",
    "path": NATIVE,
    "query_string": f"key={KEY}".encode(),
    "headers": [(b"content-type", b"application/json")],
}
OWNER = {"Authorization": "YOUR_ACCESS_TOKEN", "New-Api-User": "1"}


@dataclass
class Bank:
    """A mock with an account that is not trusted, and a clock that is moved by hand."""

    options: Options
    now: float = START

    def __post_init__(self) -> None:
        token = Token(KEY, remain_quota=START_QUOTA)
        user = User(quota=START_QUOTA)
        self.ledger = GatewayLedger(user, [token], self.options, lambda: self.now)
        self.app: Starlette = create_app(STATUS, ledger=self.ledger)

    def ask(self) -> httpx.Response:
        return post(f"{NATIVE}?key={KEY}", self.app, json=ASK)

    def fail(self) -> httpx.Response:
        return post(IMAGES, self.app, headers={"Authorization": f"Bearer {KEY}"}, json=LEGACY)

    def get(self, path: str) -> Any:
        return call(self.app, "GET", path, headers=OWNER).json()["data"]

    def after(self, seconds: float) -> "Bank":
        self.now += seconds
        return self

    @property
    def moved(self) -> dict[str, int]:
        """How far each column stands from where it began, and how many rows there are."""
        self.ledger.catch_up()
        user, token = self.ledger.user, self.ledger.tokens[1]
        return {
            "token.remain": token.remain_quota - START_QUOTA,
            "token.used": token.used_quota,
            "user.quota": user.quota - START_QUOTA,
            "user.used": user.used_quota,
            "rows": len(self.ledger.rows),
        }

    @property
    def quotas(self) -> list[int]:
        return [row.quota for row in self.ledger.rows]


def columns(remain: int, used: int, quota: int, user: int, rows: int) -> dict[str, int]:
    names = ("token.remain", "token.used", "user.quota", "user.used", "rows")
    return dict(zip(names, (remain, used, quota, user, rows), strict=True))


UNMOVED = columns(0, 0, 0, 0, 0)
HELD = columns(-PRICE, PRICE, -PRICE, 0, 0)
PAID = columns(-PRICE, PRICE, -PRICE, PRICE, 1)


def bank(*faults: Fault, **options: Any) -> Bank:
    return Bank(Options(faults=faults, **options))


def test_a_call_moves_every_column_and_leaves_a_row() -> None:
    paying = bank()
    request_id = paying.ask().headers["x-oneapi-request-id"]
    assert paying.moved == PAID
    (row,) = paying.ledger.rows
    assert (row.type, row.quota, row.model, row.request_id) == (2, PRICE, MODEL, request_id)
    assert (row.prompt_tokens > 0, row.completion_tokens > 0) == (True, True)


def test_the_order_of_writes_is_hold_answer_used_settle_row() -> None:
    prices = {MODEL: 0.29}
    paying = Bank(Options(prices=prices, groups={"default": 1.1}, after_answer_s=(1, 2, 3)))
    held, due = paying.options.quotas(0.29, "default")
    assert due - held in (0, 1)
    assert paying.moved == UNMOVED
    assert paying.ask().status_code == 200
    assert paying.moved == columns(-held, held, -held, 0, 0)
    assert paying.after(1).moved == columns(-held, held, -held, due, 0)
    assert paying.after(1).moved == columns(-due, due, -due, due, 0)
    assert paying.after(1).moved == columns(-due, due, -due, due, 1)
    assert paying.ledger.rows[0].created_at == START + 3


def test_what_is_held_is_cut_off_and_what_is_due_is_rounded() -> None:
    quotas = Options(groups={"default": 0.7}).quotas(0.000003, "default")
    assert quotas == (1, 1)
    assert Options().quotas(0.000003, "default") == (1, 2)
    assert Options().quotas(0.04, "default") == (PRICE, PRICE)


def test_the_difference_is_settled_when_less_was_held_than_is_due() -> None:
    paying = Bank(Options(prices={MODEL: 0.000003}, after_answer_s=(0, 1, 1)))
    paying.ask()
    assert paying.moved["token.used"] == 1
    assert paying.after(1).moved["token.used"] == 2 == paying.quotas[0]


def test_the_hold_is_there_while_the_answer_goes_out_and_nothing_else_is() -> None:
    paying = bank()
    seen: list[dict[str, int]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(ASK).encode(), "more_body": False}

    async def send(message: Any) -> None:
        seen.append(paying.moved)

    asyncio.run(paying.app(dict(SCOPE), receive, send))
    assert seen == [HELD, HELD]
    assert paying.moved == PAID


def test_a_client_that_goes_while_the_answer_goes_out_pays_all_the_same() -> None:
    paying = bank()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(ASK).encode(), "more_body": False}

    async def send(message: Any) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        asyncio.run(paying.app(dict(SCOPE), receive, send))
    assert paying.moved == PAID


def test_nothing_is_held_from_a_trusted_caller() -> None:
    paying = bank(after_answer_s=(1, 1, 1))
    paying.ledger.user.quota = paying.ledger.tokens[1].remain_quota = 6_000_000
    paying.ask()
    assert paying.ledger.tokens[1].used_quota == 0
    assert paying.after(1).moved["token.used"] == PRICE


def test_an_unlimited_token_of_a_user_who_is_not_trusted_is_counted_down_too() -> None:
    paying = bank()
    token = paying.ledger.tokens[1]
    token.unlimited_quota, token.remain_quota = True, 0
    assert paying.ask().status_code == 200
    assert (token.remain_quota, token.used_quota) == (-PRICE, PRICE)


def test_a_failed_call_is_refunded_after_the_answer_and_leaves_no_row() -> None:
    paying = bank(refund_after_s=1)
    assert paying.fail().status_code == 400
    assert paying.moved == HELD
    assert paying.after(1).moved == UNMOVED


def test_a_failed_call_leaves_an_error_row_where_the_operator_wants_one() -> None:
    paying = bank(error_log=True)
    paying.fail()
    (row,) = paying.ledger.rows
    assert (row.type, row.quota, row.model) == (5, 0, "nano-banana")


@pytest.mark.parametrize(
    "body", [{"model": "unheard-of"}, {"model": "nano-banana", "prompt": 3, "n": 2}, {"model": 3}]
)
def test_a_refusal_before_the_hold_touches_nothing(body: dict[str, Any]) -> None:
    paying = bank(error_log=True)
    post(IMAGES, paying.app, headers={"Authorization": f"Bearer {KEY}"}, json=body)
    assert paying.moved == UNMOVED


def test_a_free_model_leaves_nothing_but_a_row() -> None:
    paying = bank(prices={MODEL: 0})
    paying.ask()
    assert paying.moved == columns(0, 0, 0, 0, 1)


def test_a_model_without_a_price_is_refused_and_costs_nothing() -> None:
    paying = bank(prices={"nano-banana": 0.1}, error_log=True)
    reply = paying.ask()
    error = reply.json()["error"]
    assert (reply.status_code, list(error)) == (500, ["message", "type", "param", "code"])
    assert (error["code"], error["type"]) == ("model_price_error", "new_api_error")
    assert f"Model {MODEL} ratio or price not set" in error["message"]
    assert paying.moved == UNMOVED


def test_a_call_costs_what_it_costs_the_group_of_the_token_or_else_of_its_user() -> None:
    for token, user, quota in (("vip", "none", 10_000), ("", "vip", 10_000), ("", "none", PRICE)):
        paying = bank(groups={"vip": 0.5})
        paying.ledger.tokens[1].group, paying.ledger.user.group = token, user
        paying.ask()
        assert (paying.moved["token.used"], paying.quotas) == (quota, [quota])


def test_a_batch_shows_the_row_before_any_column_moves() -> None:
    paying = bank(batch=True)
    paying.now += 1
    paying.ask()
    assert paying.moved == columns(0, 0, 0, 0, 1)
    assert paying.after(3.9).moved["token.used"] == 0
    assert paying.after(0.1).moved == PAID
    assert paying.ledger.tokens[1].accessed_time == START + 5


def test_a_batch_keeps_what_came_after_its_tick_for_the_next_one() -> None:
    paying = bank(batch=True, batch_interval_s=10)
    paying.ask()
    paying.after(9).ask()
    assert paying.after(1).moved["token.used"] == 2 * PRICE
    paying.after(1).ask()
    assert paying.after(8).moved["token.used"] == 2 * PRICE
    assert paying.after(1).moved["token.used"] == 3 * PRICE


def test_a_batched_refund_leaves_the_columns_as_they_were() -> None:
    paying = bank(batch=True, refund_after_s=7)
    paying.fail()
    assert paying.after(5).moved == HELD
    assert paying.after(5).moved == UNMOVED


PAID_LATE = columns(0, 0, 0, 0, 1)
NO_ROW = columns(-PRICE, PRICE, -PRICE, PRICE, 0)
FAULTS: tuple[tuple[Fault, dict[str, int], dict[str, int]], ...] = (
    ("batch-lag", PAID_LATE, PAID),
    ("lost-flush", PAID_LATE, PAID_LATE),
    ("no-usage", columns(0, 0, 0, 0, 1), columns(0, 0, 0, 0, 1)),
    ("blocked-prompt", PAID, PAID),
    ("log-off", NO_ROW, NO_ROW),
    ("owner-edit", {**PAID, "token.remain": 0}, {**PAID, "token.remain": 0}),
    ("billed-error", PAID, PAID),
)


@pytest.mark.parametrize(("fault", "soon", "later"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_a_fault_has_its_signature(
    fault: Fault, soon: dict[str, int], later: dict[str, int]
) -> None:
    paying = bank(fault)
    assert paying.ask().status_code == 200
    assert paying.moved == soon
    assert paying.after(3600).moved == later


@pytest.mark.parametrize(
    ("fault", "moved"),
    [
        ("settle-fault", columns(-1, 1, -1, 2, 1)),
        ("token-fault", columns(-1, 1, -2, 2, 1)),
    ],
)
def test_a_settlement_that_fails_leaves_what_was_held(fault: Fault, moved: dict[str, int]) -> None:
    paying = bank(fault, prices={MODEL: 0.000003})
    paying.ask()
    assert paying.after(60).moved == moved
    assert paying.quotas == [2]


def test_a_settlement_that_fails_leaves_nothing_where_nothing_was_held() -> None:
    paying = bank("settle-fault")
    paying.ledger.user.quota = paying.ledger.tokens[1].remain_quota = 6_000_000
    paying.ask()
    assert (paying.quotas, paying.moved["token.used"]) == ([PRICE], 0)


def test_a_success_without_usage_is_free_and_has_a_row() -> None:
    paying = bank("no-usage")
    assert "usageMetadata" not in paying.ask().json()
    (row,) = paying.ledger.rows
    assert (row.quota, row.prompt_tokens, row.completion_tokens) == (0, 0, 0)
    assert "usageMetadata" in bank().ask().json()


def test_an_error_can_be_billed() -> None:
    paying = bank("billed-error")
    assert paying.fail().status_code == 400
    assert paying.moved == PAID
    (row,) = paying.ledger.rows
    assert (row.type, row.completion_tokens) == (2, 0)


def test_a_blocked_prompt_is_billed_and_has_no_image() -> None:
    paying = bank("blocked-prompt")
    reply = paying.ask()
    assert reply.status_code == 200 and "candidates" not in reply.json()
    assert paying.quotas == [PRICE] and paying.ledger.rows[0].completion_tokens == 0
    assert paying.fail().status_code == 400


def test_the_status_route_tells_of_batching_as_it_is() -> None:
    assert bank().get("/api/status")["enable_batch_update"] is False
    assert bank(batch=True).get("/api/status")["enable_batch_update"] is True
    assert bank("batch-lag").get("/api/status")["enable_batch_update"] is True


def test_the_log_keeps_only_so_many_rows() -> None:
    paying = bank(log_rows=2)
    for _ in range(3):
        paying.ask()
    assert paying.moved["rows"] == 2 and paying.moved["token.used"] == 3 * PRICE


def test_many_calls_at_once_are_all_charged_once() -> None:
    paying = bank(batch=True)

    async def many() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=paying.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            calls = [client.post(f"{NATIVE}?key={KEY}", json=ASK) for _ in range(40)]
            return await asyncio.gather(*calls)

    assert {reply.status_code for reply in asyncio.run(many())} == {200}
    assert paying.after(5).moved == columns(-40 * PRICE, 40 * PRICE, -40 * PRICE, 40 * PRICE, 40)


SOUND: Sequence[Fault] = ("batch-lag", "no-usage", "billed-error", "blocked-prompt", "log-off")


@given(
    steps=st.lists(st.tuples(st.booleans(), st.floats(0, 9)), max_size=8),
    batch=st.booleans(),
    delays=st.tuples(*[st.floats(0, 3)] * 3),
    price=st.floats(0, 0.5).map(lambda usd: round(usd, 7)),
    faults=st.sets(st.sampled_from(SOUND)),
)
def test_once_all_is_written_the_legs_agree(
    steps: list[tuple[bool, float]],
    batch: bool,
    delays: tuple[float, float, float],
    price: float,
    faults: set[Fault],
) -> None:
    prices = {MODEL: price, "nano-banana": price}
    paying = bank(*faults, batch=batch, after_answer_s=delays, refund_after_s=1, prices=prices)
    for succeeds, seconds in steps:
        (paying.ask if succeeds else paying.fail)()
        paying.after(seconds)
    moved = paying.after(100).moved
    assert moved["token.used"] == -moved["token.remain"] == -moved["user.quota"]
    assert moved["token.used"] == moved["user.used"]
    if "log-off" not in faults:
        assert moved["token.used"] == sum(paying.quotas)
