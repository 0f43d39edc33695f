"""The mock's ledger routes: what a client of the ledger reads there, in both dialects."""

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from test_mock import ASK, BEARER, IMAGES, KEY, LEGACY, NATIVE, STATUS, ask, call

from trueup.exchange import Exchange
from trueup.mock import Dialect, GatewayLedger, Options, Token, User, create_app

NOW = 1_776_124_800
PRICE = 20_000
MODEL = "gemini-2.5-flash-image"
OWNER = {"Authorization": "YOUR_ACCESS_TOKEN", "New-Api-User": "1"}
DIALECTS: tuple[Dialect, ...] = ("upstream", "documented")
BOTH = pytest.mark.parametrize("dialect", DIALECTS)
OWNED = ("/api/token/", "/api/token/1", "/api/log/self", "/api/user/self")


class Gateway:
    """A mock with two tokens; two calls can be made of it: an image and an error."""

    def __init__(self, dialect: Dialect = "upstream", **options: Any) -> None:
        self.now = float(NOW)
        tokens = [
            Token(KEY, 1, "first", remain_quota=3_000_000),
            Token("second00", 2, "second", unlimited_quota=True, group="vip"),
        ]
        chosen = Options(**{"dialect": dialect, "error_log": True, **options})
        self.ledger = GatewayLedger(User(), tokens, chosen, lambda: self.now)
        self.seen: list[Exchange] = []
        self.app: Starlette = create_app(STATUS, ledger=self.ledger, on_exchange=self.seen.append)

    def after_calls(self) -> "Gateway":
        call(self.app, "POST", f"{NATIVE}?key={KEY}", json=ASK)
        self.now += 100
        call(self.app, "POST", IMAGES, headers=BEARER, json=LEGACY)
        return self

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        return call(self.app, method, path, **{"headers": OWNER, **request})

    def data(self, path: str, **request: Any) -> Any:
        reply = self.send("GET", path, **request)
        assert reply.status_code == 200, reply.text
        assert list(reply.json()) == ["success", "message", "data"]
        assert reply.json()["success"] is True
        return reply.json()["data"]


DENIED: dict[str, tuple[dict[str, str], int, str]] = {
    "wrong token": ({**OWNER, **BEARER}, 200, "access token 无效"),
    "no user": ({"Authorization": "YOUR_ACCESS_TOKEN"}, 401, "New-Api-User 与登录用户不匹配"),
}


@pytest.mark.parametrize("path", OWNED)
@pytest.mark.parametrize("case", DENIED)
def test_a_caller_other_than_the_owner_is_denied(path: str, case: str) -> None:
    headers, status, reason = DENIED[case]
    reply = Gateway().send("GET", path, headers=headers)
    body = {"success": False, "message": f"无权进行此操作，{reason}"}
    assert (reply.status_code, reply.json()) == (status, body)


@BOTH
def test_the_tokens_are_a_page_with_the_newest_first(dialect: Dialect) -> None:
    page = Gateway(dialect).data("/api/token/")
    assert [page[name] for name in ("page", "page_size", "total")] == [1, 10, 2]
    second, first = page["items"]
    assert (first["name"], first["remain_quota"], first["used_quota"]) == ("first", 3_000_000, 0)
    assert (second["unlimited_quota"], second["group"]) == (True, "vip")
    assert second["key"] == ("second00" if dialect == "upstream" else "sk-second00")


@BOTH
def test_one_token_is_read_by_its_id(dialect: Dialect) -> None:
    gateway = Gateway(dialect).after_calls()
    token = gateway.data("/api/token/1")
    assert (token["used_quota"], token["remain_quota"]) == (PRICE, 3_000_000 - PRICE)
    assert token["accessed_time"] == NOW + 100
    reply = gateway.send("GET", "/api/token/99")
    assert reply.json() == {"success": False, "message": "record not found"}


@BOTH
def test_the_log_has_a_row_of_each_call_in_either_dialect(dialect: Dialect) -> None:
    gateway = Gateway(dialect).after_calls()
    error, charge = gateway.data("/api/log/self?type=0")["items"]
    assert [error["type"], charge["type"]] == [5, 2]
    assert (charge["quota"], error["quota"]) == (PRICE, 0)
    assert (charge["created_at"], error["created_at"]) == (NOW, NOW + 100)
    assert (charge["token_name"], charge["token_id"]) == ("first", 1)
    assert charge["model_name"] == MODEL
    if dialect == "upstream":
        assert (charge["other"], charge["request_id"]) == ("{}", gateway.seen[0].request_id)
        assert isinstance(charge["use_time"], int) and "cost_usd" not in charge
        assert error["model_name"] == "nano-banana" and error["other"] == "{}"
    else:
        assert charge["other"] == {"request_id": gateway.seen[0].request_id}
        assert (charge["cost_usd"], error["cost_usd"]) == (0.04, 0)
        assert isinstance(charge["use_time"], float) and "request_id" not in charge
        assert error["model_name"] == MODEL


