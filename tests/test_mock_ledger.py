"""The mock's ledger: the order of writes, the batch map, and the columns after each fault."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from test_mock import IMAGES, KEY, LEGACY, NATIVE, NATIVE_BODY, STATUS, call, post

from trueup.mock import Fault, GatewayLedger, Options, Token, User, create_app

START = 1_776_124_800.0
START_QUOTA = 4_000_000
PRICE = 20_000
"""The default price in quota units: small enough for its holder not to be trusted."""
MODEL = "gemini-2.5-flash-image"
CHEAP = 0.000003
"""A price of which one unit is held, and two are due."""
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
    """A mock of new-api whose caller is not trusted, and a clock that is moved by hand."""

    options: Options
    now: float = START

    def __post_init__(self) -> None:
        if self.options.dialect == "plain":
            self.options = replace(self.options, dialect="new-api-b")
        token = Token(KEY, remain_quota=START_QUOTA)
        user = User(quota=START_QUOTA)
        self.ledger = GatewayLedger(user, [token], self.options, lambda: self.now)
        self.app: Starlette = create_app(STATUS, ledger=self.ledger)

    def send_native(self) -> httpx.Response:
        return post(f"{NATIVE}?key={KEY}", self.app, json=NATIVE_BODY)

    def fail(self) -> httpx.Response:
        return post(IMAGES, self.app, headers={"Authorization": f"Bearer {KEY}"}, json=LEGACY)

    def get(self, path: str) -> Any:
        return call(self.app, "GET", path, headers=OWNER).json()["data"]

    def after(self, seconds: float) -> "Bank":
        self.now += seconds
        return self

    @property
    def moved(self) -> dict[str, int]:
        """The change of each column since the start, and the number of rows."""
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
    request_id = paying.send_native().headers["x-oneapi-request-id"]
    assert paying.moved == PAID
    (row,) = paying.ledger.rows
    assert (row.type, row.quota) == (2, PRICE)
    assert (row.charge.model, row.charge.request_id) == (MODEL, request_id)


def test_the_order_of_writes_is_hold_answer_used_settle_row() -> None:
    paying = Bank(Options(prices={MODEL: CHEAP}, after_answer_s=(1, 2, 3)))
    held, due = paying.options.quotas(MODEL, "default")
    assert (held, due) == (1, 2), "truncated before the call, rounded after it"
    assert paying.moved == UNMOVED
    assert paying.send_native().status_code == 200
    assert paying.moved == columns(-held, held, -held, 0, 0)
    assert paying.after(1).moved == columns(-held, held, -held, due, 0)
    assert paying.after(1).moved == columns(-due, due, -due, due, 0)
    assert paying.after(1).moved == columns(-due, due, -due, due, 1)
    assert paying.ledger.rows[0].created_at == START + 3


@pytest.mark.parametrize("error", [None, "gone"])
def test_only_the_hold_is_written_while_the_answer_goes_out(error: str | None) -> None:
    paying = bank()
    seen: list[dict[str, int]] = []

    async def receive() -> dict[str, Any]:
        return {
            "type": "http.request",
            "body": json.dumps(NATIVE_BODY).encode(),
            "more_body": False,
        }

    async def send(message: Any) -> None:
        seen.append(paying.moved)
        if error:
            raise OSError(error)

    with pytest.raises(OSError, match="gone") if error else nullcontext():
        asyncio.run(paying.app(dict(SCOPE), receive, send))
    assert set(map(str, seen)) == {str(HELD)}
    assert paying.moved == PAID


def test_nothing_is_held_from_a_trusted_caller() -> None:
    paying = bank(after_answer_s=(1, 1, 1))
    paying.ledger.user.quota = paying.ledger.tokens[1].remain_quota = 6_000_000
    paying.send_native()
    assert paying.ledger.tokens[1].used_quota == 0
    assert paying.after(1).moved["token.used"] == PRICE


def test_a_failed_call_is_refunded_after_the_answer_and_leaves_no_row() -> None:
    paying = bank(refund_after_s=1)
    assert paying.fail().status_code == 400
    assert paying.moved == HELD
    assert paying.after(1).moved == UNMOVED


def test_a_failed_call_leaves_an_error_row_where_the_option_is_on() -> None:
    paying = bank(error_log=True)
    paying.fail()
    (row,) = paying.ledger.rows
    assert (row.type, row.quota, row.charge.model) == (5, 0, "nano-banana")


def test_a_refusal_before_the_hold_writes_nothing() -> None:
    paying = bank(error_log=True)
    headers = {"Authorization": f"Bearer {KEY}"}
    post(IMAGES, paying.app, headers=headers, json={"model": "unheard-of"})
    assert paying.moved == UNMOVED


def test_the_price_is_that_of_the_tokens_group_or_else_of_its_users() -> None:
    for token, user, quota in (("vip", "none", 10_000), ("", "vip", 10_000), ("", "none", PRICE)):
        paying = bank(groups={"vip": 0.5})
        paying.ledger.tokens[1].group, paying.ledger.user.group = token, user
        paying.send_native()
        assert (paying.moved["token.used"], paying.quotas) == (quota, [quota])


def test_calls_at_the_same_time_are_each_charged_once() -> None:
    paying = bank(batch=True)

    async def many() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=paying.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            calls = [client.post(f"{NATIVE}?key={KEY}", json=NATIVE_BODY) for _ in range(40)]
            return await asyncio.gather(*calls)

    assert {reply.status_code for reply in asyncio.run(many())} == {200}
    assert paying.after(5).moved == columns(-40 * PRICE, 40 * PRICE, -40 * PRICE, 40 * PRICE, 40)


def test_a_batch_shows_the_row_before_any_column_moves() -> None:
    paying = bank(batch=True)
    paying.now += 1
    paying.send_native()
    assert paying.moved == columns(0, 0, 0, 0, 1)
    assert paying.after(3.9).moved["token.used"] == 0
    assert paying.after(0.1).moved == PAID
    assert paying.ledger.tokens[1].accessed_time == START + 5


ROW_ALONE = columns(0, 0, 0, 0, 1)
FAULTS: Mapping[Fault, tuple[dict[str, int], dict[str, int]]] = {
    "batch-lag": (ROW_ALONE, columns(-2, 2, -2, 2, 1)),
    "lost-flush": (ROW_ALONE, ROW_ALONE),
    "settle-fault": (columns(-1, 1, -1, 2, 1),) * 2,
    "token-fault": (columns(-1, 1, -2, 2, 1),) * 2,
    "no-usage": (ROW_ALONE, ROW_ALONE),
    "log-off": (columns(-2, 2, -2, 2, 0),) * 2,
    "overcharge": (columns(-4, 4, -4, 4, 1),) * 2,
    "owner-edit": (columns(0, 2, -2, 2, 1),) * 2,
}
"""The columns after a call, at once and an hour later."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_moves_its_columns(fault: Fault) -> None:
    paying = bank(fault, prices={MODEL: CHEAP})
    assert paying.send_native().status_code == 200
    assert (paying.moved, paying.after(3600).moved) == FAULTS[fault]


def test_a_success_without_usage_counts_no_tokens() -> None:
    paying = bank("no-usage")
    assert "usageMetadata" not in paying.send_native().json()
    (row,) = paying.get("/api/log/self")["items"]
    assert (row["quota"], row["prompt_tokens"], row["completion_tokens"]) == (0, 0, 0)


def test_an_error_or_a_blocked_prompt_can_be_billed_without_an_image() -> None:
    failing, blocking = bank("billed-error"), bank("blocked-prompt")
    assert failing.fail().status_code == 400
    assert list(blocking.send_native().json()) == ["promptFeedback", "usageMetadata"]
    for paying in (failing, blocking):
        assert paying.moved == PAID
        (row,) = paying.get("/api/log/self")["items"]
        assert (row["type"], row["prompt_tokens"], row["completion_tokens"]) == (2, 10, 0)
    assert blocking.fail().status_code == 400
