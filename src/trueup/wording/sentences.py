"""Sentences: the claim, the advice and the next change of an endpoint, for readers."""

from datetime import date

from trueup.evidence import Assessment, alternative
from trueup.model import NO_MODEL, Hold, Standing, split
from trueup.request import protocol_of
from trueup.wording.markdown import code, escape_markdown
from trueup.wording.pages import PageText


def claim(page: PageText, endpoint: str, *, is_titled: bool = False) -> str:
    """Return the meaning of an endpoint's standing, with its reason.

    Once stale, it is shorter under a title that has the standing. That of a hold does not age.
    """
    assessment = page.assessments[endpoint]
    values: dict[str, object] = {
        "request": page.phrases.request(endpoint),
        "day": assessment.seen_on,
    }
    if assessment.standing is Standing.UNVERIFIED:
        return page._(
            "Nobody has observed {request} on {target} as it is written here. Do not build on"
            " it before a retest."
        ).format(target=escape_markdown(page.status.reference), **values)
    why = _reason(page, assessment)
    if assessment.standing is Standing.RECOMMENDED:
        fresh = page._("Start with {request}: {why}.")
        stale = page._("{request} was the working choice when last tested.")
    elif assessment.standing is Standing.CONTROLLED_TESTING:
        fresh = page._(
            "{request} is for controlled testing only, not for a stable production"
            " integration: {why}."
        )
        stale = page._("{request} was for controlled testing only: {why}.")
        if is_titled:
            values["sentence"] = why[:1].upper() + why[1:]
            stale = page._("{sentence}.")
    else:
        fresh = page._("Do not use {request}: {why}.")
        stale = page._("{request} was not usable: {why}.")
    if assessment.hold:
        return fresh.format(why=why, **values)
    return page.aged(assessment, fresh.format(why=why, **values), stale.format(why=why, **values))


def _reason(page: PageText, assessment: Assessment) -> str:
    return held(page, assessment.hold) if assessment.hold else _why(page, assessment)


def held(page: PageText, hold: Hold) -> str:
    """Return a hold's person, date and reason as a clause."""
    return page._("{by} has held it back since {on}, because {reason}").format(
        by=escape_markdown(hold.by), on=hold.on, reason=escape_markdown(hold.reason)
    )


def _why(page: PageText, assessment: Assessment) -> str:
    row = assessment.outcome
    assert row is not None
    is_image = page.phrases.returns_image(assessment.endpoint)
    if assessment.no_answer:
        return page._("it gave no answer while other endpoints did")
    if row.outcome == "error":
        failed = next(risk for risk in assessment.risks if risk.kind == "failed")
        message = page.catalogue.ngettext(
            "its {targets} retest of {day} failed",
            "its {targets} retests of {day} failed",
            len(failed.targets),
        )
        return message.format(targets=page.phrases.targets(failed.targets), day=row.day)
    if row.outcome == "mixed":
        return page._("on {day} some of its calls failed").format(day=row.day)
    if not assessment.billing_measured and assessment.clean >= assessment.needed:
        message = (
            page._("on {day} it returned an image")
            if is_image
            else page._("on {day} it returned its output")
        )
        return message.format(day=row.day)
    clause, clean = _bill(page, assessment, row.day)
    if clean and is_image:
        message = page._("on {day} it returned an image and {billing}")
    elif clean:
        message = page._("on {day} it returned its output and {billing}")
    elif is_image:
        message = page._("on {day} it returned an image, but {billing}")
    else:
        message = page._("on {day} it returned its output, but {billing}")
    return message.format(day=row.day, billing=clause)


def _bill(page: PageText, assessment: Assessment, day: date) -> tuple[str, bool]:
    """Return the clause of the billing leg, and whether it is in favour of the endpoint."""
    leg = assessment.billing
    aligned = leg is not None and leg.billing == "aligned"
    if assessment.clean < assessment.needed and (aligned or not assessment.billing_measured):
        return _progress(page, assessment), False
    clause = page.phrases.billing(assessment.endpoint, leg.billing if leg else None, "output")
    if leg and leg.day != day:
        clause = page._("on {day} {clause}").format(day=leg.day, clause=clause)
    return clause, aligned


def _progress(page: PageText, assessment: Assessment) -> str:
    """Return the number of clean retests beside the number needed, as a clause."""
    if assessment.billing_measured:
        message = page.catalogue.ngettext(
            "only {clean} of {needed} correctly billed retests was seen",
            "only {clean} of {needed} correctly billed retests were seen",
            assessment.clean,
        )
    elif page.phrases.returns_image(assessment.endpoint):
        message = page.catalogue.ngettext(
            "only {clean} of {needed} retests that return an image was seen",
            "only {clean} of {needed} retests that return an image were seen",
            assessment.clean,
        )
    else:
        message = page.catalogue.ngettext(
            "only {clean} of {needed} retests that return output was seen",
            "only {clean} of {needed} retests that return output were seen",
            assessment.clean,
        )
    return message.format(clean=assessment.clean, needed=assessment.needed)


