"""Account: a user, its tokens, the rows of its log, and the options of the whole gateway.

It holds what is configured and what has been written; the ledger alone moves a quota.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Dialect = Literal["upstream", "documented"]
Fault = Literal[
    "batch-lag",
    "lost-flush",
    "settle-fault",
    "token-fault",
    "no-usage",
    "billed-error",
    "blocked-prompt",
    "log-off",
    "owner-edit",
]
AMPLE = 10**12
"""More quota than any use of the mock spends; its owner is trusted, so nothing is held."""
SIMULATED_PRICE_USD = 0.04
"""What a call costs where no table of prices is given. Made up, and never shown as observed."""
TRUSTED_UNITS = 10
CONSUME, ERROR = 2, 5


@dataclass(slots=True)
class User:
    """Who owns the tokens."""

    id: int = 1
    quota: int = AMPLE
    used_quota: int = 0
    group: str = "default"
    access_token: str = field(default="YOUR_ACCESS_TOKEN", repr=False)


@dataclass(slots=True)
class Token:
    """A key and its quota; a token without a group has its owner's."""

    key: str = field(repr=False)
    id: int = 1
    name: str = "mock"
    remain_quota: int = AMPLE
    used_quota: int = 0
    unlimited_quota: bool = False
    accessed_time: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One row of the log; `model` is the name that was called, `type` 2 a charge, 5 an error."""

    type: int
    token_id: int
    token_name: str
    created_at: float
    use_time_s: float
    model: str
    upstream: str
    request_id: str
    quota: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Options:
    """What an operator sets, and the faults that the ledger has.

    `after_answer_s` is when user.used_quota, the settlement and the log row are written, counted
    from the answer; `refund_after_s` the same for a refund. With `batch` the user and token columns
    move at the next multiple of `batch_interval_s`. `prices` are dollars a call by the name that is
    called; None prices every model alike. `groups` are ratios by group; `api_limit` is how many
    requests under `/api/` are answered in 180 s.
    """

    dialect: Dialect = "upstream"
    faults: Collection[Fault] = ()
    quota_per_unit: int = 500_000
    prices: Mapping[str, float] | None = None
    groups: Mapping[str, float] = field(default_factory=lambda: {"default": 1.0})
    batch: bool = False
    batch_interval_s: float = 5.0
    after_answer_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    refund_after_s: float = 0.0
    error_log: bool = False
    log_rows: int = 100_000
    api_limit: int | None = None

    @property
    def is_batching(self) -> bool:
        """Whether quota columns are written through the batch map."""
        return self.batch or "batch-lag" in self.faults or "lost-flush" in self.faults

    def price_usd(self, model: str) -> float | None:
        """Dollars for a call, or None for a model without a price."""
        return SIMULATED_PRICE_USD if self.prices is None else self.prices.get(model)

    def quotas(self, price_usd: float, group: str) -> tuple[int, int]:
        """What is held before a call, cut off, and what it costs in the end, rounded.

        So what is held may be one short.
        """
        ratio = self.groups.get(group, 1.0)
        exact = Decimal(str(price_usd)) * self.quota_per_unit * Decimal(str(ratio))
        held = int(price_usd * self.quota_per_unit * ratio)
        return held, int(exact.quantize(Decimal(1), ROUND_HALF_UP))
