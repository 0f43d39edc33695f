"""The mock's management routes: what an owner and a key can read, in both dialects."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from test_mock import ASK, BEARER, IMAGES, KEY, LEGACY, NATIVE, SITE, STATUS, call

from trueup.exchange import Exchange
from trueup.mock import Dialect, Ledger, Options, Token, User, create_app
from trueup.mock.filter import integer, is_like

NOW = 1_776_124_800
PRICE = 20_000
MODEL = "gemini-2.5-flash-image"
OWNER = {"Authorization": "YOUR_ACCESS_TOKEN", "New-Api-User": "1"}
DIALECTS: tuple[Dialect, ...] = ("upstream", "documented")


class Desk:
    """A mock with two users, three tokens, and two calls: an image and an error."""

    def __init__(self, dialect: Dialect = "upstream", **options: Any) -> None:
        self.now = float(NOW)
        users = [User(), User(2, "other", access_token="OTHER_ACCESS_TOKEN")]
        spent = Token("spent000", 3, 2, "spent", status=4, remain_quota=0, used_quota=7)
        tokens = [
            Token(KEY, 1, 1, "first", remain_quota=3_000_000),
            Token("second00", 2, 1, "second", unlimited_quota=True, models=("a", "b")),
            spent,
        ]
        chosen = Options(dialect=dialect, error_log=True, **options)
        self.ledger = Ledger(users, tokens, chosen, lambda: self.now)
        self.seen: list[Exchange] = []
        self.app: Starlette = create_app(STATUS, ledger=self.ledger, on_exchange=self.seen.append)

    def called(self) -> "Desk":
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


BOTH = pytest.mark.parametrize("dialect", DIALECTS)
OWNED = (
    *("/api/token/", "/api/token/1", "/api/token/search", "/api/log/self"),
    *("/api/log/self/stat", "/api/user/self"),
)
DENIED: tuple[tuple[str, dict[str, str], int, str], ...] = (
    ("no token", {"New-Api-User": "1"}, 401, "无权进行此操作，未登录且未提供 access token"),
    ("wrong token", {**OWNER, "Authorization": "x"}, 200, "无权进行此操作，access token 无效"),
    ("business key", {**OWNER, **BEARER}, 200, "无权进行此操作，access token 无效"),
    ("no user", {"Authorization": "YOUR_ACCESS_TOKEN"}, 401, "无权进行此操作，未提供 New-Api-User"),
    ("no number", {**OWNER, "New-Api-User": "one"}, 401, "无权进行此操作，New-Api-User 格式错误"),
    ("too long", {**OWNER, "New-Api-User": "1" * 99}, 401, "无权进行此操作，New-Api-User 格式错误"),
    ("other", {**OWNER, "New-Api-User": "2"}, 401, "无权进行此操作，New-Api-User 与登录用户不匹配"),
)


@pytest.mark.parametrize("path", OWNED)
@pytest.mark.parametrize(("headers", "status", "text"), [d[1:] for d in DENIED])
def test_a_stranger_is_denied(path: str, headers: dict[str, str], status: int, text: str) -> None:
    reply = Desk().send("GET", path, headers=headers)
    assert (reply.status_code, reply.json()) == (status, {"success": False, "message": text})


@pytest.mark.parametrize("value", ["YOUR_ACCESS_TOKEN", "Bearer YOUR_ACCESS_TOKEN"])
def test_an_owner_is_let_in_unless_banned(value: str) -> None:
    desk, headers = Desk(), {**OWNER, "Authorization": value}
    assert desk.data("/api/user/self", headers=headers)["id"] == 1
    desk.ledger.users[1].status = 2
    reply = desk.send("GET", "/api/user/self", headers=headers)
    assert (reply.status_code, reply.json()["success"]) == (200, False)


@BOTH
def test_the_tokens_are_a_page_with_the_newest_first(dialect: Dialect) -> None:
    page = Desk(dialect).data("/api/token/")
    assert [page[name] for name in ("page", "page_size", "total")] == [1, 10, 2]
    assert [token["name"] for token in page["items"]] == ["second", "first"]
    second, first = page["items"]
    assert (first["remain_quota"], first["used_quota"], first["expired_time"]) == (3_000_000, 0, -1)
    assert second["unlimited_quota"] is second["model_limits_enabled"] is True
    if dialect == "upstream":
        assert (second["key"], second["model_limits"]) == ("second00", "a,b")
        assert first["cross_group_retry"] is False and first["DeletedAt"] is None
    else:
        assert (second["key"], second["model_limits"]) == ("sk-second00", '["a", "b"]')


@BOTH
def test_one_token_is_read_by_its_id(dialect: Dialect) -> None:
    desk = Desk(dialect).called()
    token = desk.data("/api/token/1")
    assert (token["used_quota"], token["remain_quota"]) == (PRICE, 3_000_000 - PRICE)
    assert token["accessed_time"] == NOW + 100
    for path in ("/api/token/99", "/api/token/3", f"/api/token/{'9' * 5000}"):
        reply = desk.send("GET", path)
        assert (reply.status_code, reply.json()["message"]) == (200, "record not found")
    assert "invalid syntax" in desk.send("GET", "/api/token/x").json()["message"]


@BOTH
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("keyword=first", ["first"]),
        ("keyword=%25s%25", ["second", "first"]),
        ("token=sk-second00", ["second"]),
        ("keyword=first&token=second00", []),
        ("token=spent000", []),
    ],
)
def test_tokens_are_searched_in_either_form(dialect: Dialect, query: str, names: list[str]) -> None:
    data = Desk(dialect).data(f"/api/token/search?{query}")
    found = data["items"] if dialect == "upstream" else data
    assert [token["name"] for token in found] == names


@BOTH
def test_the_log_has_the_rows_of_its_owner_in_either_dialect(dialect: Dialect) -> None:
    desk = Desk(dialect).called()
    error, charge = desk.data("/api/log/self?type=0")["items"]
    assert [error["type"], charge["type"]] == [5, 2]
    assert (charge["quota"], error["quota"]) == (PRICE, 0)
    assert (charge["created_at"], error["created_at"]) == (NOW, NOW + 100)
    assert (charge["token_name"], charge["token_id"], charge["ip"]) == ("first", 1, "")
    assert charge["model_name"] == MODEL
    asked = [exchange for exchange in desk.seen if exchange.path == NATIVE]
    if dialect == "upstream":
        assert isinstance(charge["other"], str) and isinstance(charge["use_time"], int)
        other = json.loads(charge["other"])
        assert (other["model_price"], other["group_ratio"]) == (0.04, 1)
        assert other["request_path"] == NATIVE
        assert charge["request_id"] == asked[0].request_id
        assert "cost_usd" not in charge and error["model_name"] == "nano-banana"
        assert json.loads(error["other"])["status_code"] == 400
    else:
        other = charge["other"]
        assert (other["request_id"], other["http_status"]) == (asked[0].request_id, 200)
        assert (charge["cost_usd"], error["cost_usd"]) == (0.04, 0)
        assert isinstance(charge["use_time"], float) and "request_id" not in charge
        assert error["model_name"] == MODEL and error["other"]["http_status"] == 400
    assert desk.data("/api/log/self", headers=_other())["items"] == []


def _other() -> dict[str, str]:
    return {"Authorization": "OTHER_ACCESS_TOKEN", "New-Api-User": "2"}


def test_a_mapped_alias_says_so_in_its_charge() -> None:
    desk = Desk(faults=("billed-error",)).called()
    row = next(
        row for row in desk.data("/api/log/self?type=2")["items"] if row["completion_tokens"] == 0
    )
    other = json.loads(row["other"])
    assert (row["model_name"], other["upstream_model_name"]) == ("nano-banana", MODEL)
    assert other["is_model_mapped"] is True


def test_documented_failures_have_a_row_without_a_charge() -> None:
    desk = Desk("documented")
    desk.ledger.options = Options(dialect="documented")
    desk.called()
    assert [row["quota"] for row in desk.data("/api/log/self")["items"]] == [0, PRICE]


@BOTH
@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("type=0", [5, 2]),
        ("type=2", [2]),
        ("type=5", [5]),
        ("type=7", []),
        (f"start_timestamp={NOW + 1}", [5]),
        (f"end_timestamp={NOW}", [2]),
        (f"start_timestamp={NOW}&end_timestamp={NOW + 100}", [5, 2]),
        ("token_name=first", [5, 2]),
        ("token_name=fir", []),
        (f"model_name={MODEL}", [2]),
        ("model_name=%25banana", [5]),
        ("model_name=gemini%25image", [2]),
        ("model_name=nano", []),
        ("group=default", [5, 2]),
        ("group=vip", []),
        ("request_id=nobody", []),
        ("p=2&page_size=1", [2]),
        ("ps=1", [5]),
        ("size=1", [5]),
        ("p=3", []),
    ],
)
def test_the_log_is_filtered_and_paged(dialect: Dialect, query: str, types: list[int]) -> None:
    page = Desk(dialect).called().data(f"/api/log/self?{query}")
    assert [row["type"] for row in page["items"]] == types


def test_a_row_is_found_by_its_request_id_and_its_own_id_is_its_place() -> None:
    desk = Desk().called()
    (first, *_) = (exchange.request_id for exchange in desk.seen)
    (row,) = desk.data(f"/api/log/self?request_id={first}")["items"]
    assert (row["request_id"], row["id"]) == (first, 1)
    assert desk.data("/api/log/self?p=2&size=1")["items"][0]["id"] == 2


@BOTH
def test_the_sum_counts_charges_alone_whatever_type_is_asked_for(dialect: Dialect) -> None:
    desk = Desk(dialect).called()
    assert desk.data("/api/log/self/stat?type=5")["quota"] == PRICE
    assert desk.data(f"/api/log/self/stat?start_timestamp={NOW + 1}")["quota"] == 0
    call(desk.app, "POST", f"{NATIVE}?key={KEY}", json=ASK)
    pace = desk.data("/api/log/self/stat")
    assert (pace["quota"], pace["rpm"]) == (2 * PRICE, 1 if dialect == "upstream" else 0)


def test_a_key_reads_the_log_of_its_token_by_header_or_in_the_documented_way_by_query() -> None:
    path = "/api/log/token"
    desk, documented = Desk().called(), Desk("documented").called()
    rows = desk.data(path, headers=BEARER)
    assert [row["type"] for row in rows] == [5, 2]
    assert desk.send("GET", f"{path}?key={KEY}", headers={}).status_code == 401
    assert len(documented.data(f"{path}?key=sk-{KEY}", headers={})) == 2
    wrong = desk.send("GET", path, headers={"Authorization": "Bearer sk-wrong"})
    assert (wrong.status_code, wrong.json()) == (401, {"success": False, "message": "无效的令牌"})


@BOTH
def test_the_usage_of_a_token_is_told_even_when_it_is_spent(dialect: Dialect) -> None:
    desk = Desk(dialect).called()
    reply = desk.send("GET", "/api/usage/token/", headers=BEARER).json()
    assert list(reply) == ["code", "message", "data"] and reply["code"] is True
    data = reply["data"]
    assert (data["object"], data["name"], data["expires_at"]) == ("token_usage", "first", 0)
    assert data["total_granted"] == 3_000_000 == data["total_used"] + data["total_available"]
    spent = {"Authorization": "Bearer sk-spent000"}
    assert desk.send("GET", "/api/usage/token/", headers=spent).json()["data"]["total_used"] == 7
    second = {"Authorization": "Bearer second00"}
    limited = desk.send("GET", "/api/usage/token/", headers=second).json()["data"]
    assert limited["model_limits"] == {"a": True, "b": True}
    for headers in ({}, {"Authorization": "Bearer x"}):
        reply_to = desk.send("GET", "/api/usage/token/", headers=headers)
        assert (reply_to.status_code, reply_to.json()["success"]) == (401, False)


@BOTH
@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_dashboard_tells_dollars_and_cents(dialect: Dialect, prefix: str) -> None:
    desk, path = Desk(dialect).called(), f"{prefix}/dashboard/billing"
    limits = desk.send("GET", f"{path}/subscription", headers=BEARER).json()
    assert limits["object"] == "billing_subscription" and limits["hard_limit_usd"] == 6
    assert desk.send("GET", f"{path}/usage", headers=BEARER).json() == {
        "object": "list",
        "total_usage": 4.0,
    }
    second = {"Authorization": "Bearer second00"}
    unlimited = desk.send("GET", f"{path}/subscription", headers=second).json()
    assert unlimited["soft_limit_usd"] == 100_000_000
    spent = desk.send("GET", f"{path}/usage", headers={"Authorization": "Bearer spent000"})
    assert spent.status_code == 401
    assert desk.send("POST", f"{path}/usage").status_code == (404 if prefix else 200)


@BOTH
def test_the_status_and_the_prices_are_public(dialect: Dialect) -> None:
    desk = Desk(dialect)
    status = desk.data("/api/status", headers={})
    assert (status["quota_per_unit"], status["quota_display_type"]) == (500_000, "USD")
    assert (status["usd_exchange_rate"], status["enable_batch_update"]) == (7.3, False)
    pricing = desk.send("GET", "/api/pricing", headers={}).json()
    prices = {item["model_name"]: item["model_price"] for item in pricing["data"]}
    assert prices["nano-banana"] == 0.04 and pricing["group_ratio"] == {"default": 1.0}
    partial = Desk(dialect, prices={"nano-banana": 0.1}).send("GET", "/api/pricing").json()
    assert [item["model_name"] for item in partial["data"]] == ["nano-banana"]


@BOTH
def test_a_user_sees_its_own_quota(dialect: Dialect) -> None:
    desk = Desk(dialect)
    before = desk.data("/api/user/self")["quota"]
    user = desk.called().data("/api/user/self")
    assert (user["used_quota"], before - user["quota"], user["request_count"]) == (PRICE, PRICE, 1)


@BOTH
def test_a_token_is_made_changed_and_deleted(dialect: Dialect) -> None:
    desk = Desk(dialect)
    fields = {"name": "new", "remain_quota": 50_000, "expired_time": -1}
    assert desk.send("POST", "/api/token/", json=fields).json() == {"success": True, "message": ""}
    made = desk.data("/api/token/")["items"][0]
    key = made["key"].removeprefix("sk-")
    assert re.fullmatch("[A-Za-z0-9]{48}", key) and made["created_time"] == NOW
    assert key not in repr(desk.seen)
    call(desk.app, "POST", f"{NATIVE}?key={key}", json=ASK)
    changed = {**fields, "id": made["id"], "remain_quota": 90_000, "allow_ips": "10.0.0.1"}
    changed |= {"model_limits_enabled": True, "model_limits": "a,b", "group": "g"}
    edited = desk.send("PUT", "/api/token/", json=changed).json()["data"]
    assert (edited["remain_quota"], edited["used_quota"]) == (90_000, PRICE)
    assert (edited["allow_ips"], edited["group"]) == ("10.0.0.1", "g")
    off = {"id": made["id"], "status": 2}
    assert desk.send("PUT", "/api/token/?status_only=1", json=off).json()["data"]["status"] == 2
    assert desk.data(f"/api/token/{made['id']}")["remain_quota"] == 90_000
    bare = desk.send("PUT", "/api/token/", json={"id": made["id"]}).json()["data"]
    assert (bare["name"], bare["remain_quota"], bare["expired_time"]) == ("", 0, 0)
    gone = desk.send("DELETE", f"/api/token/{made['id']}").json()
    assert gone["message"] == ("" if dialect == "upstream" else "Token deleted successfully")
    assert desk.send("DELETE", f"/api/token/{made['id']}").json()["success"] is False
    assert call(desk.app, "POST", f"{NATIVE}?key={key}", json=ASK).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"id": "1"}',
        b'{"id": true}',
        b'{"id": 99}',
        b'{"id": 3}',
        b'{"id": 1, "name": "%s"}' % (b"n" * 51),
        b'{"id": 1, "remain_quota": 1.5}',
        b'{"id": 1, "remain_quota": 99999999999999999999}',
        b'{"id": 1, "unlimited_quota": 1}',
        b'{"id": 1, "group": null}',
    ],
)
def test_a_token_that_makes_no_sense_is_refused_with_a_200(method: str, content: bytes) -> None:
    desk = Desk()
    if method == "POST" and content in (b'{"id": 99}', b'{"id": 3}'):
        return
    reply = desk.send(method, "/api/token/", content=content)
    assert (reply.status_code, reply.json()["success"]) == (200, False)
    assert len(desk.ledger.tokens) == 3 and desk.ledger.tokens[1].name == "first"


@pytest.mark.parametrize("path", ["/api/token", "/api/usage/token"])
def test_a_path_without_its_last_slash_is_redirected(path: str) -> None:
    reply = Desk().send("GET", f"{path}?p=2")
    assert (reply.status_code, reply.headers["location"]) == (301, f"{path}/?p=2")
    assert Desk().send("GET", path).headers["location"] == f"{path}/"
    odd = Desk().send("GET", f"{path}?p=%0d%0aX:%201&q=%E2%82%AC&key=k").headers["location"]
    assert odd == f"{path}/?p=%0D%0AX%3A+1&q=%E2%82%AC"
    assert Desk().send("POST", path).status_code == 307


def test_a_redirect_is_followed_to_the_page() -> None:
    desk = Desk()

    async def follow() -> httpx.Response:
        transport = httpx.ASGITransport(app=desk.app)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            return await client.get("/api/token", headers=OWNER, follow_redirects=True)

    assert asyncio.run(follow()).json()["data"]["total"] == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/token/"),
        ("POST", "/api/log/self"),
        ("GET", "/api/log"),
        ("PUT", "/api/token/1"),
    ],
)
def test_an_unknown_management_route_is_an_invalid_url(method: str, path: str) -> None:
    assert Desk().send(method, path).status_code == 404


HOSTILE = ("-1", "0", "9" * 30, "9" * 5000, "1e9", "٣", "1_000", " 1", "0x10", "'; DROP", "%00", "")


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "name", ["p", "page_size", "ps", "size", "type", "start_timestamp", "end_timestamp"]
)
def test_a_hostile_number_is_read_as_absent_or_cut_off(name: str, value: str) -> None:
    desk = Desk().called()
    reply = desk.send("GET", "/api/log/self", params={name: value})
    page = reply.json()["data"]
    assert reply.status_code == 200 and page["page"] >= 1 and 1 <= page["page_size"] <= 100
    assert page["total"] == (len(page["items"]) if page["page"] == 1 else page["total"])


@given(st.text(), st.text())
@example("%" * 500 + "b", "a" * 5000)
def test_any_query_value_is_answered_with_an_envelope(name: str, value: str) -> None:
    desk = Desk().called()
    params = {
        "model_name": name,
        "token_name": value,
        "request_id": value,
        "type": name,
        "p": value,
    }
    reply = desk.send("GET", "/api/log/self", params=params)
    assert reply.status_code == 200 and reply.json()["success"] is True


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("ab%", "abc", True),
        ("%bc", "abc", True),
        ("%b%", "abc", True),
        ("a%b%c", "a-b-c", True),
        ("a%b%c", "a-c-b", False),
        ("ab%bc", "abc", False),
        ("%", "", True),
        ("a.c", "abc", False),
        ("%a%a%", "a", False),
    ],
)
def test_a_percent_sign_stands_for_anything(pattern: str, text: str, fits: bool) -> None:
    assert is_like(pattern, text) is fits


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("-3", -3), ("+4", 4), ("", 0), ("x", 0), ("1.5", 0), ("9" * 30, 2**63 - 1)],
)
def test_a_number_is_read_as_the_gateway_reads_it(text: str, number: int) -> None:
    assert integer(text) == number


def test_no_key_and_no_access_token_is_in_an_exchange_of_the_management() -> None:
    desk = Desk()
    for path in (*OWNED, "/api/token/search?token=second00", "/api/usage/token/"):
        desk.send("GET", path)
    desk.send("POST", IMAGES, json={**LEGACY, "prompt": "OTHER_ACCESS_TOKEN"})
    text = repr(desk.seen)
    for secret in (KEY, "second00", "YOUR_ACCESS_TOKEN", "OTHER_ACCESS_TOKEN"):
        assert secret not in text