def change(page: PageText, endpoint: str) -> str:
    """Return the condition that changes an endpoint's standing next."""
    assessment = page.assessments[endpoint]
    values = {
        "target": escape_markdown(page.status.reference),
        "retests": _retests(page, assessment),
        "seen": assessment.clean,
    }
    if assessment.hold:
        return page._("Nothing raises it until the hold is removed: {why}.").format(
            why=held(page, assessment.hold)
        )
    if assessment.standing is Standing.RECOMMENDED and assessment.billing_measured:
        sentence = page._(
            "Lowered at once by one {target} retest that fails or is billed incorrectly."
        )
    elif assessment.standing is Standing.RECOMMENDED:
        sentence = page._("Lowered at once by one {target} retest that fails.")
    elif assessment.standing is Standing.CONTROLLED_TESTING:
        sentence = page._("Raised to recommended by {retests} ({seen} so far).")
    elif assessment.standing is Standing.UNVERIFIED:
        sentence = page._("Decided by the first conclusive {target} retest.")
    elif not page.phrases.returns_image(endpoint):
        sentence = page._(
            "Raised to controlled testing by one {target} retest that returns output, and to"
            " recommended by {retests} ({seen} so far)."
        )
    else:
        sentence = page._(
            "Raised to controlled testing by one {target} retest that returns an image, and to"
            " recommended by {retests} ({seen} so far)."
        )
    return sentence.format(**values)


def _retests(page: PageText, assessment: Assessment) -> str:
    if not assessment.billing_measured and page.phrases.returns_image(assessment.endpoint):
        message = page.catalogue.ngettext(
            "{n} {target} retest that returns an image",
            "{n} {target} retests in a row that return an image",
            assessment.needed,
        )
    elif not assessment.billing_measured:
        message = page.catalogue.ngettext(
            "{n} {target} retest that returns output",
            "{n} {target} retests in a row that return output",
            assessment.needed,
        )
    else:
        message = page.catalogue.ngettext(
            "{n} {target} retest that is billed correctly",
            "{n} {target} retests in a row that are billed correctly",
            assessment.needed,
        )
    return message.format(n=assessment.needed, target=escape_markdown(page.status.reference))


def start(page: PageText, model: str) -> str:
    """Return the advice where to start with a model's family."""
    return start_at(page, alternative(page.status, page.assessments, model))


def start_at(page: PageText, assessment: Assessment | None) -> str:
    """Return the advice to start at the best endpoint of several; None where none works."""
    if assessment is None:
        return page._("Do not build on these routes now: no working alternative is on record.")
    values = {"endpoint": page.name(assessment.endpoint), "day": assessment.seen_on}
    if assessment.standing is Standing.RECOMMENDED:
        is_image = page.phrases.returns_image(assessment.endpoint)
        fresh = (
            page._("If you need a usable image route now, start with {endpoint}.")
            if is_image
            else page._("If you need a usable route now, start with {endpoint}.")
        )
        stale = page._("{endpoint} was the working choice when last tested, on {day}.")
    else:
        fresh = page._(
            "None of these routes is recommended. The best on record is {endpoint}, for controlled"
            " testing only."
        )
        stale = page._(
            "None of these routes is recommended. The best on record on {day} was {endpoint}, for"
            " controlled testing only."
        )
    return page.aged(assessment, fresh.format(**values), stale.format(**values))


def evaluate(page: PageText, model: str, endpoints: list[str]) -> str:
    """Return the advice for evaluating a model without a recommended route."""
    assessment = min((page.assessments[name] for name in endpoints), key=_age)
    values = {
        "model": code(model),
        "requests": page.catalogue.join(page.phrases.request(name) for name in endpoints),
        "day": assessment.seen_on,
    }
    fresh = page._(
        "To try {model}, use only {requests}, and only for controlled testing: it is not a"
        " stable production integration."
    )
    stale = page._(
        "To try {model}, use {requests}: no other request had returned an image by {day}. This is"
        " for controlled testing only, not for a stable production integration."
    )
    if not all(map(page.phrases.returns_image, endpoints)):
        stale = page._(
            "To try {model}, use {requests}: no other request had returned an output by {day}. This"
            " is for controlled testing only, not for a stable production integration."
        )
    return page.aged(assessment, fresh.format(**values), stale.format(**values))


def traffic(page: PageText, model: str, endpoint: str) -> str:
    """Return the condition for formal production traffic."""
    assessment = page.assessments[endpoint]
    values = {"model": code(model), "retests": _retests(page, assessment), "seen": assessment.clean}
    if assessment.hold:
        return page._(
            "Do not send production traffic to {model} until the hold is removed: {why}."
        ).format(why=held(page, assessment.hold), **values)
    sentence = page._("Do not send production traffic to {model} before {retests} ({seen} so far).")
    return sentence.format(**values)


def avoid(page: PageText, endpoint: str) -> str:
    """Return the advice against a request; the model is named where the body carries it."""
    model, _ = split(endpoint)
    body = protocol_of(page.status, endpoint).body(model, {})
    request = page.phrases.request(endpoint)
    if "model" in body and model != NO_MODEL:
        request = page._("{request} with model {model}").format(request=request, model=code(model))
    assessment = page.assessments[endpoint]
    why = _reason(page, assessment)
    return page._("Do not use {request}: {why}.").format(request=request, why=why)


def _age(assessment: Assessment) -> date:
    return assessment.seen_on or date.max
