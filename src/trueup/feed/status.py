"""Status feed: what a program may know of each endpoint, as one JSON object with a schema."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from trueup.evidence import Assessment, alternative, mapping_of
from trueup.model import Billing, Frozen, Outcome, Shape, Standing, Status, split
from trueup.request import request_of


class EndpointFeed(Frozen):
    """One model on one route."""

    endpoint: str
    """`model/route`."""
    model: str
    """The name that is called."""
    upstream: str
    """The model behind it; its own name where it has no other."""
    mapping: Literal["confirmed", "stated", "contradicted", "varies"] | None
    """What is known of that; none where the name is no alias, or nothing was recorded."""
    route: str
    """The route's name."""
    request: str
    """Method and path."""
    standing: Standing
    """The word that readers see."""
    supported: Standing
    """What the evidence alone supports; a hold can have lowered it."""
    intermittent: bool
    """Whether some calls of the newest retest failed."""
    seen_on: date | None
    """The day of the older leg of the claim; none where nothing told."""
    fresh_until: date | None
    """The last day on which the claim may be made in the present tense."""
    outcome: Outcome | None
    """What the newest retest that told saw."""
    shape: Shape | None
    """How the image came."""
    billing: Billing | None
    """The newest bill since the last failure; none where it was not observed."""
    clean: int
    """Clean retests since the last bad one."""
    needed: int
    """How many of them recommend it."""
    hold: str | None
    """Why a person holds it back."""
    alternative: str | None
    """The best-standing working endpoint of its family; none where none is on record."""


class StatusFeed(Frozen):
    """The standings of all endpoints, on one day."""

    version: Literal[1] = Field(default=1)
    """The version of this form."""
    as_of: date
    """The day on which it was made."""
    rehearsal: bool
    """True where the mock has made the record: then it says nothing of a gateway."""
    reference: str
    """The target whose observations make standings."""
    base_url: str
    """Scheme and host of that target."""
    endpoints: tuple[EndpointFeed, ...]

    def render(self) -> str:
        """The file's text."""
        return self.model_dump_json(indent=2) + "\n"


def feed_of(
    status: Status,
    assessments: Mapping[str, Assessment],
    today: date,
    is_rehearsal: bool = False,
) -> StatusFeed:
    """The feed of a status file."""
    return StatusFeed(
        as_of=today,
        rehearsal=is_rehearsal,
        reference=status.reference,
        base_url=status.targets[status.reference].base_url,
        endpoints=tuple(_endpoint(status, assessments, endpoint) for endpoint in assessments),
    )


def _endpoint(status: Status, assessments: Mapping[str, Assessment], endpoint: str) -> EndpointFeed:
    model, route = split(endpoint)
    verdict, mapping = assessments[endpoint], mapping_of(status, model)
    best = alternative(status, assessments, model)
    told, bill = verdict.outcome, verdict.billing
    seen_on = verdict.seen_on
    return EndpointFeed(
        endpoint=endpoint,
        model=model,
        upstream=status.upstream(model),
        mapping=mapping.word if mapping else None,
        route=route,
        request=request_of(status, endpoint, status.reference).request,
        standing=verdict.standing,
        supported=verdict.supported,
        intermittent=verdict.intermittent,
        seen_on=seen_on,
        fresh_until=seen_on + status.policy.fresh_for if seen_on else None,
        outcome="error" if verdict.no_answer else told.outcome if told else None,
        shape=told.shape if told else None,
        billing=bill.billing if bill else None,
        clean=verdict.clean,
        needed=verdict.needed,
        hold=verdict.hold.reason if verdict.hold else None,
        alternative=best.endpoint if best else None,
    )


def render_feed_schema() -> str:
    """The JSON Schema of the feed, as text."""
    schema = StatusFeed.model_json_schema(mode="serialization")
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(named, indent=2, ensure_ascii=False) + "\n"
