"""Standing against `oracle`, case by case: hand-written ones, a whole table, and random files."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from itertools import islice, product
from math import ceil
from typing import Any, get_args

import pytest
from conftest import is_long_run
from hypothesis import given
from hypothesis import strategies as st
from oracle import LADDER, Expected, expect, expect_fresh

from trueup.evidence import Assessment, assess
from trueup.model import (
    Auth,
    Billing,
    Endpoint,
    Hold,
    LedgerPolicy,
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

pytestmark = pytest.mark.no_cover

ACORN, WALNUT = "acorn/images", "walnut/images"
NEWEST_DAY = date(2026, 4, 14)
FRESH_FOR = timedelta(days=30)
BASE_URLS = {"production": "https://gateway.example", "local": "http://localhost:4000"}
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
BILLINGS: tuple[Billing | None, ...] = (None, *get_args(Billing))
NO_LEDGER = LedgerPolicy(none="The gateway keeps no log.")


@dataclass(frozen=True)
class Seen:
    """A row in short: `back` is in days before the newest day, `differs` names a field of sent."""

    outcome: Outcome
    billing: Billing | None = None
    back: int = 0
    times: int = 1
    endpoint: str = ACORN
    target: str = "production"
    differs: str | None = None
    retracted: bool = False


def _sent(seen: Seen) -> Sent:
    sent = Sent(
        base_url=BASE_URLS[seen.target],
        request="POST /v1/images/generations",
        auth="bearer",
        body={"model": seen.endpoint.split("/")[0], "prompt": "A red cube"},
    )
    other: dict[str, Any] = {
        "base_url": BASE_URLS["local" if seen.target == "production" else "production"],
        "request": "POST /v2/images/generations",
        "auth": "query-key",
        "body": sent.body | {"prompt": "A blue cube"},
    }
    return sent.model_copy(update={seen.differs: other[seen.differs]}) if seen.differs else sent


@cache
def observation(place: int, seen: Seen) -> Observation:
    day = NEWEST_DAY - timedelta(days=seen.back)
    several: dict[str, Any] = {"first": day - timedelta(days=2), "last": day, "times": seen.times}
    when: dict[str, Any] = {"at": day} if seen.times == 1 else several
    return Observation(
        **when,
        endpoint=seen.endpoint,
        target=seen.target,
        sent=_sent(seen),
        outcome=seen.outcome,
        reason="The key was exhausted." if "inconclusive" in (seen.outcome, seen.billing) else None,
        billing=seen.billing,
        source=Source(reported=f"row {place}"),
        retracted="Sent with a wrong key." if seen.retracted else None,
    )


def hold(pattern: str, to: str) -> Hold:
    why = {"reason": "Under review.", "by": "A. Person", "on": NEWEST_DAY}
    return Hold.model_validate({"endpoint": pattern, "to": Standing(to), **why})


def policy(confirm_after: int = 1, recover_after: int = 3) -> Policy:
    return Policy.model_construct(
        fresh_for=FRESH_FOR,
        confirm_after=confirm_after,
        recover_after=recover_after,
        reported_until=NEWEST_DAY,
    )


@cache
def _rest(ledger: LedgerPolicy | None) -> dict[str, Any]:
    return {
        "targets": {
            "local": Target(base_url=BASE_URLS["local"]),
            "production": Target(base_url=BASE_URLS["production"], reference=True, ledger=ledger),
        },
        "routes": {
            "images": Route(
                request="POST /v1/images/generations",
                protocol="openai-images",
                auth=Auth(documented="bearer"),
            )
        },
        "models": {"acorn": Model(title="Acorn"), "walnut": Model(title="Walnut")},
        "endpoints": dict.fromkeys((ACORN, WALNUT), Endpoint(body={"prompt": "A red cube"})),
    }


def status_of(
    rows: Sequence[Seen],
    holds: tuple[Hold, ...] = (),
    ledger: LedgerPolicy | None = None,
    terms: Policy | None = None,
) -> Status:
    return Status.model_construct(
        version=2,
        policy=terms or policy(),
        holds=holds,
        observations=tuple(observation(place, seen) for place, seen in enumerate(rows)),
        **_rest(ledger),
    )


def shown(verdict: Assessment | Expected) -> dict[str, object]:
    """The fields of a verdict, its two rows by their names."""
    return {
        "standing": verdict.standing,
        "supported": verdict.supported,
        "intermittent": verdict.intermittent,
        "no_answer": verdict.no_answer,
        "outcome": _name(verdict.outcome),
        "billing": _name(verdict.billing),
        "clean": verdict.clean,
        "needed": verdict.needed,
        "hold": verdict.hold and (verdict.hold.endpoint, verdict.hold.to),
        "seen_on": verdict.seen_on,
    }


def _name(row: Observation | None) -> str | None:
    return row.source.reported if row and row.source else None


def explain(status: Status, endpoint: str, *differences: str) -> str:
    terms = status.policy
    return "\n".join(
        [
            f"{endpoint}: confirm {terms.confirm_after}, recover {terms.recover_after}, "
            f"ledger {status.targets['production'].ledger and 'none'}, "
            f"holds {[(each.endpoint, str(each.to)) for each in status.holds]}",
            *(
                f"  {_name(row)}: {row.day} {row.endpoint} {row.target} {row.outcome} "
                f"{row.billing} x{row.times}{' retracted' if row.retracted else ''}"
                f"{'' if row.sent == _sent(_plain(row)) else ' sent otherwise'}"
                for row in status.observations
            ),
            *(f"  -> {difference}" for difference in differences),
        ]
    )


def _plain(row: Observation) -> Seen:
    return Seen("output", endpoint=row.endpoint, target=row.target)


def differences_of(verdict: Assessment, expected: Expected) -> list[str]:
    got, wanted = shown(verdict), shown(expected)
    return [
        f"{name}: {got[name]}, the oracle says {wanted[name]}"
        for name in wanted
        if got[name] != wanted[name]
    ]


def assert_none(wrong: Sequence[str], of: int) -> None:
    assert not wrong, f"{len(wrong)} of {of} cases differ; the first:\n" + "\n".join(wrong[:5])


OK = Seen("output", "aligned")
FAILED = Seen("error", "abnormal")
MIXED = Seen("mixed", "aligned")
SILENT = Seen("inconclusive")


def back(days: int, seen: Seen, **changes: Any) -> Seen:
    return replace(seen, back=days, **changes)


def walnut(days: int, outcome: Outcome = "output", **changes: Any) -> Seen:
    """A row of the other endpoint, which says that its retest of that day told."""
    return back(days, Seen(outcome, "aligned", endpoint=WALNUT), **changes)


@dataclass(frozen=True)
class Hand:
    """A case with what the rules say of it, worked out by a person."""

    name: str
    rows: tuple[Seen, ...]
    standing: str
    says: dict[str, object]
    holds: tuple[Hold, ...] = ()
    ledger: LedgerPolicy | None = None
    terms: Policy = field(default_factory=policy)


def days_ago(days: int) -> date:
    return NEWEST_DAY - timedelta(days=days)


HANDS = (
    Hand(
        "nothing was seen",
        (),
        "unverified",
        {"outcome": None, "billing": None, "clean": 0, "needed": 1, "seen_on": None},
    ),
    Hand(
        "one clean retest is enough for an endpoint that never fell",
        (OK,),
        "recommended",
        {"outcome": "row 0", "billing": "row 0", "clean": 1, "needed": 1, "seen_on": NEWEST_DAY},
    ),
    Hand(
        "an image without a bill is not recommended",
        (Seen("output"),),
        "controlled-testing",
        {"outcome": "row 0", "billing": None, "clean": 0, "needed": 1, "seen_on": NEWEST_DAY},
    ),
    Hand(
        "the claim is as old as its older leg",
        (back(9, OK), Seen("output", "inconclusive")),
        "recommended",
        {"outcome": "row 1", "billing": "row 0", "clean": 1, "seen_on": days_ago(9)},
    ),
    Hand(
        "confirming can take two",
        (OK,),
        "controlled-testing",
        {"clean": 1, "needed": 2},
        terms=policy(confirm_after=2),
    ),
    Hand(
        "one error lowers at once",
        (back(5, OK, times=9), Seen("error", "aligned")),
        "not-recommended",
        {"outcome": "row 1", "billing": None, "clean": 0, "needed": 3, "seen_on": NEWEST_DAY},
    ),
    Hand(
        "two clean retests do not clear an error",
        (back(5, FAILED), back(3, OK), OK),
        "controlled-testing",
        {"outcome": "row 2", "billing": "row 2", "clean": 2, "needed": 3, "intermittent": False},
    ),
    Hand(
        "three clean retests clear an error, as one row or more",
        (back(5, FAILED), back(3, OK, times=2), OK),
        "recommended",
        {"clean": 3, "needed": 3},
    ),
    Hand(
        "fail then success is mixed, not clean",
        (back(5, OK), MIXED),
        "controlled-testing",
        {"intermittent": True, "outcome": "row 1", "billing": None, "clean": 0, "needed": 3},
    ),
    Hand(
        "a bill that did not line up ends the count and is a fall",
        (back(5, OK, times=5), back(3, Seen("output", "mismatch")), OK),
        "controlled-testing",
        {"billing": "row 2", "clean": 1, "needed": 3},
    ),
    Hand(
        "a row that cannot tell its outcome still tells its bill",
        (back(5, FAILED), back(3, OK), back(2, Seen("inconclusive", "aligned")), OK),
        "recommended",
        {"outcome": "row 3", "billing": "row 3", "clean": 3, "needed": 3},
    ),
    Hand(
        "could not tell after an error leaves the error",
        (back(5, FAILED), SILENT),
        "not-recommended",
        {"outcome": "row 0", "seen_on": days_ago(5)},
    ),
    Hand(
        "silence on two days on which another endpoint told is an error",
        (back(7, OK), walnut(5), back(5, SILENT), SILENT, walnut(0, "error")),
        "not-recommended",
        {"outcome": "row 3", "clean": 0, "needed": 3, "seen_on": NEWEST_DAY},
    ),
    Hand(
        "silence on a day on which nobody told is no error",
        (back(7, OK), walnut(5), back(5, SILENT), SILENT, walnut(1)),
        "recommended",
        {"outcome": "row 0", "clean": 1, "needed": 1, "seen_on": days_ago(7)},
    ),
    Hand(
        "a silence on a day on which nobody told does not renew a no answer",
        (walnut(5), back(5, SILENT), walnut(3), back(3, SILENT), SILENT),
        "not-recommended",
        {"outcome": "row 3", "seen_on": days_ago(3)},
    ),
    Hand(
        "an answer between two silences breaks them apart",
        (walnut(5), back(5, SILENT), back(3, OK), SILENT, walnut(0)),
        "recommended",
        {"outcome": "row 2", "clean": 1, "needed": 1},
    ),
    Hand(
        "other targets, retracted rows and other bodies say nothing",
        (
            back(4, OK, target="local"),
            back(3, OK, differs="body"),
            back(2, FAILED, retracted=True),
            back(1, FAILED, target="local"),
        ),
        "unverified",
        {"outcome": None, "billing": None, "clean": 0, "needed": 1},
    ),
    Hand(
        "the lowest hold is in force",
        (OK,),
        "not-recommended",
        {"supported": "recommended", "hold": ("acorn/*", "not-recommended"), "clean": 1},
        holds=(
            hold(ACORN, "controlled-testing"),
            hold("acorn/*", "not-recommended"),
            hold("ACORN/*", "not-recommended"),
        ),
    ),
    Hand(
        "a hold does not talk an endpoint up",
        (),
        "unverified",
        {"supported": "unverified", "hold": None},
        holds=(hold(ACORN, "controlled-testing"), hold(WALNUT, "not-recommended")),
    ),
    Hand(
        "without a ledger images are counted and bills are not read",
        (back(6, FAILED), back(4, Seen("output", times=2)), Seen("output", "mismatch")),
        "recommended",
        {"outcome": "row 2", "billing": None, "clean": 3, "needed": 3, "seen_on": NEWEST_DAY},
        ledger=NO_LEDGER,
    ),
)


@pytest.mark.parametrize("judge", [expect, lambda status, name: assess(status)[name]])
@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.name)
def test_a_case_worked_out_by_hand(
    hand: Hand, judge: Callable[[Status, str], Assessment | Expected]
) -> None:
    found = shown(judge(status_of(hand.rows, hand.holds, hand.ledger, hand.terms), ACORN))
    wanted = hand.says | {"standing": hand.standing}
    assert {name: found[name] for name in wanted} == wanted


HISTORIES: dict[str, tuple[Seen, ...]] = {
    "none": (),
    "1 aligned": (back(1, OK),),
    "2 aligned, 2 rows": (back(2, OK), back(1, OK)),
    "3 aligned, 3 rows": (back(3, OK), back(2, OK), back(1, OK)),
    "2 aligned, 1 row": (back(1, OK, times=2),),
    "3 aligned, 1 row": (back(1, OK, times=3),),
    "error": (back(1, FAILED),),
    "error of which the bill lined up": (back(1, Seen("error", "aligned", times=3)),),
    "error, 1 aligned": (back(2, FAILED), back(1, OK)),
    "error, 2 aligned, 2 rows": (back(3, FAILED), back(2, OK), back(1, OK)),
    "error, 2 aligned, 1 row": (back(3, FAILED), back(1, OK, times=2)),
    "error, 3 aligned, 1 row": (back(3, FAILED), back(1, OK, times=3)),
    "error, 2 images without a bill": (back(3, FAILED), back(1, Seen("output", times=2))),
    "2 aligned, error": (back(3, OK, times=2), back(1, FAILED)),
    "mixed": (back(1, MIXED),),
    "mixed, 2 aligned": (back(3, MIXED), back(1, OK, times=2)),
    "mixed, 3 bills aligned": (back(3, MIXED), back(1, Seen("inconclusive", "aligned", times=3))),
    "error, 3 bills aligned": (back(3, FAILED), back(1, Seen("inconclusive", "aligned", times=3))),
    "mismatch": (back(1, Seen("output", "mismatch")),),
    "mismatch, 2 aligned": (back(3, Seen("output", "mismatch")), back(1, OK, times=2)),
    "2 aligned, mismatch": (back(3, OK, times=2), back(1, Seen("output", "mismatch"))),
    "outcome not told": (back(1, SILENT),),
    "outcome not told, aligned": (back(1, Seen("inconclusive", "aligned")),),
    "outcome not told, mismatch": (back(1, Seen("inconclusive", "mismatch")),),
    "bill not told": (back(1, Seen("output", "inconclusive")),),
    "aligned, bill not told": (back(2, OK), back(1, Seen("output", "inconclusive"))),
    "error, aligned, outcome not told, aligned": (
        back(4, FAILED),
        back(3, OK),
        back(2, Seen("inconclusive", "aligned")),
    ),
    "retracted error": (back(2, OK), back(1, FAILED, retracted=True)),
    "retracted mismatch": (back(2, OK), back(1, Seen("output", "mismatch"), retracted=True)),
    "error to another base URL": (back(2, OK), back(1, FAILED, differs="base_url")),
    "error at the other target, sent to the reference": (
        back(2, OK),
        back(1, FAILED, target="local", differs="base_url"),
    ),
    "error on another path": (back(2, OK), back(1, FAILED, differs="request")),
    "error with another auth": (back(2, OK), back(1, FAILED, differs="auth")),
    "error with another body": (back(2, OK), back(1, FAILED, differs="body")),
    "aligned with another body": (back(1, OK, differs="body", times=3),),
    "no answer": (back(3, SILENT), walnut(3), walnut(1, "mixed"), back(1, SILENT)),
    "no answer, 2 aligned": (
        *(walnut(4, "error", differs="body"), back(4, SILENT)),
        *(walnut(3), back(3, Seen("inconclusive", "aligned"))),
        back(1, OK, times=2),
    ),
    "no answer if the newest is silent": (back(1, SILENT), walnut(1), walnut(0)),
    "silent twice, nobody told": (back(3, SILENT), back(1, SILENT)),
    "silent twice, told on the first day": (walnut(3), back(3, SILENT), back(1, SILENT)),
    "silent twice, told on the second day": (back(3, SILENT), walnut(1), back(1, SILENT)),
    "silent twice on one day": (walnut(1), back(1, SILENT), back(1, SILENT)),
    "silent twice, telling row retracted": (
        *(walnut(3), back(3, SILENT)),
        *(walnut(1, retracted=True), back(1, SILENT)),
    ),
    "silent twice, told at the other target": (
        *(walnut(3), back(3, SILENT)),
        *(walnut(1, target="local"), back(1, SILENT)),
    ),
    "silent twice, the other not telling": (
        *(walnut(3), back(3, SILENT)),
        *(walnut(1, "inconclusive"), back(1, SILENT)),
    ),
    "silent twice, told by itself on the first day": (
        *(back(3, OK), back(3, SILENT)),
        *(walnut(1), back(1, SILENT)),
    ),
    "silent, aligned, silent": (
        *(walnut(3), back(3, SILENT)),
        back(2, OK),
        *(walnut(1), back(1, SILENT)),
    ),
}
NEWEST: tuple[Seen | None, ...] = (None, *(Seen(*pair) for pair in product(OUTCOMES, BILLINGS)))
TARGETS = ("reference", "other", "both agree", "both disagree")
HOLDS = (
    (),
    (hold(ACORN, "controlled-testing"),),
    (hold("acorn/*", "not-recommended"),),
    (hold(WALNUT, "not-recommended"), hold("ACORN/*", "not-recommended")),
    (hold("*/images", "controlled-testing"), hold(ACORN, "not-recommended")),
)
STEP = 7
"""The gate has each seventh case: 7 shares no factor with the 20 of a history and a newest row."""
AGES = (timedelta(days=5), FRESH_FOR, FRESH_FOR + timedelta(days=1))


def at_targets(newest: Seen | None, targets: str) -> tuple[Seen, ...]:
    opposite = FAILED if newest and newest.outcome == "output" else OK
    if targets == "both disagree":
        return (*((newest,) if newest else ()), replace(opposite, target="local"))
    if newest is None:
        return ()
    local = replace(newest, target="local")
    return {"reference": (newest,), "other": (local,), "both agree": (newest, local)}[targets]


def table(ledger: LedgerPolicy | None, confirm_after: int) -> Iterator[Status]:
    terms = policy(confirm_after)
    for history, newest, targets in product(HISTORIES.values(), NEWEST, TARGETS):
        rows = (*history, *at_targets(newest, targets))
        for holds in HOLDS:
            yield status_of(rows, holds, ledger, terms)


@pytest.mark.parametrize("confirm_after", [1, 2])
@pytest.mark.parametrize("ledger", [None, NO_LEDGER], ids=["ledger", "no ledger"])
def test_every_case_of_the_table_stands_as_the_rules_say(
    ledger: LedgerPolicy | None, confirm_after: int
) -> None:
    cases, wrong = 0, []
    came: Counter[tuple[str, object]] = Counter()
    step = 1 if is_long_run() else STEP
    for status in islice(table(ledger, confirm_after), 0, None, step):
        expected, verdict = expect(status, ACORN), assess(status)[ACORN]
        found = differences_of(verdict, expected)
        for age in AGES:
            cases += 1
            today = NEWEST_DAY + age
            fresh = expect_fresh(expected, status.policy, today)
            if verdict.is_fresh(status.policy, today) != fresh:
                found.append(f"{today}: the oracle says {fresh and '' or 'not '}fresh")
            came[f"fresh after {age.days} days", fresh] += 1
        if found:
            wrong.append(explain(status, ACORN, *found))
        came["supported", expected.supported] += 1
        came["standing", expected.standing] += 1
        came["intermittent", expected.intermittent] += 1
        came["no answer", expected.no_answer] += 1
        came["held", expected.hold.to if expected.hold else None] += 1
        came["clean", expected.clean >= expected.needed] += 1
        came["billing leg", expected.billing is not None] += 1
        came["needed", expected.needed] += 1
    assert_none(wrong, cases)
    assert cases == ceil(47 * 33 * 4 * 5 / step) * 3
    assert {key for key in came if "fresh" in key[0]} == {
        *product(("fresh after 5 days", "fresh after 30 days", "fresh after 31 days"), (False,)),
        *product(("fresh after 5 days", "fresh after 30 days"), (True,)),
    }
    assert {key for key in came if "fresh" not in key[0]} == {
        *product(("supported", "standing"), Standing),
        *product(("intermittent", "no answer", "clean"), (True, False)),
        *product(("held",), (None, Standing.CONTROLLED_TESTING, Standing.NOT_RECOMMENDED)),
        *product(("billing leg",), (True, False) if ledger is None else (False,)),
        *product(("needed",), (confirm_after, 3)),
    }


@st.composite
def files(draw: st.DrawFn) -> tuple[Seen, ...]:
    """Up to twelve rows of two endpoints at two targets, later ones not on an earlier day."""
    size = draw(st.integers(0, 12))
    ages = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size).map(sorted))
    rows = st.builds(
        Seen,
        outcome=st.sampled_from((*OUTCOMES, "output", "inconclusive", "inconclusive")),
        billing=st.sampled_from((*BILLINGS, "aligned", "aligned", "aligned")),
        times=st.sampled_from((1, 1, 2, 3)),
        endpoint=st.sampled_from((ACORN, WALNUT)),
        target=st.sampled_from(("production",) * 5 + ("local",)),
        differs=st.sampled_from((None,) * 16 + ("base_url", "request", "auth", "body")),
        retracted=st.sampled_from((False,) * 12 + (True,)),
    )
    return tuple(back(age, draw(rows)) for age in reversed(ages))


holdings = st.lists(
    st.builds(
        hold,
        st.sampled_from((ACORN, "acorn/*", "*", WALNUT, "ACORN/images")),
        st.sampled_from(("controlled-testing", "not-recommended")),
    ),
    max_size=3,
).map(tuple)
ledgers = st.sampled_from((None, None, NO_LEDGER))
policies = st.builds(policy, st.integers(1, 3), st.integers(1, 4))


def rank(standing: Standing) -> int:
    return LADDER.index(standing)


@given(files(), holdings, ledgers, policies, st.integers(0, 40))
def test_any_file_stands_as_the_rules_say(
    rows: tuple[Seen, ...],
    holds: tuple[Hold, ...],
    ledger: LedgerPolicy | None,
    terms: Policy,
    days: int,
) -> None:
    status, today = status_of(rows, holds, ledger, terms), NEWEST_DAY + timedelta(days=days)
    for endpoint in (ACORN, WALNUT):
        expected, verdict = expect(status, endpoint), assess(status)[endpoint]
        found = differences_of(verdict, expected)
        assert not found, explain(status, endpoint, *found)
        assert verdict.is_fresh(terms, today) == expect_fresh(expected, terms, today)


@given(files(), holdings, ledgers, policies)
def test_a_hold_never_raises(
    rows: tuple[Seen, ...], holds: tuple[Hold, ...], ledger: LedgerPolicy | None, terms: Policy
) -> None:
    free = assess(status_of(rows, (), ledger, terms))[ACORN]
    held = assess(status_of(rows, holds, ledger, terms))[ACORN]
    assert free.standing == free.supported == held.supported
    assert rank(held.standing) <= rank(free.standing)
    assert (held.hold is not None) == (held.standing != free.standing)


@given(files(), holdings, ledgers, policies, st.sampled_from(BILLINGS))
def test_a_new_error_lowers_at_once_and_never_raises(
    rows: tuple[Seen, ...],
    holds: tuple[Hold, ...],
    ledger: LedgerPolicy | None,
    terms: Policy,
    billing: Billing | None,
) -> None:
    before = assess(status_of(rows, holds, ledger, terms))[ACORN]
    after = assess(status_of((*rows, Seen("error", billing)), holds, ledger, terms))[ACORN]
    assert rank(after.standing) <= rank(before.standing)
    assert after.supported == "not-recommended"
    assert after.seen_on == NEWEST_DAY


@given(files(), holdings, ledgers, policies)
def test_rows_that_do_not_count_change_nothing(
    rows: tuple[Seen, ...], holds: tuple[Hold, ...], ledger: LedgerPolicy | None, terms: Policy
) -> None:
    whole = status_of(rows, holds, ledger, terms)
    counting = tuple(
        row
        for row, seen in zip(whole.observations, rows, strict=True)
        if seen.target == "production"
        and not seen.retracted
        and not (seen.differs and seen.endpoint == ACORN)
    )
    alone = whole.model_copy(update={"observations": counting})
    assert shown(assess(whole)[ACORN]) == shown(assess(alone)[ACORN])


@given(holdings, ledgers, policies, st.integers(0, 40))
def test_without_rows_an_endpoint_is_unverified_and_nothing_is_fresh(
    holds: tuple[Hold, ...], ledger: LedgerPolicy | None, terms: Policy, days: int
) -> None:
    verdict = assess(status_of((), holds, ledger, terms))[ACORN]
    assert verdict.supported == "unverified"
    assert (verdict.outcome, verdict.billing, verdict.seen_on) == (None, None, None)
    assert not verdict.is_fresh(terms, NEWEST_DAY + timedelta(days=days))
