"""Ledger: quotas held, settled and refunded in the gateway's order, and the log of it.

Nothing waits here: a write that is due later is done, at its own time, when the ledger is next
looked at. So neither a timer nor a real second is needed, whoever drives the app.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Literal

from trueup.mock.account import (
    CONSUME,
    ERROR,
    TRUSTED_UNITS,
    LoggedCall,
    Options,
    Token,
    User,
)
from trueup.mock.auth import bare
from trueup.mock.clock import wall_clock
from trueup.mock.reply import IMAGE_TOKENS, PROMPT_TOKENS

Column = Literal["quota", "token", "used"]
FLUSH_ORDER: tuple[Column, ...] = ("quota", "token", "used")
API_WINDOW_S = 180


@dataclass(slots=True)
class Charge:
    """What one call costs: `quotas` are what is held before it, and what is due in the end."""

    token: Token
    model: str
    upstream: str
    request_id: str
    quotas: tuple[int, int]
    started: float
    held: int = 0
    is_charged: bool = False
    has_usage: bool = True
    has_image: bool = True
    has_failed: bool = False


class GatewayLedger:
    """The state of a gateway: a user, tokens and log. `now` is the time of its last look."""

    def __init__(
        self,
        user: User,
        tokens: Collection[Token],
        options: Options | None = None,
        clock: Callable[[], float] = wall_clock,
    ) -> None:
        self.user = user
        self.tokens = {token.id: token for token in tokens}
        self.keys = {bare(token.key): token for token in tokens}
        self.options = options or Options()
        self.rows = deque[LoggedCall](maxlen=self.options.log_rows)
        self.now = self.started = clock()
        self._clock = clock
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._batch: dict[tuple[Column, int], tuple[Token | User, int]] = {}
        self._quotas: dict[tuple[float, str], tuple[int, int]] = {}
        self._requests = 0, 0

    @classmethod
    def of(cls, keys: Collection[str], options: Options | None = None) -> "GatewayLedger":
        """One user with a token for each key, all with more quota than anything spends."""
        tokens = [Token(key, index, name=f"mock-{index}") for index, key in enumerate(keys, 1)]
        return cls(User(), tokens, options)

    def catch_up(self) -> None:
        """Does whatever has become due, each write at its own time."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            self.now, _, write = heappop(self._due)
            write()
        self.now = now

    def quotas(self, price_usd: float, group: str) -> tuple[int, int]:
        """What is held and what is due for a price, worked out once."""
        found = self._quotas.get((price_usd, group))
        if found is None:
            found = self._quotas[price_usd, group] = self.options.quotas(price_usd, group)
        return found

    def hold(self, charge: Charge) -> None:
        """Takes what a call may cost, and nothing from those who have so much that it is safe."""
        token, trusted = charge.token, TRUSTED_UNITS * self.options.quota_per_unit
        is_ample = token.unlimited_quota or token.remain_quota > trusted
        if not (self.user.quota > trusted and is_ample):
            charge.held = charge.quotas[0]
        self._pay(charge, charge.held)

    def close(self, charge: Charge) -> None:
        """Settles or refunds a call. To be called once the answer is out."""
        has_error_log = self.options.error_log or self.options.dialect == "documented"
        if charge.has_failed and has_error_log:
            self._log(charge, ERROR, 0)
        if not charge.is_charged:
            self._later(self.options.refund_after_s, lambda: self._pay(charge, -charge.held))
            return
        used_s, settled_s, logged_s = self.options.after_answer_s
        quota = charge.quotas[1] if charge.has_usage else 0
        self._later(used_s, lambda: self._write("used", self.user, quota))
        self._later(settled_s, lambda: self._settle(charge, quota))
        self._later(logged_s, lambda: self._log(charge, CONSUME, quota))

    def is_over_limit(self) -> bool:
        """Counts a request under `/api/`, and tells whether it is one too many in its window."""
        window = int(self.now // API_WINDOW_S)
        last, requests = self._requests
        self._requests = window, requests + 1 if last == window else 1
        limit = self.options.api_limit
        return limit is not None and self._requests[1] > limit

    def _later(self, delay_s: float, write: Callable[[], None]) -> None:
        if not delay_s and not self._due:
            write()
            return
        heappush(self._due, (self.now + delay_s, next(self._order), write))

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
            interval = self.options.batch_interval_s
            passed = (self.now - self.started) // interval + 1
            due = self.started + passed * interval
            heappush(self._due, (due, next(self._order), self._flush))
        _, waiting = self._batch.get((column, owner.id), (owner, 0))
        self._batch[column, owner.id] = owner, waiting + amount

    def _flush(self) -> None:
        batch, self._batch = self._batch, {}
        if "lost-flush" in self.options.faults:
            return
        for column in FLUSH_ORDER:
            for (name, _), (owner, amount) in batch.items():
                if name == column:
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
        if "log-off" in self.options.faults:
            return
        consumed = kind == CONSUME and charge.has_usage
        self.rows.append(
            LoggedCall(
                type=kind,
                token_id=charge.token.id,
                token_name=charge.token.name,
                created_at=self.now,
                use_time_s=max(self.now - charge.started, 0.0),
                model=charge.model,
                upstream=charge.upstream,
                request_id=charge.request_id,
                quota=quota,
                prompt_tokens=PROMPT_TOKENS if consumed else 0,
                completion_tokens=IMAGE_TOKENS if consumed and charge.has_image else 0,
            )
        )
