"""Management: the routes under /api that a client of the ledger reads, in both dialects.

Only what such a client reads is written. Almost every failure is a 200 with `success` false.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trueup.mock.account import CONSUME, Dialect, LoggedCall, Options, Token
from trueup.mock.auth import bare
from trueup.mock.incoming import IncomingRequest
from trueup.mock.ledger import GatewayLedger
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.reply import MockReply, as_json, invalid_url

PREFIX = "/api/"
ONE_TOKEN = re.compile(r"/api/token/([0-9]{1,19})")
NUMBER = re.compile(r"[0-9]{1,19}")
"""A larger number is none of 64 bits, and counts as absent."""
PAGE_SIZE, LARGEST_PAGE = 10, 100
Fields = dict[str, object]
T = TypeVar("T")


def manage(ledger: GatewayLedger, record: ReplayIndex, asked: IncomingRequest) -> MockReply:
    """The reply to a request under `/api/`."""
    if ledger.is_over_limit():
        return MockReply(429, b"", "")
    token = ONE_TOKEN.fullmatch(asked.path)
    is_public, is_owned = asked.path in PUBLIC, token or asked.path in OWNED
    if asked.method != "GET" or not (is_public or is_owned):
        return invalid_url(asked.method, asked.path)
    if is_public:
        return PUBLIC[asked.path](ledger, record)
    denied = _denied(ledger, asked.headers)
    if denied:
        return denied
    return _token(ledger, int(token[1])) if token else OWNED[asked.path](ledger, asked)


def token_fields(token: Token, dialect: Dialect) -> Fields:
    """A token as a dialect shows it."""
    key = bare(token.key)
    return {
        "id": token.id,
        "key": f"sk-{key}" if dialect == "documented" else key,
        "name": token.name,
        "accessed_time": token.accessed_time,
        "remain_quota": token.remain_quota,
        "unlimited_quota": token.unlimited_quota,
        "used_quota": token.used_quota,
        "group": token.group,
    }


def row_fields(row: LoggedCall, number: int, options: Options) -> Fields:
    """A log row as its owner sees it. `number` is its place in the page, the source's only id."""
    fields: Fields = {
        "id": number,
        "created_at": int(row.created_at),
        "type": row.type,
        "token_name": row.token_name,
        "token_id": row.token_id,
        "quota": row.quota,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
    }
    if options.dialect == "documented":
        return fields | {
            "model_name": row.upstream,
            "use_time": round(row.use_time_s, 2),
            "cost_usd": row.quota / options.quota_per_unit,
            "other": {"request_id": row.request_id},
        }
    is_mapped = row.type == CONSUME and row.upstream != row.model
    other = {"is_model_mapped": True, "upstream_model_name": row.upstream} if is_mapped else {}
    return fields | {
        "model_name": row.model,
        "use_time": int(row.use_time_s),
        "request_id": row.request_id,
        "other": json.dumps(other),
    }


def _status(ledger: GatewayLedger, record: ReplayIndex) -> MockReply:
    options = ledger.options
    return _done(
        {
            "version": "simulated",
            "quota_per_unit": options.quota_per_unit,
            "enable_batch_update": options.is_batching,
        }
    )


def _pricing(ledger: GatewayLedger, record: ReplayIndex) -> MockReply:
    """The prices, which are made up: nobody observed one."""
    priced = ((name, ledger.options.price_usd(name)) for name in record.names())
    data = [
        {"model_name": name, "quota_type": 1, "model_price": price}
        for name, price in priced
        if price is not None
    ]
    return as_json({"success": True, "data": data, "group_ratio": dict(ledger.options.groups)})


def _tokens(ledger: GatewayLedger, asked: IncomingRequest) -> MockReply:
    tokens = sorted(ledger.tokens.values(), key=lambda token: -token.id)
    dialect = ledger.options.dialect
    return _page(asked, tokens, lambda token, _: token_fields(token, dialect))


def _token(ledger: GatewayLedger, number: int) -> MockReply:
    token = ledger.tokens.get(number)
    if token is None:
        return as_json({"success": False, "message": "record not found"})
    return _done(token_fields(token, ledger.options.dialect))


def _log(ledger: GatewayLedger, asked: IncomingRequest) -> MockReply:
    """The rows of all types since a second, newest first."""
    since = _number(asked, "start_timestamp")
    rows = [row for row in reversed(ledger.rows) if int(row.created_at) >= since]
    return _page(asked, rows, lambda row, number: row_fields(row, number, ledger.options))


def _myself(ledger: GatewayLedger, asked: IncomingRequest) -> MockReply:
    user = ledger.user
    fields = {"quota": user.quota, "used_quota": user.used_quota, "group": user.group}
    return _done({"id": user.id, **fields})


PUBLIC: Mapping[str, Callable[[GatewayLedger, ReplayIndex], MockReply]] = {
    "/api/status": _status,
    "/api/pricing": _pricing,
}
OWNED: Mapping[str, Callable[[GatewayLedger, IncomingRequest], MockReply]] = {
    "/api/token/": _tokens,
    "/api/log/self": _log,
    "/api/user/self": _myself,
}


def _denied(ledger: GatewayLedger, headers: Mapping[str, str]) -> MockReply | None:
    """Why a request is not its owner's. A wrong token is a 200: only `success` tells."""
    if headers.get("authorization", "") != ledger.user.access_token:
        why, status = "access token 无效", 200
    elif headers.get("new-api-user", "") != str(ledger.user.id):
        why, status = "New-Api-User 与登录用户不匹配", 401
    else:
        return None
    return as_json({"success": False, "message": f"无权进行此操作，{why}"}, status)


def _page(
    asked: IncomingRequest, items: Sequence[T], fields: Callable[[T, int], Fields]
) -> MockReply:
    """The page that is requested, its items numbered over all pages."""
    page = max(_number(asked, "p"), 1)
    size = min(_number(asked, "page_size") or PAGE_SIZE, LARGEST_PAGE)
    start = (page - 1) * size
    shown = enumerate(items[start : start + size], start + 1)
    rows = [fields(item, number) for number, item in shown]
    return _done({"page": page, "page_size": size, "total": len(items), "items": rows})


def _number(asked: IncomingRequest, name: str) -> int:
    text = asked.parameter(name)
    return int(text) if NUMBER.fullmatch(text) else 0


def _done(data: object) -> MockReply:
    return as_json({"success": True, "message": "", "data": data})
