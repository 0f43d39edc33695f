"""Dialect: the replies of the management routes, read as every version of the gateway writes them.

A value that is missing, of a wrong kind or out of bounds raises ValueError, which does not show it.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal

from trueup.retest.billing.records import LogRow, Terms, TokenColumns, UserColumns

Fields = Mapping[str, object]
LARGEST = 2**63 - 1
"""The largest number of the columns of a gateway's database."""
DEAREST_USD = 1_000
"""Dollars that no call of a model costs: a higher price is an error."""
PER_CALL = 1
"""`quota_type` of a model with a fixed price; 0 is a price by tokens."""
VIOLATION_MARKS = ("violation_fee", "violation_fee_code", "violation_fee_marker")
"""Any of them marks the row of a fee, as the front ends of the gateway read it."""
KINDS: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    Decimal: "a number",
    list: "a list",
    dict: "an object",
    type(None): "missing",
}


def parse_json(content: bytes) -> object:
    """Return the value of a JSON text, fractions as Decimal; NaN and infinities are refused."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        raise ValueError("a body that is not valid JSON") from None


def parse_items(data: object) -> tuple[list[object], int | None]:
    """Return the items of a page or of a bare list, and the page's total."""
    if data is None or isinstance(data, list):
        return data or [], None
    page = _object("data", data)
    items = page.get("items")
    if items is not None and not isinstance(items, list):
        raise _wrong("items", items, "a list")
    return items or [], whole(page, "total")


def parse_token(data: object) -> TokenColumns:
    """Return a token's columns, without its key."""
    fields = _object("the token", data)
    return TokenColumns(
        id=whole(fields, "id"),
        name=text(fields, "name"),
        used_quota=whole(fields, "used_quota"),
        remain_quota=whole(fields, "remain_quota"),
        is_unlimited=_flag(fields, "unlimited_quota"),
        accessed_time=whole(fields, "accessed_time", 0),
        group=text(fields, "group", ""),
    )


def is_keyed(data: object, key: str) -> bool | None:
    """Return whether a token has a key: None where it shows only the ends of one, and they fit.

    Either may have its `sk-` or not, and `key` may end in the channel that it is pinned to.
    """
    shown = text(_object("the token", data), "key", "").removeprefix("sk-")
    bare = key.removeprefix("sk-")
    if "*" not in shown:
        return bool(shown) and shown in (bare, bare.split("-")[0])
    start, end = shown.split("*")[0], shown.split("*")[-1]
    fits = (
        own.startswith(start) and own.endswith(end) and len(own) >= len(start + end)
        for own in (bare, bare.split("-")[0])
    )
    return None if start + end and any(fits) else False


def parse_user(data: object) -> UserColumns:
    """Return a user's columns."""
    fields = _object("the user", data)
    return UserColumns(
        id=whole(fields, "id"),
        quota=whole(fields, "quota"),
        used_quota=whole(fields, "used_quota"),
        group=text(fields, "group", ""),
    )


def parse_row(data: object) -> LogRow:
    """Return a log row; `other` may be an object or the text of one, with the request id."""
    fields = _object("a log row", data)
    other = _other(fields.get("other"))
    tokens = [whole(fields, name, 1) for name in ("prompt_tokens", "completion_tokens")]
    quota = whole(fields, "quota")
    if quota < 0:
        raise ValueError("quota is below 0")
    return LogRow(
        type=whole(fields, "type"),
        created_at=whole(fields, "created_at"),
        quota=quota,
        model=text(fields, "model_name", ""),
        token_name=text(fields, "token_name", ""),
        token_id=None if fields.get("token_id") is None else whole(fields, "token_id"),
        request_id=text(fields, "request_id", "") or _word(other.get("request_id")),
        cost_usd=None if fields.get("cost_usd") is None else decimal(fields, "cost_usd"),
        has_usage=any(tokens),
        is_violation_fee=any(other.get(name) for name in VIOLATION_MARKS),
        is_subscription=other.get("billing_source") == "subscription",
        upstream=_word(other.get("upstream_model_name")),
    )


