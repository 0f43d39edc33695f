"""Documented terms: the figures, values and paths that documented facts carry, which a sentence may
repeat that says that they are documented."""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

from trueup.check.word_lists import patterns_of
from trueup.model import URL, DocsPage, Status
from trueup.site.visible_blocks import fold_confusables

BEFORE, AFTER = r"(?<![a-z0-9_.,/$€£¥￥₽₹-])", r"(?![a-z0-9_/%-]|[.,][0-9])"
"""Edges of a figure: in `1.20 MB` there is no `20 MB`, and in `20 MB/s` neither."""
LIMITS = ("limit", "size", "count")
"""The kinds of claims that a documented limit can cover."""
DIGIT = re.compile("[0-9]")
NONE = frozenset[str]()


@dataclass(frozen=True)
class DocumentedTerms:
    """What documented facts carry, in lower case."""

    prices: frozenset[str] = NONE
    limits: frozenset[str] = NONE
    values: frozenset[tuple[str, str]] = frozenset[tuple[str, str]]()
    """Names of parameters, each with a value that it may have."""
    paths: frozenset[str] = NONE
    """Paths of links and settings."""

    def covers(self, sentence: str, offset: int, word: str, kind: str) -> bool:
        """Return whether a claim in a sentence is a documented price, or by its kind a limit or the
        value of a parameter that the sentence names.

        `word` is the claim, which may have digits in place of a number in words. Words before the
        figure may be more, such as "up to"; behind it, a word would make it another one.
        """
        end = offset + len(word.rstrip())
        digits = [offset + found.start() for found in DIGIT.finditer(word)] or [offset]
        spans = [found.span() for found in self._figures(sentence, kind).finditer(sentence)]
        is_whole = all(any(start <= at < stop for start, stop in spans) for at in digits)
        return is_whole and any(start < end <= stop for start, stop in spans)

    def has_path(self, path: str) -> bool:
        """Return whether a path is that of a documented link or setting."""
        return path.rstrip("./:") in self.paths

    def _figures(self, sentence: str, kind: str) -> re.Pattern[str]:
        if kind not in LIMITS:
            return _pattern(self.prices if kind == "price" else NONE)
        named = {text for name, text in self.values if _pattern({name}).search(sentence)}
        return _pattern(self.limits | named)


def says_documented(sentence: str) -> bool:
    """Return whether a sentence says that what it states is documented."""
    return patterns_of("documented").are_in(sentence)


def documented_terms(status: Status) -> DocumentedTerms:
    """Return what the documented facts of a status file carry."""
    pages = status.docs_pages.values()
    urls = [link.url for page in pages for link in page.links]
    urls += [one.value for page in pages for one in page.settings if re.match(URL, one.value)]
    return DocumentedTerms(
        prices=frozenset(_folded(one.value) for page in pages for one in page.prices),
        limits=frozenset(_folded(one.value) for page in pages for one in page.limits),
        values=frozenset(chain.from_iterable(map(_values, pages))),
        paths=frozenset(urlsplit(url).path.rstrip("/") for url in urls) - {""},
    )


def _values(page: DocsPage) -> Iterator[tuple[str, str]]:
    for name, one in page.parameters.items():
        for value in (*one.values, one.least, one.most, one.default):
            if value is not None:
                yield _folded(name), _folded(str(value))


def _folded(text: str) -> str:
    return fold_confusables(" ".join(text.lower().split()))


def _pattern(texts: Set[str]) -> re.Pattern[str]:
    ordered = sorted(map(re.escape, texts), key=len, reverse=True)
    return re.compile(f"{BEFORE}(?:{'|'.join(ordered) or '(?!)'}){AFTER}", re.IGNORECASE)
