"""Sentences: what a reader is told to do with an endpoint, and what would change it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from trueup.evidence import Assessment, alternative, assess
from trueup.model import Hold, Standing, Status, split
from trueup.request import protocol_of
from trueup.wording.catalogue import Catalogue
from trueup.wording.evidence import Evidence
from trueup.wording.markdown import aged, code, plain

WORKING = (Standing.RECOMMENDED, Standing.CONTROLLED_TESTING)


@dataclass(frozen=True)
class Sentences:
    """The sentences of one status file, in one language, on one day.

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
        """What the evidence supports, by endpoint."""
        return assess(self.status)

    @property
    def evidence(self) -> Evidence:
        """The phrases that the sentences are made of."""
        return Evidence(self.status, self.catalogue)

    def aged(self, verdict: Assessment, fresh: str, stale: str) -> str:
        """Both sentences of a claim, the one that holds today shown."""
        return aged(fresh, stale, verdict.seen_on, self.status.policy.fresh_for, self.today)

    def name(self, endpoint: str) -> str:
        """An endpoint in a sentence: the model's title, linked, and the request."""
        title = plain(self.status.models[split(endpoint)[0]].title)
        return self._("{title}, {request}").format(
            title=f"[{title}]({self.link(endpoint)})", request=self.evidence.request(endpoint)
        )

    def claim(self, endpoint: str) -> str:
        """What an endpoint's standing says, and why."""
        verdict = self.assessments[endpoint]
        told = {"request": self.evidence.request(endpoint), "day": verdict.seen_on}
        if verdict.hold:
            return self._held(verdict, **told)
        if verdict.outcome is None:
            return self._(
                "Nobody has observed {request} on {target} as it is written here. Do not build on"
                " it before a retest."
            ).format(target=plain(self.status.reference), **told)
        why = self._why(verdict)
        if verdict.standing is Standing.RECOMMENDED:
            fresh = self._("Start with {request}: {why}.")
            stale = self._(
                "On {day} {request} was the working choice; nobody has retested it since. Retest"
                " before you build on it."
            )
        elif verdict.standing is Standing.CONTROLLED_TESTING:
            fresh = self._(
                "{request} is for controlled testing only, not for a stable production"
                " integration: {why}."
            )
            stale = self._(
                "On {day} {request} was for controlled testing only, because {why}; nobody has"
                " retested it since."
            )
        else:
            fresh = self._("Do not use {request}: {why}.")
            stale = self._(
                "On {day} {request} was not usable, because {why}; nobody has retested it since."
                " Do not build on it before a retest."
            )
        return self.aged(verdict, fresh.format(why=why, **told), stale.format(why=why, **told))

    def _held(self, verdict: Assessment, **told: object) -> str:
        """The claim of a held endpoint: a hold does not age, what it leaves standing does."""
        why = self._hold(verdict)
        if verdict.standing is Standing.NOT_RECOMMENDED:
            return self._("Do not use {request}: {why}.").format(why=why, **told)
        fresh = self._(
            "{request} is for controlled testing only, not for a stable production integration:"
            " {why}."
        )
        stale = self._(
            "{request} is for controlled testing only, not for a stable production integration:"
            " {why}. Nobody has retested it since {day}."
        )
        return self.aged(verdict, fresh.format(why=why, **told), stale.format(why=why, **told))

    def _hold(self, verdict: Assessment) -> str:
        assert verdict.hold is not None
        return self.held(verdict.hold)

    def held(self, hold: Hold) -> str:
        """Who holds an endpoint back, since when and why, as a clause."""
        return self._("{by} holds it back since {on}, because {reason}").format(
            by=plain(hold.by), on=hold.on, reason=plain(hold.reason)
        )

    def _why(self, verdict: Assessment) -> str:
        row = verdict.outcome
        assert row is not None
        if verdict.no_answer:
            return self._("it gave no answer while other endpoints did")
        if row.outcome == "error":
            failed = next(risk for risk in verdict.risks if risk.kind == "failed")
            message = self.catalogue.ngettext(
                "its {targets} retest of {day} failed",
                "its {targets} retests of {day} failed",
                len(failed.targets),
            )
            return message.format(targets=self.evidence.targets(failed.targets), day=row.day)
        if row.outcome == "mixed":
            return self._("on {day} some of its calls failed").format(day=row.day)
        if not verdict.billing_measured and verdict.clean >= verdict.needed:
            return self._("on {day} it returned an image").format(day=row.day)
        clause, clean = self._bill(verdict, row.day)
        if clean:
            message = self._("on {day} it returned an image and {billing}")
        else:
            message = self._("on {day} it returned an image, but {billing}")
        return message.format(day=row.day, billing=clause)

    def _bill(self, verdict: Assessment, day: date) -> tuple[str, bool]:
        """What the second leg adds to an image of a day, and whether it speaks for the endpoint."""
        leg = verdict.billing
        aligned = leg is not None and leg.billing == "aligned"
        if verdict.clean < verdict.needed and (aligned or not verdict.billing_measured):
            return self.progress(verdict), False
        clause = self.evidence.billing(leg.billing if leg else None, "output")
        if leg and leg.day != day:
            clause = self._("on {day} {clause}").format(day=leg.day, clause=clause)
        return clause, aligned

    def progress(self, verdict: Assessment) -> str:
        """How many clean retests were seen of those needed."""
        if verdict.billing_measured:
            message = self.catalogue.ngettext(
                "only {clean} of {needed} aligned retests was seen",
                "only {clean} of {needed} aligned retests were seen",
                verdict.clean,
            )
        else:
            message = self.catalogue.ngettext(
                "only {clean} of {needed} retests that return an image was seen",
                "only {clean} of {needed} retests that return an image were seen",
                verdict.clean,
            )
        return message.format(clean=verdict.clean, needed=verdict.needed)

    def change(self, endpoint: str) -> str:
        """What would change an endpoint's standing."""
        verdict = self.assessments[endpoint]
        told = {
            "target": plain(self.status.reference),
            "retests": self._retests(verdict),
            "seen": verdict.clean,
        }
        if verdict.hold:
            return self._("Until the hold is taken away nothing lifts it: {why}.").format(
                why=self._hold(verdict)
            )
        if verdict.standing is Standing.RECOMMENDED and verdict.billing_measured:
            sentence = self._("Lowered at once by one {target} retest that fails or bills wrong.")
        elif verdict.standing is Standing.RECOMMENDED:
            sentence = self._("Lowered at once by one {target} retest that fails.")
        elif verdict.standing is Standing.CONTROLLED_TESTING:
            sentence = self._("Cleared by {retests}; {seen} seen.")
        elif verdict.standing is Standing.UNVERIFIED:
            sentence = self._("The first {target} retest that tells decides it.")
        else:
            sentence = self._(
                "A {target} retest that returns an image makes it a matter of controlled testing;"
                " it is cleared by {retests}; {seen} seen."
            )
        return sentence.format(**told)

    def _retests(self, verdict: Assessment) -> str:
        if not verdict.billing_measured:
            message = self.catalogue.ngettext(
                "{n} {target} retest that returns an image",
                "{n} {target} retests in a row that return an image",
                verdict.needed,
            )
        else:
            message = self.catalogue.ngettext(
                "{n} aligned {target} retest",
                "{n} aligned {target} retests in a row",
                verdict.needed,
            )
        return message.format(n=verdict.needed, target=plain(self.status.reference))

    def start(self, model: str) -> str:
        """Where to start when a model's family is needed now."""
        verdict = alternative(self.status, self.assessments, model)
        if verdict is None:
            return self._(
                "Do not build on a route of this family now: no working alternative is on record."
            )
        told = {"endpoint": self.name(verdict.endpoint), "day": verdict.seen_on}
        if verdict.standing is Standing.RECOMMENDED:
            fresh = self._("If you need a usable image route now, start with {endpoint}.")
            stale = self._(
                "On {day} {endpoint} was the working choice; nobody has retested it since. Retest"
                " before you build on it."
            )
        else:
            fresh = self._(
                "No route of this family is recommended. The best on record is {endpoint}, for"
                " controlled testing only."
            )
            stale = self._(
                "No route of this family is recommended. The best on record on {day} was"
                " {endpoint}, for controlled testing only; nobody has retested it since."
            )
        return self.aged(verdict, fresh.format(**told), stale.format(**told))

    def evaluate(self, model: str, endpoints: list[str]) -> str:
        """Which of a model's routes may be evaluated, where none is recommended."""
        verdict = min((self.assessments[name] for name in endpoints), key=_age)
        told = {
            "model": code(model),
            "requests": self.catalogue.join(self.evidence.request(name) for name in endpoints),
            "day": verdict.seen_on,
        }
        fresh = self._(
            "If you must evaluate {model}, use only {requests}, and only for controlled testing:"
            " it is not a stable production integration."
        )
        stale = self._(
            "If you must evaluate {model}, only {requests} had returned an image by {day}, and"
            " nobody has retested it since: for controlled testing only, not for a stable"
            " production integration."
        )
        return self.aged(verdict, fresh.format(**told), stale.format(**told))

    def traffic(self, model: str, endpoint: str) -> str:
        """Until when formal traffic must wait."""
        verdict = self.assessments[endpoint]
        told = {"model": code(model), "retests": self._retests(verdict), "seen": verdict.clean}
        if verdict.hold:
            return self._(
                "Do not put formal production traffic on {model} until the hold is taken away:"
                " {why}."
            ).format(why=self._hold(verdict), **told)
        if verdict.billing_measured:
            sentence = self._(
                "Do not put formal production traffic on {model} until its billing is cleared:"
                " {retests}; {seen} seen."
            )
        else:
            sentence = self._(
                "Do not put formal production traffic on {model} until it is cleared: {retests};"
                " {seen} seen."
            )
        return sentence.format(**told)

    def avoid(self, endpoint: str) -> str:
        """Which request not to send, naming the model where the body carries it."""
        model, _ = split(endpoint)
        body = protocol_of(self.status, endpoint).body(model, {})
        request = self.evidence.request(endpoint)
        if "model" in body:
            request = self._("{request} with model {model}").format(
                request=request, model=code(model)
            )
        verdict = self.assessments[endpoint]
        why = self._hold(verdict) if verdict.hold else self._why(verdict)
        return self._("Do not use {request}: {why}.").format(request=request, why=why)


def _age(verdict: Assessment) -> date:
    return verdict.seen_on or date.max
