"""Books: what is read of a gateway's ledger, the call that it should show, and the bill of it.

Quota units are whole numbers and dollars are Decimal. No noun here holds a key or an access token.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from trueup.model import Billing

Cause = Literal[
    "agreed",
    "nothing-charged",
    "free-model",
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
    "user-columns",
    "batch-unsettled",
    "unlimited-token",
    "other-traffic",
    "remain-edited",
    "token-changed",
    "unreadable",
]
CallOutcome = Literal["output", "error", "no-output"]
CONSUME, ERROR, REFUND = 2, 5, 6


@dataclass(frozen=True)
class Inconclusive:
    """Why nothing can be said of a bill: neither failed nor passed."""

    cause: Cause
    reason: str


@dataclass(frozen=True)
class TokenColumns:
    """A token's columns in quota units; `accessed_time` is in seconds of the gateway's clock."""

    id: int
    name: str
    used_quota: int
    remain_quota: int
    is_unlimited: bool
    accessed_time: int = 0
    group: str = ""


@dataclass(frozen=True)
class UserColumns:
    """Its owner's columns in quota units: `quota` is what is left."""

    id: int
    quota: int
    used_quota: int
    group: str = ""


@dataclass(frozen=True)
class LogRow:
    """One row of the log, without its id, which is not the same in two reads.

    `type` is 2 for a charge, 5 for an error, 6 for a refund. `model` is the name that was called or
    the upstream's, as the gateway has it; `upstream` is what an alias was mapped to. `has_usage` is
    false where the row counts no tokens.
    """

    type: int
    created_at: int
    quota: int
    model: str
    token_name: str
    token_id: int | None = None
    request_id: str | None = None
    cost_usd: Decimal | None = None
    use_time_s: Decimal | None = None
    has_usage: bool = True
    is_violation_fee: bool = False
    is_subscription: bool = False
    upstream: str | None = None


@dataclass(frozen=True)
class Terms:
    """What the gateway tells of its billing; None where it does not tell.

    `is_batching`: whether columns are written some seconds after the log row.
    """

    quota_units_per_usd: Decimal | None = None
    is_batching: bool | None = None


@dataclass(frozen=True)
class LedgerSnapshot:
    """One look at the books: the columns, and then the newest rows of the whole account.

    `is_whole` is false where older rows may lie beyond the page that was read.
    """

    token: TokenColumns
    user: UserColumns
    rows: tuple[LogRow, ...] = ()
    is_whole: bool = True

    @property
    def columns(self) -> tuple[TokenColumns, UserColumns]:
        """All that a charge moves."""
        return self.token, self.user

    @property
    def group(self) -> str:
        """The group by whose prices the token's calls are charged."""
        return self.token.group or self.user.group


@dataclass(frozen=True)
class BilledCall:
    """What is known of one call: `no-output` is a 200 without an image.

    `request_id` is the answer's `X-Oneapi-Request-Id`; `model` is the name that was called, and
    `upstream` what it maps to. `price_usd` of 0 means that the model is known to be free.
    """

    outcome: CallOutcome
    http_status: int
    model: str
    request_id: str | None = None
    upstream: str | None = None
    price_usd: Decimal | None = None


@dataclass(frozen=True)
class Bill:
    """Whether the books agree on one call, why, and the amounts, which are None where unread.

    `log_quota_units` is the sum of the call's rows less refunds; the others are how far the columns
    moved. `upstream` is the model that the call was mapped to, where its row says so.
    """

    verdict: Billing
    cause: Cause
    reason: str
    log_quota_units: int | None = None
    used_delta_quota_units: int | None = None
    remain_delta_quota_units: int | None = None
    log_usd: Decimal | None = None
    used_delta_usd: Decimal | None = None
    upstream: str | None = None


def new_rows(before: LedgerSnapshot, after: LedgerSnapshot) -> tuple[LogRow, ...]:
    """The rows of the later reading that the earlier one did not have."""
    return tuple((Counter(after.rows) - Counter(before.rows)).elements())


def own_rows(
    rows: Sequence[LogRow], token: TokenColumns, call: BilledCall
) -> tuple[tuple[LogRow, ...], tuple[LogRow, ...]]:
    """The call's rows, and the rows that other calls with the same token left.

    A row is the call's by its request id, and where row or answer has none, by its model.
    """
    mine: list[LogRow] = []
    others: list[LogRow] = []
    for row in rows:
        if not is_of_token(row, token):
            continue
        if row.request_id is None or call.request_id is None:
            is_mine = row.model in (call.model, call.upstream)
        else:
            is_mine = row.request_id == call.request_id
        (mine if is_mine else others).append(row)
    return tuple(mine), tuple(others)


def is_of_token(row: LogRow, token: TokenColumns) -> bool:
    """Whether a token left the row: by its id, or by its name where the row has no id."""
    if row.token_id is None:
        return row.token_name == token.name
    return row.token_id == token.id
