"""Status: parts of the status file that contradict its own observations or dates."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from trueup.check.banned_terms import ISO_DATE
from trueup.check.retest_receipts import check_receipts
from trueup.evidence import Assessment, mapping_of
from trueup.finding import Finding
from trueup.model import NO_MODEL, Observation, Sent, as_time, split
from trueup.place import Place
from trueup.request import Difference, protocol_of, request_of, row_differences
from trueup.status_file import Stored, shown
from trueup.wording import prose_of


def check_status(
    stored: Stored, assessments: Mapping[str, Assessment], top: Path, today: date
) -> list[Finding]:
    """Return findings in the status file; `top` is the folder where the receipts' paths start."""
    found = [*_drift(stored), *_mappings(stored), *_aliases(stored), *_claims(stored)]
    found += [*_holds(stored, assessments), *_skips(stored, today)]
    return [*found, *check_receipts(stored, top)]


def check_age(stored: Stored, assessments: Mapping[str, Assessment], today: date) -> list[Finding]:
    """Return findings for endpoints whose evidence is no longer fresh, except those without any."""
    policy, found = stored.status.policy, []
    for endpoint, assessment in assessments.items():
        day = assessment.seen_on
        if day is not None and not assessment.is_fresh(policy, today):
            age = f"the evidence of {endpoint} is {(today - day).days} days old ({day})"
            problem = f"{age}, expected at most {policy.fresh_for.days}"
            where = stored.place("endpoints", endpoint)
            found.append(Finding(where, problem, "Retest it.", "stale-evidence"))
    return found


def _drift(stored: Stored) -> Iterator[Finding]:
    for name, endpoint in stored.status.endpoints.items():
        for target in stored.status.targets:
            for variant in (None, *endpoint.variants):
                yield from _drift_of(stored, name, target, variant)


def _drift_of(stored: Stored, endpoint: str, target: str, variant: str | None) -> Iterator[Finding]:
    seen = stored.status.seen(endpoint, target, variant)
    now = request_of(stored.status, endpoint, target, variant)
    row, is_current = _other_request(seen, now)
    if row is None:
        return
    changes = row_differences(row, now)
    name = f"{endpoint}, variant {variant}," if variant else endpoint
    observed = "that of a later failure" if is_current else "the observed one"
    yield Finding(
        _changed(stored, row, changes[0]),
        f"the request of {name} differs from {observed} ({'; '.join(map(str, changes))})",
        f"Retest it at {target}, or restore the request of {stored.place_of(row)}.",
        "drift",
    )


def _other_request(seen: Iterable[Observation], now: Sent) -> tuple[Observation | None, bool]:
    """Return the last row of another request, and whether today's request has been observed.

    If it has, and returned an output, the row is one of a later failure (a missing answer on a
    second day is one), which a request that was changed back would hide.
    """
    newest: Observation | None = None
    failed: Observation | None = None
    days: set[date] = set()
    for row in seen:
        if not row_differences(row, now):
            if row.outcome != "inconclusive":
                return (None if row.outcome == "error" else failed), True
            continue
        if row.outcome != "inconclusive":
            newest = newest or row
        if row.kind == "no-answer":
            days.add(row.day)
        if len(days) > 1 or (row.is_bad and not row.sample):
            failed = failed or row
    return newest, False


def _changed(stored: Stored, row: Observation, difference: Difference) -> Place:
    """Return the place in the status file of what differs from the record."""
    model, route = split(row.endpoint)
    status = stored.status
    what, *keys = str(difference.path[0]), *difference.path[1:]
    if what == "base_url":
        return stored.place("targets", row.target, "base_url")
    if what in ("poll", "fetch"):
        return stored.place("routes", route, "task", "poll" if what == "poll" else "output")
    if what == "auth":
        return stored.place("routes", route, "auth")
    if what == "request":
        variant = status.endpoints[row.endpoint].variants.get(row.variant or "")
        if variant and variant.request:
            return stored.place("endpoints", row.endpoint, "variants", str(row.variant), "request")
        request = status.routes[route].request
        if not _is_of_route(row.sent.request, request):
            return stored.place("routes", route, "request")
        return stored.place("models", model, *(["upstream"] if "{upstream}" in request else []))
    if what == "headers":
        return stored.place("routes", route, "headers", *keys)
    endpoint, first = status.endpoints[row.endpoint], keys[:1]
    if row.variant and (first == [] or first[0] in getattr(endpoint.variants[row.variant], what)):
        return stored.place("endpoints", row.endpoint, "variants", row.variant, what, *keys)
    added = {} if model == NO_MODEL else protocol_of(status, row.endpoint).body(model, {})
    if first and first[0] in added and first[0] not in (getattr(endpoint, what) or {}):
        return stored.place("models", model)
    return stored.place("endpoints", row.endpoint, what, *keys)


def _is_of_route(sent: str, request: str) -> bool:
    """Return whether a route makes such a request for some model."""
    parts = re.split(r"\{(?:model|upstream)\}", request)
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), sent) is not None


def _mappings(stored: Stored) -> Iterator[Finding]:
    for alias in stored.status.models:
        state = mapping_of(stored.status, alias)
        if state is not None and state.word == "contradicted":
            got, expected = stored.status.upstream(alias), state.row.upstream
            yield Finding(
                stored.place("models", alias, "upstream"),
                f"the upstream of {alias} is {got!r}, expected {expected!r}",
                f"Retest the alias, or restore the upstream of {stored.place_of(state.row)}.",
                "contradicted-mapping",
            )


def _aliases(stored: Stored) -> Iterator[Finding]:
    for name, model in stored.status.models.items():
        if model.upstream == name:
            yield Finding(
                stored.place("models", name, "upstream"),
                f"{name} is its own upstream",
                "Set the upstream that was observed, or remove the line.",
                "alias-is-upstream",
            )


def _claims(stored: Stored) -> Iterator[Finding]:
    """Return findings for dates in the file's texts that are later than all evidence, and than the
    day of the docs page that has them."""
    status = stored.status
    days = [row.day for row in status.observations]
    days += [as_time(row.at).date() for row in status.mappings]
    evidence = max([*days, *(hold.on for hold in status.holds)], default=date.min)
    pages = status.docs_pages
    for text, keys in prose_of(status).items():
        page = pages.get(keys[:2]) or pages.get(keys[:4])
        newest = max(evidence, page.on) if page else evidence
        for found in ISO_DATE.findall(text):
            if found > newest.isoformat():
                yield Finding(
                    stored.place(*keys),
                    f"{shown(text)} has the date {found}, later than all evidence",
                    f"Add the evidence, or correct the date: the newest is of {newest}.",
                    "untested-date",
                )


def _holds(stored: Stored, assessments: Mapping[str, Assessment]) -> Iterator[Finding]:
    for endpoint, assessment in assessments.items():
        hold = assessment.hold
        if hold and assessment.is_newer_than(hold):
            yield Finding(
                stored.place_of(hold),
                f"the hold of {endpoint} ({hold.on}) is older than clean evidence",
                f"Remove the hold, or renew it after {assessment.seen_on} with its reason.",
                "outdated-hold",
            )


def _skips(stored: Stored, today: date) -> Iterator[Finding]:
    for name, endpoint in stored.status.endpoints.items():
        if endpoint.skip and endpoint.skip.until < today:
            yield Finding(
                stored.place("endpoints", name, "skip"),
                f"the skip of {name} ended on {endpoint.skip.until}",
                "Remove the skip, or give a new reason and date.",
                "stale-skip",
            )
