"""The mock's ledger routes: what a client of the ledger reads there, in both dialects."""

import json
from typing import Any

import pytest
from test_mock import BEARER, IMAGES, KEY, LEGACY, STATUS, call
from test_mock_ledger import MODEL, OWNER, PRICE, START, START_QUOTA, Bank, bank

from trueup.exchange import Exchange
from trueup.mock import Dialect, Options, Token, create_app

BOTH = pytest.mark.parametrize("dialect", ["new-api-b", "new-api-documented"])
OWNED = ("/api/token/", "/api/token/1", "/api/log/self", "/api/user/self")


def called(**options: Any) -> Bank:
    """Return a mock after two calls: an image, and an error 100 s later."""
    paying = Bank(Options(**{"error_log": True, **options}))
    paying.send_native()
    paying.after(100).fail()
    return paying


DENIED: dict[str, tuple[dict[str, str], int, str]] = {
    "wrong token": ({**OWNER, **BEARER}, 200, "access token 无效"),
    "no token": ({"New-Api-User": "1"}, 401, "未登录且未提供 access token"),
    "no user": ({"Authorization": "YOUR_ACCESS_TOKEN"}, 401, "未提供 New-Api-User"),
    "another user": ({**OWNER, "New-Api-User": "2"}, 401, "New-Api-User 与登录用户不匹配"),
}


@pytest.mark.parametrize("path", OWNED)
@pytest.mark.parametrize("case", DENIED)
def test_a_caller_other_than_the_owner_is_denied(path: str, case: str) -> None:
    headers, status, reason = DENIED[case]
    reply = call(bank().app, "GET", path, headers=headers)
    body = {"success": False, "message": f"无权进行此操作，{reason}"}
    assert (reply.status_code, reply.json()) == (status, body)


@BOTH
def test_the_tokens_are_a_page_with_the_newest_first(dialect: Dialect) -> None:
    paying = called(dialect=dialect)
    paying.ledger.tokens[2] = Token("second00", 2, "second", unlimited_quota=True, group="vip")
    page = paying.get("/api/token/")
    assert [page[name] for name in ("page", "page_size", "total")] == [1, 10, 2]
    second, first = page["items"]
    assert (second["name"], second["unlimited_quota"], second["group"]) == ("second", True, "vip")
    assert second["key"] == ("second00" if dialect == "new-api-b" else "sk-second00")
    assert (first["used_quota"], first["remain_quota"]) == (PRICE, START_QUOTA - PRICE)
    assert first["accessed_time"] == START + 100
    assert paying.get("/api/token/1") == first
    reply = call(paying.app, "GET", "/api/token/99", headers=OWNER)
    assert reply.json() == {"success": False, "message": "record not found"}


@BOTH
def test_the_log_has_a_row_of_each_call_in_either_dialect(dialect: Dialect) -> None:
    paying = called(dialect=dialect)
    error, charge = paying.get("/api/log/self?type=0")["items"]
    failed, paid = (row.charge.request_id for row in reversed(paying.ledger.rows))
    assert [error["type"], charge["type"]] == [5, 2]
    assert (charge["quota"], error["quota"]) == (PRICE, 0)
    assert (charge["created_at"], error["created_at"]) == (START, START + 100)
    assert (charge["token_name"], charge["token_id"]) == ("mock", 1)
    assert (charge["prompt_tokens"], charge["completion_tokens"]) == (10, 100)
    assert charge["model_name"] == MODEL
    if dialect == "new-api-b":
        assert (charge["request_id"], error["request_id"]) == (paid, failed)
        assert isinstance(charge["use_time"], int) and "cost_usd" not in charge
        assert error["model_name"] == "nano-banana" and error["other"] == "{}"
    else:
        assert charge["other"] == {"request_id": paid}
        assert (charge["cost_usd"], error["cost_usd"]) == (0.04, 0)
        assert isinstance(charge["use_time"], float) and "request_id" not in charge
        assert error["model_name"] == MODEL


