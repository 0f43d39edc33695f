"""Standing: the word a reader sees for an endpoint, and the risks beside it, from the evidence.

Pure functions of the status file; they read no clock, network or file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal

from trueup.model import (
    Billing,
    Hold,
    Mapping,
    Observation,
    Outcome,
    Policy,
    Standing,
    Status,
    as_time,
    split,
)
from trueup.request import speaking

MappingWord = Literal["confirmed", "stated", "contradicted", "varies"]
RiskKind = Literal["failed", "billing", "works-elsewhere"]


@dataclass(frozen=True)
class Verdict:
    """What the evidence supports for one endpoint, and the rows that it rests on.

    `outcome` and `billing` are the rows that made the two legs. `clean` of `needed` is how many
    clean retests were seen since the last bad one; with `billing_measured` false a clean retest is
    one that returned an image. `hold` is given only when it lowers what is supported.
    """

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

    @property
    def seen_on(self) -> date | None:
        """The day of the older leg: a claim is as old as that. None when nothing told."""
        days = [leg.day for leg in (self.outcome, self.billing) if leg is not None]
        return min(days, default=None)


@dataclass(frozen=True)
class Risk:
    """What went wrong, where and when; one risk covers the targets that saw the same.

    `rows` are the observations that say so.
    """

    kind: RiskKind
    targets: tuple[str, ...]
    day: date
    outcome: Outcome
    signatures: tuple[str, ...] = ()
    billing: Billing | None = None
    rows: tuple[Observation, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class MappingState:
    """What is known of the model behind an alias; `row` is the newest sighting."""

    word: MappingWord
    row: Mapping


@dataclass(frozen=True)
class _Seen:
    row: Observation
    outcome: Outcome


def stand(status: Status, endpoint: str) -> Verdict:
    """The standing of an endpoint, from the rows of the reference target that speak for it."""
    held = holds_of(status, endpoint)
    measured = status.targets[status.reference].ledger is None
    return _judge(_rows(status, endpoint, status.reference), status.policy, held, measured)


def holds_of(status: Status, endpoint: str) -> list[Hold]:
    """The holds whose pattern an endpoint fits, whether they lower it or not."""
    return [hold for hold in status.holds if fnmatchcase(endpoint, hold.endpoint)]


def is_overtaken(verdict: Verdict, hold: Hold) -> bool:
    """Whether clean evidence, enough to raise the endpoint, is newer than a hold on it."""
    told = [leg for leg in (verdict.outcome, verdict.billing) if leg is not None]
    clean = verdict.clean >= verdict.needed
    return bool(told) and clean and all(leg.day > hold.on for leg in told)


def is_fresh(verdict: Verdict, policy: Policy, today: date) -> bool:
    """Whether the claim may be made in the present tense; never when nothing told."""
    return verdict.seen_on is not None and today - verdict.seen_on <= policy.fresh_for


def alternative(status: Status, model: str) -> str | None:
    """The best-standing working endpoint of a model's family, the file's order breaking ties.

    Working is `recommended` or `controlled-testing`; None when no such endpoint is on record.
    """
    family = [
        endpoint
        for endpoint in status.endpoints
        if status.family(split(endpoint)[0]) == status.family(model)
    ]
    standings = {endpoint: stand(status, endpoint).standing for endpoint in family}
    working = [
        endpoint for endpoint in family if standings[endpoint].rank < Standing.UNVERIFIED.rank
    ]
    return min(working, key=lambda endpoint: standings[endpoint].rank, default=None)


def mapping_of(status: Status, alias: str) -> MappingState | None:
    """What is known of an alias's upstream, or None when it has none or nothing was recorded.

    `varies`: sightings of the newest day part from each other. `contradicted`: the newest parts
    from the model's `upstream`. `stated`: it was never seen on a call.
    """
    rows = [row for row in status.mappings if row.alias == alias]
    if not rows or status.models[alias].upstream is None:
        return None
    seen = [row for row in rows if row.how == "seen"]
    newest = (seen or rows)[-1]
    same_day = {row.upstream for row in seen if as_time(row.at).date() == as_time(newest.at).date()}
    if len(same_day) > 1:
        return MappingState("varies", newest)
    if newest.upstream != status.upstream(alias):
        return MappingState("contradicted", newest)
    return MappingState("confirmed" if seen else "stated", newest)


def risks(status: Status, endpoint: str) -> tuple[Risk, ...]:
    """What a reader must know before building on an endpoint, the reference target's first."""
    names = sorted(status.targets, key=lambda name: name != status.reference)
    rows = {name: _rows(status, endpoint, name) for name in names}
    outcomes = {name: told for name in names if (told := _told_outcome(rows[name]))}
    found = _failures(outcomes)
    for name in names:
        told = next((seen for seen in rows[name] if _tells_billing(seen.row)), None)
        if told and told.row.billing != "aligned":
            row = told.row
            found.append(Risk("billing", (name,), row.day, told.outcome, (), row.billing, (row,)))
    reference = outcomes.get(status.reference)
    for name, seen in outcomes.items():
        if reference and reference.outcome == "error" and seen.outcome == "image":
            risk = Risk("works-elsewhere", (name,), seen.row.day, "image", rows=(seen.row,))
            found.append(risk)
    return tuple(found)


