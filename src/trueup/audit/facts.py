"""Facts: what a cell or a sentence says that stays the same in every language: dates, names, routes
and numbers."""

import re
from collections import Counter
from collections.abc import Mapping

from trueup.audit.code import LOCALE, PLACEHOLDER, normal_path
from trueup.audit.tokens import (
    CODE_SPAN,
    NUMERIC_DAY,
    WORDED_DAY,
    days_in,
    is_name,
    spans_of,
    tokens_of,
)
from trueup.audit.words import OWN_DATE, STAMP, UNITS, may_have, words_of

Facts = Mapping[str, int]
"""Facts of a text, with how often it has each."""
OF_PAGES = words_of("stamp", "own_date")
NUMBER = re.compile(
    r"(?<![\w.,\-])\d{1,3}(?:[,'. \u00a0\u202f]\d{3})+(?![\w\d])"
    r"|(?<![\w.\-])\d+(?:[.,]\d+)?(?![\w\-])"
)
WORDS = sorted(UNITS, key=len, reverse=True)
WHOLE = "|".join(re.escape(word) for word in WORDS if ord(word[-1]) < 0x2E80)
ANYWHERE = "|".join(re.escape(word) for word in WORDS if ord(word[-1]) >= 0x2E80)
UNIT = rf"(?:{WHOLE})(?![^\W⺀-\U0010FFFF])|{ANYWHERE}"
AMOUNT = r"(\d{1,3}(?:[,'. \u00a0\u202f]\d{3})+|\d+(?:[.,]\d+)?)"
COUNTER = r"(?:(?:[个個次]|[件回]の|개의)\s?)?"
"""What some languages have between a number and what it counts."""
MEASURE = re.compile(
    r"(?<![A-Za-z0-9_.,\-–~月])(?<!\d['. \u00a0\u202f])"
    + rf"{AMOUNT}\s?{COUNTER}(?![件回]の)({UNIT})",
    re.IGNORECASE,
)
"""A number with a unit, of which each language may have its own word."""
MONEY = re.compile(rf"(?<![A-TV-Za-z0-9_$])(?:US)?([$€])\s?{AMOUNT}(?![A-Za-z\d{{_]|[.,]\d)")
EACH = ("あたり", "当たり", "につき", "ごと", "당", "마다")
PER = re.compile(rf"(?<![\d.,])1\s?(?:{UNIT})\s?(?:{'|'.join(EACH)})", re.IGNORECASE)
"""What others call "a minute"."""
BIG = re.compile(r"[万億亿만천百千]|thousand|million|тыс|млн", re.IGNORECASE)
"""Words of which one language writes a number that another writes in digits."""
REQUEST = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w\-./:{}$<>]+)")
METHOD = re.compile("GET|POST|PUT|PATCH|DELETE|HEAD")
DIGIT = re.compile(r"\d")
COMMIT = re.compile(r"[0-9a-f]{7,40}")
WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,\-]{0,60}")
ROUTE = re.compile(r"(?<![\w.:/\-])/(?:[\w\-{}$<>:]+/)*[\w\-{}$<>:.]+")


def dates_in(text: str) -> Facts:
    """Return the dates of a text with how often it has each, none of one that dates its page."""
    days = days_in(text)
    if not days or dates_page(text):
        return {}
    return Counter(day.isoformat() for day in days)


def dates_page(text: str) -> bool:
    """Return whether a text dates its page, as each translation has its own date: its last update,
    when it was translated or read again, whose it is."""
    return may_have(OF_PAGES, text) and bool(STAMP.search(text) or OWN_DATE.search(text))


def names_in(text: str) -> Facts:
    """Return the routes of a text and the names in its code spans, with how often it has each."""
    if "`" not in text and "/" not in text:
        return {}
    found: list[str] = []
    if METHOD.search(text):
        bare = CODE_SPAN.sub(" ", text)
        found += [f"{one[1]} {normal_path(one[2])}" for one in REQUEST.finditer(bare)]
    for span in spans_of(text):
        if not span.isascii() or PLACEHOLDER.search(span):
            continue
        method, _, path = span.rpartition(" ")
        if ROUTE.fullmatch(path) and (not method or METHOD.fullmatch(method)):
            found.append(f"{method} {normal_path(path)}".strip())
        elif " " not in span:
            found += [
                token for token in tokens_of(span) if is_name(token) and not LOCALE.fullmatch(token)
            ]
    if any(COMMIT.fullmatch(name) for name in found) and OWN_DATE.search(text):
        found = [name for name in found if not COMMIT.fullmatch(name)]
    return Counter(found) if found else {}


def words_in(text: str) -> Facts:
    """Return the words, names and numbers that a text has in its code spans, once each."""
    spans = {span for span in spans_of(text) if WORD.fullmatch(span) and not LOCALE.fullmatch(span)}
    return {_plain(span) if NUMBER.fullmatch(span) else span: 1 for span in spans}


def numbers_in(text: str) -> Facts:
    """Return the numbers of a text, in one form and with their units, with how often it has each;
    none where a language may have them in words."""
    if not DIGIT.search(text) or BIG.search(text) or ("20" in text and dates_page(text)):
        return {}
    bare = WORDED_DAY.sub(" ", NUMERIC_DAY.sub(" ", text)) if "20" in text else text
    bare = bare.replace("**", " ").replace("`", " ")
    found, rest = _measures(bare)
    found += [_plain(one[0]) for one in NUMBER.finditer(rest)]
    return Counter(found) if found else {}


def measures_in(text: str) -> Facts:
    """Return the numbers of a text that have a unit or are marked as code, in one form, with how
    often it has each."""
    if not DIGIT.search(text):
        return {}
    found = [_plain(span) for span in spans_of(text) if NUMBER.fullmatch(span)]
    bare = CODE_SPAN.sub(" ", text) if "`" in text else text
    found += _measures(bare.replace("**", ""))[0]
    return Counter(found) if found else {}


def _measures(text: str) -> tuple[list[str], str]:
    """Return the numbers of a text that have a unit, in one form, and the text without them."""
    found: list[str] = []

    def take(number: str, unit: str) -> str:
        found.append(f"{_plain(number)} {unit}")
        return " "

    if "$" in text or "€" in text:
        text = MONEY.sub(lambda one: take(one[2], one[1]), text)
    if "1" in text and any(word in text for word in EACH):
        text = PER.sub(" ", text)
    return found, MEASURE.sub(lambda one: take(one[1], UNITS[one[2].lower()]), text)


def _plain(number: str) -> str:
    """Return a number without the signs between its thousands, and with a point."""
    if re.search(r"[,'. \u00a0\u202f]\d{3}(?!\d)", number) and not re.fullmatch(
        r"0[.,]\d+", number
    ):
        return re.sub(r"\D", "", number)
    whole, point, part = number.replace(",", ".").partition(".")
    return f"{whole}{point}{part}".rstrip("0").rstrip(".") if point else whole
