"""Ledger: a user, its tokens and its log; quotas held, settled and refunded in the gateway's order.

Nothing waits: a write that is due later is made, at its own time, when the ledger next catches up.
"""

import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Literal

from trueup.mock.caller_key import bare
from trueup.mock.ledger_options import Options

CONSUME, ERROR = 2, 5
"""The types of a log row: a charge, and a failed call."""
AMPLE_QUOTA = 10**12
"""More quota than any use of the mock spends, so that its owner is trusted and nothing is held."""
TRUSTED_UNITS = 10
"""Nothing is held from an owner of more than ten units (dollars), as in the gateway family."""
LOG_ROWS = 100_000
"""About 30 MB: a mock that is left running does not fill the memory."""
API_WINDOW_S = 180
"""The window of the gateway family's own rate limit under `/api/`."""
Column = Literal["quota", "token", "used"]


@dataclass(slots=True)
class User:
    """The owner of the tokens."""

    id: int = 1
    quota: int = AMPLE_QUOTA
    used_quota: int = 0
    group: str = "default"
    access_token: str = field(default="YOUR_ACCESS_TOKEN", repr=False)


@dataclass(slots=True)
class Token:
    """A key and its quota; a token without a group has its owner's, without models may call all.

    `is_exhausted` is set by the first call that finds no quota.
    """

    key: str = field(repr=False)
    id: int = 1
    name: str = "mock"
    remain_quota: int = AMPLE_QUOTA
    used_quota: int = 0
    unlimited_quota: bool = False
    accessed_time: int = 0
    group: str = ""
    models: Collection[str] = ()
    is_exhausted: bool = False

    @property
    def is_spent(self) -> bool:
        """True without any quota."""
        return not self.unlimited_quota and self.remain_quota <= 0


@dataclass(slots=True)
class Charge:
    """The cost of one call; `quotas` are the quota to hold before it, and the quota due after.

    `model` is the name in the request.
    """

    token: Token
    model: str
    upstream: str
    request_id: str
    quotas: tuple[int, int]
    started: float
    held: int = 0
    is_charged: bool = False
    has_usage: bool = True
    has_image: bool = False
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A row of the log, of the type CONSUME or ERROR."""

    type: int
    created_at: float
    quota: int
    charge: Charge


class GatewayLedger:
    """The state of a gateway: a user, its tokens and its log, as of the time `now`."""

    def __init__(
        self,
        user: User,
        tokens: Collection[Token],
        options: Options | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.user = user
        self.tokens = {token.id: token for token in tokens}
        self.keys = {bare(token.key): token for token in tokens}
        self.options = options or Options()
        self.rows = deque[LoggedCall](maxlen=LOG_ROWS)
        self._clock = clock or _wall_clock
        self.now = self._started = self._clock()
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._batch: list[tuple[Column, Token | User, int]] = []
        self._requests = 0, 0
        self.has_shown_prices = False

    @classmethod
    def of(cls, keys: Collection[str], options: Options | None = None) -> "GatewayLedger":
        """Return a ledger with a token for each key, all with more quota than anything spends."""
        tokens = [Token(key, index, name=f"mock-{index}") for index, key in enumerate(keys, 1)]
        return cls(User(), tokens, options)

    def catch_up(self) -> None:
        """Make every write that has become due, each at its own time."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            self.now, write = self._due.pop(0)
            write()
        self.now = now

    def hold(self, charge: Charge) -> tuple[Literal["user", "token"], int] | None:
        """Hold the quota of a call, unless its caller has so much that the gateway trusts it.

        Where the user or the token has less, nothing is held; return which, and what it has.
        """
        token, trusted = charge.token, TRUSTED_UNITS * self.options.quota_per_unit
        is_ample = token.unlimited_quota or token.remain_quota > trusted
        if not (self.user.quota > trusted and is_ample):
            if self.user.quota < charge.quotas[0]:
                return "user", self.user.quota
            if not token.unlimited_quota and token.remain_quota < charge.quotas[0]:
                return "token", token.remain_quota
            charge.held = charge.quotas[0]
        self._pay(charge, charge.held)
        return None

    def close(self, charge: Charge) -> None:
        """Settle or refund a call. To be called once the answer is out."""
        has_error_log = self.options.error_log or self.options.dialect == "new-api-documented"
        if charge.has_failed and has_error_log:
            self._log(charge, ERROR, 0)
        now = self.now
        if not charge.is_charged:
            self._at(now + self.options.refund_after_s, lambda: self._pay(charge, -charge.held))
            return
        used_s, settled_s, logged_s = self.options.after_answer_s
        quota = charge.quotas[1] if charge.has_usage else 0
        quota *= 2 if "overcharge" in self.options.faults else 1
        self._at(now + used_s, lambda: self._write("used", self.user, quota))
        self._at(now + settled_s, lambda: self._settle(charge, quota))
        self._at(now + logged_s, lambda: self._log(charge, CONSUME, quota))

    def is_over_limit(self) -> bool:
        """Count a request under `/api/`; return whether it is one too many in its window."""
        window = int(self.now // API_WINDOW_S)
        last, requests = self._requests
        self._requests = window, requests + 1 if last == window else 1
        limit = self.options.api_limit
        return limit is not None and self._requests[1] > limit

    def _at(self, due: float, write: Callable[[], None]) -> None:
        if due == self.now and not self._due:
            write()
        else:
            insort(self._due, (due, write), key=itemgetter(0))

    def _settle(self, charge: Charge, quota: int) -> None:
        faults = self.options.faults
        before = charge.token.remain_quota + charge.held
        if "settle-fault" not in faults:
            self._pay(charge, quota - charge.held, wallet_only="token-fault" in faults)
        if "owner-edit" in faults:
            charge.token.remain_quota = before

    def _pay(self, charge: Charge, amount: int, wallet_only: bool = False) -> None:
        if amount:
            self._write("quota", self.user, -amount)
            if not wallet_only:
                self._write("token", charge.token, amount)

    def _write(self, column: Column, owner: Token | User, amount: int) -> None:
        if not self.options.is_batching:
            self._apply(column, owner, amount)
            return
        if not self._batch:
            interval_s = self.options.batch_interval_s
            passed = (self.now - self._started) // interval_s + 1
            self._at(self._started + passed * interval_s, self._flush)
        self._batch.append((column, owner, amount))

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if "lost-flush" not in self.options.faults:
            for column, owner, amount in batch:
                self._apply(column, owner, amount)

    def _apply(self, column: Column, owner: Token | User, amount: int) -> None:
        if isinstance(owner, Token):
            owner.remain_quota -= amount
            owner.used_quota += amount
            owner.accessed_time = int(self.now)
        elif column == "quota":
            owner.quota += amount
        else:
            owner.used_quota += amount

    def _log(self, charge: Charge, kind: int, quota: int) -> None:
        if "log-off" not in self.options.faults:
            self.rows.append(LoggedCall(kind, self.now, quota, charge))


def _wall_clock() -> float:
    return time.time_ns() / 10**9
