"""Records: the columns and rows of a gateway's ledger, and the call that they should show.

Quota units are whole numbers and dollars are Decimal. No record holds a key or an access token.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from trueup.receipts import Cause

CallOutcome = Literal["output", "error", "no-output"]
CONSUME, ERROR, REFUND = 2, 5, 6
"""Types of a log row: a charge, an error, a refund."""


@dataclass(frozen=True)
class Inconclusive:
    """A reason for which nothing is known of a bill: neither failed nor passed.

    `is_unavailable` is true where the gateway did not answer, or only that it cannot serve now.
    """

    cause: Cause
    reason: str
    is_unavailable: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class TokenColumns:
    """A token's columns in quota units; `accessed_time` is in seconds of the gateway's clock. A
    token without a `group` has its owner's."""

    id: int
    name: str
    used_quota: int
    remain_quota: int
    is_unlimited: bool
    accessed_time: int = 0
    group: str = ""


@dataclass(frozen=True)
class UserColumns:
    """The columns of a token's owner in quota units: `quota` is what is left."""

    id: int
    quota: int
    used_quota: int
    group: str = ""


@dataclass(frozen=True)
class LogRow:
    """A row of the log, without its id, which changes from one read to the next.

    `model` is the name that was called or the upstream's, as the gateway has it; `upstream` is the
    model that an alias was mapped to. `has_usage` is false where the row counts no tokens.
    """

    type: int
    created_at: int
    quota: int
    model: str
    token_name: str
    token_id: int | None = None
    request_id: str | None = None
    cost_usd: Decimal | None = None
    has_usage: bool = True
    is_violation_fee: bool = False
    is_subscription: bool = False
    upstream: str | None = None


@dataclass(frozen=True)
class Terms:
    """The terms of billing that a gateway documents; None where it does not.

    `is_batching`: whether columns are written some seconds after the log row.
    """

    quota_units_per_usd: Decimal | None = None
    is_batching: bool | None = None


@dataclass(frozen=True)
class LedgerSnapshot:
    """The columns, and then the newest log rows of the whole account.

    `is_whole` is false where older rows may lie beyond the page that was read.
    """

    token: TokenColumns
    user: UserColumns
    rows: tuple[LogRow, ...] = ()
    is_whole: bool = True

    @property
    def columns(self) -> tuple[TokenColumns, UserColumns]:
        """The columns that a charge changes."""
        return self.token, self.user


@dataclass(frozen=True)
class BilledCall:
    """The facts of one call: `no-output` is a 200 without an image.

    `request_id` is the answer's `X-Oneapi-Request-Id`; `model` is the name in the status file, and
    `upstream` the model that it maps to; `called` is that of both in the request, which has the
    price. `price_usd` is what the gateway reports for the `count` outputs that were requested, in
    the group of the token: 0 for a free model, None where it is not known. `ordinal` is the number
    of the call in the retest.
    """

    outcome: CallOutcome
    http_status: int
    model: str
    request_id: str | None = None
    upstream: str | None = None
    price_usd: Decimal | None = None
    called: str | None = None
    count: int = 1
    ordinal: int = 0


def new_rows(before: LedgerSnapshot, after: LedgerSnapshot) -> tuple[LogRow, ...]:
    """Return the rows of the later snapshot that are not in the earlier one."""
    return tuple((Counter(after.rows) - Counter(before.rows)).elements())


def own_rows(
    rows: Sequence[LogRow], token: TokenColumns, call: BilledCall
) -> tuple[tuple[LogRow, ...], tuple[LogRow, ...]]:
    """Return the call's rows, and the rows of other calls with the same token.

    A row belongs to the call by its request id; where row or answer has none, by its model.
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
    """Return whether a row is of a token: by its id, or by its name where the row has no id."""
    if row.token_id is None:
        return row.token_name == token.name
    return row.token_id == token.id
