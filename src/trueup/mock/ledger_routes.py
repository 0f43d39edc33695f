"""Ledger routes: the routes under /api that a client of new-api's ledger reads, in its dialects.

Only what such a client reads is written. Almost every failure is a 200 with `success` false.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trueup.mock.caller_key import bare
from trueup.mock.dialects import (
    EXHAUSTED,
    MISSING,
    SPENT,
    UNKNOWN,
    is_chinese,
    refuse,
    unknown_path,
)
from trueup.mock.incoming_request import IncomingRequest
from trueup.mock.ledger import CONSUME, GatewayLedger, LoggedCall, Token
from trueup.mock.ledger_options import Dialect, Options
from trueup.mock.replay_index import ReplayIndex
from trueup.mock.replies import MockReply, as_json
from trueup.model import Auth
from trueup.protocols import OUTPUT_TOKENS, PROMPT_TOKENS

PREFIX = "/api/"
ONE_TOKEN = re.compile(r"/api/token/([0-9]{1,19})")
NUMBER = re.compile(r"[0-9]{1,19}")
"""A longer number is beyond 64 bits, and counts as absent."""
PAGE_SIZE, LARGEST_PAGE = 10, 100
"""As in the gateway family."""
LARGEST_LOG = 1000
"""Rows of one key, as in the gateway family."""
QUERY_KEY: Auth = "query key"
NO_TOKEN = 401, "未登录且未提供 access token", "not logged in and no access token provided"
WRONG_TOKEN = 200, "access token 无效", "invalid access token"
NO_USER = 401, "未提供 New-Api-User", "New-Api-User not provided"
OTHER_USER = 401, "New-Api-User 与登录用户不匹配", "New-Api-User does not match the logged-in user"
Fields = dict[str, object]
T = TypeVar("T")


def read_ledger(
    ledger: GatewayLedger, index: ReplayIndex, request: IncomingRequest, request_id: str
) -> MockReply:
    """Return the reply to a request under `/api/`."""
    if ledger.is_over_limit():
        return MockReply(429, b"", "")
    path, token = request.path, ONE_TOKEN.fullmatch(request.path)
    if request.method == "GET" and path in OF_A_KEY:
        return OF_A_KEY[path](ledger, request, request_id)
    if request.method != "GET" or not (token or path in ROUTES):
        return unknown_path(ledger.options.dialect, request)
    denied = None if path in PUBLIC else _denied(ledger, request)
    if denied:
        return denied
    return _token(ledger, int(token[1])) if token else ROUTES[path](ledger, index, request)


def refuse_spent(
    dialect: Dialect, token: Token, request: IncomingRequest, request_id: str
) -> MockReply:
    """Return the refusal of a token without quota, which is marked as exhausted by it."""
    refusal, token.is_exhausted = EXHAUSTED if token.is_exhausted else SPENT, True
    key = bare(token.key)
    values = {"mask": f"sk-{key[:3]}***{key[-3:]}", "remain": str(token.remain_quota)}
    return refuse(dialect, refusal, request, request_id, **values)


def token_fields(token: Token, dialect: Dialect) -> Fields:
    """Return a token as a dialect shows it."""
    key = bare(token.key)
    if dialect == "new-api-documented":
        key = f"sk-{key}"
    elif dialect == "new-api-c":
        key = _masked(key)
    return {
        "id": token.id,
        "key": key,
        "name": token.name,
        "accessed_time": token.accessed_time,
        "remain_quota": token.remain_quota,
        "unlimited_quota": token.unlimited_quota,
        "used_quota": token.used_quota,
        "group": token.group,
        "model_limits_enabled": bool(token.models),
        "model_limits": ",".join(token.models),
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
    if options.dialect == "new-api-documented":
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
    options, ledger.has_shown_prices = ledger.options, True
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


def _usage_of_key(ledger: GatewayLedger, request: IncomingRequest, request_id: str) -> MockReply:
    """Return the quota of the caller's token. D checks the token as it does before a call."""
    key, dialect = request.caller.key, ledger.options.dialect
    token = ledger.keys.get(key)
    if dialect == "new-api-d":
        if token is None:
            return refuse(dialect, UNKNOWN if key else MISSING, request, request_id)
        if token.is_spent:
            return refuse_spent(dialect, token, request, request_id)
    if token is None:
        return _unknown_key(ledger, request)
    data = {
        "object": "token_usage",
        "name": token.name,
        "total_granted": token.remain_quota + token.used_quota,
        "total_used": token.used_quota,
        "total_available": token.remain_quota,
        "unlimited_quota": token.unlimited_quota,
        "model_limits": dict.fromkeys(token.models, True),
        "model_limits_enabled": bool(token.models),
        "expires_at": 0,
    }
    return as_json({"code": True, "message": "ok", "data": data})


def _log_of_key(ledger: GatewayLedger, request: IncomingRequest, _: str) -> MockReply:
    """Return the rows of the caller's token. D takes the key from the query and refuses none."""
    is_d = ledger.options.dialect == "new-api-d"
    if is_d and QUERY_KEY not in request.caller.read:
        return _success([])
    token = ledger.keys.get(request.caller.key)
    if token is None:
        return _success([]) if is_d else _unknown_key(ledger, request)
    rows = [row for row in reversed(ledger.rows) if row.charge.token is token][:LARGEST_LOG]
    return _success([row_fields(row, ledger.options) for row in rows])


def _unknown_key(ledger: GatewayLedger, request: IncomingRequest) -> MockReply:
    is_english = ledger.options.dialect == "new-api-c" and not is_chinese(request)
    message = UNKNOWN.english if is_english else UNKNOWN.new_api
    return as_json({"success": False, "message": message}, 401)


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
KEY_LOG = "/api/log/token"
OF_A_KEY: Mapping[str, Callable[[GatewayLedger, IncomingRequest, str], MockReply]] = {
    "/api/usage/token/": _usage_of_key,
    KEY_LOG: _log_of_key,
}


def _denied(ledger: GatewayLedger, request: IncomingRequest) -> MockReply | None:
    """Return the refusal of a request that is not its owner's. A wrong token is a 200."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    user = request.headers.get("new-api-user", "")
    if not token:
        denied = NO_TOKEN
    elif token != ledger.user.access_token:
        denied = WRONG_TOKEN
    elif user != str(ledger.user.id):
        denied = OTHER_USER if user else NO_USER
    else:
        return None
    status, chinese, english = denied
    is_english = ledger.options.dialect == "new-api-c" and not is_chinese(request)
    message = f"Unauthorized, {english}" if is_english else f"无权进行此操作，{chinese}"
    return as_json({"success": False, "message": message}, status)


def _page(
    request: IncomingRequest, items: Sequence[T], fields_of: Callable[[T], Fields]
) -> MockReply:
    """Return the page of the items that is requested."""
    page = max(_number(request, "p"), 1)
    size = min(_number(request, "page_size") or PAGE_SIZE, LARGEST_PAGE)
    shown = [fields_of(item) for item in items[(page - 1) * size : page * size]]
    return _success({"page": page, "page_size": size, "total": len(items), "items": shown})


def _masked(key: str) -> str:
    """Return the key as C shows it."""
    if len(key) > 8:
        return f"{key[:4]}**********{key[-4:]}"
    return f"{key[:2]}****{key[-2:]}" if len(key) > 4 else "*" * len(key)


def _number(request: IncomingRequest, name: str) -> int:
    text = dict(request.query).get(name, "")
    return int(text) if NUMBER.fullmatch(text) else 0


def _success(data: object) -> MockReply:
    return as_json({"success": True, "message": "", "data": data})