def test_the_charge_of_a_mapped_alias_names_its_upstream() -> None:
    row, _, native = called(faults=("billed-error",)).get("/api/log/self")["items"]
    other = json.loads(row["other"])
    assert (row["model_name"], other["upstream_model_name"]) == ("nano-banana", MODEL)
    assert other["is_model_mapped"] is True and native["other"] == "{}"


@pytest.mark.parametrize(
    ("dialect", "quotas"), [("new-api-b", [PRICE]), ("new-api-documented", [0, PRICE])]
)
def test_documented_failures_always_have_a_row(dialect: Dialect, quotas: list[int]) -> None:
    rows = called(dialect=dialect, error_log=False).get("/api/log/self")["items"]
    assert [row["quota"] for row in rows] == quotas


@pytest.mark.parametrize(
    ("query", "types"),
    [
        (f"start_timestamp={START + 100:.0f}", [5]),
        (f"start_timestamp={START + 101:.0f}", []),
        (f"start_timestamp={'9' * 5000}", [5, 2]),
        ("p=2&page_size=1", [2]),
        ("p=3", []),
    ],
)
def test_the_log_is_read_by_pages_and_from_a_time(query: str, types: list[int]) -> None:
    page = called().get(f"/api/log/self?{query}")
    assert [row["type"] for row in page["items"]] == types
    assert page["total"] == (2 if "start" not in query else len(types))


def test_a_page_holds_at_most_a_hundred_rows() -> None:
    paying = bank()
    for _ in range(101):
        paying.send_native()
    page = paying.get("/api/log/self?page_size=101")
    assert (len(page["items"]), page["page_size"], page["total"]) == (100, 100, 101)


def test_the_status_and_the_prices_are_public() -> None:
    paying = bank(groups={"default": 1.0, "vip": 0.5})
    status = call(paying.app, "GET", "/api/status").json()["data"]
    assert (status["quota_per_unit"], status["enable_batch_update"]) == (500_000, False)
    assert bank(batch=True).get("/api/status")["enable_batch_update"] is True
    pricing = call(paying.app, "GET", "/api/pricing").json()
    prices = {item["model_name"]: item["model_price"] for item in pricing["data"]}
    assert prices["nano-banana"] == prices[MODEL] == 0.04
    assert pricing["group_ratio"] == {"default": 1.0, "vip": 0.5}
    assert [item["model_name"] for item in bank(prices={"a": 0.1}).get("/api/pricing")] == ["a"]


def test_a_user_sees_its_own_quota() -> None:
    user = called().get("/api/user/self")
    quotas = {"quota": START_QUOTA - PRICE, "used_quota": PRICE}
    assert user == {"id": 1, "group": "default", **quotas}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/token/"),
        ("GET", "/api/token"),
        ("GET", "/api/token/x"),
        ("POST", "/api/usage/token/"),
    ],
)
def test_a_route_that_is_not_served_is_an_invalid_url(method: str, path: str) -> None:
    assert call(bank().app, method, path, headers=OWNER).status_code == 404


def test_a_rate_limit_ends_with_its_window_and_excludes_calls() -> None:
    paying = bank(api_limit=1)
    assert paying.get("/api/status")
    reply = call(paying.app, "GET", "/api/log/self", headers=OWNER)
    assert (reply.status_code, reply.content) == (429, b"")
    assert "content-type" not in reply.headers and reply.headers["x-oneapi-request-id"]
    assert paying.send_native().status_code == 200
    assert paying.after(180).get("/api/log/self")


def test_no_key_and_no_access_token_is_in_an_exchange() -> None:
    seen: list[Exchange] = []
    app = create_app(STATUS, ledger=bank().ledger, on_exchange=seen.append)
    for path in OWNED:
        call(app, "GET", path, headers=OWNER)
    body = {**LEGACY, "prompt": "YOUR_ACCESS_TOKEN"}
    call(app, "POST", IMAGES, headers=OWNER, json=body)
    assert len(seen) == 5
    assert KEY not in repr(seen) and "YOUR_ACCESS_TOKEN" not in repr(seen)
