"""Status feed: the standing of each endpoint for programs, as one JSON object with a schema."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from trueup.evidence import Assessment, alternative, mapping_of
from trueup.feed.publication import Publication
from trueup.model import (
    NO_MODEL,
    Billing,
    DocsPage,
    Frozen,
    InconclusiveKind,
    Observation,
    Outcome,
    Shape,
    Standing,
    Status,
    split,
)
from trueup.request import request_of

SCHEMA = "status.schema.json"


class SignatureFeed(Frozen):
    """A known failure text."""

    name: str
    """Its name; its part on the page of failure texts."""
    match: str
    """Part of the error text that identifies it."""
    cause: str
    """Meaning and likely cause."""
    remedy: str | None
    """What a caller can do; none where nothing is known."""


class TargetFeed(Frozen):
    """The newest conclusive retest at one target. Only that at the reference makes a standing."""

    target: str
    """The target's name."""
    outcome: Outcome
    """What came back."""
    shape: Shape | None
    """The shape of the reply that carried the output."""
    seen_on: date
    """The date of the retest."""


class InconclusiveFeed(Frozen):
    """A newer retest at the reference that said nothing about the endpoint."""

    seen_on: date
    """The date of the retest."""
    kind: InconclusiveKind | None
    """The kind of its reason."""
    reason: str | None
    """The reason."""


class EndpointFeed(Frozen):
    """One model on one route."""

    endpoint: str
    """`model/route`, or `-/route` without a model."""
    model: str | None
    """The name that is called; none for a route without a model."""
    upstream: str | None
    """The model behind it; its own name where it has no other."""
    mapping: Literal["confirmed", "stated", "contradicted", "varies"] | None
    """The state of the mapping; none where the name is no alias, or without a record."""
    route: str
    """The route's name."""
    request: str
    """Method and path."""
    auth: str
    """Place of the key: `bearer`, `query NAME`, `header NAME`, `header NAME SCHEME` or `none`."""
    page: str
    """The address of its evidence: absolute where the site's is known, else from the site's top."""
    standing: Standing
    """The standing that readers see."""
    supported: Standing
    """The standing by the evidence alone; a hold can have lowered it."""
    intermittent: bool
    """True where some calls of the newest retest failed."""
    seen_on: date | None
    """The date of the older of its outcome and billing evidence; none without a conclusive
    retest."""
    fresh_until: date | None
    """The last date on which the claim may be made in the present tense."""
    stale: bool
    """True where `fresh_until` is before `as_of`. Compare it with your own date."""
    outcome: Outcome | None
    """The outcome of the newest conclusive retest."""
    outcome_on: date | None
    """The date of that retest."""
    shape: Shape | None
    """The shape of the reply that carried the output."""
    billing: Billing | Literal["not-measured", "free"] | None
    """The newest billing verdict since the last failure, or that of the failure itself; none where
    it was not observed. `not-measured` where the reference has no ledger, `free` where the docs
    call the route so and no bill is on record: there the outcome decides alone."""
    billing_on: date | None
    """The date of the retest with that verdict."""
    inconclusive: InconclusiveFeed | None
    """A newer retest that said nothing about the endpoint."""
    signatures: tuple[SignatureFeed, ...]
    """Known failure texts of its newest retests, at any target."""
    targets: tuple[TargetFeed, ...]
    """The newest conclusive retest at each target, the reference's first."""
    clean: int
    """The number of clean retests since the last bad one."""
    needed: int
    """The number of clean retests that makes it recommended."""
    hold: str | None
    """The reason of the hold on it."""
    alternative: str | None
    """The best-standing other endpoint of its family that works, and is not below it; none where
    none is on record."""


class DocumentedFeed(DocsPage):
    """What a page of the gateway's docs says. Nobody tested it, and no standing uses it."""

    route: str | None
    """The route's name; none where the page is about the gateway as a whole."""
    on: date
    """The date on which the page was read."""
    fresh_until: date
    """The last date on which it may be stated without the date."""


class StatusFeed(Frozen):
    """The standings of all endpoints on one date."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_file: Annotated[str, Field(alias="$schema")] = SCHEMA
    """The address of the schema of this file."""
    version: Literal[1] = Field(default=1)
    """The version of this form."""
    as_of: date
    """The date on which it was made."""
    rehearsal: bool
    """True where the record was made by the mock; then it says nothing about a gateway."""
    reference: str
    """The target whose observations make standings."""
    base_url: str
    """Scheme and host of that target."""
    endpoints: tuple[EndpointFeed, ...]
    """Every endpoint, in the order of the status file."""
    documented: tuple[DocumentedFeed, ...] = ()
    """What the gateway's docs say, which is no evidence."""

    def render(self) -> str:
        """Return the text of the file."""
        return self.model_dump_json(indent=2) + "\n"


