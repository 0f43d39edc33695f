"""Ledger routes: the routes under /api that a client of the ledger reads, in both dialects.

Only what such a client reads is written. Almost every failure is a 200 with `success` false.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trueup.mock.caller_key import bare
from trueup.mock.incoming_request import IncomingRequest
from trueup.mock.ledger import CONSUME, GatewayLedger, LoggedCall, Token
from trueup.mock.ledger_options import Dialect, Options
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.replies import MockReply, as_json, invalid_url
from trueup.protocols import OUTPUT_TOKENS, PROMPT_TOKENS

PREFIX = "/api/"
ONE_TOKEN = re.compile(r"/api/token/([0-9]{1,19})")
NUMBER = re.compile(r"[0-9]{1,19}")
"""A longer number is beyond 64 bits, and counts as absent."""
PAGE_SIZE, LARGEST_PAGE = 10, 100
"""As in the gateway family."""
Fields = dict[str, object]
T = TypeVar("T")


def read_ledger(ledger: GatewayLedger, index: ReplayIndex, request: IncomingRequest) -> MockReply:
    """Return the reply to a request under `/api/`."""
    if ledger.is_over_limit():
        return MockReply(429, b"", "")
    path, token = request.path, ONE_TOKEN.fullmatch(request.path)
    if request.method != "GET" or not (token or path in ROUTES):
        return invalid_url(request.method, path)
    denied = None if path in PUBLIC else _denied(ledger, request.headers)
    if denied:
        return denied
    return _token(ledger, int(token[1])) if token else ROUTES[path](ledger, index, request)


def token_fields(token: Token, dialect: Dialect) -> Fields:
    """Return a token as a dialect shows it."""
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


def row_fields(row: LoggedCall, options: Options) -> Fields:
    """Return a log row as its owner sees it."""
    charge = row.charge
    is_counted = row.type == CONSUME and charge.has_usage
    use_time_s = max(row.created_at - charge.started, 0.0)
    fields: Fields = {
        "created_at": int(row.created_at),
        "type": row.type,
        "token_name": charge.token.name,
        "token_id": charge.token.id,
        "quota": row.quota,
        "prompt_tokens": PROMPT_TOKENS if is_counted else 0,
        "completion_tokens": OUTPUT_TOKENS if is_counted and charge.has_image else 0,
    }
    if options.dialect == "documented":
        return fields | {
            "model_name": charge.upstream,
            "use_time": round(use_time_s, 2),
            "cost_usd": row.quota / options.quota_per_unit,
            "other": {"request_id": charge.request_id},
        }
    is_mapped = row.type == CONSUME and charge.upstream != charge.model
    other = {"is_model_mapped": True, "upstream_model_name": charge.upstream} if is_mapped else {}
    return fields | {
        "model_name": charge.model,
        "use_time": int(use_time_s),
        "request_id": charge.request_id,
        "other": json.dumps(other),
    }


def _status(ledger: GatewayLedger, *_: object) -> MockReply:
    options = ledger.options
    return _success(
        {
            "version": "simulated",
            "quota_per_unit": options.quota_per_unit,
            "enable_batch_update": options.is_batching,
        }
    )


def _pricing(ledger: GatewayLedger, index: ReplayIndex, *_: object) -> MockReply:
    """Return the prices, which are made up: nobody observed one."""
    options = ledger.options
    models = index.names() if options.prices is None else options.prices
    data = [
        {"model_name": model, "quota_type": 1, "model_price": options.price_usd(model)}
        for model in models
    ]
    return as_json({"success": True, "data": data, "group_ratio": dict(options.groups)})


def _tokens(ledger: GatewayLedger, _: ReplayIndex, request: IncomingRequest) -> MockReply:
    tokens = sorted(ledger.tokens.values(), key=lambda token: -token.id)
    return _page(request, tokens, lambda token: token_fields(token, ledger.options.dialect))


def _token(ledger: GatewayLedger, number: int) -> MockReply:
    token = ledger.tokens.get(number)
    if token is None:
        return as_json({"success": False, "message": "record not found"})
    return _success(token_fields(token, ledger.options.dialect))


def _log(ledger: GatewayLedger, _: ReplayIndex, request: IncomingRequest) -> MockReply:
    """Return the rows of all types since a second, newest first."""
    since = _number(request, "start_timestamp")
    rows = [row for row in reversed(ledger.rows) if int(row.created_at) >= since]
    return _page(request, rows, lambda row: row_fields(row, ledger.options))


def _user(ledger: GatewayLedger, *_: object) -> MockReply:
    user = ledger.user
    fields = {"quota": user.quota, "used_quota": user.used_quota, "group": user.group}
    return _success({"id": user.id, **fields})


ROUTES: Mapping[str, Callable[[GatewayLedger, ReplayIndex, IncomingRequest], MockReply]] = {
    "/api/status": _status,
    "/api/pricing": _pricing,
    "/api/token/": _tokens,
    "/api/log/self": _log,
    "/api/user/self": _user,
}
PUBLIC = ("/api/status", "/api/pricing")


def _denied(ledger: GatewayLedger, headers: Mapping[str, str]) -> MockReply | None:
    """Return the refusal of a request that is not its owner's. A wrong token is a 200."""
    if headers.get("authorization", "") != ledger.user.access_token:
        reason, status = "access token 无效", 200
    elif headers.get("new-api-user", "") != str(ledger.user.id):
        reason, status = "New-Api-User 与登录用户不匹配", 401
    else:
        return None
    return as_json({"success": False, "message": f"无权进行此操作，{reason}"}, status)


def _page(
    request: IncomingRequest, items: Sequence[T], fields_of: Callable[[T], Fields]
) -> MockReply:
    """Return the page of the items that is requested."""
    page = max(_number(request, "p"), 1)
    size = min(_number(request, "page_size") or PAGE_SIZE, LARGEST_PAGE)
    shown = [fields_of(item) for item in items[(page - 1) * size : page * size]]
    return _success({"page": page, "page_size": size, "total": len(items), "items": shown})


def _number(request: IncomingRequest, name: str) -> int:
    text = dict(request.query).get(name, "")
    return int(text) if NUMBER.fullmatch(text) else 0


def _success(data: object) -> MockReply:
    return as_json({"success": True, "message": "", "data": data})
