"""Evidence: a table that shows each rule of standing, random files against `oracle`, and the rest
of an assessment."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from itertools import product
from random import Random
from typing import Any, Literal, get_args

import pytest
from hypothesis import settings
from oracle import LADDER, Expected, expect, expect_fresh

from trueup.evidence import Assessment, Risk, alternative, assess, assessment, mapping_of
from trueup.evidence.standing import Tally
from trueup.model import (
    Billing,
    Endpoint,
    FreeOfCharge,
    Hold,
    InconclusiveKind,
    LedgerPolicy,
    Mapping,
    Model,
    Observation,
    Outcome,
    Policy,
    Route,
    Sent,
    Source,
    Standing,
    Status,
    Target,
)
from trueup.request import row_differences

ACORN, WALNUT = "acorn/images", "walnut/images"
NEWEST_DAY = date(2026, 4, 14)
BASE_URLS = {"production": "https://gateway.example", "local": "http://localhost:4000"}
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
BILLINGS: tuple[Billing | None, ...] = (None, *get_args(Billing))
Ledger = Literal["new-api"] | LedgerPolicy | None
NO_LEDGER = LedgerPolicy(none="The gateway keeps no log.")
SOURCE = Source(reported="A page")


@dataclass(frozen=True)
class Row:
    """An observation in short: `back` in days before the newest; `differs` a field of sent."""

    outcome: Outcome
    billing: Billing | None = None
    back: int = 0
    times: int = 1
    endpoint: str = ACORN
    target: str = "production"
    differs: str | None = None
    retracted: bool = False
    others_conclusive: bool | None = None
    signatures: tuple[str, ...] = ()
    kind: InconclusiveKind | None = "no-answer"


def _sent(row: Row) -> Sent:
    sent = Sent(
        base_url=BASE_URLS[row.target],
        request="POST /v1/images/generations",
        auth="bearer",
        body={"model": row.endpoint.split("/")[0], "prompt": "A red cube"},
    )
    other: dict[str, Any] = {
        "base_url": BASE_URLS["local" if row.target == "production" else "production"],
        "request": "POST /v2/images/generations",
        "auth": "query key",
        "body": {**(sent.body or {})} | {"prompt": "A blue cube"},
    }
    return sent.model_copy(update={row.differs: other[row.differs]}) if row.differs else sent


@cache
def observation(place: int, row: Row) -> Observation:
    day = NEWEST_DAY - timedelta(days=row.back)
    several: dict[str, Any] = {"first": day - timedelta(days=2), "last": day, "times": row.times}
    when: dict[str, Any] = {"at": day} if row.times == 1 else several
    is_inconclusive = row.outcome == "inconclusive"
    return Observation(
        **when,
        endpoint=row.endpoint,
        target=row.target,
        sent=_sent(row),
        outcome=row.outcome,
        kind=row.kind if is_inconclusive else None,
        reason="No answer." if is_inconclusive or row.billing == "inconclusive" else None,
        others_conclusive=row.others_conclusive if is_inconclusive else None,
        billing=row.billing,
        signatures=row.signatures,
        source=Source(reported=f"row {place}"),
        retracted="Sent with a wrong key." if row.retracted else None,
    )


def hold(pattern: str, to: str) -> Hold:
    reasons = {"reason": "Under review.", "by": "A. Person", "on": NEWEST_DAY}
    return Hold.model_validate({"endpoint": pattern, "to": Standing(to), **reasons})


def policy(confirm_after: int = 1, recover_after: int = 3) -> Policy:
    return Policy.model_construct(
        fresh_for=timedelta(days=30),
        confirm_after=confirm_after,
        recover_after=recover_after,
        reported_until=NEWEST_DAY,
    )


@cache
def _tables(ledger: Ledger, free: bool) -> dict[str, Any]:
    return {
        "targets": {
            "local": Target(base_url=BASE_URLS["local"]),
            "production": Target(base_url=BASE_URLS["production"], reference=True, ledger=ledger),
        },
        "routes": {
            "images": Route(
                request="POST /v1/images/generations",
                protocol="openai-images",
                auth="bearer",
                free=FreeOfCharge(page="Prices", on=days_ago(20)) if free else None,
            )
        },
        "models": {
            "acorn": Model(title="Acorn", upstream="oak", family="trees"),
            "walnut": Model(title="Walnut", family="trees"),
            "clover": Model(title="Clover"),
        },
        "endpoints": dict.fromkeys(
            (ACORN, WALNUT, "clover/images"), Endpoint(body={"prompt": "A red cube"})
        ),
    }


def status_of(
    *rows: Row,
    holds: tuple[Hold, ...] = (),
    ledger: Ledger = "new-api",
    free: bool = False,
    terms: Policy | None = None,
    mappings: tuple[Mapping, ...] = (),
) -> Status:
    return Status.model_construct(
        version=2,
        policy=terms or policy(),
        holds=holds,
        mappings=mappings,
        observations=tuple(observation(place, row) for place, row in enumerate(rows)),
        **_tables(ledger, free),
    )


def assessed(*rows: Row, **tables: Any) -> Assessment:
    return assess(status_of(*rows, **tables))[ACORN]


def shown(result: Assessment | Expected, status: Status) -> dict[str, object]:
    """The fields that `oracle` knows, rows and holds by their index in the file."""
    found = {field.name: getattr(result, field.name) for field in fields(Expected)}
    for name, table in (
        *(("outcome", status.observations), ("billing", status.observations)),
        ("hold", status.holds),
    ):
        places = (place for place, each in enumerate(table) if each is found[name])
        found[name] = next(places, None)
    return found


OK = Row("output", "aligned")
FAILED = Row("error", "abnormal")
SILENT = Row("inconclusive")
REFUSED = Row("inconclusive", kind="refused-caller")
MISMATCH = Row("output", "mismatch")


def back(days: int, row: Row, **changes: Any) -> Row:
    return replace(row, back=days, **changes)


def walnut(days: int, outcome: Outcome = "output", **changes: Any) -> Row:
    """A row of another endpoint, which makes a silence on that date count."""
    return back(days, Row(outcome, "aligned", endpoint=WALNUT), **changes)


def days_ago(days: int) -> date:
    return NEWEST_DAY - timedelta(days=days)


@dataclass(frozen=True)
class Case:
    """Rows with the result of the rules, worked out by a person."""

    rows: tuple[Row, ...]
    standing: str
    says: dict[str, object]
    holds: tuple[Hold, ...] = ()
    ledger: Ledger = "new-api"
    free: bool = False
    terms: Policy = field(default_factory=policy)


CASES = {
    "no row": Case((), "unverified", {"outcome": None, "billing": None, "clean": 0, "needed": 1}),
    "one clean retest suffices for an endpoint that never fell": Case(
        (OK,), "recommended", {"outcome": 0, "billing": 0, "clean": 1, "seen_on": NEWEST_DAY}
    ),
    "an output without a bill": Case(
        (Row("output"),), "controlled-testing", {"outcome": 0, "billing": None, "clean": 0}
    ),
    "an output with an inconclusive bill": Case(
        (Row("output", "inconclusive"),), "controlled-testing", {"billing": None, "clean": 0}
    ),
    "the claim is as old as its older leg": Case(
        (back(9, OK), Row("output", "inconclusive")),
        "recommended",
        {"outcome": 1, "billing": 0, "clean": 1, "seen_on": days_ago(9)},
    ),
    "confirming can take two": Case(
        (OK,), "controlled-testing", {"clean": 1, "needed": 2}, terms=policy(confirm_after=2)
    ),
    "one error lowers at once": Case(
        (back(5, OK, times=9), Row("error", "aligned")),
        "not-recommended",
        {"outcome": 1, "billing": None, "clean": 0, "needed": 3, "seen_on": NEWEST_DAY},
    ),
    "two clean retests do not clear an error": Case(
        (back(5, FAILED), back(3, OK), OK),
        "controlled-testing",
        {"outcome": 2, "billing": 2, "clean": 2, "needed": 3, "intermittent": False},
    ),
    "three clean retests clear an error, in any number of rows": Case(
        (back(5, FAILED), back(3, OK, times=2), OK), "recommended", {"clean": 3, "needed": 3}
    ),
    "a failure and then a success are mixed, not clean": Case(
        (back(5, OK), Row("mixed", "aligned")),
        "controlled-testing",
        {"intermittent": True, "outcome": 1, "billing": None, "clean": 0, "needed": 3},
    ),
    "a mismatch ends the count and is a fall": Case(
        (back(5, OK, times=5), back(3, MISMATCH), OK),
        "controlled-testing",
        {"billing": 2, "clean": 1, "needed": 3},
    ),
    "an inconclusive outcome with a conclusive bill": Case(
        (back(5, FAILED), back(3, OK), back(2, Row("inconclusive", "aligned")), OK),
        "recommended",
        {"outcome": 3, "billing": 3, "clean": 3, "needed": 3},
    ),
    "an inconclusive outcome with a mismatch": Case(
        (back(5, OK), Row("inconclusive", "mismatch")),
        "controlled-testing",
        {"outcome": 0, "billing": 1, "clean": 0, "needed": 3},
    ),
    "an inconclusive row alone": Case((SILENT,), "unverified", {"outcome": None}),
    "an inconclusive row after an error": Case(
        (back(5, FAILED), SILENT), "not-recommended", {"outcome": 0, "seen_on": days_ago(5)}
    ),
    "silence on two dates on which another endpoint was conclusive": Case(
        (back(7, OK), walnut(5), back(5, SILENT), SILENT, walnut(0, "error")),
        "not-recommended",
        {"outcome": 3, "no_answer": True, "clean": 0, "needed": 3, "seen_on": NEWEST_DAY},
    ),
    "silence that its own rows mark": Case(
        (*(back(days, SILENT, others_conclusive=True) for days in (5, 0)),),
        "not-recommended",
        {"outcome": 1, "no_answer": True},
    ),
    "silence that its own row denies": Case(
        (walnut(5), back(5, SILENT, others_conclusive=False), walnut(0), SILENT),
        "unverified",
        {"outcome": None, "no_answer": False},
    ),
    "silence on a date without a conclusive row": Case(
        (back(7, OK), walnut(5), back(5, SILENT), SILENT, walnut(1)),
        "recommended",
        {"outcome": 0, "clean": 1, "needed": 1, "seen_on": days_ago(7)},
    ),
    "such a silence does not renew an error": Case(
        (walnut(5), back(5, SILENT), walnut(3), back(3, SILENT), SILENT),
        "not-recommended",
        {"outcome": 3, "seen_on": days_ago(3)},
    ),
    "an answer between two silences": Case(
        (walnut(5), back(5, SILENT), back(3, OK), SILENT, walnut(0)),
        "recommended",
        {"outcome": 2, "clean": 1, "needed": 1},
    ),
    "each silence of a date, once a later row makes them count": Case(
        (walnut(5), back(5, SILENT), SILENT, OK, SILENT, walnut(0)),
        "controlled-testing",
        {"outcome": 3, "no_answer": False, "clean": 1, "needed": 3},
    ),
    "two silences on one date": Case(
        (back(7, OK), walnut(0), SILENT, SILENT), "recommended", {"outcome": 0}
    ),
    "silence while the other row is no evidence": Case(
        (
            *(back(9, OK), back(9, SILENT)),
            *(walnut(5), back(5, SILENT)),
            *(walnut(2, target="local"), back(2, SILENT)),
            *(walnut(1, "inconclusive"), back(1, SILENT)),
        ),
        "recommended",
        {"outcome": 0, "no_answer": False},
    ),
    "silence while the other row was retracted": Case(
        (back(9, OK), walnut(3), back(3, SILENT), walnut(2, retracted=True), back(2, SILENT)),
        "not-recommended",
        {"outcome": 4, "no_answer": True},
    ),
    "silence on two dates, the first retracted since": Case(
        (
            back(9, OK),
            *(walnut(3), back(3, SILENT, retracted=True)),
            *(walnut(1), back(1, SILENT)),
        ),
        "controlled-testing",
        {"outcome": 0, "no_answer": False, "clean": 0, "needed": 3},
    ),
    "replies about the caller on two dates": Case(
        (
            back(9, OK),
            *(walnut(3), back(3, REFUSED), back(2, REFUSED, others_conclusive=True)),
            *(walnut(1), back(1, SILENT)),
        ),
        "recommended",
        {"outcome": 0, "no_answer": False},
    ),
    "silence while another endpoint sent something else": Case(
        (walnut(4, "error", differs="body"), back(4, SILENT), walnut(0), SILENT),
        "not-recommended",
        {"no_answer": True},
    ),
    "other targets, retracted rows and other requests": Case(
        (
            back(9, OK, target="local"),
            *(back(3, OK, differs=name) for name in ("base_url", "request", "auth", "body")),
            back(2, FAILED, retracted=True),
            back(1, FAILED, target="local"),
        ),
        "unverified",
        {"outcome": None, "billing": None, "clean": 0, "needed": 3},
    ),
    "a retracted failure is a fall all the same": Case(
        (back(2, OK, times=3), back(1, FAILED, retracted=True), OK),
        "controlled-testing",
        {"outcome": 2, "clean": 1, "needed": 3},
    ),
    "a failure of another request is a fall of the endpoint": Case(
        (back(2, OK, times=3), back(1, FAILED, differs="body"), OK),
        "controlled-testing",
        {"outcome": 2, "clean": 1, "needed": 3},
    ),
    "silence of another request on two dates": Case(
        (*(walnut(3), back(3, SILENT, differs="body")), *(walnut(1), back(1, SILENT)), OK),
        "controlled-testing",
        {"outcome": 4, "clean": 1, "needed": 3},
    ),
    "a bill of another request without a ledger": Case(
        (OK, back(0, MISMATCH, differs="body")),
        "recommended",
        {"outcome": 0, "clean": 1, "needed": 1},
        ledger=NO_LEDGER,
    ),
    "the lowest hold is in force": Case(
        (OK,),
        "not-recommended",
        {"supported": "recommended", "hold": 1, "clean": 1},
        holds=(
            hold(ACORN, "controlled-testing"),
            hold("acorn/*", "not-recommended"),
            hold("ACORN/*", "not-recommended"),
        ),
    ),
    "a hold does not raise": Case(
        (),
        "unverified",
        {"supported": "unverified", "hold": None},
        holds=(hold(ACORN, "controlled-testing"), hold(WALNUT, "not-recommended")),
    ),
    "without a ledger outputs count": Case(
        (back(6, FAILED), back(4, Row("output", times=2)), MISMATCH),
        "recommended",
        {"outcome": 2, "billing": None, "clean": 3, "needed": 3, "seen_on": NEWEST_DAY},
        ledger=NO_LEDGER,
    ),
    "without a named ledger no bill raises": Case(
        (back(6, OK), back(4, OK)),
        "controlled-testing",
        {"outcome": 1, "billing": None, "clean": 0, "needed": 1},
        ledger=None,
    ),
    "a free route that was billed when it failed": Case(
        (back(6, FAILED), back(4, Row("output", times=2)), Row("output", "inconclusive")),
        "controlled-testing",
        {"outcome": 2, "billing": None, "clean": 0, "needed": 3},
        free=True,
    ),
    "a free route without a bill": Case(
        (back(6, Row("error")), back(4, Row("output", times=2)), Row("output", "inconclusive")),
        "recommended",
        {"outcome": 2, "billing": None, "clean": 3, "needed": 3},
        free=True,
    ),
    "a free route that was billed": Case(
        (back(6, Row("output")), MISMATCH, Row("output", back=0)),
        "controlled-testing",
        {"outcome": 2, "billing": 1, "clean": 0, "needed": 3},
        free=True,
    ),
    "without a named ledger a bad bill lowers": Case(
        (back(6, OK), MISMATCH), "controlled-testing", {"billing": 1, "clean": 0}, ledger=None
    ),
}


@pytest.mark.parametrize("judge", [expect, lambda status, name: assess(status)[name]])
@pytest.mark.parametrize("name", CASES)
def test_a_case_has_the_result_worked_out_by_hand(
    name: str, judge: Callable[[Status, str], Assessment | Expected]
) -> None:
    case = CASES[name]
    status = status_of(
        *case.rows, holds=case.holds, ledger=case.ledger, free=case.free, terms=case.terms
    )
    found = shown(judge(status, ACORN), status)
    expected = case.says | {"standing": case.standing}
    assert {name: found[name] for name in expected} == expected


@dataclass(frozen=True)
class Draw:
    """A status file at random: rows of two endpoints at two targets, and the tables beside them."""

    seed: int
    rows: Sequence[Row]
    tables: dict[str, Any]
    today: date


def draw(seed: int) -> Draw:
    random = Random(seed)
    days = sorted((random.randrange(5) for _ in range(random.randrange(13))), reverse=True)
    rows = [
        Row(
            outcome=random.choice((*OUTCOMES, "output", *("inconclusive",) * 3)),
            billing=random.choice((*BILLINGS, "aligned", "aligned", "aligned")),
            back=back,
            times=random.choice((1, 1, 2, 3)),
            endpoint=random.choice((ACORN, ACORN, WALNUT)),
            target=random.choice(("production",) * 5 + ("local",)),
            differs=random.choice((None,) * 16 + ("base_url", "request", "auth", "body")),
            retracted=random.randrange(13) == 0,
            others_conclusive=random.choice((None,) * 8 + (True, False)),
            kind=random.choice(("no-answer",) * 6 + ("overloaded", None)),
        )
        for back in days
    ]
    holds = [
        hold(
            random.choice((ACORN, "acorn/*", "*", WALNUT, "ACORN/images")),
            random.choice(("controlled-testing", "not-recommended")),
        )
        for _ in range(random.choice((0, 0, 0, 1, 2, 3)))
    ]
    ledger = random.choice(("new-api", "new-api", NO_LEDGER, None))
    terms = policy(random.randint(1, 3), random.randint(1, 4))
    free = random.randrange(4) == 0
    tables = {"holds": tuple(holds), "ledger": ledger, "free": free, "terms": terms}
    return Draw(seed, rows, tables, NEWEST_DAY + timedelta(days=random.randrange(41)))


STATED = ("standing", "supported", "intermittent", "no_answer")


@pytest.mark.no_cover
def test_any_file_has_the_result_of_the_rules() -> None:
    came: set[tuple[str, object]] = set()
    for file in map(draw, range(30 * settings().max_examples)):
        status = status_of(*file.rows, **file.tables)
        assessments = assess(status)
        for endpoint in (ACORN, WALNUT):
            found, expected = assessments[endpoint], expect(status, endpoint)
            assert shown(found, status) == shown(expected, status), (file, endpoint)
            is_fresh = expect_fresh(expected, status.policy, file.today)
            assert found.is_fresh(status.policy, file.today) == is_fresh, (file, endpoint)
            came.update((name, getattr(expected, name)) for name in STATED)
            came.add(("billed", expected.billing is not None))
            came.add(("held", expected.hold and expected.hold.to))
            came.add(("fresh", is_fresh))
    assert came == {
        *product(STATED[:2], Standing),
        *product((*STATED[2:], "billed", "fresh"), (True, False)),
        *product(("held",), (None, "controlled-testing", "not-recommended")),
    }


def rank(standing: Standing) -> int:
    return LADDER.index(standing)


@pytest.mark.no_cover
def test_a_hold_never_raises_and_a_new_error_lowers_at_once() -> None:
    for file in map(draw, range(10 * settings().max_examples)):
        free = assessed(*file.rows, **file.tables | {"holds": ()})
        held = assessed(*file.rows, **file.tables)
        failed = assessed(
            *file.rows, Row("error", BILLINGS[file.seed % len(BILLINGS)]), **file.tables
        )
        assert free.standing == free.supported == held.supported, file
        assert rank(failed.standing) <= rank(held.standing) <= rank(free.standing), file
        assert (held.hold is not None) == (held.standing != free.standing), file
        assert (failed.supported, failed.seen_on) == ("not-recommended", NEWEST_DAY), file


@pytest.mark.no_cover
def test_a_retraction_of_a_good_row_raises_nothing() -> None:
    for file in map(draw, range(10 * settings().max_examples)):
        good = [row for row in file.rows if row.outcome == "output" and row.billing == "aligned"]
        for row in good[:1]:
            rows = [replace(one, retracted=one.retracted or one is row) for one in file.rows]
            before, after = (assess(status_of(*some, **file.tables)) for some in (file.rows, rows))
            for name in (ACORN, WALNUT):
                assert rank(after[name].standing) <= rank(before[name].standing), (file, name)


def may_be_bad(row: Observation) -> bool:
    """Whether a row is bad, or could be the second silence that is."""
    return row.is_bad or (row.outcome == "inconclusive" and row.kind == "no-answer")


@pytest.mark.no_cover
def test_rows_that_do_not_count_change_nothing() -> None:
    for file in map(draw, range(10 * settings().max_examples)):
        whole = status_of(*file.rows, **file.tables)
        counting = tuple(
            observed
            for observed, row in zip(whole.observations, file.rows, strict=True)
            if row.target == "production"
            and not (
                row.endpoint == ACORN
                and (row.retracted or row.differs)
                and not may_be_bad(observed)
            )
        )
        alone = whole.model_copy(update={"observations": counting})
        assert shown(assess(whole)[ACORN], whole) == shown(assess(alone)[ACORN], whole), file


@pytest.mark.parametrize(
    ("body", "standing"),
    [
        ({"prompt": "A red cube", "*": None}, "recommended"),
        ({"model": "acorn", "prompt": None}, "recommended"),
        ({"parts": [{"text": None}], "config": {"size": None}}, "recommended"),
        ({"model": "acorn", "prompt": None, "size": {"*": None}, "*": None}, "unverified"),
        ({"model": None, "prompt": None}, "unverified"),
        ({"parts": [None], "config": None}, "unverified"),
        ({"parts": [{"text": None}], "config": {"*": None}}, "unverified"),
        ({"model": "acorn", "input": {"*": None}}, "unverified"),
    ],
)
def test_a_body_of_which_only_the_model_is_known_raises_nothing(
    body: dict[str, Any], standing: str
) -> None:
    seen = observation(0, OK)
    row = seen.model_copy(update={"sent": seen.sent.model_copy(update={"body": body})})
    assert Tally().after(row, is_current=True, others_conclusive=False, is_measured=True).supported(
        policy()
    ) == Standing(standing)


def test_without_a_ledger_an_assessment_has_no_bill() -> None:
    assert assessed(Row("output")).billing_measured
    assert not assessed(Row("output"), ledger=NO_LEDGER).billing_measured
    assert not assessed(Row("output"), free=True).billing_measured
    assert assessed(Row("output"), OK, free=True).billing_measured


def test_the_rows_of_an_assessment_are_newest_first_and_without_retracted_ones() -> None:
    rows = assessed(back(2, OK), back(1, OK, retracted=True), replace(OK, differs="body")).rows
    assert [(seen.row.day, seen.is_current) for seen in rows] == [
        (NEWEST_DAY, False),
        (days_ago(2), True),
    ]


def test_a_claim_is_fresh_up_to_its_last_day() -> None:
    found, last = assessed(OK), NEWEST_DAY + timedelta(days=30)
    assert found.is_fresh(policy(), last)
    assert not found.is_fresh(policy(), last + timedelta(days=1))
    assert not assessed().is_fresh(policy(), NEWEST_DAY)


@pytest.mark.parametrize(
    ("rows", "model", "best"),
    [
        ((MISMATCH, walnut(0)), "acorn", WALNUT),
        ((OK, walnut(0)), "walnut", ACORN),
        ((OK, walnut(0)), "clover", None),
        ((FAILED,), "acorn", None),
    ],
)
def test_the_alternative_is_the_best_of_the_family_that_works(
    rows: tuple[Row, ...], model: str, best: str | None
) -> None:
    status = status_of(*rows)
    found = alternative(status, assess(status), model)
    assert (found.endpoint if found else None) == best


def sighting(upstream: str, how: str = "seen", at: date = NEWEST_DAY) -> Mapping:
    given = {"alias": "acorn", "upstream": upstream, "at": at, "how": how, "source": SOURCE}
    return Mapping.model_validate(given)


LATE = datetime(2026, 4, 13, 23, tzinfo=timezone(timedelta(hours=-3)))
"""Already the newest day in UTC."""


@pytest.mark.parametrize(
    ("sightings", "word"),
    [
        ((sighting("oak"),), "confirmed"),
        ((sighting("oak", "stated"),), "stated"),
        ((sighting("oak"), sighting("elm", "stated")), "confirmed"),
        ((sighting("elm", at=days_ago(13)), sighting("oak")), "confirmed"),
        ((sighting("oak", at=days_ago(13)), sighting("elm")), "contradicted"),
        ((sighting("elm", "stated"),), "contradicted"),
        ((sighting("elm"), sighting("oak")), "varies"),
        ((sighting("elm", at=LATE), sighting("oak")), "varies"),
    ],
)
def test_a_mapping_follows_from_its_newest_sightings(
    sightings: tuple[Mapping, ...], word: str
) -> None:
    state = mapping_of(status_of(mappings=sightings), "acorn")
    assert state and state.word == word


def test_a_model_called_by_its_own_name_has_no_mapping() -> None:
    own = sighting("oak").model_copy(update={"alias": "walnut"})
    assert mapping_of(status_of(), "acorn") is None
    assert mapping_of(status_of(mappings=(own,)), "walnut") is None


def test_one_risk_covers_the_targets_with_the_same_failure() -> None:
    both = (Row("error", signatures=("known",), target=target) for target in BASE_URLS)
    assert assessed(*both).risks == (
        Risk("failed", ("production", "local"), NEWEST_DAY, "error", ("known",)),
    )


@pytest.mark.parametrize(
    ("rows", "risks"),
    [
        ((OK,), []),
        (
            (Row("error", signatures=("known",)), Row("error", target="local")),
            [("failed", ("production",), None), ("failed", ("local",), None)],
        ),
        (
            (Row("error"), Row("output", target="local")),
            [("failed", ("production",), None), ("works-elsewhere", ("local",), None)],
        ),
        (
            (MISMATCH, replace(FAILED, target="local")),
            [
                ("failed", ("local",), None),
                ("billing", ("production",), "mismatch"),
                ("billing", ("local",), "abnormal"),
            ],
        ),
    ],
    ids=["none", "different failures", "works elsewhere", "bills"],
)
def test_each_failure_of_a_target_is_a_risk(
    rows: tuple[Row, ...], risks: list[tuple[str, tuple[str, ...], str | None]]
) -> None:
    found = assessed(*rows).risks
    assert [(risk.kind, risk.targets, risk.billing) for risk in found] == risks


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_an_assessment_takes_each_row_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Counter[str]()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            calls[name] += 1
            return function(*arguments, **named)

        return call

    monkeypatch.setattr(assessment, "row_differences", counted("differences", row_differences))
    monkeypatch.setattr(Tally, "after", counted("after", Tally.after))
    pair = (observation(0, SILENT), observation(1, walnut(0)))
    days = (NEWEST_DAY - timedelta(days=count // 2 - back) for back in range(count // 2))
    rows = tuple(seen.model_copy(update={"at": day}) for day in days for seen in pair)
    found = assess(status_of().model_copy(update={"observations": rows}))
    assert found[ACORN].no_answer and found[WALNUT].clean == count // 2
    assert calls["differences"] == count and calls["after"] <= 1.5 * count
