"""Options: dialect, prices, delays and faults of a simulated gateway. Holds no state."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache
from typing import Literal

Dialect = Literal["plain", "new-api-b", "new-api-c", "new-api-d", "new-api-documented"]
"""How the gateway words its own errors and what it has beside the record.

`plain` is of no family. The others are of new-api: B is its main of 2026-02-09, C v1.0.0-rc.21, D
v0.9.16; `new-api-documented` is B with log and tokens as the documents of a gateway show them.
"""
Fault = Literal[
    "batch-lag",
    "lost-flush",
    "settle-fault",
    "token-fault",
    "no-usage",
    "billed-error",
    "blocked-prompt",
    "log-off",
    "overcharge",
    "owner-edit",
]
Refused = Literal[
    "overloaded",
    "no-channel",
    "upstream-401",
    "upstream-429",
    "upstream-quota",
    "upstream-html",
]
"""Faults that refuse every call: the load guard, the group of the key, or the upstream."""
SIMULATED_PRICE_USD = 0.04
"""The price of a call that `prices` does not name. Made up, and never shown as observed."""


@dataclass(frozen=True)
class Options:
    """The settings of a gateway: its dialect, and its ledger with its faults.

    `after_answer_s` are the delays of user.used_quota, the settlement and the log row, counted from
    the answer; `refund_after_s` is that of a refund. With `batch` the user and token columns move
    at the next multiple of `batch_interval_s`. `prices` are dollars a call by the name in the
    request; None gives every model the simulated price. `groups` are ratios by group; `api_limit`
    is the number of requests under `/api/` that are answered in 180 s.
    """

    dialect: Dialect = "plain"
    faults: Collection[Fault | Refused] = ()
    quota_per_unit: int = 500_000
    prices: Mapping[str, float] | None = None
    groups: Mapping[str, float] = field(default_factory=lambda: {"default": 1.0})
    batch: bool = False
    batch_interval_s: float = 5.0
    after_answer_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    refund_after_s: float = 0.0
    error_log: bool = False
    api_limit: int | None = None

    @cached_property
    def is_batching(self) -> bool:
        """True where quota columns are written through the batch map."""
        return self.batch or "batch-lag" in self.faults or "lost-flush" in self.faults

    def price_usd(self, model: str) -> float:
        """Return the price of a call in dollars, for the default group."""
        return (self.prices or {}).get(model, SIMULATED_PRICE_USD)

    def quotas(self, model: str, group: str) -> tuple[int, int]:
        """Return the quota held before a call, truncated, and the quota due after it, rounded.

        The gateway does it so; the quota held may be one unit short.
        """
        ratio = self.groups.get(group, 1.0)
        return _quotas(self.price_usd(model), self.quota_per_unit, ratio)


@lru_cache(maxsize=64)
def _quotas(price_usd: float, quota_per_unit: int, ratio: float) -> tuple[int, int]:
    exact = Decimal(str(price_usd)) * quota_per_unit * Decimal(str(ratio))
    held = int(price_usd * quota_per_unit * ratio)
    return held, int(exact.quantize(Decimal(1), ROUND_HALF_UP))
