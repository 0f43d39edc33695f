"""Management: the routes under /api on which an owner reads the ledger and keeps tokens.

Almost every failure is a 200 with `success` false, as with the real ones.
"""

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from trueup.mock.account import ON, LogRow, Token, User
from trueup.mock.admission import manage, read_only
from trueup.mock.asked import Asked, json_object
from trueup.mock.auth import bare, bearer
from trueup.mock.dialect import page_fields, row_fields, token_fields, user_fields
from trueup.mock.filter import cut, filtered, integer, read_page, summed
from trueup.mock.ledger import Ledger
from trueup.mock.record import Record
from trueup.mock.reply import Answer, as_json
from trueup.model import Body

ONE_TOKEN = re.compile(r"/api/token/([^/]+)")
KEY_LETTERS = string.ascii_letters + string.digits
TOKEN_ROWS = 1000
LONGEST_NAME = 50
Handler = Callable[["Management", Asked, User], Answer]


@dataclass(frozen=True)
class Management:
    """The management routes of one gateway."""

    ledger: Ledger
    record: Record

    def answer(self, asked: Asked) -> Answer | None:
        """The reply, or None for a path or method that is none of them."""
        if asked.method == "GET" and asked.path in PUBLIC:
            return PUBLIC[asked.path](self, asked)
        handler = OWNED.get((asked.method, asked.path))
        named = ONE_TOKEN.fullmatch(asked.path)
        if handler is None and not (named and asked.method in ("GET", "DELETE")):
            return None
        user = manage(self.ledger, asked.headers)
        if isinstance(user, Answer):
            return user
        if handler:
            return handler(self, asked, user)
        assert named
        return self._one_token(asked.method, named[1], user)

    def status(self, asked: Asked) -> Answer:
        """What the gateway tells everyone of its settings."""
        options = self.ledger.options
        return done(
            {
                "version": "simulated",
                "start_time": int(self.ledger.started),
                "quota_per_unit": options.quota_per_unit,
                "quota_display_type": "USD",
                "usd_exchange_rate": 7.3,
                "price": 7.3,
                "enable_batch_update": options.is_batching,
                "server_address": asked.site,
                "setup": True,
                "self_use_mode_enabled": False,
            }
        )

    def pricing(self, asked: Asked) -> Answer:
        """The prices, which are made up: nobody observed one."""
        options = self.ledger.options
        prices = {name: options.price_usd(name) for name in self.record.names()}
        data = [
            {
                "model_name": name,
                "quota_type": 1,
                "model_ratio": 0,
                "model_price": prices[name],
                "owner_by": "",
                "completion_ratio": 0,
                "enable_groups": list(options.groups),
                "supported_endpoint_types": list(kinds),
            }
            for name, kinds in self.record.names().items()
            if prices[name] is not None
        ]
        more: dict[str, object] = {"vendors": [], "supported_endpoint": {}, "auto_groups": []}
        usable = {name: name for name in options.usable_groups}
        groups = {"group_ratio": dict(options.groups), "usable_group": usable}
        return as_json({"success": True, "data": data, **groups, **more})

    def token_log(self, asked: Asked) -> Answer:
        """The rows of the key's own token, newest first."""
        old = self.ledger.options.dialect == "documented"
        key = bare(next(iter(asked.keys), "")) if old else bearer(asked.headers)
        token = read_only(self.ledger, key)
        if isinstance(token, Answer):
            return token
        rows = (row for row in reversed(self.ledger.rows) if row.token_id == token.id)
        found = list(rows) if old else list(islice(rows, TOKEN_ROWS))
        return done(self._rows(found, 0))

    def tokens(self, asked: Asked, user: User) -> Answer:
        page, size = read_page(asked)
        return done(self._page(self._owned(user), page, size))

    def search(self, asked: Asked, user: User) -> Answer:
        """Tokens by a part of the name and by the whole key: a page, or a bare list in the docs."""
        word = asked.parameter("keyword").replace("%", "")
        key = bare(asked.parameter("token"))
        found = [
            token
            for token in self._owned(user)
            if word in token.name and key in ("", bare(token.key))
        ]
        if self.ledger.options.dialect == "documented":
            return done([token_fields(token, "documented") for token in found])
        return done(self._page(found, *read_page(asked)))

    def add_token(self, asked: Asked, user: User) -> Answer:
        """Makes a token; neither its key nor its id is told."""
        fields = _fields(asked)
        if isinstance(fields, Answer):
            return fields
        number = max(self.ledger.tokens, default=0) + 1
        key = "".join(random.choices(KEY_LETTERS, k=48))
        token = Token(key, number, user.id, created_time=int(self.ledger.now))
        token.accessed_time = token.created_time
        _fill(token, fields)
        self.ledger.tokens[number] = self.ledger.keys[key] = token
        return as_json({"success": True, "message": ""})

    def change_token(self, asked: Asked, user: User) -> Answer:
        """Replaces all that an owner may set; with `status_only` the status alone."""
        fields = _fields(asked)
        if isinstance(fields, Answer):
            return fields
        number = fields.get("id")
        token = self._token(number if isinstance(number, int) else 0, user)
        if token is None:
            return failed("record not found")
        status = fields.get("status")
        if isinstance(status, int) and status:
            token.status = status
        if not asked.parameter("status_only"):
            _fill(token, fields)
        return done(token_fields(token, self.ledger.options.dialect))

    def log(self, asked: Asked, user: User) -> Answer:
        page, size = read_page(asked)
        rows = filtered(self._log(user), asked)
        items = self._rows(cut(rows, page, size), (page - 1) * size)
        return done(page_fields(items, page, size, len(rows)))

    def sum_log(self, asked: Asked, user: User) -> Answer:
        """The quota of the consuming rows; whatever type is asked for, no other counts."""
        sums = summed(self._log(user), asked, self.ledger.now)
        if self.ledger.options.dialect == "documented":
            sums |= {"rpm": 0, "tpm": 0}
        return done(sums)

    def myself(self, asked: Asked, user: User) -> Answer:
        return done(user_fields(user))

    def _one_token(self, method: str, text: str, user: User) -> Answer:
        if not re.fullmatch("[+-]?[0-9]+", text):
            return failed(f'strconv.Atoi: parsing "{text}": invalid syntax')
        token = self._token(integer(text), user)
        if token is None:
            return failed("record not found")
        if method == "GET":
            return done(token_fields(token, self.ledger.options.dialect))
        del self.ledger.tokens[token.id], self.ledger.keys[bare(token.key)]
        documented = self.ledger.options.dialect == "documented"
        message = "Token deleted successfully" if documented else ""
        return as_json({"success": True, "message": message})

    def _token(self, number: int, user: User) -> Token | None:
        token = self.ledger.tokens.get(number)
        return token if token and token.user_id == user.id else None

    def _owned(self, user: User) -> list[Token]:
        tokens = [token for token in self.ledger.tokens.values() if token.user_id == user.id]
        return sorted(tokens, key=lambda token: -token.id)

    def _page(self, tokens: list[Token], page: int, size: int) -> dict[str, object]:
        dialect = self.ledger.options.dialect
        items = [token_fields(token, dialect) for token in cut(tokens, page, size)]
        return page_fields(items, page, size, len(tokens))

    def _log(self, user: User) -> list[LogRow]:
        return [row for row in reversed(self.ledger.rows) if row.user is user]

    def _rows(self, rows: Sequence[LogRow], before: int) -> list[object]:
        options = self.ledger.options
        return [row_fields(row, before + place, options) for place, row in enumerate(rows, 1)]


