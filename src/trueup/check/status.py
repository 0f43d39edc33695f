"""The status file against itself: what no longer follows from its own record."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from trueup.check.banned_terms import ISO_DATE
from trueup.check.receipts import check_receipts
from trueup.evidence import Assessment, mapping_of
from trueup.finding import Finding
from trueup.message import Place
from trueup.model import Observation, as_time, split
from trueup.request import Difference, differences, protocol_of, request_of
from trueup.status_file import Stored, shown
from trueup.wording import prose_of


def check_status(
    stored: Stored, assessments: Mapping[str, Assessment], top: Path, today: date
) -> list[Finding]:
    """Findings in the status file; `top` is where the receipts' paths start."""
    found = [*_drift(stored), *_mappings(stored), *_aliases(stored), *_claims(stored)]
    found += [*_holds(stored, assessments), *_skips(stored, today)]
    return [*found, *check_receipts(stored, top)]


def check_age(stored: Stored, assessments: Mapping[str, Assessment], today: date) -> list[Finding]:
    """Endpoints whose evidence is no longer fresh; those without any are not among them."""
    status, found = stored.status, []
    for endpoint, verdict in assessments.items():
        if verdict.seen_on is not None and not verdict.is_fresh(status.policy, today):
            age, limit = (today - verdict.seen_on).days, status.policy.fresh_for.days
            told = f"the evidence of {endpoint} is of {verdict.seen_on}, {age} days ago"
            wanted = f"one of at most {limit} days was expected"
            place = str(stored.place("endpoints", endpoint))
            found.append(Finding(place, "stale-evidence", told, wanted, "Retest it."))
    return found


def _drift(stored: Stored) -> Iterator[Finding]:
    for endpoint, facts in stored.status.endpoints.items():
        for target in stored.status.targets:
            for variant in (None, *facts.variants):
                yield from _parted(stored, endpoint, target, variant)


def _parted(stored: Stored, endpoint: str, target: str, variant: str | None) -> Iterator[Finding]:
    seen = stored.status.seen(endpoint, target, variant)
    rows = [row for row in seen if row.outcome != "inconclusive"]
    now = request_of(stored.status, endpoint, target, variant)
    if not rows or any(not differences(row.sent, now) for row in rows):
        return
    parted = differences(rows[0].sent, now)
    called = f"{endpoint}, variant {variant}," if variant else endpoint
    yield Finding(
        str(_changed(stored, rows[0], parted[0])),
        "drift",
        f"{called} no longer sends what was recorded at {stored.place_of(rows[0])}",
        "; ".join(map(str, parted)),
        f"Retest it at {target}, or set it back to what was sent.",
    )


def _changed(stored: Stored, row: Observation, difference: Difference) -> Place:
    """Where the status file says what differs from the record."""
    model, route = split(row.endpoint)
    status = stored.status
    what, *keys = difference.path
    if what == "base_url":
        return stored.place("targets", row.target, "base_url")
    if what == "auth":
        return stored.place("routes", route, "auth")
    if what == "request":
        request = status.routes[route].request
        if not _is_of_route(row.sent.request, request):
            return stored.place("routes", route, "request")
        return stored.place("models", model, *(["upstream"] if "{upstream}" in request else []))
    facts, first = status.endpoints[row.endpoint], keys[:1]
    if row.variant and (first == [] or first[0] in facts.variants[row.variant].body):
        return stored.place("endpoints", row.endpoint, "variants", row.variant, "body", *keys)
    added = protocol_of(status, row.endpoint).body(model, {})
    if first and first[0] in added and first[0] not in facts.body:
        return stored.place("models", model)
    return stored.place("endpoints", row.endpoint, "body", *keys)


def _is_of_route(sent: str, request: str) -> bool:
    """Whether a route makes such a request for some model."""
    parts = re.split(r"\{(?:model|upstream)\}", request)
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), sent) is not None


def _mappings(stored: Stored) -> Iterator[Finding]:
    for alias in stored.status.models:
        state = mapping_of(stored.status, alias)
        if state is not None and state.word == "contradicted":
            yield Finding(
                str(stored.place("models", alias, "upstream")),
                "contradicted-mapping",
                f"{alias} is given the upstream {stored.status.upstream(alias)!r}",
                f"{state.row.upstream!r} was recorded at {stored.place_of(state.row)}",
                "Retest the alias, or set it back.",
            )


def _aliases(stored: Stored) -> Iterator[Finding]:
    for name, model in stored.status.models.items():
        if model.upstream == name:
            yield Finding(
                str(stored.place("models", name, "upstream")),
                "alias-is-upstream",
                f"{name} is given itself as its upstream",
                "the model behind the name, or no upstream, was expected",
                "Set it back to what was seen, or take the line out.",
            )


def _claims(stored: Stored) -> Iterator[Finding]:
    """Days that the file's own prose names, and on which nothing was seen, decided or changed."""
    status = stored.status
    days = [row.day for row in status.observations]
    days += [as_time(row.at).date() for row in status.mappings]
    newest = max([*days, *(hold.on for hold in status.holds)], default=date.min)
    for text, keys in prose_of(status).items():
        for found in ISO_DATE.findall(text):
            if found > newest.isoformat():
                yield Finding(
                    str(stored.place(*keys)),
                    "newer-claim",
                    f"{shown(text)} names {found}",
                    f"no day after the newest evidence, {newest}, was expected",
                    "Add the evidence, or correct the day.",
                )


def _holds(stored: Stored, assessments: Mapping[str, Assessment]) -> Iterator[Finding]:
    for endpoint, verdict in assessments.items():
        hold = verdict.hold
        if hold and verdict.is_newer_than(hold):
            yield Finding(
                str(stored.place_of(hold)),
                "overtaken-hold",
                f"{endpoint} is held back since {hold.on}",
                f"clean evidence of {verdict.seen_on} is newer",
                "Take the hold away, or say why it stays.",
            )


def _skips(stored: Stored, today: date) -> Iterator[Finding]:
    for name, endpoint in stored.status.endpoints.items():
        if endpoint.skip and endpoint.skip.until < today:
            yield Finding(
                str(stored.place("endpoints", name, "skip")),
                "stale-skip",
                f"the skip of {name} ended on {endpoint.skip.until}",
                "a date to come was expected",
                "Let its blocks run, or give a new reason and date.",
            )
