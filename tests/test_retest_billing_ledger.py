"""The ledger client: each form of a gateway's ledger, and each of its failures."""

import json
import logging
import socket
import ssl
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mock import KEY
from test_mock_ledger import MODEL, START_QUOTA, Bank
from test_retest_billing import BOTH, Edit, Till, client_of, few_polls, judged, till

from trueup.errors import BadInput
from trueup.mock import Dialect, Options, Token
from trueup.mock.ledger_routes import token_fields
from trueup.receipts import Bill
from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.records import BilledCall, Inconclusive, TokenColumns
from trueup.retest.billing.settlement import POLL_S, LedgerAccount

__all__ = ["few_polls"]
pytestmark = pytest.mark.usefixtures("few_polls")
LONG = "AbCd" + "x" * 40 + "WxYz"
SECRET = "YOUR_ACCESS_TOKEN"
Answer = Callable[[httpx.Request], httpx.Response]


def on(path: str, change: Callable[[Any], Any]) -> Edit:
    """An edit of the data of one path; the change is made in place, or is what is returned."""

    def edit(request: httpx.Request, reply: Any) -> Any:
        if request.url.path == path:
            changed = change(reply["data"])
            reply["data"] = reply["data"] if changed is None else changed
        return reply

    return edit


def rows_of(change: Callable[[dict[str, Any]], object]) -> Edit:
    def each(page: Any) -> None:
        for row in page["items"]:
            change(row)

    return on("/api/log/self", each)


def no_request_id(row: dict[str, Any]) -> None:
    row.pop("request_id", None)
    if isinstance(row["other"], dict):
        del row["other"]["request_id"]


def other_as_text(row: dict[str, Any]) -> None:
    row["other"] = json.dumps(row["other"])


def other_as_object(row: dict[str, Any]) -> None:
    row["other"] = {**json.loads(row["other"] or "{}"), "request_id": row.pop("request_id")}


def in_whole_numbers(row: dict[str, Any]) -> None:
    row |= {"quota": float(row["quota"]), "cost_usd": 0.04}


WORDINGS: dict[str, tuple[Dialect, Edit]] = {
    "bare lists": ("new-api-b", on("/api/log/self", lambda page: page["items"])),
    "the id in the header alone": ("new-api-b", rows_of(no_request_id)),
    "the id nowhere in the docs": ("new-api-documented", rows_of(no_request_id)),
    "an object as text": ("new-api-documented", rows_of(other_as_text)),
    "the id in an object": ("new-api-b", rows_of(other_as_object)),
    "other is no object": ("new-api-b", rows_of(lambda row: row.update(other="{"))),
    "other is null": ("new-api-b", rows_of(lambda row: row.update(other=None))),
    "fractions": ("new-api-b", rows_of(in_whole_numbers)),
    "no token id": ("new-api-documented", rows_of(lambda row: row.pop("token_id"))),
    "more than is needed": (
        "new-api-b",
        rows_of(lambda row: row.update(content="x", channel=1, ip="", group=None, more=[{}])),
    ),
}


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_bill_is_read_in_every_wording(wording: str) -> None:
    dialect, edit = WORDINGS[wording]
    assert judged(till(edit=edit, dialect=dialect).image()) == ("aligned", "agreed")
    assert judged(till(edit=edit, dialect=dialect).error()) == ("aligned", "nothing-charged")
    assert till("no-usage", edit=edit, dialect=dialect).image().verdict == "uncharged-success"


def test_a_row_without_an_id_under_another_name_is_someone_elses() -> None:
    edit = rows_of(lambda row: row.update(request_id="", model_name="another"))
    assert judged(till(edit=edit).image()) == ("inconclusive", "other-traffic")


@BOTH
@pytest.mark.parametrize("key", [KEY, f"sk-{KEY}", f"sk-{KEY}-318"])
def test_a_token_is_found_by_its_key(key: str, dialect: Dialect) -> None:
    found = till(dialect=dialect).client.find_token(key)
    assert found == TokenColumns(1, "mock", 0, START_QUOTA, False)


