"""Tokens: the words of a line, which of them are names or dates, and which were replaced."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache

from trueup.audit.words import MONTHS

TOKEN = re.compile(r"[A-Za-z0-9_]+(?:[.\-][A-Za-z0-9_]+)*|[^\W\d_]+|\S")
"""A name with its inner dots and hyphens, a word of another script, or one other sign."""
VERSION = re.compile(r"v?\d+(?:\.\d+)+[a-z]*\d*|v\d+", re.IGNORECASE)
NAME = re.compile(r"(?=.*[A-Za-z])(?=.*[\d_.\-])[A-Za-z0-9_][A-Za-z0-9_.\-]{2,}")
CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
NUMERIC_DAY = re.compile(
    r"(?<![\d.\-/])(?:(?P<y>20\d\d)(?:-(?P<m>\d\d)-(?P<d>\d\d)|/(?P<m2>\d\d?)/(?P<d2>\d\d?)"
    r"|\s?[年년]\s?(?P<m3>\d\d?)\s?[月월]\s?(?P<d3>\d\d?)\s?[日号號일])"
    r"|(?P<d4>\d\d?)\.(?P<m4>\d\d?)\.(?P<y4>20\d\d))(?![\d\-/])"
)
WORDED_DAY = re.compile(
    r"\b(?:(?P<d>\d\d?)(?:st|nd|rd|th|\.|º|er)?(?: de)? (?P<m>[^\W\d_]{3,10})\.?(?: de)?,? "
    r"(?P<y>20\d\d)|(?P<m2>[^\W\d_]{3,10})\.? (?P<d2>\d\d?)(?:st|nd|rd|th)?,? (?P<y2>20\d\d))\b"
)
MOST_TOKENS = 400
"""Words of a line that are compared; a longer one is data rather than a sentence."""
MOST_CHANGED = 60
MOST_TICKS = 200
"""More marks of code than a sentence or a row has, and few enough to match each with each."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A token of a line that was replaced: `old` by `new`, which is token `at` of the new line."""

    old: str
    new: str
    at: int


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a line, at most `MOST_TOKENS`."""
    return [found[0] for found, _ in zip(TOKEN.finditer(text), range(MOST_TOKENS), strict=False)]


@lru_cache(20_000)
def is_name(token: str) -> bool:
    """Return whether a token is a name by its form, such as `paper-boat` or `max_tokens`."""
    return bool(NAME.fullmatch(token)) and not is_version(token) and not days_in(token)


def is_version(token: str) -> bool:
    """Return whether a token is a version, such as `2.5` or `v3`."""
    return bool(VERSION.fullmatch(token))


def spans_of(text: str) -> list[str]:
    """Return the texts of the code spans of a line, none of one with very many."""
    if not 0 < text.count("`") <= MOST_TICKS:
        return []
    return [found[2].strip() for found in CODE_SPAN.finditer(text)]


def days_in(text: str) -> list[date]:
    """Return the dates of a text, in the usual forms of several languages, in their order."""
    if "20" not in text:
        return []
    found = []
    for pattern in (NUMERIC_DAY, WORDED_DAY):
        for one in pattern.finditer(text):
            parts = {name[0]: value for name, value in one.groupdict().items() if value}
            month = parts["m"] if parts["m"].isdigit() else MONTHS.get(parts["m"].lower(), "0")
            try:
                day = date(int(parts["y"]), int(month), int(parts["d"]))
            except ValueError:
                continue
            found.append((one.start(), day))
    return [day for _, day in sorted(found)]


def swaps_between(old: str, new: str) -> tuple[list[Swap], bool]:
    """Return the tokens that were replaced one by one between two versions of a line, and whether
    nothing else was changed."""
    before, after = tokens_of(old), tokens_of(new)
    start, most = 0, min(len(before), len(after))
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    if len(left) == len(right):
        swaps = _swaps(left, right, start)
        if len(swaps) <= max(2, len(left) // 2):
            return swaps, True
    if max(len(left), len(right)) > MOST_CHANGED:
        return [], False
    swaps, is_all = [], True
    for kind, i, k, j, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "replace" and k - i == m - j:
            swaps += _swaps(left[i:k], right[j:m], start + j)
        elif kind != "equal":
            is_all = False
    return swaps, is_all


def _swaps(left: Sequence[str], right: Sequence[str], start: int) -> list[Swap]:
    pairs = enumerate(zip(left, right, strict=True))
    return [Swap(old, new, start + at) for at, (old, new) in pairs if old != new]
