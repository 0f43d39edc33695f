"""Admission: whether a key lets a request in. Answers in the gateway's own order of questions."""

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
from trueup.mock.reply import Answer, Words

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
    user = ledger.user
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
    if not ledger.is_limited("calls", None, limit, MINUTE_S):
        return None
    if ledger.options.redis or ledger.options.dialect == "documented":
        return words.refuse(RATE_LIMIT, limit=limit)
    return Answer(429, b"", "")


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
