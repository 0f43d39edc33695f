"""The rules of standing a second time, to test `trueup.standing` against; it imports none of it.

The file is replayed from its oldest row to its newest, and the books are changed row by row.
Where the rules leave room, it reads them so:

- A row is one sighting on `row.day`; a row with `times` is that many, all of them on that day.
- An endpoint is silent while its counting rows have the outcome `inconclusive`; any told outcome
  in a counting row ends the silence. A day is telling when another endpoint has a told outcome
  at the same target on that day, anywhere in the file, whatever was sent, unless retracted.
- A silent row on a telling day is an error, no answer, when an earlier row of the same silence
  lies on another telling day. Days on which nobody told neither make such a pair nor break it.
- What such a row says of billing is treated as that of any error: it is no billing leg, but a
  word other than `aligned` is a fall.
- `clean` is what the books hold at the end, whatever the newest outcome is.
- Of two holds that are equally low, the one that comes first in the file is in force.
"""

from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from trueup.model import Hold, Observation, Policy, Sent, Standing, Status
from trueup.request import differences, request_of

LADDER = ("not-recommended", "unverified", "controlled-testing", "recommended")


@dataclass(frozen=True)
class Expected:
    """What the rules say of an endpoint; the fields are those of a verdict."""

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
class Books:
    """What is known after the rows read so far."""

    word: str = "nothing"
    outcome: Observation | None = None
    billing: Observation | None = None
    aligned_in_a_row: int = 0
    images_since_error: int = 0
    ever_failed: bool = False
    ever_billed_wrong: bool = False
    silent_telling_days: set[date] = field(default_factory=set)


def expect(status: Status, endpoint: str) -> Expected:
    """What the rules say of an endpoint."""
    books = Books()
    telling_days = _telling_days(status, endpoint)
    today = request_of(status, endpoint, status.reference)
    for row in status.observations:
        if _counts(status, endpoint, row, today):
            _enter(books, row, telling_days)

    measured = status.targets[status.reference].ledger is None
    clean = books.aligned_in_a_row if measured else books.images_since_error
    fell = books.ever_failed or (measured and books.ever_billed_wrong)
    needed = status.policy.recover_after if fell else status.policy.confirm_after
    billing = books.billing if measured and books.word == "output" else None

    if books.word == "nothing":
        supported = "unverified"
    elif books.word == "error":
        supported = "not-recommended"
    elif books.word == "output" and clean >= needed:
        supported = "recommended"
    else:
        supported = "controlled-testing"

    hold = _hold(status, endpoint, supported)
    return Expected(
        standing=Standing(hold.to if hold else supported),
        supported=Standing(supported),
        intermittent=books.word == "mixed",
        no_answer=books.outcome is not None and books.outcome.outcome == "inconclusive",
        outcome=books.outcome,
        billing=billing,
        clean=clean,
        needed=needed,
        hold=hold,
        seen_on=min((leg.day for leg in (books.outcome, billing) if leg), default=None),
    )


def expect_fresh(expected: Expected, policy: Policy, today: date) -> bool:
    """Whether the claim may still be made in the present tense."""
    return expected.seen_on is not None and today <= expected.seen_on + policy.fresh_for


def _counts(status: Status, endpoint: str, row: Observation, today: Sent) -> bool:
    return (
        row.endpoint == endpoint
        and row.target == status.reference
        and row.retracted is None
        and not differences(row.sent, today)
    )


def _telling_days(status: Status, endpoint: str) -> set[date]:
    return {
        row.day
        for row in status.observations
        if row.endpoint != endpoint
        and row.target == status.reference
        and row.retracted is None
        and row.outcome != "inconclusive"
    }


def _enter(books: Books, row: Observation, telling_days: set[date]) -> None:
    word = _word(books, row, telling_days)
    if word != "inconclusive":
        books.word, books.outcome = word, row
    if row.billing not in (None, "inconclusive", "aligned"):
        books.ever_billed_wrong = True

    if word in ("error", "mixed"):
        books.ever_failed = True
        books.billing = None
        books.aligned_in_a_row = books.images_since_error = 0
        return
    if word == "output":
        books.images_since_error += row.times
    if row.billing in (None, "inconclusive"):
        return
    books.billing = row
    books.aligned_in_a_row = books.aligned_in_a_row + row.times if row.billing == "aligned" else 0


def _word(books: Books, row: Observation, telling_days: set[date]) -> str:
    if row.outcome != "inconclusive":
        books.silent_telling_days = set()
        return row.outcome
    if row.day not in telling_days:
        return "inconclusive"
    books.silent_telling_days.add(row.day)
    return "error" if len(books.silent_telling_days) >= 2 else "inconclusive"


def _hold(status: Status, endpoint: str, supported: str) -> Hold | None:
    lowest = None
    for hold in status.holds:
        level = LADDER.index(lowest.to if lowest else supported)
        if fnmatchcase(endpoint, hold.endpoint) and LADDER.index(hold.to) < level:
            lowest = hold
    return lowest
