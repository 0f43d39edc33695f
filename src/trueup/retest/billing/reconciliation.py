"""Reconciliation: two readings of the books and one call, to its bill. No clock and no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from trueup.model import Billing
from trueup.retest.billing.records import (
    CONSUME,
    ERROR,
    REFUND,
    Bill,
    BilledCall,
    Cause,
    Inconclusive,
    LedgerSnapshot,
    LogRow,
    Terms,
    is_of_token,
    own_rows,
)

Judged = tuple[Billing, Cause, str]
SMALLEST_USD = Decimal("0.000000001")
WIDE = Context(prec=80)


@dataclass(frozen=True)
class Moved:
    """How far each column moved, in quota units, and what the call's rows say of it.

    `charged` is the sum of the rows that charge, `logged` the same less what rows gave back.
    `others` is the sum of the charges of the account's other tokens; `is_shared` tells whether
    anything else of the account is in the log.
    """

    mine: tuple[LogRow, ...]
    charged: int
    logged: int
    used: int
    remain: int
    user_used: int
    user_spent: int
    others: int
    is_shared: bool

    @property
    def agrees(self) -> bool:
        """Whether the token's columns moved by what its rows say."""
        return self.logged == self.used == -self.remain

    @property
    def has_row(self) -> bool:
        """Whether a row tells what the call was charged, even if nothing."""
        return any(row.type == CONSUME for row in self.mine)

    @property
    def user_agrees(self) -> bool:
        """Whether the user's columns moved by the call alone, or by all the rows there are.

        A refund may leave the user's used_quota as it was, and a subscription pays for the wallet.
        """
        wallet = 0 if any(row.is_subscription for row in self.mine) else self.logged
        return any(
            (self.user_used, self.user_spent) == (used + others, wallet + others)
            for used in (self.charged, self.logged)
            for others in (0, self.others)
        )


def reconcile(
    before: LedgerSnapshot,
    after: LedgerSnapshot,
    rows: Sequence[LogRow],
    call: BilledCall,
    terms: Terms | None = None,
    *,
    is_exclusive: bool = False,
) -> Bill:
    """The bill of one call, from settled readings around it and the rows that came between them.

    The token's columns judge: they are the gateway's own books of this key. The user's columns only
    confirm, because anyone else on the account moves them too, and a call under way holds quota
    without a row. So where the token's columns agree with the rows and the user's do not, it cannot
    be told, unless `is_exclusive` says that nobody else used the account and the log shows no one.
    Another call with the same token spoils the token's columns as well. A price of 0 that the token
    and the user did not pay is no fault; any other image that cost nothing is `uncharged-success`.
    An image without a row, and without any movement, cannot be told: a gateway that charges nothing
    still writes a row.
    """
    moved = _moved(before, after, rows, call)
    judged = (
        _spoilt(before, after, rows, call, moved)
        or _odd(before, moved, call)
        or _judged(moved, call)
    )
    if judged[0] in ("aligned", "uncharged-success") and not moved.user_agrees:
        judged = _of_the_user(moved, call, is_exclusive)
    units = terms.quota_units_per_usd if terms else None
    verdict, cause, why = judged
    return Bill(
        verdict=verdict,
        cause=cause,
        reason=f"{_amounts(moved, units)}: {why}.",
        log_quota_units=moved.logged,
        used_delta_quota_units=moved.used,
        remain_delta_quota_units=moved.remain,
        log_usd=_usd(moved.logged, units) if units else _stated_usd(moved),
        used_delta_usd=_usd(moved.used, units) if units else None,
        upstream=next((row.upstream for row in moved.mine if row.upstream), None),
    )


def bill_of(cannot_tell: Inconclusive) -> Bill:
    """The bill where the books could not be read, or did not settle."""
    return Bill("inconclusive", cannot_tell.cause, cannot_tell.reason)


def is_agreed(
    before: LedgerSnapshot, after: LedgerSnapshot, rows: Sequence[LogRow], call: BilledCall
) -> bool:
    """Whether the token's columns moved by what the call's rows say."""
    return _moved(before, after, rows, call).agrees


def is_logged(before: LedgerSnapshot, rows: Sequence[LogRow], call: BilledCall) -> bool:
    """Whether the row that tells the call's charge is there."""
    return any(row.type == CONSUME for row in own_rows(rows, before.token, call)[0])


def _moved(
    before: LedgerSnapshot, after: LedgerSnapshot, rows: Sequence[LogRow], call: BilledCall
) -> Moved:
    mine, _ = own_rows(rows, before.token, call)
    elsewhere = [row for row in rows if not is_of_token(row, before.token)]
    # A row of an error that names an amount is a charge in the log, whatever its type.
    charged = sum(row.quota for row in mine if row.type in (CONSUME, ERROR))
    refunded = sum(row.quota for row in mine if row.type == REFUND)
    return Moved(
        mine=mine,
        charged=charged,
        logged=charged - refunded,
        used=after.token.used_quota - before.token.used_quota,
        remain=after.token.remain_quota - before.token.remain_quota,
        user_used=after.user.used_quota - before.user.used_quota,
        user_spent=before.user.quota - after.user.quota,
        others=sum(row.quota for row in elsewhere if row.type == CONSUME),
        is_shared=bool(elsewhere),
    )


