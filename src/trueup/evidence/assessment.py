"""Assessment: the result of all observations for each endpoint, in one pass over the rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from trueup.evidence.changes import Change, Changes
from trueup.evidence.risks import Risk, risks_in
from trueup.evidence.standing import Tally, holds_of, lowering
from trueup.model import (
    NO_MODEL,
    FreeOfCharge,
    Hold,
    Observation,
    Policy,
    Sent,
    Standing,
    Status,
)
from trueup.request import request_of, row_differences

MOST_CHANGES = 100
"""Newest changes that are published; feed readers keep older ones."""


@dataclass(frozen=True)
class EndpointRow:
    """A row of an endpoint; `is_current` if it is of the request that is sent today (rule 7)."""

    row: Observation
    is_current: bool


@dataclass(frozen=True)
class Assessment:
    """The standing of one endpoint, and the rows that it rests on.

    `outcome` and `billing` are the rows of the reference target that made the two legs. `clean` of
    `needed` is the number of clean retests since the last bad one; if `billing_measured` is false,
    a clean retest is one with an output. `free` is set where that is so because the route is
    documented as free and no bill is on record. `hold` is set only if it lowers what is supported.
    `latest` has the newest conclusive row of each target, the reference's first; `changes` and
    `rows` are newest first. Retracted rows, samples and those of variants are in none.
    """

    endpoint: str
    standing: Standing
    supported: Standing
    intermittent: bool
    outcome: Observation | None
    billing: Observation | None
    clean: int
    needed: int
    billing_measured: bool
    free: FreeOfCharge | None
    no_answer: bool
    hold: Hold | None
    risks: tuple[Risk, ...]
    latest: Mapping[str, Observation]
    changes: tuple[Change, ...]
    rows: tuple[EndpointRow, ...]

    @property
    def seen_on(self) -> date | None:
        """The date of the older of its outcome and billing evidence (rule 1); None without both."""
        return min((leg.day for leg in (self.outcome, self.billing) if leg), default=None)

    def is_fresh(self, policy: Policy, today: date) -> bool:
        """Return whether the claim may be in the present tense (rule 5)."""
        return self.seen_on is not None and today - self.seen_on <= policy.fresh_for

    def is_newer_than(self, hold: Hold) -> bool:
        """Return whether clean evidence, enough to raise the endpoint, is newer than a hold."""
        is_clean = self.clean >= self.needed
        return is_clean and self.seen_on is not None and self.seen_on > hold.on


def assess(status: Status) -> dict[str, Assessment]:
    """Return the assessment of each endpoint, in the order of the status file.

    Rows count in the order of the file, by today's policy and requests. One that is not proven
    only lowers, and so does what its receipt says instead; a sample does not count.
    """
    record = _Record(status)
    return {endpoint: _assessment(record, endpoint) for endpoint in status.endpoints}


def latest_changes(assessments: Mapping[str, Assessment]) -> tuple[Change, ...]:
    """Return the newest `MOST_CHANGES` of all endpoints, newest first. Holds make none: they
    observe nothing."""
    changes = (change for each in assessments.values() for change in each.changes)
    newest = sorted(changes, key=lambda change: change.number, reverse=True)
    return tuple(newest[:MOST_CHANGES])


def alternative(
    status: Status, assessments: Mapping[str, Assessment], model: str, apart_from: str = ""
) -> Assessment | None:
    """Return the best endpoint of a model's family, another than `apart_from`, that is better than
    `unverified`, if any.

    Of equal ones it is the first in the file. A route without a model is of no family.
    """
    if model == NO_MODEL:
        return None
    family = (assessments[name] for name in status.family_endpoints(model) if name != apart_from)
    working = (one for one in family if one.standing.rank < Standing.UNVERIFIED.rank)
    return min(working, key=lambda assessment: assessment.standing.rank, default=None)


class _Record:
    """The rows that count, by endpoint, with the tally of each endpoint at each target."""

    def __init__(self, status: Status) -> None:
        self.status = status
        reference = status.targets[status.reference]
        self.is_measured = reference.no_ledger is None
        self.has_ledger = reference.ledger is not None
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.rows: dict[str, list[EndpointRow]] = defaultdict(list)
        self.changes = Changes(status.targets[status.reference].base_url)
        self._requests: dict[tuple[str, str], Sent] = {}
        self._conclusive: dict[tuple[str, date], set[str]] = defaultdict(set)
        rows = list(_counted(status))
        for row in rows:
            if row.outcome != "inconclusive":  # retracted or not: a retraction raises nothing
                self._conclusive[row.target, row.day].add(row.endpoint)
        for row in rows:
            if row.endpoint in status.endpoints and row.variant is None:
                self._add(row)

    def _add(self, row: Observation) -> None:
        key = (row.endpoint, row.target)
        if key not in self._requests:
            self._requests[key] = request_of(self.status, *key)
        is_current = not row_differences(row, self._requests[key])
        if row.retracted is None:
            self.rows[row.endpoint].append(EndpointRow(row, is_current))
        tally = self.tallies.get(key, Tally())
        others = row.others_conclusive
        if others is None:  # rule 4, by any row of another endpoint on the same date
            names = self._conclusive[row.target, row.day]
            others = any(name != row.endpoint for name in names)
        tally = tally.after(
            row,
            is_current=is_current,
            others_conclusive=others,
            is_measured=self.is_measured,
            has_ledger=self.has_ledger,
            is_free=self.status.route_of(row.endpoint).free is not None,
        )
        self.tallies[key] = tally
        if row.target == self.status.reference:
            self.changes.add(row.endpoint, row, tally.supported(self.status.policy))


def _counted(status: Status) -> Iterator[Observation]:
    """Yield the rows but samples, each after the bad news that its receipt has instead."""
    for row in status.observations:
        if row.receipt_row is not None and row.receipt_row.is_bad:
            yield row.receipt_row
        if not row.sample:
            yield row


def _assessment(record: _Record, endpoint: str) -> Assessment:
    status, reference = record.status, record.status.reference
    names = sorted(status.targets, key=lambda name: name != reference)
    tallies = {name: record.tallies.get((endpoint, name), Tally()) for name in names}
    tally = tallies[reference]
    newest, supported = tally.newest, tally.supported(status.policy)
    free = status.route_of(endpoint).free if record.is_measured and tally.billed is None else None
    hold = lowering(holds_of(status, endpoint), supported)
    is_output = newest is not None and newest.outcome == "output"
    return Assessment(
        endpoint=endpoint,
        standing=hold.to if hold else supported,
        supported=supported,
        intermittent=newest is not None and newest.outcome == "mixed",
        outcome=newest.row if newest else None,
        billing=tally.billing if is_output else None,
        clean=tally.clean,
        needed=tally.needed(status.policy),
        billing_measured=record.is_measured and free is None,
        free=free,
        no_answer=newest is not None and newest.outcome != newest.row.outcome,
        hold=hold,
        risks=tuple(risks_in(tallies, reference)),
        latest={name: each.newest.row for name, each in tallies.items() if each.newest is not None},
        changes=tuple(reversed(record.changes.found.get(endpoint, ()))),
        rows=tuple(reversed(record.rows[endpoint])),
    )