def readings(status: Status, endpoint: str) -> dict[str, Observation]:
    """By target, the reference's first, the newest row that told of the endpoint as it is today."""
    names = sorted(status.targets, key=lambda name: name != status.reference)
    told = {name: _told_outcome(_rows(status, endpoint, name)) for name in names}
    return {name: seen.row for name, seen in told.items() if seen is not None}


def agree(one: Observation, other: Observation) -> bool:
    """Whether two rows tell the same by outcome, shape, type of image and failure text.

    What one of them does not know is no part of it.
    """
    images = [row.image.mime if row.image else None for row in (one, other)]
    pairs = ((one.outcome, other.outcome), (one.shape, other.shape), images)
    if one.signatures and other.signatures and not {*one.signatures} & {*other.signatures}:
        return False
    return all(a == b for a, b in pairs if a is not None and b is not None)


def _failures(outcomes: dict[str, _Seen]) -> list[Risk]:
    same: dict[tuple[date, Outcome, tuple[str, ...]], list[Observation]] = {}
    for seen in outcomes.values():
        if seen.outcome in ("error", "mixed"):
            key = (seen.row.day, seen.outcome, seen.row.signatures)
            same.setdefault(key, []).append(seen.row)
    return [
        Risk(
            "failed", tuple(row.target for row in rows), day, outcome, signatures, rows=tuple(rows)
        )
        for (day, outcome, signatures), rows in same.items()
    ]


def _judge(rows: Sequence[_Seen], policy: Policy, holds: Sequence[Hold], measured: bool) -> Verdict:
    told = _told_outcome(rows)
    since = _since_failure(rows)
    fell = len(since) < len(rows) or (
        measured and any(_tells_billing(s.row) and s.row.billing != "aligned" for s in rows)
    )
    needed = policy.recover_after if fell else policy.confirm_after
    clean = _clean(since, measured)
    if told is None:
        supported = Standing.UNVERIFIED
    elif told.outcome == "error":
        supported = Standing.NOT_RECOMMENDED
    elif told.outcome == "image" and clean >= needed:
        supported = Standing.RECOMMENDED
    else:
        supported = Standing.CONTROLLED_TESTING
    hold = max(holds, key=lambda hold: hold.to.rank, default=None)
    if hold and hold.to.rank <= supported.rank:
        hold = None
    billing = next((seen.row for seen in since if _tells_billing(seen.row)), None)
    return Verdict(
        standing=hold.to if hold else supported,
        supported=supported,
        intermittent=told is not None and told.outcome == "mixed",
        outcome=told.row if told else None,
        billing=billing if measured and told and told.outcome == "image" else None,
        clean=clean,
        needed=needed,
        billing_measured=measured,
        no_answer=told is not None and told.outcome != told.row.outcome,
        hold=hold,
    )


def _clean(since: Sequence[_Seen], measured: bool) -> int:
    if not measured:
        return sum(seen.row.times for seen in since if seen.outcome == "image")
    clean = 0
    for seen in since:
        if _tells_billing(seen.row):
            if seen.row.billing != "aligned":
                break
            clean += seen.row.times
    return clean


def _since_failure(rows: Sequence[_Seen]) -> Sequence[_Seen]:
    for index, seen in enumerate(rows):
        if seen.outcome in ("error", "mixed"):
            return rows[:index]
    return rows


def _told_outcome(rows: Sequence[_Seen]) -> _Seen | None:
    return next((seen for seen in rows if seen.outcome != "cannot-tell"), None)


def _tells_billing(row: Observation) -> bool:
    return row.billing is not None and row.billing != "cannot-tell"


def _rows(status: Status, endpoint: str, target: str) -> tuple[_Seen, ...]:
    """The speaking rows, newest first; silence that counts as `error: no answer` is an error."""
    spoken = speaking(status, endpoint, target)
    others_told: set[date] = set()
    if any(row.outcome == "cannot-tell" and row.others_told is None for row in spoken):
        others_told = {
            row.day
            for row in status.observations
            if row.target == target
            and row.endpoint != endpoint
            and row.retracted is None
            and row.outcome != "cannot-tell"
        }
    silent_days: set[date] = set()
    rows = []
    for row in reversed(spoken):
        outcome = row.outcome
        if outcome != "cannot-tell":
            silent_days.clear()
        elif row.others_told or (row.others_told is None and row.day in others_told):
            if silent_days - {row.day}:
                outcome = "error"
            silent_days.add(row.day)
        rows.append(_Seen(row, outcome))
    return tuple(reversed(rows))