def _spoilt(
    before: LedgerSnapshot,
    after: LedgerSnapshot,
    rows: Sequence[LogRow],
    call: BilledCall,
    moved: Moved,
) -> Judged | None:
    """Why the readings say nothing of this call, if so."""
    _, others = own_rows(rows, before.token, call)
    told = (before.token.id, before.user.id, before.token.is_unlimited)
    if told != (after.token.id, after.user.id, after.token.is_unlimited):
        return _cannot("token-changed", "the token was changed or is another one")
    if not after.is_whole and len(rows) >= len(after.rows):
        return _cannot("other-traffic", "more rows came than one page of the log shows")
    if others:
        return _cannot("other-traffic", "the token's log has rows of other calls")
    charges = [row for row in moved.mine if row.type == CONSUME and not row.is_violation_fee]
    told_apart = call.request_id and all(row.request_id for row in charges)
    if len(charges) > 1 and not told_apart:
        return _cannot("other-traffic", f"{len(charges)} rows fit the call, and one was expected")
    if moved.used < 0 or moved.logged < 0:
        return _cannot("other-traffic", "more came back than was charged, as of an earlier call")
    return None


def _odd(before: LedgerSnapshot, moved: Moved, call: BilledCall) -> Judged | None:
    """Columns that cannot tell: of an unlimited token, or changed by hand.

    A charge that the other columns show to be wrong is told all the same.
    """
    is_still = moved.used == moved.remain == 0
    if before.token.is_unlimited and moved.logged and is_still:
        return _cannot("unlimited-token", "an unlimited token whose columns do not move")
    if moved.remain == -moved.used:
        return None
    if moved.logged != moved.used or (call.outcome != "output" and (moved.logged or moved.used)):
        return None
    if before.token.is_unlimited:
        return _cannot("unlimited-token", "remain_quota of an unlimited token moved otherwise")
    return _cannot("remain-edited", "remain_quota moved otherwise, as when its owner sets it")


def _judged(moved: Moved, call: BilledCall) -> Judged:
    if call.outcome == "output":
        return _of_an_image(moved, call)
    is_charged = bool(moved.logged or moved.used)
    if call.outcome == "no-output":
        if is_charged:
            why = f"HTTP {call.http_status} without an image was charged"
            return "charged-without-output", "billed-without-image", why
        if not moved.has_row:
            return _cannot("no-row", f"HTTP {call.http_status}, and no row tells its charge")
    if not is_charged:
        return "aligned", "nothing-charged", "nothing was expected, and nothing was charged"
    if any(row.is_violation_fee and row.quota for row in moved.mine):
        cause: Cause = "violation-fee"
    else:
        cause = "billed-error" if moved.logged else "not-refunded"
    return "charged-on-failure", cause, f"a call that failed (HTTP {call.http_status}) was charged"


def _of_an_image(moved: Moved, call: BilledCall) -> Judged:
    if not moved.has_row and not moved.used:
        return _cannot("no-row", "an image came back, and no row tells its charge")
    if moved.logged != moved.used:
        return "mismatch", _difference(moved), "log quota and used_quota differ; equal was expected"
    if moved.logged:
        return "aligned", "agreed", "log, used_quota and remain_quota agree"
    if call.price_usd == 0:
        return "aligned", "free-model", "the model is free, and nothing was charged"
    has_usage = any(row.has_usage for row in moved.mine if row.type == CONSUME)
    cause: Cause = "zero-row" if has_usage else "no-usage"
    return "uncharged-success", cause, "an image came back, and nothing was charged"


def _difference(moved: Moved) -> Cause:
    if not moved.has_row:
        return "no-row"
    if not moved.used:
        return "not-booked"
    return "partly-booked" if moved.used < moved.logged else "overbooked"


def _of_the_user(moved: Moved, call: BilledCall, is_exclusive: bool) -> Judged:
    """What it means that the token's columns agree with the rows, and the user's do not."""
    why = "the token's columns agree with the log, and the user's do not"
    if moved.is_shared or not is_exclusive:
        return _cannot("other-traffic", f"{why}, as by other traffic of the account")
    if call.outcome == "output":
        return "mismatch", "user-columns", why
    if call.outcome == "no-output":
        return "charged-without-output", "user-columns", why
    return "charged-on-failure", "user-columns", why


def _cannot(cause: Cause, why: str) -> Judged:
    return "inconclusive", cause, why


def _amounts(moved: Moved, units: Decimal | None) -> str:
    """The amounts of every leg; those of the user only where they are not the token's."""
    logged, used = (f" ({_usd(n, units)} USD)" if units else "" for n in (moved.logged, moved.used))
    text = (
        f"log quota {moved.logged} units{logged}, used_quota moved {moved.used:+} units{used},"
        f" remain_quota {moved.remain:+} units"
    )
    if moved.user_used == moved.user_spent == moved.used:
        return text
    return (
        f"{text}, the user's used_quota {moved.user_used:+} units and quota"
        f" {-moved.user_spent:+} units"
    )


def _usd(quota_units: int, units: Decimal) -> Decimal:
    exact = WIDE.quantize(WIDE.divide(Decimal(quota_units), units), SMALLEST_USD)
    return Decimal(f"{exact.normalize(WIDE):f}")


def _stated_usd(moved: Moved) -> Decimal | None:
    """What the rows say in dollars, where the gateway does not tell what a dollar is."""
    stated = [row.cost_usd for row in moved.mine if row.type == CONSUME]
    known = [usd for usd in stated if usd is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(stated) else None
