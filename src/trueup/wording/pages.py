"""Page text: the state that every part of a page is worded from, its labels, links and tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from trueup.evidence import Assessment, assess
from trueup.model import NO_MODEL, Kind, Observation, Status, split
from trueup.wording.badges import Look, mark
from trueup.wording.catalogue import Catalogue
from trueup.wording.markdown import escape_markdown
from trueup.wording.phrases import Phrases, standing_words

MOST_NAMES = 20
"""Names of models or endpoints in one sentence."""


@dataclass(frozen=True)
class PageText:
    """One status file in one language, on one day.

    `link` gives the address of the page that shows an endpoint.
    """

    status: Status
    catalogue: Catalogue
    today: date
    link: Callable[[str], str]

    def _(self, message: str) -> str:
        return self.catalogue.gettext(message)

    @cached_property
    def assessments(self) -> dict[str, Assessment]:
        """The assessment of each endpoint."""
        return assess(self.status)

    @cached_property
    def phrases(self) -> Phrases:
        """The phrases that the sentences are made of."""
        return Phrases(self.status, self.catalogue)

    def endpoints(self, model: str) -> list[str]:
        """Return a model's endpoints, best standing first. Raises KeyError for an unknown model."""
        self.status.models[model]
        return sorted(
            self.status.endpoints_of(model), key=lambda name: self.assessments[name].standing.rank
        )

    def by_kind(self) -> dict[Kind, list[str]]:
        """Return the endpoints by the kind of their output, in the order of the file."""
        kinds: dict[Kind, list[str]] = {}
        for endpoint in self.status.endpoints:
            kinds.setdefault(self.phrases.kind_of(endpoint), []).append(endpoint)
        return kinds

    def title(self, endpoint: str) -> str:
        """Return the title of an endpoint's route."""
        return escape_markdown(self.status.title_of(split(endpoint)[1]))

    def name(self, endpoint: str) -> str:
        """Return an endpoint as part of a sentence: the title of its model, or else of its route,
        linked, and the request."""
        return self.catalogue.with_aside(self.linked(endpoint), self.phrases.request(endpoint))

    def model(self, endpoint: str) -> str:
        """Return the title of an endpoint's model, or of its route where it has none."""
        model, _ = split(endpoint)
        if model == NO_MODEL:
            return self.title(endpoint)
        return escape_markdown(self.status.models[model].title)

    def linked(self, endpoint: str) -> str:
        """Return the title of an endpoint's model, or of its route, linked to its page."""
        return f"[{self.model(endpoint)}]({self.link(endpoint)})"

    @property
    def key_link(self) -> str:
        """A sentence that links to where readers get a key; empty where none is documented."""
        links = (link for docs in self.status.documented for link in docs.links if link.key)
        link = next(links, None)
        return self._("[Get an API key]({url}).").format(url=link.url) if link else ""

    def label(self, endpoint: str) -> str:
        """Return a standing as a label, with a mark for each qualifier."""
        assessment = self.assessments[endpoint]
        word = escape_markdown(standing_words(self.catalogue)[assessment.standing])
        label = f'<span class="tu-standing tu-{assessment.standing}">{word}</span>'
        marks = [mark(look, text) for look, text in self.phrases.qualifiers(assessment)]
        return self.with_age(self.catalogue.join_marks([label, *marks]), assessment.seen_on)

    def with_age(self, label: str, day: date | None) -> str:
        """Return a label of a day, which says once that day is too long ago that it is stale."""
        if day is None:
            return label
        stale = self.catalogue.join_marks(["", mark("stale", self._("stale"))])
        return label + self.dated_claim(day, "", stale)

    def more(self, count: int) -> str:
        """Return how many items of a list are left out; empty for none."""
        return self._("{n} more").format(n=count) if count else ""

    def few(self, items: Sequence[str], most: int) -> list[str]:
        """Return the items of a list; of more than `most` the first ones, and how many more."""
        return [*items[:most], *filter(None, [self.more(max(len(items) - most, 0))])]

    def newest(self, rows: Iterable[Observation]) -> Observation:
        """Return the newest of some rows; on one date, that of the reference target."""
        return max(rows, key=lambda row: (row.day, row.target == self.status.reference))

    def aged(self, assessment: Assessment, fresh: str, stale: str) -> str:
        """Return both sentences of a claim in HTML, the one that is true today visible.

        `data-until` is the last day of the first, on which the page switches by itself.
        """
        if assessment.seen_on is None:
            return stale
        return self.dated_claim(assessment.seen_on, fresh, stale)

    def dated_claim(self, day: date, fresh: str, stale: str) -> str:
        """Return both sentences of a claim of a day, as `aged` does."""
        until = day + self.status.policy.fresh_for
        is_late = self.today > until
        return _voice("fresh", fresh, until, is_late) + _voice("stale", stale, until, not is_late)

    def outcome_leg(self, endpoint: str, look: Look | None = None) -> str:
        """Return the newest conclusive outcome with target and date; with a look, as a mark."""
        assessment = self.assessments[endpoint]
        row = assessment.outcome
        assert row is not None
        phrase = self.phrases.outcome_and_shape(
            "error" if assessment.no_answer else row.outcome, row.shape
        )
        failed = (risk.targets for risk in assessment.risks if risk.kind == "failed")
        targets = next((names for names in failed if row.target in names), (row.target,))
        return self.phrases.located(mark(look, phrase) if look else phrase, targets, row.day)


def _voice(name: str, sentence: str, until: date, is_hidden: bool) -> str:
    # Hidden sentences stay out of the search index too.
    attributes = ' hidden="hidden" data-search-exclude="true"' if is_hidden else ""
    return f'<span class="tu-{name}" data-until="{until}"{attributes}>{sentence}</span>'


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table; cells are Markdown without line ends."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def stacked_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table that a phone shows row by row."""
    first, *others = header
    return table((f'<span class="tu-stacked">{first}</span>', *others), rows)