def parse_rows(items: list[object], total: int | None) -> tuple[tuple[LogRow, ...], bool]:
    """Return the rows of the log's newest page, and whether they are all that there are.

    A bare list has no total, so one of full tens may have been cut off.
    """
    rows = tuple(parse_row(item) for item in items)
    is_whole = len(rows) % 10 != 0 or not rows if total is None else len(rows) >= total
    if not is_whole and rows and rows[0].created_at < rows[-1].created_at:
        raise ValueError("the log begins with its oldest rows, not its newest")
    return rows, is_whole


def parse_terms(data: object) -> Terms:
    """Return the terms of billing; a field of a wrong kind counts as absent."""
    fields = _object("data", data)
    batching = fields.get("enable_batch_update")
    try:
        units = decimal(fields, "quota_per_unit")
    except ValueError:
        units = Decimal(0)
    return Terms(
        quota_units_per_usd=units if units >= 1 else None,
        is_batching=batching if isinstance(batching, bool) else None,
    )


def parse_prices(reply: Fields, group: str | None = None) -> dict[str, Decimal | None]:
    """Return dollars per call by model, for a group or else for the dearest that may call it.

    None where no price is fixed or the group has no ratio, or where it is none that a call could
    have. A model that is priced by tokens at a ratio of 0 is free.
    """
    items, _ = parse_items(reply.get("data"))
    listed = [_object("a price", item) for item in items]
    ratios = _ratios(reply.get("group_ratio"))
    return {text(fields, "model_name"): _per_call(fields, ratios, group) for fields in listed}


def _ratios(groups: object) -> dict[str, Decimal]:
    """Return the ratios of the groups; one that is no number is absent."""
    fields: Fields = groups if isinstance(groups, dict) else {}
    found = {}
    for name in fields:
        with suppress(ValueError):
            found[name] = decimal(fields, name)
    return {name: ratio for name, ratio in found.items() if ratio >= 0}


def _per_call(fields: Fields, ratios: Mapping[str, Decimal], group: str | None) -> Decimal | None:
    if whole(fields, "quota_type", 0) != PER_CALL:
        ratio = fields.get("model_ratio")
        return Decimal(0) if ratio == 0 and not isinstance(ratio, bool) else None
    named = fields.get("enable_groups")
    own = [ratios[name] for name in named if name in ratios] if isinstance(named, list) else []
    dearest = max(own or ratios.values(), default=None)
    price = decimal(fields, "model_price")
    ratio = dearest if group is None else ratios.get(group)
    if price == 0:
        return Decimal(0)
    if ratio is None or not 0 <= price * ratio <= DEAREST_USD:
        return None
    # Without the zeros that a ratio such as 1.0 would add: people read it.
    return Decimal(f"{(price * ratio).normalize():f}")


def whole(fields: Fields, name: str, absent: int | None = None) -> int:
    """Return a field that is a whole number of at most 64 bits."""
    value = fields.get(name)
    if value is None and absent is not None:
        return absent
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(name, value, "a whole number")
    if not -LARGEST <= value <= LARGEST or value != int(value):
        raise ValueError(f"{name} is not a 64-bit integer")
    return int(value)


def decimal(fields: Fields, name: str) -> Decimal:
    """Return a field that is a number of at most 64 bits, as all amounts are."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(name, value, "a number")
    number = Decimal(value)
    if not -LARGEST <= number <= LARGEST:
        raise ValueError(f"{name} is not a 64-bit number")
    return number


def text(fields: Fields, name: str, absent: str | None = None) -> str:
    """Return a field that is a text."""
    value = fields.get(name)
    if value is None and absent is not None:
        return absent
    if not isinstance(value, str):
        raise _wrong(name, value, "a text")
    return value


def _flag(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")
    return value


def _object(name: str, value: object) -> Fields:
    if not isinstance(value, dict):
        raise _wrong(name, value, "an object")
    return value


def _other(value: object) -> Fields:
    """Return the details of a row; unreadable ones are absent, as they are in old rows."""
    if isinstance(value, str):
        try:
            value = parse_json(value.encode())
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _wrong(name: str, value: object, expected: str) -> ValueError:
    kind = KINDS.get(type(value), "of an unexpected type")
    return ValueError(f"{name} is {kind}, expected {expected}")