def feed_of(site: Publication) -> StatusFeed:
    """Return the feed of a status file."""
    return StatusFeed(
        schema_file=site.address + SCHEMA,
        as_of=site.today,
        rehearsal=site.is_rehearsal,
        reference=site.status.reference,
        base_url=site.base_url,
        endpoints=tuple(_endpoint(site, endpoint) for endpoint in site.assessments),
        documented=tuple(_documented(site.status)),
    )


def _endpoint(site: Publication, endpoint: str) -> EndpointFeed:
    status, assessment = site.status, site.assessments[endpoint]
    model, route = split(endpoint)
    mapping, sent = mapping_of(status, model), request_of(status, endpoint, status.reference)
    row, bill, seen_on = assessment.outcome, _bill(assessment), assessment.seen_on
    return EndpointFeed(
        endpoint=endpoint,
        model=None if model == NO_MODEL else model,
        upstream=None if model == NO_MODEL else status.upstream(model),
        mapping=mapping.word if mapping else None,
        route=route,
        request=sent.request,
        auth=sent.auth,
        page=site.page(endpoint),
        standing=assessment.standing,
        supported=assessment.supported,
        intermittent=assessment.intermittent,
        seen_on=seen_on,
        fresh_until=seen_on + status.policy.fresh_for if seen_on else None,
        stale=seen_on is not None and not site.is_fresh(assessment),
        outcome="error" if assessment.no_answer else row.outcome if row else None,
        outcome_on=row.day if row else None,
        shape=row.shape if row else None,
        billing=_unmeasured(assessment) or (bill.billing if bill else None),
        billing_on=bill.day if bill else None,
        inconclusive=_inconclusive(assessment, status.reference),
        signatures=tuple(_signatures(status, assessment)),
        targets=tuple(_targets(assessment, status.reference)),
        clean=assessment.clean,
        needed=assessment.needed,
        hold=assessment.hold.reason if assessment.hold else None,
        alternative=_alternative(site, assessment),
    )


def _unmeasured(assessment: Assessment) -> Literal["not-measured", "free"] | None:
    if assessment.billing_measured:
        return None
    return "free" if assessment.free else "not-measured"


def _bill(assessment: Assessment) -> Observation | None:
    """Return the row with the bill that readers see: of a failed call, its own."""
    row = assessment.billing or assessment.outcome
    return row if row and row.billing and assessment.billing_measured else None


def _inconclusive(assessment: Assessment, reference: str) -> InconclusiveFeed | None:
    current = (seen.row for seen in assessment.rows if seen.is_current)
    row = next((row for row in current if row.target == reference), None)
    if row is None or row.outcome != "inconclusive":
        return None
    return InconclusiveFeed(seen_on=row.day, kind=row.kind, reason=row.reason)


def _signatures(status: Status, assessment: Assessment) -> Iterator[SignatureFeed]:
    for name in dict.fromkeys(name for risk in assessment.risks for name in risk.signatures):
        known = status.signatures[name]
        yield SignatureFeed(name=name, match=known.match, cause=known.cause, remedy=known.remedy)


def _targets(assessment: Assessment, reference: str) -> Iterator[TargetFeed]:
    for name, row in assessment.latest.items():
        outcome = "error" if assessment.no_answer and name == reference else row.outcome
        yield TargetFeed(target=name, outcome=outcome, shape=row.shape, seen_on=row.day)


def _alternative(site: Publication, own: Assessment) -> str | None:
    model, _ = split(own.endpoint)
    best = alternative(site.status, site.assessments, model, apart_from=own.endpoint)
    return best.endpoint if best and best.standing.rank <= own.standing.rank else None


def _documented(status: Status) -> Iterator[DocumentedFeed]:
    for (first, *rest), page in status.docs_pages.items():
        yield DocumentedFeed(
            **dict(page),
            route=str(rest[0]) if first == "routes" else None,
            fresh_until=page.on + status.policy.fresh_for,
        )


def render_feed_schema(address: str = "") -> str:
    """Return the JSON Schema of the feed, as text; its id is absolute with the site's address."""
    schema = StatusFeed.model_json_schema(mode="serialization")
    draft = "https://json-schema.org/draft/2020-12/schema"
    named = {"$schema": draft, "$id": address + SCHEMA, **schema}
    return json.dumps(named, indent=2, ensure_ascii=False) + "\n"