PUBLIC: Mapping[str, Callable[[Management, Asked], Answer]] = {
    "/api/status": Management.status,
    "/api/pricing": Management.pricing,
    "/api/log/token": Management.token_log,
}
OWNED: Mapping[tuple[str, str], Handler] = {
    ("GET", "/api/token/"): Management.tokens,
    ("POST", "/api/token/"): Management.add_token,
    ("PUT", "/api/token/"): Management.change_token,
    ("GET", "/api/token/search"): Management.search,
    ("GET", "/api/log/self"): Management.log,
    ("GET", "/api/log/self/stat"): Management.sum_log,
    ("GET", "/api/user/self"): Management.myself,
}
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "id": int,
    "name": str,
    "status": int,
    "expired_time": int,
    "remain_quota": int,
    "unlimited_quota": bool,
    "model_limits_enabled": bool,
    "model_limits": str,
    "allow_ips": (str, type(None)),
    "group": str,
}


def done(data: object) -> Answer:
    """A success of a management route."""
    return as_json({"success": True, "message": "", "data": data})


def failed(message: str) -> Answer:
    """A failure of a management route; its status is 200."""
    return as_json({"success": False, "message": message})


def _fields(asked: Asked) -> Body | Answer:
    """The fields of a token, or the failure: a wrong kind, a size, or a name that is too long."""
    fields = json_object(asked.body or b"")
    if fields is None:
        return failed("invalid request")
    for name, kind in KINDS.items():
        value = fields.get(name)
        fits = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
        if name in fields and not (fits and (not isinstance(value, int) or abs(value) < 2**63)):
            return failed(f"json: cannot unmarshal {name}")
    return failed("令牌名称过长") if len(str(fields.get("name", ""))) > LONGEST_NAME else fields


def _fill(token: Token, fields: Body) -> None:
    """Sets what an owner may set; what is not given becomes empty, as in the real full replace."""
    given: dict[str, object] = dict(fields)
    token.name = str(given.get("name", ""))
    token.expired_time = int(str(given.get("expired_time", 0)))
    token.remain_quota = int(str(given.get("remain_quota", 0)))
    token.unlimited_quota = bool(given.get("unlimited_quota", False))
    limits = str(given.get("model_limits", ""))
    token.models = tuple(limits.split(",")) if given.get("model_limits_enabled") else None
    token.allow_ips = str(given["allow_ips"]) if given.get("allow_ips") else None
    token.group = str(given.get("group", ""))
    token.status = token.status or ON
