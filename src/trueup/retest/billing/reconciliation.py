"""Reconciliation: two snapshots of the ledger and one call, to its bill. No clock, no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from trueup.model import Billing
from trueup.receipts import Bill, Cause
from trueup.retest.billing.records import (
    CONSUME,
    ERROR,
    REFUND,
    BilledCall,
    Inconclusive,
    LedgerSnapshot,
    LogRow,
    Terms,
    is_of_token,
    own_rows,
)

Judged = tuple[Billing, Cause, str]
USER_COLUMNS_DIFFER = "the token's columns agree with the log, and the user's do not"
SMALLEST_USD = Decimal("0.000000001")
"""A unit is 1/500,000 of a dollar by default; this shows thousandths of it."""
WIDE = Context(prec=80)
"""Digits for 64 bits of units at any price of a unit, with the nine places of SMALLEST_USD."""


@dataclass(frozen=True)
class Moved:
    """Changes of each column in quota units, beside the amounts of the call's rows.

    `charged` is the sum of the rows that charge, `logged` the same less refunds. `others` is the
    sum of the charges of the account's other tokens.
    """

    mine: tuple[LogRow, ...]
    charged: int
    logged: int
    used: int
    remain: int
    user_used: int
    user_spent: int
    others: int

    @property
    def agrees(self) -> bool:
        """Whether the token's columns changed by the amount of the rows."""
        return self.logged == self.used == -self.remain

    @property
    def has_row(self) -> bool:
        """Whether a row has the charge of the call, even a charge of 0."""
        return any(row.type == CONSUME for row in self.mine)

    @property
    def user_agrees(self) -> bool:
        """Whether the user's columns changed by the call alone, or by all the rows there are.

        A refund may leave the user's used_quota as it was, and a subscription pays in place of the
        wallet.
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
) -> Bill:
    """Return the bill of a call, from settled snapshots around it and the rows between them.

    The token's columns decide: they are the gateway's own ledger of this key. The user's columns
    only confirm, because anyone else on the account changes them too, and a call under way holds
    quota without a row. So where the token's columns agree with the rows and the user's do not, the
    bill is inconclusive. Another call with the same token spoils the token's columns as well. A
    price of 0 that neither token nor user paid is no fault; any other image that cost nothing is
    `uncharged-success`. An image without a row of its charge is inconclusive: a gateway that
    charges nothing still writes one, unless its operator switched that off (LogConsumeEnabled).
    One that cost more than the reported price is `overcharged`.
    """
    moved = _moved(before, after, rows, call)
    judged = (
        _unusable_snapshots(before, after, rows, call, moved)
        or _unfit_columns(before, moved, call)
        or _judged(moved, call, terms)
    )
    if judged[0] in ("aligned", "uncharged-success", "overcharged") and not moved.user_agrees:
        judged = "inconclusive", "other-traffic", USER_COLUMNS_DIFFER
    units = terms.quota_units_per_usd if terms else None
    verdict, cause, reason = judged
    return Bill(
        verdict=verdict,
        cause=cause,
        reason=f"{_amounts(moved, units)}: {reason}.",
        log_quota_units=moved.logged,
        used_delta_quota_units=moved.used,
        remain_delta_quota_units=moved.remain,
        log_usd=_usd(moved.logged, units) if units else _stated_usd(moved),
        used_delta_usd=_usd(moved.used, units) if units else None,
        upstream=next((row.upstream for row in moved.mine if row.upstream), None),
    )


def bill_of(unread: Inconclusive) -> Bill:
    """Return the bill where the ledger was unreadable or did not settle."""
    return Bill(verdict="inconclusive", cause=unread.cause, reason=unread.reason)


def is_agreed(
    before: LedgerSnapshot, after: LedgerSnapshot, rows: Sequence[LogRow], call: BilledCall
) -> bool:
    """Return whether the token's columns changed by the amount of the call's rows."""
    return _moved(before, after, rows, call).agrees


def is_logged(before: LedgerSnapshot, rows: Sequence[LogRow], call: BilledCall) -> bool:
    """Return whether the row with the call's charge is there."""
    return any(row.type == CONSUME for row in own_rows(rows, before.token, call)[0])


def _moved(
    before: LedgerSnapshot, after: LedgerSnapshot, rows: Sequence[LogRow], call: BilledCall
) -> Moved:
    mine, _ = own_rows(rows, before.token, call)
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
        others=sum(
            row.quota for row in rows if row.type == CONSUME and not is_of_token(row, before.token)
        ),
    )