def many_tokens(bank: Bank) -> None:
    """Our token is the oldest, so it comes last."""
    for number in range(2, 134):
        key = f"key{number:04}"
        token = Token(key, number, name=f"token-{number}")
        bank.ledger.tokens[number] = bank.ledger.keys[key] = token


def bare_lists(bank: Bank, first: int, size: int) -> Edit:
    """Tokens as a bare list whose pages are counted from `first`."""

    def edit(request: httpx.Request, reply: Any) -> Any:
        if request.url.path == "/api/token/":
            place = int(request.url.params.get("p", first)) - first
            tokens = sorted(bank.ledger.tokens.values(), key=lambda token: -token.id)
            shown = tokens[place * size :][:size]
            reply["data"] = [token_fields(token, "new-api-b") for token in shown]
        return reply

    return edit


@pytest.mark.parametrize(("first", "size"), [(0, 10), (1, 10), (0, 100), (1, 500)])
def test_a_token_is_found_on_the_last_of_many_bare_lists(first: int, size: int) -> None:
    many = Till(Options(), prepare=many_tokens)
    many.wire.edit = bare_lists(many.bank, first, size)
    assert judged(many.image()) == ("aligned", "agreed")


def test_a_token_is_found_on_the_last_page() -> None:
    assert judged(Till(Options(), prepare=many_tokens).image()) == ("aligned", "agreed")


def test_too_many_tokens_are_not_searched_forever() -> None:
    def endless(request: httpx.Request, reply: Any) -> Any:
        reply["data"] = [token_fields(Token("none", len(long.wire.seen)), "new-api-b")]
        return reply

    long = till(edit=endless)
    found = long.client.find_token(KEY)
    assert isinstance(found, Inconclusive) and "more than 20 tokens" in found.reason


def masked(*shown: object) -> Edit:
    def mask(page: Any) -> None:
        page["items"] = [{**page["items"][0], "id": n, "key": k} for n, k in enumerate(shown, 1)]

    return on("/api/token/", mask)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (["AbCd**********WxYz"], None),
        (["sk-AbCd**********WxYz", "Zzzz**********WxYz"], None),
        (["AbCd**********WxYz", "AbCd**********WxYz"], "the masked keys of several tokens fit"),
        (["AbCd**********WxYz", LONG], None),
        (["AbCd**********none", ""], "none of the owner's tokens"),
        (["**********"], "/api/token/: none of the owner's tokens"),
        ([3], "/api/token/: key is a number, expected a text"),
        ([], "none of the owner's tokens"),
    ],
)
def test_a_masked_key_is_found_by_its_ends_unless_two_fit(
    shown: list[Any], reason: str | None
) -> None:
    found = till(edit=masked(*shown)).client.find_token(f"sk-{LONG}")
    if reason is None:
        assert isinstance(found, TokenColumns)
        assert found.id == (2 if LONG in shown else 1)
    else:
        assert isinstance(found, Inconclusive) and reason in found.reason
        assert LONG not in found.reason


def test_prices_are_dollars_per_call_in_the_dearest_group() -> None:
    cases: tuple[tuple[dict[str, Any], Decimal | None], ...] = (
        ({"default": 0.7}, Decimal("0.07")),
        ({"default": 0.7, "vip": 5, "odd": "x", "bad": -1}, Decimal("0.5")),
        ({"odd": "x"}, None),
        ({}, None),
    )
    for groups, price in cases:
        client = Till(Options(prices={MODEL: 0.1}, groups=groups)).client
        assert client.prices() == {MODEL: price}


@pytest.mark.parametrize(
    ("fields", "usd"),
    [
        ({"model_price": 0}, Decimal(0)),
        ({"quota_type": 0}, None),
        ({"quota_type": 0, "model_ratio": 0}, Decimal(0)),
        ({"quota_type": 0, "model_ratio": False}, None),
        ({"model_price": 10**9}, None),
        ({"model_price": 2, "enable_groups": ["default", "gone"]}, Decimal(2)),
        ({"model_price": 2, "enable_groups": ["all"]}, Decimal(2)),
        ({"model_price": -1}, None),
    ],
)
def test_a_price_that_is_not_fixed_is_not_made_up(fields: dict[str, Any], usd: Decimal) -> None:
    def change(prices: Any) -> None:
        for price in prices:
            price.update(fields)

    prices = till(edit=on("/api/pricing", change)).client.prices()
    assert isinstance(prices, dict) and set(prices.values()) == {usd}


