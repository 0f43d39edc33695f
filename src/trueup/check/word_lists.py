"""Word lists: the words of claims and advice in each language, as matchers. Judges nothing."""

import re
import tomllib
from functools import cache
from pathlib import Path

from trueup.check.term_matcher import TermMatcher, phrase_matcher, word_ways

DIGITS = r"[0-9](?<![a-z0-9_.,][0-9])[0-9.,]*(?: [0-9]{3})*"
"""A number with no letter or digit before it; the search is for the digit, which is rare."""
LINE_END = re.compile(r"\n\s*")


@cache
def _tables() -> tuple[dict[str, str | list[str]], ...]:
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text).values())


@cache
def phrases(kind: str) -> frozenset[str]:
    """Return the phrases of a kind in all languages."""
    return frozenset(phrase for table in _tables() for phrase in table[kind])


def phrases_of(kind: str) -> TermMatcher:
    """Return the matcher of the phrases of a kind in all languages."""
    return phrase_matcher(phrases(kind))


@cache
def patterns_of(*kinds: str) -> TermMatcher:
    """Return the matcher of the patterns of some kinds in all languages."""
    found = []
    for table in _tables():
        for own in (table[kind] for kind in kinds if kind in table):
            for pattern in [own] if isinstance(own, str) else own:
                unit = str(table.get("unit", ""))
                found.append(pattern.replace("{N}", DIGITS).replace("{UNIT}", unit))
    return TermMatcher(word_ways(LINE_END.sub("", pattern) for pattern in found))


def with_digits(text: str) -> str:
    """Return the text, of the same length, with zeros for each number in words."""
    parts, end = [], 0
    for start, word in _numbers().find(text):
        parts += [text[end:start], "0" * len(word)]
        end = start + len(word)
    return "".join([*parts, text[end:]])


@cache
def _numbers() -> TermMatcher:
    words = [LINE_END.sub("", str(table["number"])) for table in _tables()]
    return TermMatcher(*(f"{word}(?:[ -]{word})*" for word in words))
