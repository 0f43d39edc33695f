"""Dialect: how tokens, log rows and users are written by the gateway's source and in its docs.

A client must read both: which of them a deployment speaks is not known beforehand.
"""

import json
from collections.abc import Mapping, Sequence

from trueup.mock.account import CONSUME, Dialect, LogRow, Options, Token, User
from trueup.mock.auth import bare

Fields = dict[str, object]


def token_fields(token: Token, dialect: Dialect) -> Fields:
    """A token as the management routes show it."""
    documented, models = dialect == "documented", list(token.models or ())
    fields: Fields = {
        "id": token.id,
        "user_id": token.user_id,
        "key": f"sk-{bare(token.key)}" if documented else bare(token.key),
        "status": token.status,
        "name": token.name,
        "created_time": token.created_time,
        "accessed_time": token.accessed_time,
        "expired_time": token.expired_time,
        "remain_quota": token.remain_quota,
        "unlimited_quota": token.unlimited_quota,
        "model_limits_enabled": token.models is not None,
        "model_limits": json.dumps(models) if documented else ",".join(models),
        "allow_ips": token.allow_ips,
        "used_quota": token.used_quota,
        "group": token.group,
    }
    return fields if documented else {**fields, "cross_group_retry": False, "DeletedAt": None}


def row_fields(row: LogRow, number: int, options: Options) -> Fields:
    """A log row as its owner sees it. `number` is its place in the page, the source's only id."""
    documented = options.dialect == "documented"
    fields: Fields = {
        "id": number,
        "user_id": row.user.id,
        "created_at": int(row.created_at),
        "type": row.type,
        "content": row.content,
        "username": row.user.username,
        "token_name": row.token_name,
        "model_name": row.upstream if documented else row.model,
        "quota": row.quota,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "use_time": round(row.use_time_s, 2) if documented else int(row.use_time_s),
        "channel": 1,
        "channel_name": "",
        "token_id": row.token_id,
        "group": row.group,
        "ip": "",
    }
    if documented:
        return {**fields, "cost_usd": row.quota / options.quota_per_unit, "other": _told(row)}
    other = _priced(row, options) if row.type == CONSUME else _failed(row)
    text = json.dumps(other, separators=(",", ":"))
    return {**fields, "request_id": row.request_id, "other": text}


def user_fields(user: User) -> Fields:
    """A user as it sees itself."""
    return {
        "id": user.id,
        "username": user.username,
        "display_name": user.username,
        "role": user.role,
        "status": user.status,
        "email": "",
        "group": user.group,
        "quota": user.quota,
        "used_quota": user.used_quota,
        "request_count": user.request_count,
        "setting": "",
        "permissions": {},
    }


def page_fields(items: Sequence[object], page: int, size: int, total: int) -> Fields:
    """A page of something."""
    return {"page": page, "page_size": size, "total": total, "items": items}


def _priced(row: LogRow, options: Options) -> Mapping[str, object]:
    other: Fields = {
        "model_ratio": 0,
        "group_ratio": options.groups.get(row.group, 1.0),
        "completion_ratio": 0,
        "cache_tokens": 0,
        "cache_ratio": 0,
        "model_price": row.price_usd,
        "user_group_ratio": -1,
        "frt": int(row.use_time_s * 1000),
        "request_path": row.path,
        "request_conversion": [],
        "billing_source": "wallet",
    }
    if row.upstream != row.model:
        other |= {"is_model_mapped": True, "upstream_model_name": row.upstream}
    return other


def _failed(row: LogRow) -> Mapping[str, object]:
    return {
        "error_type": "new_api_error",
        "error_code": "",
        "status_code": row.http_status,
        "channel_id": 1,
        "channel_name": "simulated",
        "channel_type": 24,
        "request_path": row.path,
    }


def _told(row: LogRow) -> Mapping[str, object]:
    return {
        "client": "",
        "request_id": row.request_id,
        "request_method": row.method,
        "request_path": row.path,
        "http_status": row.http_status,
        "discount": 1,
    }
