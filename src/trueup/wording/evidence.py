"""Evidence: words and phrases for what was seen, from which the sentences are made."""

from dataclasses import dataclass
from urllib.parse import quote

from trueup.model import Billing, Observation, Outcome, Shape, Standing, Status
from trueup.request import request_of
from trueup.standing import MappingState, Risk, Verdict
from trueup.wording.catalogue import Catalogue
from trueup.wording.text import code, plain


@dataclass(frozen=True)
class Evidence:
    """The phrases of one status file in one language."""

    status: Status
    catalogue: Catalogue

    def _(self, message: str) -> str:
        return self.catalogue.gettext(message)

    def request(self, endpoint: str) -> str:
        """Method and path as a reader types them."""
        return code(request_of(self.status, endpoint, self.status.reference).request)

    def standing(self, verdict: Verdict) -> str:
        """The standing's word, with what qualifies it."""
        words = {
            Standing.RECOMMENDED: self._("recommended"),
            Standing.CONTROLLED_TESTING: self._("controlled testing"),
            Standing.UNVERIFIED: self._("unverified"),
            Standing.NOT_RECOMMENDED: self._("not recommended"),
        }
        qualifiers = []
        if verdict.hold:
            qualifiers.append(self._("held back"))
        if verdict.intermittent:
            qualifiers.append(self._("intermittent"))
        if verdict.standing is Standing.RECOMMENDED and not verdict.billing_measured:
            qualifiers.append(self._("billing not measured"))
        word = words[verdict.standing]
        return f"{word} ({self.catalogue.join(qualifiers)})" if qualifiers else word

    def outcome(self, outcome: Outcome) -> str:
        """The short word for an outcome."""
        return {
            "image": self._("returns output"),
            "error": self._("fails"),
            "mixed": self._("fails in some calls"),
            "cannot-tell": self._("could not tell"),
        }[outcome]

    def shape(self, shape: Shape) -> str:
        """How a reply carried the image."""
        return {
            "inline-data": self._("as inline data"),
            "data-uri": self._("as a data URI in a text"),
            "hosted-url": self._("as a link in a text"),
            "url": self._("as a link"),
            "b64-json": self._("as base64"),
        }[shape]

    def billing_word(self, billing: Billing | None) -> str:
        """The short word for a billing verdict."""
        if billing is None:
            return self._("not observed")
        if billing == "aligned":
            return self._("aligned")
        return self._("could not tell") if billing == "cannot-tell" else self._("risky")

    def billing(self, billing: Billing | None, outcome: Outcome) -> str:
        """What was seen of the bill, as a clause."""
        if billing == "abnormal" and outcome == "error":
            return self._(
                "an abnormal billing sample on a failed request was reported, without amounts"
            )
        clauses = {
            None: self._("billing was not observed"),
            "aligned": self._("the bill lined up with what came back"),
            "mismatch": self._(
                "the consumption log's `quota` and the token's `used_quota` delta did not line up"
            ),
            "charged-on-failure": self._("a failed call was charged"),
            "charged-without-image": self._("a call that returned no image was charged"),
            "uncharged-success": self._("nothing was charged for the image"),
            "abnormal": self._("an abnormal billing sample was reported, without amounts"),
            "cannot-tell": self._("whether the bill lined up could not be told"),
        }
        return clauses[billing]

    def targets(self, names: tuple[str, ...]) -> str:
        """Target names within a sentence."""
        return self.catalogue.join(plain(name) for name in names)

    def mapping(self, state: MappingState) -> tuple[str, str]:
        """The word for a mapping, and the sighting that it rests on."""
        words = {
            "confirmed": self._("confirmed"),
            "stated": self._("stated, not retested"),
            "contradicted": self._("contradicted"),
            "varies": self._("varies"),
        }
        seen = self._("seen on {day}") if state.row.how == "seen" else self._("in docs of {day}")
        arrow = f"{code(state.row.alias)} → {code(state.row.upstream)}"
        return words[state.word], f"{arrow}, {seen.format(day=_day(state))}"

    def source(self, row: Observation) -> str:
        """Where a row comes from."""
        if row.source is None:
            return self._("no source")
        if row.source.reported is not None:
            return self._("reported: {source}").format(source=plain(row.source.reported))
        name = (row.source.receipt or "").rpartition("/")[2]
        link = f'<a href="evidence:{quote(name, safe="")}">{row.day}</a>'
        return self._("receipt of {day}").format(day=link)

    def signature(self, name: str) -> str:
        """A failure text and its likely cause."""
        signature = self.status.signatures[name]
        return self._("{text}. Likely cause: {cause}.").format(
            text=code(signature.match), cause=plain(signature.cause)
        )

    def risk(self, endpoint: str, risk: Risk) -> str:
        """A risk as one sentence."""
        told = {
            "day": risk.day,
            "targets": self.targets(risk.targets),
            "request": self.request(endpoint),
            "billing": self.billing(risk.billing, risk.outcome),
        }
        if risk.kind == "works-elsewhere":
            sentence = self._("On {day}, a {targets} retest of {request} returned an image.")
        elif risk.kind == "billing" and risk.outcome in ("image", "mixed"):
            sentence = self._(
                "On {day}, a {targets} retest of {request} returned an image, but {billing}."
            )
        elif risk.kind == "billing":
            sentence = self._("On {day}, a {targets} retest of {request}: {billing}.")
        elif risk.outcome == "mixed":
            sentence = self._("On {day}, some calls of the {targets} retest of {request} failed.")
        elif len(risk.targets) > 1 and risk.signatures:
            sentence = self._(
                "On {day}, the {targets} retests of {request} failed alike: a fault of the route,"
                " not only of its documentation."
            )
        else:
            sentence = self.catalogue.ngettext(
                "On {day}, the {targets} retest of {request} failed.",
                "On {day}, the {targets} retests of {request} failed.",
                len(risk.targets),
            )
        return sentence.format(**told)


def _day(state: MappingState) -> str:
    return state.row.at.isoformat()[:10]
