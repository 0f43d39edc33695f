"""Banned terms: the facts that no page may type, as texts and as the patterns that find them."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from trueup.check.documented_terms import DocumentedTerms, documented_terms
from trueup.check.term_matcher import TermMatcher, phrase_matcher, term_matcher
from trueup.check.word_lists import phrases
from trueup.model import Standing, Status

ISO_DATE = re.compile(r"(?<![0-9])20[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9])")
MONTH = (
    "jan[a-z]*|feb[a-z]*|mar[a-z]*|apr[a-z]*|may|jun[a-z]*|jul[a-z]*|aug[a-z]*|sep[a-z]*"
    "|oct[a-z]*|nov[a-z]*|dec[a-z]*|январ[а-я]|феврал[а-я]|март[а-я]?|апрел[а-я]|ма[йя]|июн[а-я]"
    "|июл[а-я]|август[а-я]?|сентябр[а-я]|октябр[а-я]|ноябр[а-я]|декабр[а-я]"
    "|(?:янв|февр?|апр|авг|сент?|окт|нояб?|дек)"
)
NAMED = (
    "january|february|march|april|june|july|august|september|october|november|december"
    "|jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec"
)
OF = "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
HAN = "[〇零一二三四五六七八九十]"
NUMBERED = (
    r"20[0-9]{2}(?:[/.][0-9]{1,2}[/.][0-9]{1,2}"
    r"|\s?年\s?[0-9]{1,2}\s?月(?:\s?[0-9]{1,2}\s?[日号號])?)"
    r"|[0-9]{1,2}(?:\s?月\s?[0-9]{1,2}\s?[日号號]"
    r"|(?:\.[0-9]{1,2}\.|/[0-9]{1,2}/|-[0-9]{1,2}-)20[0-9]{2}"
    rf"|(?:st|nd|rd|th|-?го)?[\s-]+(?:of\s+)?(?:{MONTH})\.?,?[\s-]+20[0-9]{{2}}"
    rf"|(?:-?го)?\s+(?:{OF})(?![^\W_]))"
)
IN_HAN = (
    rf"{HAN}{{4}}年{HAN}{{1,2}}月|{HAN}{{1,2}}月{HAN}{{1,3}}[日号號]"
    r"|(?:令和|平成)\s?[0-9]{1,2}\s?年"
)
IN_WORDS = (
    rf"(?:{MONTH})\.?\s+(?:[0-9]{{1,2}}(?:st|nd|rd|th)?,?\s+)?20[0-9]{{2}}"
    rf"|(?:{NAMED})\.?\s+[0-9]{{1,2}}(?:st|nd|rd|th)?"
)
WRITTEN_DAY = (
    rf"(?:(?=[0-9])(?<![0-9])(?:{NUMBERED})|(?=[〇零一二三四五六七八九十令平])(?:{IN_HAN})"
    rf"|(?=[adfjmnosавдимнофся])(?<![^\W_])(?:{IN_WORDS}))(?![0-9])"
)
"""A date or a month as people write it, in the languages of the known pages."""
DAYS = TermMatcher(ISO_DATE.pattern, WRITTEN_DAY)
NONE = frozenset[str]()
NAMES = "the upstream name"
"""The only kind that a heading may hold."""


@dataclass(frozen=True)
class BannedTerms:
    """The texts that a page of a language may not type."""

    models: frozenset[str]
    upstreams: frozenset[str]
    hosts: frozenset[str]
    paths: frozenset[str]
    failures: frozenset[str]
    titles: frozenset[str]
    """Titles of models."""
    routes: frozenset[str]
    """Titles of routes."""
    words: frozenset[str]
    """Words of the standings, in all languages."""
    pages: frozenset[str] = NONE
    """The sources of the pages about a model, such as `models/a.md`."""
    documented: DocumentedTerms = DocumentedTerms()
    """What a sentence may repeat that says that it is documented."""

    @cached_property
    def mark(self) -> str:
        """The terms as one text, the same in each run."""
        return repr(_ordered(asdict(self)))

    def is_model_page(self, target: str) -> bool:
        """Return whether a link leads to the page of a model, or to the part about one."""
        steps = re.split(r"[/#?]", target.lower().removesuffix(".md").replace(".md#", "#"))
        return not self._page_names.isdisjoint(steps)

    @cached_property
    def _page_names(self) -> frozenset[str]:
        stems = (page.rsplit("/", 1)[-1].removesuffix(".md") for page in self.pages)
        return frozenset(map(str.lower, (*stems, *self.models)))

    @cached_property
    def patterns(self) -> tuple[tuple[str, TermMatcher], ...]:
        """Each kind of fact with its matcher."""
        return (
            *self.common,
            ("the base URL", term_matcher(self.hosts)),
            ("the path", term_matcher(NONE, self.paths)),
            ("the failure text", term_matcher(NONE, self.failures)),
        )

    @cached_property
    def common(self) -> tuple[tuple[str, TermMatcher], ...]:
        """The kinds that every page is searched for."""
        return (NAMES, term_matcher(self.upstreams)), ("the date", DAYS)

    @cached_property
    def others(self) -> TermMatcher:
        """All other kinds in one, so that a page with none is searched once."""
        return term_matcher(self.hosts, self.paths | self.failures)

    @cached_property
    def aliases(self) -> TermMatcher:
        """The names that are facts only within code."""
        return term_matcher(self.models - self.upstreams)

    @cached_property
    def standing(self) -> TermMatcher:
        """The words of standings, of praise and of blame."""
        return phrase_matcher(phrases("state").union(self.words, Standing))

    @cached_property
    def standing_words(self) -> TermMatcher:
        """The words of standings alone."""
        return phrase_matcher(self.words.union(Standing))

    @cached_property
    def names(self) -> TermMatcher:
        """The names of endpoints."""
        return term_matcher(self.models | self.upstreams | self.titles | self.routes, self.paths)

    @cached_property
    def name_words(self) -> frozenset[str]:
        """The words that the names of models are made of, such as `fast`."""
        return frozenset(re.findall(r"[a-z]+", " ".join(self.models | self.upstreams).lower()))

    @cached_property
    def model_names(self) -> frozenset[str]:
        """Names and titles of models in lower case, except upstream names, which are facts."""
        return frozenset(map(str.lower, self.models | self.titles)) - {
            name.lower() for name in self.upstreams
        }


def _ordered(value: Any) -> Any:
    """Return plain data with the items of its sets in order."""
    if isinstance(value, dict):
        return {name: _ordered(one) for name, one in value.items()}
    return sorted(value) if isinstance(value, frozenset) else value


def banned_terms(
    status: Status, words: Iterable[str] = (), pages: Iterable[str] = ()
) -> BannedTerms:
    """Return the facts of a status file; `words` are those of the standings in all languages, and
    `pages` the sources of the pages about a model."""
    starts = [route.request.split(" ", 1)[1].split("{")[0] for route in status.routes.values()]
    return BannedTerms(
        models=frozenset(status.models),
        upstreams=frozenset(status.upstream(model) for model in status.models),
        hosts=status.hosts,
        paths=frozenset(path for path in starts if path.strip("/")),
        failures=frozenset(signature.match for signature in status.signatures.values()),
        titles=frozenset(model.title for model in status.models.values()),
        routes=frozenset(map(status.title_of, status.routes)),
        words=frozenset(words),
        pages=frozenset(pages),
        documented=documented_terms(status),
    )
