"""Phrases: words and clauses for evidence, from which the sentences are made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from trueup.evidence import Assessment, MappingState, MappingWord, Risk
from trueup.model import Billing, Kind, Observation, Outcome, Shape, Standing, Status, as_time
from trueup.request import protocol_of, request_of
from trueup.wording.badges import Look, dated, mark
from trueup.wording.catalogue import Catalogue
from trueup.wording.markdown import code, escape_markdown


def standing_words(catalogue: Catalogue) -> dict[Standing, str]:
    """Return the standings as readers see them."""
    _ = catalogue.gettext
    return {
        Standing.RECOMMENDED: _("recommended"),
        Standing.CONTROLLED_TESTING: _("controlled testing"),
        Standing.UNVERIFIED: _("unverified"),
        Standing.NOT_RECOMMENDED: _("not recommended"),
    }


@dataclass(frozen=True)
class Phrases:
    """The phrases of one status file in one language."""

    status: Status
    catalogue: Catalogue

    def _(self, message: str) -> str:
        return self.catalogue.gettext(message)

    def request(self, endpoint: str) -> str:
        """Return method and path of an endpoint as a reader types them."""
        return code(request_of(self.status, endpoint, self.status.reference).request)

    def standing(self, assessment: Assessment) -> str:
        """Return the standing's word with its qualifiers."""
        qualifiers = [word for _, word in self.qualifiers(assessment)]
        word = standing_words(self.catalogue)[assessment.standing]
        return self.catalogue.with_aside(word, self.catalogue.join(qualifiers))

    def qualifiers(self, assessment: Assessment) -> list[tuple[Look, str]]:
        """Return the qualifiers of a standing as words, each with its look."""
        found: list[tuple[Look, str]] = []
        if assessment.hold:
            found.append(("held", self._("held back")))
        if assessment.intermittent:
            found.append(("partly", self._("intermittent")))
        if assessment.standing is Standing.RECOMMENDED and not assessment.billing_measured:
            found.append(("absent", self.unmeasured(assessment)))
        return found

    def unmeasured(self, assessment: Assessment) -> str:
        """Return why a standing goes without bills, in a word or two."""
        return self._("free") if assessment.free else self._("billing not measured")

    def outcome(self, outcome: Outcome) -> str:
        """Return the short word for an outcome."""
        return {
            "output": self._("returns output"),
            "error": self._("fails"),
            "mixed": self._("fails in some calls"),
            "inconclusive": self._("inconclusive"),
        }[outcome]

    def kind_of(self, endpoint: str) -> Kind:
        """Return the kind of an endpoint's output, by its newest shape or its protocol's first."""
        shapes = protocol_of(self.status, endpoint).shapes
        seen = [row.shape for row in self.status.seen(endpoint) if row.shape in shapes]
        return shapes[next(filter(None, seen), next(iter(shapes)))]

    def returns_image(self, endpoint: str) -> bool:
        """Return whether an endpoint's output is an image."""
        return self.kind_of(endpoint) == "image"

    def kind(self, kind: Kind) -> str:
        """Return the title of all endpoints whose output is of a kind."""
        return {
            "image": self._("Images"),
            "text": self._("Text"),
            "audio": self._("Sound"),
            "video": self._("Video"),
            "json": self._("Vectors and data"),
            "file": self._("Files"),
        }[kind]

    def outcome_and_shape(self, outcome: Outcome, shape: Shape | None) -> str:
        """Return an outcome and the shape of its output as one phrase."""
        phrase = {
            "inline-data": self._("returns output as inline data"),
            "data-uri": self._("returns output as a data URI in a text"),
            "hosted-url": self._("returns output as a link in a text"),
            "url": self._("returns output as a link"),
            "b64-json": self._("returns output as base64"),
            "value": self._("returns output as a value"),
            "link": self._("returns output as a link"),
        }.get(shape or "")
        if phrase is None or outcome not in ("output", "mixed"):
            return self.outcome(outcome)
        return (
            phrase if outcome == "output" else self.catalogue.join((self.outcome(outcome), phrase))
        )

    def shape(self, shape: Shape) -> str:
        """Return the phrase for a shape of reply; empty for one that readers know as it is."""
        return {
            "inline-data": self._("as inline data"),
            "data-uri": self._("as a data URI in a text"),
            "hosted-url": self._("as a link in a text"),
            "url": self._("as a link"),
            "b64-json": self._("as base64"),
            "value": self._("as a value"),
            "link": self._("as a link"),
        }.get(shape, "")

    def billing_word(self, billing: Billing | None) -> str:
        """Return the short word for a billing verdict."""
        if billing is None:
            return self._("not observed")
        if billing == "aligned":
            return self._("aligned")
        return self._("inconclusive") if billing == "inconclusive" else self._("risky")

    def billing(self, endpoint: str, billing: Billing | None, outcome: Outcome) -> str:
        """Return a billing verdict of an endpoint as a clause."""
        is_image = self.returns_image(endpoint)
        if billing == "abnormal" and outcome == "error":
            return self._(
                "an abnormal billing sample on a failed request was reported, without amounts"
            )
        clauses = {
            None: self._("billing was not observed"),
            "aligned": self._("the bill matched the result"),
            "mismatch": self._("the log's `quota` and the token's `used_quota` delta differed"),
            "charged-on-failure": self._("a failed call was charged"),
            "charged-without-output": self._("a call that returned no image was charged")
            if is_image
            else self._("a call that returned no output was charged"),
            "uncharged-success": self._("nothing was charged for the image")
            if is_image
            else self._("nothing was charged for the output"),
            "overcharged": self._("more was charged than the price that the gateway reported"),
            "abnormal": self._("an abnormal billing sample was reported, without amounts"),
            "inconclusive": self._("billing could not be verified"),
        }
        return clauses[billing]

    def details(self, row: Observation) -> list[str]:
        """Return the failure texts of a row, and its billing verdict, as far as it has some."""
        found = [code(self.status.signatures[name].match) for name in row.signatures]
        if row.billing:
            found.append(self._("billing {word}").format(word=self.billing_word(row.billing)))
        return found

    def outcome_look(self, outcome: Outcome) -> Look:
        """Return the look of an outcome's mark."""
        looks: dict[Outcome, Look] = {
            "output": "good",
            "error": "bad",
            "mixed": "partly",
            "inconclusive": "inconclusive",
        }
        return looks[outcome]

    def billing_mark(self, billing: Billing | None) -> str:
        """Return the short word for a billing verdict as a mark."""
        looks: dict[Billing | None, Look] = {
            None: "absent",
            "aligned": "good",
            "inconclusive": "inconclusive",
        }
        return mark(looks.get(billing, "bad"), self.billing_word(billing))

    def targets(self, names: tuple[str, ...]) -> str:
        """Return target names as part of a sentence."""
        return self.catalogue.join(escape_markdown(name) for name in names)

    @property
    def not_observed(self) -> str:
        """The mark of something without an observation."""
        return mark("absent", self._("not observed"))

    def located(self, phrase: str, targets: tuple[str, ...], day: date) -> str:
        """Return a phrase with the targets and the date of its evidence."""
        return self._("{phrase}; {targets}, {day}").format(
            phrase=phrase, targets=self.targets(targets), day=dated(day)
        )

    def mapping(self, state: MappingState) -> tuple[str, str]:
        """Return the mark of a mapping, and the observation that it rests on."""
        words: dict[MappingWord, tuple[Look, str]] = {
            "confirmed": ("good", self._("confirmed")),
            "stated": ("fair", self._("stated, not retested")),
            "contradicted": ("bad", self._("contradicted")),
            "varies": ("partly", self._("varies")),
        }
        seen = state.row.how == "seen"
        message = self._("{arrow}, seen on {day}") if seen else self._("{arrow}, in docs of {day}")
        arrow = f"{code(state.row.alias)} → {code(state.row.upstream)}"
        day = dated(as_time(state.row.at).date())
        return mark(*words[state.word]), message.format(arrow=arrow, day=day)

    def source(self, row: Observation) -> str:
        """Return the source of a row."""
        if row.source is None:
            return self._("no source")
        if row.source.reported is not None:
            return self._("{source} (reported)").format(source=escape_markdown(row.source.reported))
        name = (row.source.receipt or "").rpartition("/")[2]
        link = f'<a href="evidence:{quote(name, safe="")}">{row.day}</a>'
        return self._("receipt of {day}").format(day=link)

    def sources(self, rows: Iterable[Observation]) -> str:
        """Return the sources of rows as a sentence, each source once."""
        places = dict.fromkeys(self.source(row) for row in rows)
        if not places:
            return self._("No sources, because there are no observations.")
        message = self.catalogue.ngettext("Source: {sources}.", "Sources: {sources}.", len(places))
        return message.format(sources=self.catalogue.join(places))

    def signature(self, name: str) -> str:
        """Return a failure text with its likely cause, and what the reader can do."""
        signature = self.status.signatures[name]
        cause = self._("{text}. Likely cause: {cause}.").format(
            text=code(signature.match), cause=escape_markdown(signature.cause)
        )
        return self.catalogue.join_sentences((cause, self.remedy(name)))

    def remedy(self, name: str) -> str:
        """Return what the reader can do about a failure text as a sentence, empty if unknown."""
        remedy = self.status.signatures[name].remedy
        message = self._("What to do: {remedy}.")
        return message.format(remedy=escape_markdown(remedy)) if remedy else ""

    def risk(self, endpoint: str, risk: Risk) -> str:
        """Return a risk as one sentence."""
        is_image = self.returns_image(endpoint)
        values = {
            "day": risk.day,
            "targets": self.targets(risk.targets),
            "request": self.request(endpoint),
            "billing": self.billing(endpoint, risk.billing, risk.outcome),
        }
        if risk.kind == "works-elsewhere" and is_image:
            sentence = self._("On {day}, a {targets} retest of {request} returned an image.")
        elif risk.kind == "works-elsewhere":
            sentence = self._("On {day}, a {targets} retest of {request} returned its output.")
        elif risk.kind == "billing" and risk.outcome in ("output", "mixed") and is_image:
            sentence = self._(
                "On {day}, a {targets} retest of {request} returned an image, but {billing}."
            )
        elif risk.kind == "billing" and risk.outcome in ("output", "mixed"):
            sentence = self._(
                "On {day}, a {targets} retest of {request} returned its output, but {billing}."
            )
        elif risk.kind == "billing":
            sentence = self._("On {day}, a {targets} retest of {request}: {billing}.")
        elif risk.outcome == "mixed":
            sentence = self._("On {day}, some calls of the {targets} retest of {request} failed.")
        elif len(risk.targets) > 1 and risk.signatures:
            sentence = self._(
                "On {day}, the {targets} retests of {request} failed in the same way: a fault of"
                " the route, not only of its documentation."
            )
        else:
            sentence = self.catalogue.ngettext(
                "On {day}, the {targets} retest of {request} failed.",
                "On {day}, the {targets} retests of {request} failed.",
                len(risk.targets),
            )
        return sentence.format(**values)