def test_the_charge_of_a_mapped_alias_names_its_upstream() -> None:
    gateway = Gateway(faults=("billed-error",)).after_calls()
    row, _, native = gateway.data("/api/log/self")["items"]
    other = json.loads(row["other"])
    assert (row["model_name"], other["upstream_model_name"]) == ("nano-banana", MODEL)
    assert other["is_model_mapped"] is True and native["other"] == "{}"


@pytest.mark.parametrize(("dialect", "quotas"), [("upstream", [PRICE]), ("documented", [0, PRICE])])
def test_documented_failures_always_have_a_row(dialect: Dialect, quotas: list[int]) -> None:
    gateway = Gateway(dialect, error_log=False).after_calls()
    assert [row["quota"] for row in gateway.data("/api/log/self")["items"]] == quotas


@BOTH
@pytest.mark.parametrize(
    ("query", "types"),
    [
        (f"start_timestamp={NOW + 100}", [5]),
        (f"start_timestamp={NOW + 101}", []),
        ("p=2&page_size=1", [2]),
        ("p=3", []),
    ],
)
def test_the_log_is_read_by_pages_and_from_a_time(
    dialect: Dialect, query: str, types: list[int]
) -> None:
    page = Gateway(dialect).after_calls().data(f"/api/log/self?{query}")
    assert [row["type"] for row in page["items"]] == types
    assert page["total"] == (2 if "start" not in query else len(types))


def test_a_page_holds_a_hundred_rows_and_a_number_beyond_64_bits_counts_as_absent() -> None:
    gateway = Gateway()
    for _ in range(101):
        call(gateway.app, "POST", f"{NATIVE}?key={KEY}", json=ASK)
    page = gateway.data(f"/api/log/self?page_size=101&start_timestamp={'9' * 5000}")
    assert (len(page["items"]), page["page_size"], page["total"]) == (100, 100, 101)


@BOTH
def test_the_status_and_the_prices_are_public(dialect: Dialect) -> None:
    gateway = Gateway(dialect, groups={"default": 1.0, "vip": 0.5})
    status = gateway.data("/api/status", headers={})
    assert (status["quota_per_unit"], status["enable_batch_update"]) == (500_000, False)
    batching = Gateway(batch=True).data("/api/status", headers={})
    assert batching["enable_batch_update"] is True
    pricing = gateway.send("GET", "/api/pricing", headers={}).json()
    prices = {item["model_name"]: item["model_price"] for item in pricing["data"]}
    assert prices["nano-banana"] == prices[MODEL] == 0.04
    assert pricing["group_ratio"] == {"default": 1.0, "vip": 0.5}
    partial = Gateway(dialect, prices={"nano-banana": 0.1}).send("GET", "/api/pricing").json()
    assert [item["model_name"] for item in partial["data"]] == ["nano-banana"]


def test_a_user_sees_its_own_quota() -> None:
    gateway = Gateway()
    before = gateway.data("/api/user/self")
    user = gateway.after_calls().data("/api/user/self")
    assert (before["quota"] - user["quota"], user["used_quota"]) == (PRICE, PRICE)
    assert (user["id"], user["group"]) == (1, "default")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/token/"),
        ("GET", "/api/token"),
        ("GET", "/api/token/x"),
        ("GET", "/api/usage/token/"),
    ],
)
def test_a_route_that_is_not_served_is_an_invalid_url(method: str, path: str) -> None:
    assert Gateway().send(method, path).status_code == 404


def test_a_rate_limit_ends_with_its_window_and_excludes_calls() -> None:
    gateway = Gateway(api_limit=1)
    assert gateway.data("/api/status")
    reply = gateway.send("GET", "/api/log/self")
    assert (reply.status_code, reply.content) == (429, b"")
    assert "content-type" not in reply.headers and reply.headers["x-oneapi-request-id"]
    assert ask(gateway.app).status_code == 200
    gateway.now += 180
    assert gateway.data("/api/log/self")


def test_no_key_and_no_access_token_is_in_an_exchange() -> None:
    gateway = Gateway()
    for path in OWNED:
        gateway.send("GET", path)
    gateway.send("POST", IMAGES, json={**LEGACY, "prompt": "YOUR_ACCESS_TOKEN"})
    text = repr(gateway.seen)
    for secret in (KEY, "second00", "YOUR_ACCESS_TOKEN"):
        assert secret not in text