def test_a_price_of_more_than_64_bits_is_a_reason() -> None:
    edit = on("/api/pricing", lambda prices: prices[0].update(model_price=2**70))
    found = till(edit=edit).client.prices()
    assert isinstance(found, Inconclusive) and "model_price is not a 64-bit number" in found.reason


@pytest.mark.parametrize("accessed_time", [0, 1_776_124_800, 1_776_124_800_000])
def test_the_newest_rows_are_seen_whatever_the_tokens_last_use_is(accessed_time: int) -> None:
    edit = on("/api/token/1", lambda token: token.update(accessed_time=accessed_time))
    assert till(edit=edit).image().verdict == "aligned"


def test_an_account_is_not_found_where_nothing_answers() -> None:
    client = client_of(Bank(Options()), httpx.MockTransport(down()))
    found = LedgerAccount.find(client, KEY)
    assert isinstance(found, Inconclusive) and found.reason.startswith("/api/status: no answer")


def test_the_gateway_may_document_no_terms() -> None:
    undocumented = till(edit=on("/api/status", lambda data: {"quota_per_unit": "500000"}))
    bill = undocumented.image()
    assert (bill.verdict, bill.log_usd) == ("aligned", None)


def pipeline(edit: Edit | None, transport: httpx.AsyncBaseTransport | None = None) -> list[object]:
    """All results of a mock's account whose replies are edited after the call."""
    sound = till()
    if transport is not None:
        sound.client = client_of(sound.bank, transport)
    else:
        sound.wire.edit = edit
    found: list[object] = [
        sound.client.terms(),
        sound.client.prices(),
        sound.client.find_token(KEY),
    ]
    sound = till()
    account = sound.account()
    before = account.before()
    request_id = sound.bank.send_native().headers["x-oneapi-request-id"]
    if transport is not None:
        account.client = client_of(sound.bank, transport)
    sound.wire.edit = edit
    return [
        *found,
        account.bill(before, BilledCall("output", 200, MODEL, request_id)),
        account.before(),
    ]


BAD_REPLIES: dict[str, tuple[bytes, str]] = {
    "html": (b"<!doctype html>", "HTTP 200 with a body that is not valid JSON"),
    "a list": (b"[]", "with JSON that is not an object"),
    "not a number": (b'{"success": true, "data": NaN}', "not valid JSON"),
    "exponent": (
        b'{"success": true, "data": 1e99999999999999999999}',
        "a body that is not valid JSON",
    ),
    "long number": (
        b'{"success": true, "data": %s}' % (b"9" * 5000),
        "a body that is not valid JSON",
    ),
    "deep": (b"[" * 100_000, "not valid JSON"),
    "huge": (b" " * (8 * 2**20 + 1), "the reply is larger than 8388608 bytes"),
    "no success": (b'{"success": false, "message": "no\\n way"}', "without success, 'no way'"),
    "no message": (b'{"success": "true"}', "without success, no message"),
    "no data": (b'{"success": true}', "data is missing, expected an object"),
    "text": (b'{"success": true, "data": "x"}', "data is a text, expected an object"),
}


@pytest.mark.parametrize("name", BAD_REPLIES)
def test_a_bad_reply_is_a_reason_and_never_a_traceback(name: str) -> None:
    content, reason = BAD_REPLIES[name]
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=content))
    terms, *found = pipeline(None, transport)
    assert isinstance(terms, Inconclusive)
    assert terms.reason.startswith("/api/status: ") and reason in terms.reason
    assert terms.cause == "unreadable"
    bill, before = found[-2:]
    assert isinstance(bill, Bill) and judged(bill) == ("inconclusive", "unreadable")
    assert isinstance(before, Inconclusive)


def down(cause: type[Exception] | None = None) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        error = httpx.ConnectError(f"cannot reach it with {request.headers}")
        raise error from cause() if cause else None

    return answer


def with_status(status: int, content: bytes = b"<html>") -> Answer:
    return lambda request: httpx.Response(status, content=content)


