"""Admission: whether a key lets a request in. Answers in the gateway's own order of questions."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from trueup.mock.account import EXHAUSTED, EXPIRED, ON, Token, User
from trueup.mock.auth import bare
from trueup.mock.ledger import Ledger
from trueup.mock.refusal import (
    ADDRESS,
    BANNED,
    DISABLED,
    GROUP_GONE,
    GROUP_NOT_USABLE,
    MISSING,
    PINNING,
    RATE_LIMIT,
    SPENT,
    UNKNOWN,
)
from trueup.mock.refusal import (
    EXHAUSTED as USED_UP,
)
from trueup.mock.refusal import (
    EXPIRED as OVER,
)
from trueup.mock.reply import Answer, Words, as_json

ADMIN = 10
BANNED_USER = 2
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it was. A pinned call goes to one channel: no whitelist, no retry."""

    user: User
    token: Token
    group: str
    is_pinned: bool = False


def admit(ledger: Ledger, key: str, address: str, words: Words) -> Caller | Answer:
    """Who calls a business route, or the refusal. `key` may name a channel: `sk-KEY-ID`."""
    if not key:
        return words.refuse(MISSING)
    token, channel = _token(ledger, key)
    if token is None:
        return words.refuse(UNKNOWN)
    refused = _unusable(ledger, token, words)
    if refused:
        return refused
    if token.allow_ips is not None and not _is_allowed(address, token.allow_ips):
        return words.refuse(ADDRESS)
    user = ledger.users[token.user_id]
    if user.status == BANNED_USER:
        return words.refuse(BANNED)
    group = token.group or user.group
    if token.group and token.group not in ledger.options.usable_groups:
        return words.refuse(GROUP_NOT_USABLE, group=group)
    if token.group and token.group not in ledger.options.groups:
        return words.refuse(GROUP_GONE, group=group)
    if channel and user.role < ADMIN:
        return words.refuse(PINNING)
    return Caller(user, token, group, bool(channel))


def limit_calls(ledger: Ledger, caller: Caller, words: Words) -> Answer | None:
    """The refusal of a call too many; without a cache to count in, it has no body."""
    limit = ledger.options.rate_limit
    if not ledger.is_limited("calls", caller.user.id, limit, MINUTE_S):
        return None
    if ledger.options.redis or ledger.options.dialect == "documented":
        return words.refuse(RATE_LIMIT, limit=limit)
    return Answer(429, b"", "")


def read_only(ledger: Ledger, key: str) -> Token | Answer:
    """The token of a key that may be spent, expired or off, or the refusal in a flat shape."""
    if not key:
        return as_json({"success": False, "message": "未提供 Authorization 请求头"}, 401)
    token, _ = _token(ledger, key)
    return token or as_json({"success": False, "message": "无效的令牌"}, 401)


def manage(ledger: Ledger, headers: Mapping[str, str]) -> User | Answer:
    """Who calls a management route. A wrong token is a 200: only `success` tells."""
    came = headers.get("authorization", "").strip()
    if not came:
        return _denied("未登录且未提供 access token", 401)
    secret = came[7:].strip() if came[:7].lower() == "bearer " else came
    user = next((user for user in ledger.users.values() if user.access_token == secret), None)
    if user is None:
        return _denied("access token 无效")
    claimed = headers.get("new-api-user", "")
    if not claimed:
        return _denied("未提供 New-Api-User", 401)
    if not (claimed.isascii() and claimed.isdecimal() and len(claimed) < 20):
        return _denied("New-Api-User 格式错误", 401)
    if int(claimed) != user.id:
        return _denied("New-Api-User 与登录用户不匹配", 401)
    if user.status == BANNED_USER:
        return as_json({"success": False, "message": "用户已被封禁"})
    return user


def _token(ledger: Ledger, key: str) -> tuple[Token | None, str]:
    """The token of a key, and the channel that the key asks for."""
    token = ledger.keys.get(key)
    if token is not None:
        return token, ""
    stored, _, channel = key.partition("-")
    return ledger.keys.get(stored), channel


def _unusable(ledger: Ledger, token: Token, words: Words) -> Answer | None:
    key = bare(token.key)
    shown = f"sk-{key[:3]}***{key[-3:]}"
    if token.status == EXHAUSTED:
        return words.refuse(USED_UP, key=shown)
    if token.status == EXPIRED:
        return words.refuse(OVER)
    if token.status != ON:
        return words.refuse(DISABLED)
    if token.expired_time != -1 and token.expired_time < ledger.now:
        return words.refuse(OVER)
    if not token.unlimited_quota and token.remain_quota <= 0:
        ledger.spend(token)
        return words.refuse(SPENT, key=shown, remain=token.remain_quota)
    return None


def _is_allowed(address: str, allowed: str) -> bool:
    try:
        came = ip_address(address)
        return any(
            came in ip_network(line.strip(), strict=False)
            for line in allowed.splitlines()
            if line.strip()
        )
    except ValueError:
        return False


def _denied(why: str, status: int = 200) -> Answer:
    return as_json({"success": False, "message": f"无权进行此操作，{why}"}, status)
