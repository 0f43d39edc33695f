"""Statement: what a key can read of its own token: its usage, and the figures of the old dashboard.

Everything is in quota units but the dashboard, which tells dollars and cents.
"""

from trueup.mock.account import Token
from trueup.mock.admission import admit, read_only
from trueup.mock.asked import Asked
from trueup.mock.auth import bearer
from trueup.mock.ledger import Ledger
from trueup.mock.reply import Answer, Words, as_json

USAGE = "/api/usage/token/"
DASHBOARD = "/dashboard/billing/"
UNLIMITED_USD = 100_000_000


def state(ledger: Ledger, asked: Asked, words: Words) -> Answer | None:
    """The reply, or None for a path or method that is none of these."""
    if asked.method != "GET":
        return None
    if asked.path == USAGE:
        token = read_only(ledger, bearer(asked.headers))
        return token if isinstance(token, Answer) else _usage(ledger, token)
    what = asked.path.removeprefix("/v1").removeprefix(DASHBOARD)
    if what not in ("subscription", "usage") or DASHBOARD not in asked.path:
        return None
    caller = admit(ledger, bearer(asked.headers), asked.address, words)
    if isinstance(caller, Answer):
        return caller
    if what == "usage":
        cents = caller.token.used_quota / ledger.options.quota_per_unit * 100
        return as_json({"object": "list", "total_usage": cents})
    return _subscription(ledger, caller.token)


def _usage(ledger: Ledger, token: Token) -> Answer:
    used = ledger.cached_used(token)
    data = {
        "object": "token_usage",
        "name": token.name,
        "total_granted": token.remain_quota + used,
        "total_used": used,
        "total_available": token.remain_quota,
        "unlimited_quota": token.unlimited_quota,
        "model_limits": dict.fromkeys(token.models or (), True),
        "model_limits_enabled": token.models is not None,
        "expires_at": max(token.expired_time, 0),
    }
    return as_json({"code": True, "message": "ok", "data": data})


def _subscription(ledger: Ledger, token: Token) -> Answer:
    dollars = (token.remain_quota + token.used_quota) / ledger.options.quota_per_unit
    limit = UNLIMITED_USD if token.unlimited_quota else dollars
    names = ("soft_limit_usd", "hard_limit_usd", "system_hard_limit_usd")
    return as_json(
        {
            "object": "billing_subscription",
            "has_payment_method": True,
            **dict.fromkeys(names, limit),
            "access_until": max(token.expired_time, 0),
        }
    )
