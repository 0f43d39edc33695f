"""Bill: what a gateway's ledger shows of one call, with the kind of reason for its verdict."""

from decimal import Decimal
from typing import Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trueup.model import Billing, Frozen

Cause = Literal[
    "agreed",
    "nothing-charged",
    "free-model",
    "above-price",
    "zero-row",
    "no-usage",
    "no-row",
    "not-booked",
    "partly-booked",
    "overbooked",
    "not-refunded",
    "billed-error",
    "billed-without-image",
    "violation-fee",
    "batch-unsettled",
    "unlimited-token",
    "other-traffic",
    "remain-edited",
    "token-changed",
    "unreadable",
]


class Bill(Frozen):
    """The bill of one call, as the gateway's ledger shows it."""

    verdict: Billing
    """Agreement of log, token and balance on the call."""
    cause: Cause
    """Kind of reason for the verdict."""
    reason: str
    """Amounts in words, with their units."""
    log_quota_units: int | None = None
    """Sum of the call's log rows, less refunds."""
    used_delta_quota_units: int | None = None
    """Change of the token's used_quota."""
    remain_delta_quota_units: int | None = None
    """Change of the token's remain_quota."""
    log_usd: Decimal | None = None
    """Sum of the log rows in dollars."""
    used_delta_usd: Decimal | None = None
    """Change of used_quota in dollars."""
    upstream: SkipJsonSchema[str | None] = Field(None, exclude=True)
    """Model that the call was mapped to, as its row has it: a stranger's text, never kept here."""
