"""Pages: lists, tables and marks of the docs, as Markdown at column 0."""

from collections.abc import Iterable, Mapping

from trueup.model import Observation, Standing, anchor, split
from trueup.standing import agree, mapping_of, readings, risks, stand
from trueup.wording.sentences import WORKING, Sentences
from trueup.wording.text import code, plain

MARKS = {
    Standing.RECOMMENDED: "success",
    Standing.CONTROLLED_TESTING: "warning",
    Standing.UNVERIFIED: "info",
    Standing.NOT_RECOMMENDED: "danger",
}


class Pages(Sentences):
    """The parts of the pages that follow from the evidence."""

    def endpoints(self, model: str) -> list[str]:
        """A model's endpoints, best standing first."""
        self.status.models[model]  # a KeyError for a name that is none
        names = [name for name in self.status.endpoints if split(name)[0] == model]
        return sorted(names, key=lambda name: stand(self.status, name).standing.rank)

    def label(self, endpoint: str) -> str:
        """A standing as a coloured label; the word is there for those who see no colour."""
        verdict = stand(self.status, endpoint)
        word = self.evidence.standing(verdict)
        return f'<span class="tu-standing tu-{verdict.standing}">{plain(word)}</span>'

    def advice(self, model: str) -> str:
        """What to do, as a numbered list: where to start, what to evaluate, what not to use."""
        endpoints = self.endpoints(model)
        standings = {name: stand(self.status, name).standing for name in endpoints}
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
            rows.append((self._("Alias mapping"), plain(word), seen))
        for endpoint in self.endpoints(model):
            rows += self._endpoint_rows(endpoint)
        return table((self._("Item"), self._("Status"), self._("Evidence")), rows)

    def _endpoint_rows(self, endpoint: str) -> list[tuple[str, str, str]]:
        verdict = stand(self.status, endpoint)
        title = f"{self._title(endpoint)}: {self.evidence.request(endpoint)}"
        row = verdict.outcome
        if row is None:
            return [(title, self.label(endpoint), self._("not observed"))]
        targets = self._agreeing(endpoint, row.target)
        told = [self.evidence.outcome("error" if verdict.no_answer else row.outcome)]
        told += [self.evidence.shape(row.shape)] if row.shape else []
        seen = self._("{told}; {targets}, {day}").format(
            told=" ".join(told), targets=self.evidence.targets(targets), day=row.day
        )
        rows = [(title, self.label(endpoint), seen)]
        if row.outcome == "image" and verdict.billing_measured:
            leg = verdict.billing
            clause = self.evidence.billing(leg.billing if leg else None, "image")
            if leg:
                clause = self._("{clause}; {targets}, {day}").format(
                    clause=clause, targets=self.evidence.targets((leg.target,)), day=leg.day
                )
            name = self._("{route}: billing").format(route=self._title(endpoint))
            word = self.evidence.billing_word(leg.billing if leg else None)
            rows.append((name, word, clause))
        return rows

    def _title(self, endpoint: str) -> str:
        return plain(self.status.title_of(split(endpoint)[1]))

    def _agreeing(self, endpoint: str, target: str) -> tuple[str, ...]:
        failed = (risk.targets for risk in risks(self.status, endpoint) if risk.kind == "failed")
        return next((targets for targets in failed if target in targets), (target,))

    def risk_notes(self, model: str) -> str:
        """What went wrong on a model's endpoints, each with its failure texts and causes."""
        notes = []
        for endpoint in self.endpoints(model):
            for risk in risks(self.status, endpoint):
                notes.append(f"- {self.evidence.risk(endpoint, risk)}")
                notes += [f"    - {self.evidence.signature(name)}" for name in risk.signatures]
        return "\n".join(notes) or self._("Nothing adverse is on record.")

    def changes(self, model: str) -> str:
        """What would change each standing."""
        return "\n".join(
            f"- {self.evidence.request(endpoint)} ({self.label(endpoint)}): {self.change(endpoint)}"
            for endpoint in self.endpoints(model)
        )

    def heading(self, endpoint: str, level: int) -> str:
        """An endpoint's heading with its stable anchor; a failing one is marked legacy."""
        title = self._title(endpoint)
        legacy = stand(self.status, endpoint).standing is Standing.NOT_RECOMMENDED
        text = self._("Legacy: {route}").format(route=title) if legacy else title
        return f"{'#' * level} {text} {{ #{anchor(endpoint)} }}"

    def mark(self, endpoint: str) -> str:
        """A box that says what an endpoint's standing means."""
        verdict = stand(self.status, endpoint)
        title = self.evidence.standing(verdict)
        if verdict.seen_on:
            title = self._("{standing}, as of {day}").format(standing=title, day=verdict.seen_on)
        if verdict.standing is Standing.NOT_RECOMMENDED:
            title = self._("Legacy pattern, {standing}").format(standing=title)
        return f'!!! {MARKS[verdict.standing]} "{title}"\n\n    {self.claim(endpoint)}'

    def standings(self) -> str:
        """Every endpoint with its standing and evidence, by model."""
        parts = []
        for model, facts in self.status.models.items():
            parts.append(f"## {plain(facts.title)} {{ #{model} }}")
            parts.append(self.model_status(model))
            parts.append(self.changes(model))
            parts.append(self._sources(model))
        return "\n\n".join(parts)

    def readings(self) -> str:
        """What each target shows today, side by side, for the endpoints that several were asked."""
        seen = {name: readings(self.status, name) for name in self.status.endpoints}
        several = {name: rows for name, rows in seen.items() if len(rows) > 1}
        if not several:
            return self._("No endpoint was asked at more than one target yet.")
        targets = [name for name in self.status.targets if any(name in r for r in several.values())]
        header = (self._("Endpoint"), *(code(name) for name in targets), self._("Reading"))
        return table(
            header,
            [
                (
                    self.name(name),
                    *(self._seen(rows[target]) if target in rows else "" for target in targets),
                    self._reading(rows),
                )
                for name, rows in several.items()
            ],
        )

    def _seen(self, row: Observation) -> str:
        told = [self.evidence.outcome(row.outcome)]
        told += [self.evidence.shape(row.shape)] if row.shape else []
        told += [code(row.image.mime)] if row.image and row.image.mime else []
        told += [code(self.status.signatures[name].match) for name in row.signatures]
        if row.billing:
            told.append(
                self._("billing {word}").format(word=self.evidence.billing_word(row.billing))
            )
        return f"{row.day}: {', '.join(told)}"

    def _reading(self, rows: Mapping[str, Observation]) -> str:
        first, *others = rows.values()
        parted = [row.target for row in others if not agree(first, row)]
        if not parted:
            return self._("they agree")
        return self._("{targets} parted from {target}").format(
            targets=self.evidence.targets(tuple(parted)), target=plain(first.target)
        )

    def _sources(self, model: str) -> str:
        rows = [row for name in self.endpoints(model) for row in self.status.seen(name)]
        if not rows:
            return self._("Sources: none; nothing was observed.")
        sources = dict.fromkeys(self.evidence.source(row) for row in rows)
        return self._("Sources: {sources}.").format(sources=self.catalogue.join(sources))

    def matrix(self, page: str = "") -> str:
        """Models by routes, one label a cell; `page` is where the models' evidence stands."""
        header = (
            self._("Model"),
            *(plain(self.status.title_of(name)) for name in self.status.routes),
        )
        rows = [
            (
                f"[{plain(facts.title)}]({page}#{model})",
                *(self._cell(f"{model}/{route}") for route in self.status.routes),
            )
            for model, facts in self.status.models.items()
        ]
        return table(header, rows)

    def _cell(self, endpoint: str) -> str:
        if endpoint not in self.status.endpoints:
            return self._("not observed")
        verdict = stand(self.status, endpoint)
        if verdict.seen_on is None:
            return self.label(endpoint)
        stale = self._("{day}, not retested since").format(day=verdict.seen_on)
        return f"{self.label(endpoint)}<br>{self.aged(verdict, str(verdict.seen_on), stale)}"

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
