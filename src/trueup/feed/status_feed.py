"""Status feed: the standing of each endpoint for programs, as one JSON object with a schema."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from trueup.evidence import Assessment, alternative, mapping_of
from trueup.model import (
    NO_MODEL,
    Billing,
    DocsPage,
    Frozen,
    Outcome,
    Shape,
    Standing,
    Status,
    split,
)
from trueup.request import request_of


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
    outcome: Outcome | None
    """The outcome of the newest conclusive retest."""
    shape: Shape | None
    """The shape of the reply that carried the image."""
    billing: Billing | None
    """The newest billing verdict since the last failure; none where it was not observed."""
    clean: int
    """The number of clean retests since the last bad one."""
    needed: int
    """The number of clean retests that makes it recommended."""
    hold: str | None
    """The reason of the hold on it."""
    alternative: str | None
    """The best-standing working endpoint of its family; none where none is on record."""


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
    documented: tuple[DocumentedFeed, ...] = ()
    """What the gateway's docs say, which is no evidence."""

    def render(self) -> str:
        """Return the text of the file."""
        return self.model_dump_json(indent=2) + "\n"


def feed_of(
    status: Status,
    assessments: Mapping[str, Assessment],
    today: date,
    is_rehearsal: bool = False,
) -> StatusFeed:
    """Return the feed of a status file."""
    return StatusFeed(
        as_of=today,
        rehearsal=is_rehearsal,
        reference=status.reference,
        base_url=status.targets[status.reference].base_url,
        endpoints=tuple(_endpoint(status, assessments, endpoint) for endpoint in assessments),
        documented=tuple(_documented(status)),
    )


def _endpoint(status: Status, assessments: Mapping[str, Assessment], endpoint: str) -> EndpointFeed:
    model, route = split(endpoint)
    assessment, mapping = assessments[endpoint], mapping_of(status, model)
    best = alternative(status, assessments, model)
    row, bill = assessment.outcome, assessment.billing
    seen_on = assessment.seen_on
    return EndpointFeed(
        endpoint=endpoint,
        model=None if model == NO_MODEL else model,
        upstream=None if model == NO_MODEL else status.upstream(model),
        mapping=mapping.word if mapping else None,
        route=route,
        request=request_of(status, endpoint, status.reference).request,
        standing=assessment.standing,
        supported=assessment.supported,
        intermittent=assessment.intermittent,
        seen_on=seen_on,
        fresh_until=seen_on + status.policy.fresh_for if seen_on else None,
        outcome="error" if assessment.no_answer else row.outcome if row else None,
        shape=row.shape if row else None,
        billing=bill.billing if bill else None,
        clean=assessment.clean,
        needed=assessment.needed,
        hold=assessment.hold.reason if assessment.hold else None,
        alternative=best.endpoint if best else None,
    )


def _documented(status: Status) -> Iterator[DocumentedFeed]:
    for (first, *rest), page in status.docs_pages.items():
        yield DocumentedFeed(
            **dict(page),
            route=str(rest[0]) if first == "routes" else None,
            fresh_until=page.on + status.policy.fresh_for,
        )


def render_feed_schema() -> str:
    """Return the JSON Schema of the feed, as text."""
    schema = StatusFeed.model_json_schema(mode="serialization")
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(named, indent=2, ensure_ascii=False) + "\n"
