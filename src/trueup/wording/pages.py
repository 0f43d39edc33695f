"""Pages: lists, tables and marks of the docs, as Markdown at column 0."""

from collections.abc import Iterable
from html import escape

from trueup.evidence import Assessment, alternative, mapping_of
from trueup.model import Standing, anchor, split
from trueup.wording.badges import Look, dated, mark
from trueup.wording.evidence import standing_words
from trueup.wording.markdown import code, plain
from trueup.wording.sentences import WORKING, Sentences

MARKS = {
    Standing.RECOMMENDED: "success",
    Standing.CONTROLLED_TESTING: "warning",
    Standing.UNVERIFIED: "info",
    Standing.NOT_RECOMMENDED: "danger",
}


class PageText(Sentences):
    """The parts of the pages that follow from the evidence."""

    def endpoints(self, model: str) -> list[str]:
        """A model's endpoints, best standing first."""
        self.status.models[model]  # a KeyError for a name that is none
        return sorted(
            self.status.endpoints_of(model), key=lambda name: self.assessments[name].standing.rank
        )

    def label(self, endpoint: str) -> str:
        """A standing as a label, with a mark for each thing that qualifies it."""
        verdict = self.assessments[endpoint]
        word = plain(standing_words(self.catalogue)[verdict.standing])
        label = f'<span class="tu-standing tu-{verdict.standing}">{word}</span>'
        marks = [mark(look, text) for look, text in self.evidence.qualifiers(verdict)]
        return " ".join([label, *marks]) + self._stale(verdict)

    def _stale(self, verdict: Assessment) -> str:
        if verdict.seen_on is None:
            return ""
        word = self._("stale")
        return self.aged(verdict, "", f" {mark('stale', word)}")

    def advice(self, model: str) -> str:
        """What to do, as a numbered list: where to start, what to evaluate, what not to use."""
        endpoints = self.endpoints(model)
        standings = {name: self.assessments[name].standing for name in endpoints}
        items = [self.start(model)]
        if Standing.RECOMMENDED not in standings.values():
            working = [name for name in endpoints if standings[name] in WORKING]
            if working:
                items.append(self.evaluate(model, working))
                items.append(self.traffic(model, working[0]))
        items += [
            self.avoid(name) for name in endpoints if standings[name] is Standing.NOT_RECOMMENDED
        ]
        return _numbered(items)

    def model_status(self, model: str) -> str:
        """A model's mapping and endpoints as a table."""
        rows = []
        if state := mapping_of(self.status, model):
            word, seen = self.evidence.mapping(state)
            rows.append((self._("Alias mapping"), word, seen))
        for endpoint in self.endpoints(model):
            rows += self._endpoint_rows(endpoint)
        item = self._("Item")
        return table(
            (f'<span class="tu-stacked">{item}</span>', self._("Status"), self._("Evidence")), rows
        )

    def _endpoint_rows(self, endpoint: str) -> list[tuple[str, str, str]]:
        verdict = self.assessments[endpoint]
        title = self.title(endpoint)
        name = f"[{title}]({self.link(endpoint)}): {self.evidence.request(endpoint)}"
        row = verdict.outcome
        if row is None:
            return [(name, self.label(endpoint), mark("absent", self._("not observed")))]
        rows = [(name, self.label(endpoint), self.outcome_leg(endpoint, verdict))]
        if row.outcome == "output" and verdict.billing_measured:
            leg = verdict.billing
            clause = self.evidence.billing(leg.billing if leg else None, "output")
            if leg:
                clause = self._("{clause}; {targets}, {day}").format(
                    clause=clause,
                    targets=self.evidence.targets((leg.target,)),
                    day=dated(leg.day),
                )
            name = self._("{route}: billing").format(route=title)
            word = self.evidence.billing_mark(leg.billing if leg else None)
            rows.append((name, word, clause))
        return rows

    def outcome_leg(self, endpoint: str, verdict: Assessment, look: Look | None = None) -> str:
        """What the newest row that told saw, where and when; with a look, its phrase marked."""
        row = verdict.outcome
        assert row is not None
        told = self.evidence.told("error" if verdict.no_answer else row.outcome, row.shape)
        return self._("{told}; {targets}, {day}").format(
            told=mark(look, told) if look else told,
            targets=self.evidence.targets(self._agreeing(endpoint, row.target)),
            day=dated(row.day),
        )

    def title(self, endpoint: str) -> str:
        """An endpoint's route as people write it."""
        return plain(self.status.title_of(split(endpoint)[1]))

    def _agreeing(self, endpoint: str, target: str) -> tuple[str, ...]:
        failed = (
            risk.targets for risk in self.assessments[endpoint].risks if risk.kind == "failed"
        )
        return next((targets for targets in failed if target in targets), (target,))

    def risk_notes(self, model: str) -> str:
        """What went wrong on a model's endpoints, each with its failure texts and causes."""
        notes = []
        for endpoint in self.endpoints(model):
            for risk in self.assessments[endpoint].risks:
                sources = self.evidence.sources(risk.rows)
                notes.append(f"- {self.evidence.risk(endpoint, risk)} {sources}")
                notes += [f"    - {self.evidence.signature(name)}" for name in risk.signatures]
        return "\n".join(notes) or self._("Nothing adverse is on record.")

    def best(self, model: str) -> str:
        """The best-standing working endpoint of a model's family, linked to its code."""
        best = alternative(self.status, self.assessments, model)
        if best is None:
            return self._("No working alternative is on record.")
        return self._("The best route of this family on record: {endpoint} {standing}").format(
            endpoint=self.name(best.endpoint), standing=self.label(best.endpoint)
        )

    def changes(self, model: str) -> str:
        """What would change each standing."""
        return "\n".join(
            f"- {self.evidence.request(endpoint)} {self.label(endpoint)}: {self.change(endpoint)}"
            for endpoint in self.endpoints(model)
        )

    def heading(self, endpoint: str, level: int) -> str:
        """An endpoint's heading with its stable anchor; a failing one is marked legacy."""
        title = self.title(endpoint)
        text = title
        if self.is_legacy(endpoint):
            text = self._("Legacy: {route}").format(route=title)
        return f"{'#' * level} {text} {{ #{anchor(endpoint)} }}"

    def is_legacy(self, endpoint: str) -> bool:
        """Whether nobody should build on an endpoint any more."""
        return self.assessments[endpoint].standing is Standing.NOT_RECOMMENDED

    def legacy(self) -> str:
        """The line over the blocks of a legacy endpoint, with what their copy buttons say."""
        copy = escape(self._("Copy legacy code that is not recommended"))
        label = escape(self._("Legacy code, not recommended"))
        return f'<p class="tu-legacy" data-copy-label="{copy}">{label}</p>'

    def mark(self, endpoint: str) -> str:
        """A box that says what an endpoint's standing means."""
        verdict = self.assessments[endpoint]
        title = self.evidence.standing(verdict)
        if verdict.seen_on:
            title = self._("{standing}, as of {day}").format(standing=title, day=verdict.seen_on)
        if verdict.standing is Standing.NOT_RECOMMENDED:
            title = self._("Legacy pattern, {standing}").format(standing=title)
        return f'!!! {MARKS[verdict.standing]} "{title}"\n\n    {self.claim(endpoint)}'

    def start_here(self) -> str:
        """Where to start, for each family."""
        families = dict.fromkeys(self.status.family(model) for model in self.status.models)
        first = {
            family: next(m for m in self.status.models if self.status.family(m) == family)
            for family in families
        }
        return "\n".join(
            f"- {code(family)}: {self.start(model)}" for family, model in first.items()
        )


def _numbered(items: Iterable[str]) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; cells are Markdown without line ends."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
