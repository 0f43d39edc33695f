"""Facts: what a page may not type, as texts, and as the patterns that find them."""

import re
from collections.abc import Iterable
from functools import cached_property

from trueup.check.advice import ADVICE
from trueup.check.names import any_of
from trueup.model import Frozen, Standing, Status

ISO_DATE = re.compile(r"(?<![0-9])20[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9])")
WRITTEN_DAY = re.compile(
    r"(?<![0-9])(?:20[0-9]{2}[/.][0-9]{1,2}[/.][0-9]{1,2}"
    r"|20[0-9]{2}\s?年\s?[0-9]{1,2}\s?月(?:\s?[0-9]{1,2}\s?日)?"
    r"|[0-9]{1,2}\.[0-9]{1,2}\.20[0-9]{2}"
    r"|[0-9]{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:MONTH),?\s+20[0-9]{2}"
    r"|(?<![^\W_])(?:MONTH)\s+[0-9]{1,2}(?:st|nd|rd|th)?,?\s+20[0-9]{2})(?![0-9])".replace(
        "MONTH",
        "jan[a-z]*|feb[a-z]*|mar[a-z]*|apr[a-z]*|may|jun[a-z]*|jul[a-z]*|aug[a-z]*|sep[a-z]*"
        "|oct[a-z]*|nov[a-z]*|dec[a-z]*|январ[а-я]|феврал[а-я]|марта?|апрел[а-я]|ма[йя]|июн[а-я]"
        "|июл[а-я]|августа?|сентябр[а-я]|октябр[а-я]|ноябр[а-я]|декабр[а-я]",
    ),
    re.IGNORECASE,
)
"""A day as people write it, in the languages that the pages are known to be in."""
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
    def names(self) -> re.Pattern[str]:
        """What names an endpoint."""
        named = any_of(self.models | self.upstreams | self.titles).pattern
        return re.compile(f"{named}|{any_of(self.paths, edges=False).pattern}", re.IGNORECASE)


def facts_of(status: Status, words: Iterable[str] = ()) -> Facts:
    """The facts of a status file; `words` are the standing words of a language."""
    starts = [route.request.split(" ", 1)[1].split("{")[0] for route in status.routes.values()]
    titles = [model.title for model in status.models.values()]
    titles += [status.title_of(name) for name in status.routes]
    return Facts(
        models=frozenset(status.models),
        upstreams=frozenset(status.upstream(model) for model in status.models),
        hosts=status.hosts,
        paths=frozenset(path for path in starts if path.strip("/")),
        failures=frozenset(signature.match for signature in status.signatures.values()),
        titles=frozenset(titles),
        words=frozenset(words),
    )
