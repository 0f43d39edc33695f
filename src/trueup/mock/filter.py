"""Filter: which log rows a query asks for, and which page of a list. Odd values count as absent."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from trueup.mock.account import CONSUME, LogRow
from trueup.mock.asked import Asked

T = TypeVar("T")
INTEGER = re.compile(r"[+-]?[0-9]+")
LARGEST = 2**63 - 1
PAGE_SIZE, LARGEST_PAGE = 10, 100


def integer(text: str) -> int:
    """A number as the gateway reads it: 0 for what is none, cut off at 64 bits."""
    if not INTEGER.fullmatch(text):
        return 0
    digits = text.lstrip("+-").lstrip("0")
    number = LARGEST if len(digits) > 19 else min(int(digits or "0"), LARGEST)
    return -number if text.startswith("-") else number


def read_page(asked: Asked) -> tuple[int, int]:
    """Number, from 1, and size of the page that is asked for."""
    sizes = (integer(asked.parameter(name)) for name in ("page_size", "ps", "size"))
    size = next((size for size in sizes if size > 0), PAGE_SIZE)
    return max(integer(asked.parameter("p")), 1), min(size, LARGEST_PAGE)


def cut(items: Sequence[T], page: int, size: int) -> Sequence[T]:
    """The items of one page."""
    return items[(page - 1) * size : page * size]


def filtered(rows: Iterable[LogRow], asked: Asked, kind: int | None = None) -> list[LogRow]:
    """The rows that a query asks for, in their order; `kind` overrides the type it asks for."""
    wanted = integer(asked.parameter("type")) if kind is None else kind
    start = integer(asked.parameter("start_timestamp"))
    end = integer(asked.parameter("end_timestamp"))
    model = asked.parameter("model_name")
    exact = {name: asked.parameter(name) for name in ("token_name", "group", "request_id")}
    equal = [(name, value) for name, value in exact.items() if value]
    return [
        row
        for row in rows
        if (not wanted or row.type == wanted)
        and (not start or int(row.created_at) >= start)
        and (not end or int(row.created_at) <= end)
        and (not model or is_like(model, row.model))
        and all(getattr(row, name) == value for name, value in equal)
    ]


def summed(rows: Iterable[LogRow], asked: Asked, now: float) -> dict[str, int]:
    """The quota of the consuming rows that a query asks for, and the pace of the last minute."""
    found = filtered(rows, asked, CONSUME)
    recent = [row for row in found if row.created_at > now - 60]
    tokens = sum(row.prompt_tokens + row.completion_tokens for row in recent)
    return {"quota": sum(row.quota for row in found), "rpm": len(recent), "tpm": tokens}


def is_like(pattern: str, text: str) -> bool:
    """Whether the text fits a pattern in which `%` stands for anything."""
    first, *rest = pattern.split("%")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        place = text.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return text.endswith(last)