def compressed(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x"))


@pytest.mark.parametrize(
    ("answer", "reason", "is_unavailable"),
    [
        (down(), "no answer (mock could not be reached).", True),
        (
            down(socket.gaierror),
            "no answer (mock has no address: its name does not resolve).",
            True,
        ),
        (down(ConnectionRefusedError), "no answer (mock refused the connection).", True),
        (down(ssl.SSLError), "no answer (mock could not agree on TLS).", True),
        (with_status(429), "HTTP 429 for 255 s.", True),
        (with_status(502), "HTTP 502 with a body that is not valid JSON.", True),
        (with_status(503, b"{}"), "HTTP 503 without success, no message.", True),
        (with_status(401, b"{}"), "HTTP 401 without success, no message.", False),
        (with_status(404), "HTTP 404 with a body that is not valid JSON.", False),
        (compressed, "the reply is compressed.", False),
    ],
)
def test_no_answer_is_a_reason(answer: Answer, reason: str, is_unavailable: bool) -> None:
    terms, *_, bill, _ = pipeline(None, httpx.MockTransport(answer))
    assert isinstance(terms, Inconclusive) and terms.reason == f"/api/status: {reason}"
    assert terms.is_unavailable == is_unavailable
    assert isinstance(bill, Bill) and bill.cause == "unreadable"


def test_an_invalid_url_is_a_reason() -> None:
    found = LedgerClient("http://\0", access_token=None, user_id=1).terms()
    assert isinstance(found, Inconclusive) and found.reason.startswith("/api/status: no answer")


WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("/api/token/1", {"used_quota": "1"}, "used_quota is a text, expected a whole number"),
    ("/api/token/1", {"used_quota": None}, "used_quota is missing, expected a whole number"),
    ("/api/token/1", {"used_quota": True}, "used_quota is true or false, expected a whole number"),
    ("/api/token/1", {"remain_quota": 1.5}, "remain_quota is not a 64-bit integer"),
    ("/api/token/1", {"remain_quota": 2**63}, "remain_quota is not a 64-bit integer"),
    ("/api/token/1", {"remain_quota": []}, "remain_quota is a list, expected a whole number"),
    ("/api/token/1", {"unlimited_quota": 0}, "unlimited_quota is a number, expected true or false"),
    ("/api/token/1", {"name": 3}, "name is a number, expected a text"),
    ("/api/user/self", {"quota": {}}, "quota is an object, expected a whole number"),
    ("/api/log/self", {"items": 3}, "items is a number, expected a list"),
    ("/api/log/self", {"items": [3]}, "a log row is a number, expected an object"),
    ("/api/log/self", {"total": None}, "total is missing, expected a whole number"),
    (
        "/api/log/self",
        {
            "items": [
                {"type": 2, "quota": 1, "created_at": 1},
                {"type": 2, "quota": 1, "created_at": 2},
            ],
            "total": 300,
        },
        "the log begins with its oldest rows",
    ),
    ("/api/log/self", {"items": [{"type": 2, "quota": -1}]}, "quota is below 0"),
)


@pytest.mark.parametrize(("path", "fields", "reason"), WRONG)
def test_a_field_that_is_missing_or_wrong_is_named(
    path: str, fields: dict[str, Any], reason: str
) -> None:
    *_, bill, before = pipeline(on(path, lambda data: data.update(fields)))
    assert isinstance(bill, Bill) and judged(bill) == ("inconclusive", "unreadable")
    assert isinstance(before, Inconclusive) and before.reason == bill.reason
    assert reason in bill.reason and bill.reason.startswith(f"{path}: ")


@pytest.mark.parametrize("field", ["used_quota", "quota"])
def test_an_exponent_that_is_no_amount_is_refused(field: str) -> None:
    def edit(request: httpx.Request, reply: Any) -> bytes:
        return json.dumps(reply).replace(f'"{field}": ', f'"{field}": 1e999999999, "_": ').encode()

    *_, bill, _ = pipeline(edit)
    assert isinstance(bill, Bill) and f"{field} is not a 64-bit integer" in bill.reason


