"""Words: what the audit looks for in several languages, each list as one pattern."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LISTS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
MONTHS = {name: str(number) for name, number in LISTS["months"].items()}
"""Number of each month by its name, in lower case."""

UNITS = {word.lower(): unit for unit, words in LISTS["units"].items() for word in words}
"""Unit of each of its words, in lower case."""


def pattern_of(name: str) -> re.Pattern[str]:
    """Return the pattern of a list: words of alphabets as whole words, others anywhere."""
    words = sorted(LISTS[name], key=len, reverse=True)
    whole = [re.escape(word) for word in words if _is_alphabetic(word)]
    anywhere = [re.escape(word) for word in words if not _is_alphabetic(word)]
    return re.compile("|".join([rf"(?<!\w)(?:{'|'.join(whole)})(?!\w)", *anywhere]), re.IGNORECASE)


def words_of(*names: str) -> tuple[str, ...]:
    """Return the words of some lists, in lower case."""
    return tuple(word.lower() for name in names for word in LISTS[name])


def may_have(words: Iterable[str], text: str) -> bool:
    """Return whether a text has the letters of one of some words: in a moment, where their pattern
    takes long to find none."""
    lowered = text.lower()
    return any(map(lowered.__contains__, words))


def _is_alphabetic(word: str) -> bool:
    """Return whether the words of a script have spaces between them."""
    return all(ord(char) < 0x2E80 for char in word)


VERIFIED = pattern_of("verified")
OBSOLETE_BEFORE = pattern_of("obsolete_before")
OBSOLETE_AFTER = pattern_of("obsolete_after")
STAMP = pattern_of("stamp")
OWN_DATE = pattern_of("own_date")
WORKS = pattern_of("works")
FAILS = pattern_of("fails")
REPLY = pattern_of("reply")
DEPRECATED = pattern_of("deprecated")
COUNTEREXAMPLE = pattern_of("counterexample")
SUCCESS = frozenset(LISTS["success"])
