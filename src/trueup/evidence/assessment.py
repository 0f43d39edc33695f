"""Assessment: the result of all observations for each endpoint, in one pass over the rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from trueup.evidence.changes import Change, Changes
from trueup.evidence.risks import Risk, risks_in
from trueup.evidence.standing import Tally, holds_of, lowering
from trueup.model import Hold, Observation, Policy, Sent, Standing, Status, split
from trueup.request import differences, request_of


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
    a clean retest is one with an output. `hold` is set only if it lowers what is supported.
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
    for row in status.observations:
        record.add(row)
    return {endpoint: _assessment(record, endpoint) for endpoint in status.endpoints}


def latest_changes(assessments: Mapping[str, Assessment]) -> tuple[Change, ...]:
    """Return the changes of all endpoints, newest first. Holds make none: they observe nothing."""
    changes = (change for each in assessments.values() for change in each.changes)
    return tuple(sorted(changes, key=lambda change: change.number, reverse=True))


def alternative(
    status: Status, assessments: Mapping[str, Assessment], model: str
) -> Assessment | None:
    """Return the best endpoint of a model's family that is better than `unverified`, if any.

    Of equal ones it is the first in the file.
    """
    family = status.family(model)
    working = (
        assessment
        for assessment in assessments.values()
        if status.family(split(assessment.endpoint)[0]) == family
        and assessment.standing.rank < Standing.UNVERIFIED.rank
    )
    return min(working, key=lambda assessment: assessment.standing.rank, default=None)


@dataclass
class _Series:
    """The current rows of one endpoint at one target and the bad ones of other requests, oldest
    first, and the tally after each."""

    request: Sent
    is_measured: bool
    rows: list[Observation] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    no_answer_rows: set[int] = field(default_factory=set)
    """Indexes of inconclusive rows of dates on which other endpoints were conclusive."""
    others: set[int] = field(default_factory=set)
    """Indexes of bad rows of another request."""

    @property
    def tally(self) -> Tally:
        return self.tallies[-1] if self.tallies else Tally()

    def count(self, start: int) -> None:
        """Make the tallies from the row `start` on anew."""
        del self.tallies[start:]
        for index in range(start, len(self.rows)):
            row, is_no_answer = self.rows[index], index in self.no_answer_rows
            after = self.tally.after_other(row)
            if index not in self.others:
                after = self.tally.after(
                    row, others_conclusive=is_no_answer, is_measured=self.is_measured
                )
            self.tallies.append(after)


class _Record:
    """The rows so far, by endpoint.

    By rule 4 an inconclusive row can come to count through a row of another endpoint later on the
    same date: the tallies from that row on are then made anew.
    """

    def __init__(self, status: Status) -> None:
        self.status = status
        self.is_measured = status.targets[status.reference].ledger is None
        self.series: dict[tuple[str, str], _Series] = {}
        self.rows: dict[str, list[EndpointRow]] = defaultdict(list)
        self.changes = Changes(status.targets[status.reference].base_url)
        self._conclusive: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._pending: dict[tuple[str, date], dict[str, list[int]]] = defaultdict(dict)
        self._order_of_day: dict[date, dict[str, int]] = defaultdict(dict)

    def add(self, row: Observation) -> None:
        """Add the next row of the file."""
        order = self._order_of_day[row.day]
        order.setdefault(row.endpoint, len(order))
        said = row.receipt_row
        if said is not None and said.is_bad:
            self.add(said)
        if row.sample:
            return
        moved = set(self._take(row))
        if row.target == self.status.reference:
            for endpoint in sorted(moved, key=order.__getitem__):
                tally = self.series[endpoint, row.target].tally
                self.changes.add(endpoint, row, tally.supported(self.status.policy))

    def _take(self, row: Observation) -> Iterator[str]:
        """Count a row; yield each endpoint whose tally at the row's target it changes."""
        if row.endpoint in self.status.endpoints and row.variant is None:
            key = (row.endpoint, row.target)
            if key not in self.series:
                self.series[key] = _Series(request_of(self.status, *key), self.is_measured)
            series = self.series[key]
            is_current = not differences(row.sent, series.request)
            if row.retracted is None:
                self.rows[row.endpoint].append(EndpointRow(row, is_current))
            if is_current or row.is_bad:
                series.rows.append(row)
                if is_current:
                    self._note_no_answer(series, row)
                else:
                    series.others.add(len(series.rows) - 1)
                series.count(len(series.rows) - 1)
                yield row.endpoint
        if row.outcome != "inconclusive":  # retracted or not: a retraction raises nothing
            self._conclusive[row.target, row.day].add(row.endpoint)
            yield from self._settle(row)

    def _note_no_answer(self, series: _Series, row: Observation) -> None:
        index, day = len(series.rows) - 1, (row.target, row.day)
        if row.outcome == "inconclusive":
            is_known = row.others_conclusive is not None
            if row.others_conclusive or (not is_known and self._conclusive[day] - {row.endpoint}):
                series.no_answer_rows.add(index)
            elif not is_known:
                self._pending[day].setdefault(row.endpoint, []).append(index)

    def _settle(self, row: Observation) -> Iterator[str]:
        """Count the rows without an answer of other endpoints on the date of a conclusive row."""
        pending = self._pending[row.target, row.day]
        for endpoint in [name for name in pending if name != row.endpoint]:
            indexes = pending.pop(endpoint)
            series = self.series[endpoint, row.target]
            series.no_answer_rows.update(indexes)
            series.count(indexes[0])
            yield endpoint


def _assessment(record: _Record, endpoint: str) -> Assessment:
    status, reference = record.status, record.status.reference
    names = sorted(status.targets, key=lambda name: name != reference)
    found = {name: record.series.get((endpoint, name)) for name in names}
    tallies = {name: series.tally if series else Tally() for name, series in found.items()}
    tally = tallies[reference]
    newest, supported = tally.newest, tally.supported(status.policy)
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
        billing_measured=record.is_measured,
        no_answer=newest is not None and newest.outcome != newest.row.outcome,
        hold=hold,
        risks=tuple(risks_in(tallies, reference)),
        latest={name: each.newest.row for name, each in tallies.items() if each.newest is not None},
        changes=tuple(reversed(record.changes.found.get(endpoint, ()))),
        rows=tuple(reversed(record.rows[endpoint])),
    )
