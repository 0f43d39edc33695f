"""The rules of standing a second time, to test `trueup.evidence` against; it imports none of it.

The file is replayed from its oldest row to its newest. Where the rules leave room, they are read
as follows:

- A row with `times` is that many sightings, all of them on `row.day`.
- Rule 4: an inconclusive row without an answer counts as silent if its `others_conclusive` says so
  or, without one, if another endpoint has a conclusive row at the same target on that date,
  anywhere in the file, whatever was sent, retracted or not. It is an error if an earlier silent row
  since the last conclusive one has another date. A date without any conclusive row neither makes a
  pair nor breaks one.
- The bill of such an error is treated as that of any error: it is no billing leg, but a verdict
  other than `aligned` is a fall.
- Of a retracted row, and of one of another request, only the fall counts: clean retests count from
  it on. So do two dates without an answer, of which one or both are such rows.
- An endpoint that fell needs `recover_after` clean retests, and no fewer than one that never did.
- A route that is documented as free counts outputs until a bill, good or bad, is on record.
- Of two holds that are equally low, the first in the file is in force.
"""

from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from trueup.model import Hold, Observation, Policy, Standing, Status
from trueup.request import differences, request_of

LADDER = ("not-recommended", "unverified", "controlled-testing", "recommended")


@dataclass(frozen=True)
class Expected:
    """The result of the rules for an endpoint; the fields are those of an `Assessment`."""

    standing: Standing
    supported: Standing
    intermittent: bool
    no_answer: bool
    outcome: Observation | None
    billing: Observation | None
    clean: int
    needed: int
    hold: Hold | None
    seen_on: date | None


@dataclass
class State:
    """What is known after the rows read so far."""

    word: str = "nothing"
    outcome: Observation | None = None
    billing: Observation | None = None
    aligned_in_a_row: int = 0
    outputs_since_error: int = 0
    ever_failed: bool = False
    ever_billed_wrong: bool = False
    ever_billed: bool = False
    silent_days: set[date] = field(default_factory=set)
    silent_ever: set[date] = field(default_factory=set)
    """With rows that were retracted or of another request: they count towards a fall."""


def expect(status: Status, endpoint: str) -> Expected:
    """Return what the rules say of an endpoint."""
    state = State()
    at_reference = [row for row in status.observations if row.target == status.reference]
    ledger = status.targets[status.reference].ledger
    conclusive_days = {
        row.day
        for row in at_reference
        if row.endpoint != endpoint and row.outcome != "inconclusive"
    }
    today = request_of(status, endpoint, status.reference)
    for row in at_reference:
        if row.endpoint == endpoint and row.variant is None:
            same = not differences(row.sent, today)
            free = status.route_of(endpoint).free is not None
            _enter(state, row, conclusive_days, ledger, same=same, free=free)

    measured = ledger in (None, "new-api")
    clean = state.aligned_in_a_row if measured else state.outputs_since_error
    fell = state.ever_failed or (measured and state.ever_billed_wrong)
    terms = status.policy
    needed = max(terms.confirm_after, terms.recover_after) if fell else terms.confirm_after
    billing = state.billing if measured and state.word == "output" else None

    if state.word == "nothing":
        supported = "unverified"
    elif state.word == "error":
        supported = "not-recommended"
    elif state.word == "output" and clean >= needed:
        supported = "recommended"
    else:
        supported = "controlled-testing"

    hold = _hold(status, endpoint, supported)
    return Expected(
        standing=Standing(hold.to if hold else supported),
        supported=Standing(supported),
        intermittent=state.word == "mixed",
        no_answer=state.outcome is not None and state.outcome.outcome == "inconclusive",
        outcome=state.outcome,
        billing=billing,
        clean=clean,
        needed=needed,
        hold=hold,
        seen_on=min((leg.day for leg in (state.outcome, billing) if leg), default=None),
    )


def expect_fresh(expected: Expected, policy: Policy, today: date) -> bool:
    """Return whether the claim may still be in the present tense."""
    return expected.seen_on is not None and today <= expected.seen_on + policy.fresh_for


def _enter(
    state: State,
    row: Observation,
    conclusive_days: set[date],
    ledger: object,
    *,
    same: bool,
    free: bool,
) -> None:
    kept, ever = set(state.silent_days), set(state.silent_ever)
    word, fell = _word(row, conclusive_days, kept), _word(row, conclusive_days, ever)
    if row.retracted is not None or not same:
        if row.outcome == "inconclusive":
            state.silent_ever = ever
        _fall(state, row, fell)
        return
    state.silent_days, state.silent_ever = kept, ever
    if word != "inconclusive":
        state.word, state.outcome = word, row
    if row.billing not in (None, "inconclusive", "aligned"):
        state.ever_billed_wrong = True

    is_billed = row.billing not in (None, "inconclusive")
    is_billed = is_billed and not (row.billing == "aligned" and ledger is None)
    state.ever_billed = state.ever_billed or is_billed

    if word in ("error", "mixed"):
        state.ever_failed = True
        state.billing = None
        state.aligned_in_a_row = state.outputs_since_error = 0
        return
    if word == "output":
        state.outputs_since_error += row.times
        if free and not state.ever_billed:
            state.aligned_in_a_row += row.times
    is_aligned = row.billing == "aligned"
    if is_billed:
        state.billing = row
        state.aligned_in_a_row = state.aligned_in_a_row + row.times if is_aligned else 0
    if fell == "error":
        state.ever_failed = True
        state.aligned_in_a_row = state.outputs_since_error = 0


def _fall(state: State, row: Observation, word: str) -> None:
    """A row that was retracted or of another request says nothing, but that the endpoint failed or
    was billed wrong is not forgotten."""
    if word in ("error", "mixed"):
        state.ever_failed = True
        state.aligned_in_a_row = state.outputs_since_error = 0
    if row.billing not in (None, "inconclusive", "aligned"):
        state.ever_billed_wrong = True
        state.aligned_in_a_row = 0


def _word(row: Observation, conclusive_days: set[date], silent_days: set[date]) -> str:
    if row.outcome != "inconclusive":
        silent_days.clear()
        return row.outcome
    is_silent = row.others_conclusive
    if is_silent is None:
        is_silent = row.day in conclusive_days
    if not is_silent or row.kind != "no-answer":
        return "inconclusive"
    silent_days.add(row.day)
    return "error" if len(silent_days) >= 2 else "inconclusive"


def _hold(status: Status, endpoint: str, supported: str) -> Hold | None:
    lowest = None
    for hold in status.holds:
        level = LADDER.index(lowest.to if lowest else supported)
        if fnmatchcase(endpoint, hold.endpoint) and LADDER.index(hold.to) < level:
            lowest = hold
    return lowest