def test_a_gateway_that_recovers_in_time_is_billed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueup.retest.billing.settlement.POLL_S", POLL_S)
    shaky = till()
    calls: list[int] = []

    def edit(request: httpx.Request, reply: Any) -> Any:
        calls.append(1)
        return b"<html>" if 8 < len(calls) < 14 else reply

    shaky.wire.edit = edit
    assert judged(shaky.image()) == ("aligned", "agreed")
    assert len(calls) > 14


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
PATHS = (
    "/api/status",
    "/api/pricing",
    "/api/token/",
    "/api/token/1",
    "/api/user/self",
    "/api/log/self",
)


@pytest.mark.no_cover
@given(st.sampled_from(PATHS), st.integers(0, 200), JSON)
def test_no_value_in_any_place_raises(path: str, place: int, value: Any) -> None:
    def edit(request: httpx.Request, reply: Any) -> Any:
        if request.url.path == path:
            spots = list(places(reply))
            holder, name = spots[place % len(spots)]
            holder[name] = value
        return reply

    for found in pipeline(edit):
        assert isinstance(found, Inconclusive) or not getattr(found, "reason", "").count("\n")


def places(value: Any) -> Any:
    """Every place in a reply that can hold something else."""
    names = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for name in names:
        yield value, name
        yield from places(value[name])


@settings(deadline=None)
@given(st.binary(max_size=50))
def test_no_content_raises(content: bytes) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=content))
    client = client_of(Bank(Options()), transport)
    assert isinstance(client.terms(), Inconclusive)


def test_no_secret_gets_into_a_reason_a_repr_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        words = f"{request.headers['authorization']}\x00 [sk-abc***xyz] sk-{KEY} {KEY}"
        return httpx.Response(200, json={"success": False, "message": words})

    bank = Bank(Options())
    client = client_of(bank, httpx.MockTransport(echo))
    with caplog.at_level(logging.DEBUG):
        found = client.find_token(f"sk-{KEY}")
        good = till()
        account = good.account()
        bill = good.error()
    assert isinstance(found, Inconclusive)
    assert found.reason.startswith("/api/token/: HTTP 200 without success, '*** [***] *** ***'.")
    shown = f"{found!r} {client!r} {account!r} {bill!r} {account.before()!r} {vars(good)!r}"
    assert SECRET not in shown + caplog.text
    assert KEY not in caplog.text and KEY not in f"{found!r} {account!r} {bill!r}"
    repeated = rows_of(lambda row: row.update(other={"upstream_model_name": f"m-{KEY}"}))
    assert till(edit=repeated).image().upstream == "m-***"
    for request in good.wire.seen:
        assert KEY not in str(request.url) and SECRET not in str(request.url)
        owned = request.url.path not in ("/api/status", "/api/pricing")
        assert ("authorization" in request.headers) is owned


@pytest.mark.parametrize("access_token", ["", "two words", "new\nline", "schlüssel"])
def test_an_access_token_that_no_header_takes_is_refused_unseen(access_token: str) -> None:
    with pytest.raises(BadInput, match="export it again") as caught:
        LedgerClient("http://mock", access_token=access_token, user_id=1)
    assert not access_token or access_token not in str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    seen = []

    def away(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(302, headers={"location": "http://elsewhere/"})

    found = client_of(Bank(Options()), httpx.MockTransport(away)).find_token(KEY)
    assert (
        isinstance(found, Inconclusive)
        and "HTTP 302 with a body that is not valid JSON" in found.reason
    )
    assert seen == ["mock"]


def test_the_ledger_is_only_read() -> None:
    good = till()
    good.image()
    assert {request.method for request in good.wire.seen} == {"GET"}


@pytest.mark.parametrize("is_bare", [False, True])
def test_a_page_of_new_rows_alone_is_inconclusive(is_bare: bool) -> None:
    def ten_at_most(page: Any) -> Any:
        page["items"] = page["items"][:10]
        return page["items"] if is_bare else None

    def others(bank: Bank) -> None:
        for _ in range(12):
            bank.send_native()

    busy = till(edit=on("/api/log/self", ten_at_most))
    bill = busy.image(others)
    assert judged(bill) == ("inconclusive", "other-traffic")
    assert "one page of the log does not hold all new rows" in bill.reason
