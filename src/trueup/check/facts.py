"""Facts: what a page may not type, as texts, and as the patterns that find them."""

import re
from collections.abc import Iterable
from functools import cached_property

from trueup.check.advice import ADVICE, LEANING
from trueup.check.names import any_of
from trueup.model import Frozen, Standing, Status

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
WRITTEN_DAY = re.compile(
    r"(?<![0-9])(?:20[0-9]{2}[/.][0-9]{1,2}[/.][0-9]{1,2}"
    r"|20[0-9]{2}\s?年\s?[0-9]{1,2}\s?月(?:\s?[0-9]{1,2}\s?[日号號])?"
    r"|[0-9]{1,2}\s?月\s?[0-9]{1,2}\s?[日号號]"
    rf"|{HAN}{{4}}年{HAN}{{1,2}}月|{HAN}{{1,2}}月{HAN}{{1,3}}[日号號]"
    r"|(?:令和|平成)\s?[0-9]{1,2}\s?年"
    r"|[0-9]{1,2}(?:\.[0-9]{1,2}\.|/[0-9]{1,2}/|-[0-9]{1,2}-)20[0-9]{2}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th|-?го)?[\s-]+(?:of\s+)?(?:{MONTH})\.?,?[\s-]+20[0-9]{{2}}"
    rf"|[0-9]{{1,2}}(?:-?го)?\s+(?:{OF})(?![^\W_])"
    rf"|(?<![^\W_])(?:{MONTH})\.?\s+(?:[0-9]{{1,2}}(?:st|nd|rd|th)?,?\s+)?20[0-9]{{2}}"
    rf"|(?<![^\W_])(?:{NAMED})\.?\s+[0-9]{{1,2}}(?:st|nd|rd|th)?)(?![0-9])",
    re.IGNORECASE,
)
"""A day or a month as people write it, in the languages that the pages are known to be in."""
NAMES = "the upstream name"
"""What a heading may hold all the same: titles are free."""


class Facts(Frozen):
    """What a page of a language may not type."""

    models: frozenset[str]
    upstreams: frozenset[str]
    hosts: frozenset[str]
    paths: frozenset[str]
    failures: frozenset[str]
    titles: frozenset[str]
    """Of models."""
    routes: frozenset[str]
    """Their titles."""
    words: frozenset[str]
    """The words of the standings."""

    def with_words(self, words: Iterable[str]) -> "Facts":
        """The same facts, with the standing words of a language."""
        return Facts(**{**self.texts, "words": frozenset(words)})

    @property
    def texts(self) -> dict[str, frozenset[str]]:
        """The texts of each kind."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    @cached_property
    def patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Each kind of fact, with the words for it."""
        return (
            (NAMES, any_of(self.upstreams)),
            ("the base URL", any_of(self.hosts)),
            ("the path", any_of(self.paths, edges=False)),
            ("the failure text", any_of(self.failures, edges=False)),
            ("the date", ISO_DATE),
            ("the date", WRITTEN_DAY),
        )

    @cached_property
    def any(self) -> re.Pattern[str]:
        """One for all of them, to be done at once with a text that holds none."""
        edged = any_of(self.upstreams | self.hosts).pattern
        bare = any_of(self.paths | self.failures, edges=False).pattern
        days = f"{ISO_DATE.pattern}|{WRITTEN_DAY.pattern}"
        return re.compile(f"{edged}|{bare}|{days}", re.IGNORECASE)

    @cached_property
    def aliases(self) -> re.Pattern[str]:
        """Names that are facts where they stand as code."""
        return any_of(self.models - self.upstreams)

    @cached_property
    def standing(self) -> re.Pattern[str]:
        """What says how far to trust a route."""
        return any_of([*self.words, *Standing, *ADVICE])

    @cached_property
    def leaning(self) -> re.Pattern[str]:
        """The same, beside the name of an endpoint."""
        return any_of(LEANING)

    @cached_property
    def names(self) -> re.Pattern[str]:
        """What names an endpoint."""
        named = any_of(self.models | self.upstreams | self.titles | self.routes).pattern
        return re.compile(f"{named}|{any_of(self.paths, edges=False).pattern}", re.IGNORECASE)

    @cached_property
    def called(self) -> frozenset[str]:
        """What models are called, in small letters; a typed upstream name is a fact anyway."""
        return frozenset(map(str.lower, self.models | self.titles)) - {
            name.lower() for name in self.upstreams
        }


def facts_of(status: Status, words: Iterable[str] = ()) -> Facts:
    """The facts of a status file; `words` are the standing words of a language."""
    starts = [route.request.split(" ", 1)[1].split("{")[0] for route in status.routes.values()]
    return Facts(
        models=frozenset(status.models),
        upstreams=frozenset(status.upstream(model) for model in status.models),
        hosts=status.hosts,
        paths=frozenset(path for path in starts if path.strip("/")),
        failures=frozenset(signature.match for signature in status.signatures.values()),
        titles=frozenset(model.title for model in status.models.values()),
        routes=frozenset(map(status.title_of, status.routes)),
        words=frozenset(words),
    )