def _unusable_snapshots(
    before: LedgerSnapshot,
    after: LedgerSnapshot,
    rows: Sequence[LogRow],
    call: BilledCall,
    moved: Moved,
) -> Judged | None:
    """Return why the snapshots are no evidence of this call, if so."""
    _, others = own_rows(rows, before.token, call)
    same = (before.token.id, before.user.id, before.token.is_unlimited)
    if same != (after.token.id, after.user.id, after.token.is_unlimited):
        return "inconclusive", "token-changed", "the token was changed or is another one"
    if not after.is_whole and len(rows) >= len(after.rows):
        return "inconclusive", "other-traffic", "one page of the log does not hold all new rows"
    if others:
        return "inconclusive", "other-traffic", "the token's log has rows of other calls"
    charges = [row for row in moved.mine if row.type == CONSUME and not row.is_violation_fee]
    have_ids = call.request_id and all(row.request_id for row in charges)
    if len(charges) > 1 and not have_ids:
        return "inconclusive", "other-traffic", f"got {len(charges)} rows of the call, expected 1"
    if moved.used < 0 or moved.logged < 0:
        return "inconclusive", "other-traffic", "the refund is larger than the charge"
    return None


def _unfit_columns(before: LedgerSnapshot, moved: Moved, call: BilledCall) -> Judged | None:
    """Return why the columns are no evidence: of an unlimited token, or changed by hand.

    A charge that the other columns show to be wrong is reported all the same.
    """
    is_still = moved.used == moved.remain == 0
    if before.token.is_unlimited and moved.logged and is_still:
        return "inconclusive", "unlimited-token", "the columns of an unlimited token do not change"
    if moved.remain == -moved.used:
        return None
    if moved.logged != moved.used or (call.outcome != "output" and (moved.logged or moved.used)):
        return None
    if before.token.is_unlimited:
        return "inconclusive", "unlimited-token", "remain_quota changed by another amount"
    return "inconclusive", "remain-edited", "remain_quota was changed from outside, as by its owner"


def _judged(moved: Moved, call: BilledCall, terms: Terms | None) -> Judged:
    if call.outcome == "output":
        return _of_an_image(moved, call, terms)
    is_charged = bool(moved.logged or moved.used)
    if call.outcome == "no-output":
        if is_charged:
            reason = f"HTTP {call.http_status} without an image was charged"
            return "charged-without-output", "billed-without-image", reason
        if not moved.has_row:
            return "inconclusive", "no-row", f"HTTP {call.http_status} without a row of its charge"
    if not is_charged:
        return "aligned", "nothing-charged", "nothing was due, and nothing was charged"
    if any(row.is_violation_fee and row.quota for row in moved.mine):
        cause: Cause = "violation-fee"
    else:
        cause = "billed-error" if moved.logged else "not-refunded"
    return "charged-on-failure", cause, f"a call that failed (HTTP {call.http_status}) was charged"


def _of_an_image(moved: Moved, call: BilledCall, terms: Terms | None) -> Judged:
    if not moved.has_row and not moved.logged:
        return "inconclusive", "no-row", "an image was returned without a row of its charge"
    if moved.logged != moved.used:
        return "mismatch", _difference(moved), "log quota and used_quota differ"
    if moved.logged and _is_above_price(moved, call, terms):
        reason = f"the gateway reported a price of {call.price_usd} USD"
        return "overcharged", "above-price", reason
    if moved.logged:
        return "aligned", "agreed", "log, used_quota and remain_quota agree"
    if call.price_usd is not None and _is_free(call.price_usd, terms):
        return "aligned", "free-model", "the model is free, and nothing was charged"
    has_usage = any(row.has_usage for row in moved.mine if row.type == CONSUME)
    cause: Cause = "zero-row" if has_usage else "no-usage"
    return "uncharged-success", cause, "an image was returned, and nothing was charged"


def _is_free(price_usd: Decimal, terms: Terms | None) -> bool:
    """Return whether a price is 0, or less than the gateway's unit, which is charged as 0."""
    units = terms.quota_units_per_usd if terms else None
    return price_usd == 0 or (units is not None and price_usd * units < 1)


def _is_above_price(moved: Moved, call: BilledCall, terms: Terms | None) -> bool:
    """Return whether a call cost more than its price, by more than the unit that rounding adds."""
    units = terms.quota_units_per_usd if terms else None
    fees = sum(row.quota for row in moved.mine if row.is_violation_fee)
    price = call.price_usd
    return bool(units and price is not None and moved.logged - fees > price * units + 1)


def _difference(moved: Moved) -> Cause:
    if not moved.used:
        return "not-booked"
    return "partly-booked" if moved.used < moved.logged else "overbooked"


def _amounts(moved: Moved, units: Decimal | None) -> str:
    """Return the amounts of every leg; the user's only where they differ from the token's."""
    logged, used = (f" ({_usd(n, units)} USD)" if units else "" for n in (moved.logged, moved.used))
    text = (
        f"log quota {moved.logged} units{logged}, used_quota {moved.used:+} units{used},"
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
    """Return the rows' own dollars, for a gateway that does not document its rate."""
    stated = [row.cost_usd for row in moved.mine if row.type == CONSUME]
    known = [usd for usd in stated if usd is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(stated) else None
