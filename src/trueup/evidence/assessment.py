"""Assessment: all that the record says of each endpoint, in one pass over its rows in order."""

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
class Seen:
    """A row of an endpoint, and whether it is of the request that the endpoint sends today."""

    row: Observation
    is_current: bool


@dataclass(frozen=True)
class Assessment:
    """What the evidence supports for one endpoint, and the rows that it rests on.

    `outcome` and `billing` are the rows of the reference target that made the two legs. `clean` of
    `needed` is how many clean retests were seen since the last bad one; with `billing_measured`
    false a clean retest is one that returned an output. `hold` is given only when it lowers what is
    supported. `latest` has the newest conclusive row of each target, the reference's first;
    `changes` and `rows` begin with the newest. Retracted rows and those of variants are in none.
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
    rows: tuple[Seen, ...]

    @property
    def seen_on(self) -> date | None:
        """The date of the older leg: a claim is as old as that. None without a conclusive row."""
        days = [leg.day for leg in (self.outcome, self.billing) if leg is not None]
        return min(days, default=None)

    def is_fresh(self, policy: Policy, today: date) -> bool:
        """Whether the claim may be made in the present tense; never without a conclusive row."""
        return self.seen_on is not None and today - self.seen_on <= policy.fresh_for

    def is_newer_than(self, hold: Hold) -> bool:
        """Whether clean evidence, enough to raise the endpoint, is newer than a hold on it."""
        legs = [leg for leg in (self.outcome, self.billing) if leg is not None]
        is_clean = self.clean >= self.needed
        return bool(legs) and is_clean and all(leg.day > hold.on for leg in legs)


def assess(status: Status) -> dict[str, Assessment]:
    """The assessment of each endpoint, in the order of the status file.

    Rows are taken as they follow each other in the file, by today's policy and requests.
    """
    record = _Record(status)
    for row in status.observations:
        record.add(row)
    return {endpoint: _assessment(record, endpoint) for endpoint in status.endpoints}


def latest_changes(assessments: Mapping[str, Assessment]) -> tuple[Change, ...]:
    """Every change that the record shows, the newest first.

    Holds are left out: nobody observed anything when one was made.
    """
    changes = (change for one in assessments.values() for change in one.changes)
    return tuple(sorted(changes, key=lambda change: change.number, reverse=True))


def alternative(
    status: Status, assessments: Mapping[str, Assessment], model: str
) -> Assessment | None:
    """The best-standing working endpoint of a model's family, the file's order breaking ties.

    Working is `recommended` or `controlled-testing`; None when no such endpoint is on record.
    """
    family = status.family(model)
    working = (
        one
        for one in assessments.values()
        if status.family(split(one.endpoint)[0]) == family
        and one.standing.rank < Standing.UNVERIFIED.rank
    )
    return min(working, key=lambda one: one.standing.rank, default=None)


@dataclass
class _Series:
    """The current rows of one endpoint at one target, oldest first, and the tally after each."""

    request: Sent
    rows: list[Observation] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    silences: set[int] = field(default_factory=set)
    """Numbers of silent rows of days on which other endpoints were conclusive."""

    @property
    def tally(self) -> Tally:
        return self.tallies[-1] if self.tallies else Tally()


class _Record:
    """The rows taken so far.

    That a silent row counts can follow from what another endpoint shows later on the same day:
    then the tallies from that row on are made again.
    """

    def __init__(self, status: Status) -> None:
        self.status = status
        self.is_measured = status.targets[status.reference].ledger is None
        self.series: dict[tuple[str, str], _Series] = {}
        self.rows: dict[str, list[Seen]] = defaultdict(list)
        self.changes = Changes(status.targets[status.reference].base_url)
        self._conclusive: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._pending: dict[tuple[str, date], dict[str, list[int]]] = defaultdict(dict)
        self._order_of_day: dict[date, dict[str, int]] = defaultdict(dict)

    def add(self, row: Observation) -> None:
        """Takes the next row of the file."""
        order = self._order_of_day[row.day]
        order.setdefault(row.endpoint, len(order))
        moved = set(self._take(row)) if row.retracted is None else set[str]()
        if row.target == self.status.reference:
            for endpoint in sorted(moved, key=order.__getitem__):
                tally = self.series[endpoint, row.target].tally
                self.changes.add(endpoint, row, tally.supported(self.status.policy))

    def _take(self, row: Observation) -> Iterator[str]:
        """The endpoints whose tally at the row's target it changes."""
        if row.endpoint in self.status.endpoints and row.variant is None:
            series = self._series(row)
            is_current = not differences(row.sent, series.request)
            self.rows[row.endpoint].append(Seen(row, is_current))
            if is_current:
                series.rows.append(row)
                self._note_silence(series, row)
                self._count(series, len(series.rows) - 1)
                yield row.endpoint
        if row.outcome != "inconclusive":
            self._conclusive[row.target, row.day].add(row.endpoint)
            yield from self._settle(row)

    def _series(self, row: Observation) -> _Series:
        key = (row.endpoint, row.target)
        if key not in self.series:
            self.series[key] = _Series(request_of(self.status, *key))
        return self.series[key]

    def _note_silence(self, series: _Series, row: Observation) -> None:
        number = len(series.rows) - 1
        if row.outcome != "inconclusive":
            return
        if row.others_conclusive or (
            row.others_conclusive is None and self._conclusive[row.target, row.day] - {row.endpoint}
        ):
            series.silences.add(number)
        elif row.others_conclusive is None:
            self._pending[row.target, row.day].setdefault(row.endpoint, []).append(number)

    def _settle(self, row: Observation) -> Iterator[str]:
        """Counts the silent rows of the day of a conclusive one, those of other endpoints."""
        pending = self._pending[row.target, row.day]
        for endpoint in [name for name in pending if name != row.endpoint]:
            numbers = pending.pop(endpoint)
            series = self.series[endpoint, row.target]
            series.silences.update(numbers)
            self._count(series, numbers[0])
            yield endpoint

    def _count(self, series: _Series, start: int) -> None:
        del series.tallies[start:]
        for number in range(start, len(series.rows)):
            series.tallies.append(
                series.tally.after(
                    series.rows[number],
                    others_conclusive=number in series.silences,
                    is_measured=self.is_measured,
                )
            )


def _assessment(record: _Record, endpoint: str) -> Assessment:
    status, reference = record.status, record.status.reference
    names = sorted(status.targets, key=lambda name: name != reference)
    series = {name: record.series.get((endpoint, name)) for name in names}
    tallies = {name: one.tally if one else Tally() for name, one in series.items()}
    tally = tallies[reference]
    newest, supported = tally.newest, tally.supported(status.policy)
    hold = lowering(holds_of(status, endpoint), supported)
    has_bill = record.is_measured and newest is not None and newest.outcome == "output"
    return Assessment(
        endpoint=endpoint,
        standing=hold.to if hold else supported,
        supported=supported,
        intermittent=newest is not None and newest.outcome == "mixed",
        outcome=newest.row if newest else None,
        billing=tally.billing if has_bill else None,
        clean=tally.clean,
        needed=tally.needed(status.policy),
        billing_measured=record.is_measured,
        no_answer=newest is not None and newest.outcome != newest.row.outcome,
        hold=hold,
        risks=tuple(risks_in(tallies, reference)),
        latest={name: one.newest.row for name, one in tallies.items() if one.newest is not None},
        changes=tuple(reversed(record.changes.found.get(endpoint, ()))),
        rows=tuple(reversed(record.rows[endpoint])),
    )
