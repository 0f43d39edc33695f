"""What a retest asks, what its proofs come to, and what they change: without a gateway."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP
from hypothesis import given
from hypothesis import strategies as st

from trueup.errors import BadInput
from trueup.evidence import assess
from trueup.model import Billing, Observation, Outcome, Source
from trueup.request import request_of
from trueup.retest.plan import due, plan
from trueup.retest.receipt import Amounts, Attempt, RetestReceipt, row_of
from trueup.retest.report import plan_rows
from trueup.retest.target import Credentials
from trueup.snippet import languages_of, render_snippet
from trueup.status_file import Stored, parse_status

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
STORED = parse_status(TEXT, "status.yml", LATER)
STATUS = STORED.status
GOOD = "nano-banana-2/generate-content"
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"
UNBILLED = "nano-banana-pro/generate-content"
SNIPPETS = [
    render_snippet(STATUS, endpoint, language.name, TOP / "snippets")
    for endpoint in STATUS.endpoints
    for language in languages_of(STATUS.route_of(endpoint).protocol, TOP / "snippets")
]
PNG = {"format": "PNG", "width": 1, "height": 1, "bytes": 70}
UNKNOWN_NAME = "unknown-image-output-options"


def bill(verdict: Billing) -> Amounts:
    return Amounts(verdict=verdict, cause="agreed", reason=f"the amounts of {verdict}.")


def attempt(outcome: str, billing: Billing | None = None, **more: Any) -> Attempt:
    endpoint = more.pop("endpoint", NATIVE)
    told: dict[str, dict[str, Any]] = {
        "output": {"shape": "data-uri", "image": PNG, "status": 200},
        "error": {"error": "simulated: no", "status": 500},
        "inconclusive": {"reason": "it was silent"},
    }
    facts: dict[str, Any] = {
        "at": NOW,
        "outcome": outcome,
        "sent": request_of(STATUS, endpoint, "production"),
        "billing": bill(billing) if billing else None,
        **told[outcome],
    }
    return Attempt.model_validate(facts | more)


def proof(*attempts: Attempt, endpoint: str = NATIVE, **more: Any) -> RetestReceipt:
    facts: dict[str, Any] = {
        "endpoint": endpoint,
        "target": "production",
        "language": "curl",
        "block": "curl",
        "sha256": sha256(b"curl").hexdigest(),
        "containment": "namespace",
        "attempts": attempts,
    }
    return RetestReceipt.model_validate(facts | more)


def stored_of(*edits: tuple[str, str]) -> Stored:
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_status(text, "status.yml", LATER)


def with_rows(*rows: Observation) -> Stored:
    status = STATUS.model_copy(update={"observations": (*STATUS.observations, *rows)})
    return replace(STORED, status=status)


def planned(*patterns: str, **given: Any) -> list[str]:
    options: dict[str, Any] = {
        "targets": ["production"],
        "language": "curl",
        "today": NOW.date(),
        "only_due": False,
        "price_of": lambda target: lambda name: None,
    } | given
    probes = plan(STATUS, SNIPPETS, patterns=patterns, **options)
    return [probe.label.rpartition(" ")[0] for probe in probes]


DUE: dict[str, tuple[Sequence[tuple[str, str]], str, str, date, str | None]] = {
    "failing": ((), IMAGES, "production", NOW.date(), "failing"),
    "never seen": ((), GOOD, "local", NOW.date(), "never seen as it is today"),
    "another body": (
        [("{responseModalities: [IMAGE]}", "{responseModalities: [TEXT]}")],
        GOOD,
        "production",
        NOW.date(),
        "never seen as it is today",
    ),
    "intermittent": (
        [("outcome: output\n    shape: data-uri", "outcome: mixed\n    shape: data-uri")],
        NATIVE,
        "production",
        NOW.date(),
        "intermittent",
    ),
    "another upstream": (
        [("    upstream: gemini-2.5-flash-image\n    at:", "    upstream: another\n    at:")],
        NATIVE,
        "production",
        NOW.date(),
        "its mapping is contradicted",
    ),
    "unconfirmed": ((), NATIVE, "production", NOW.date(), "0 of 3 clean retests seen"),
    "fresh": ((), GOOD, "production", NOW.date(), None),
    "stale": ((), GOOD, "production", date(2026, 5, 15), "stale since 2026-05-14"),
    "on its last day": ((), GOOD, "production", date(2026, 5, 14), None),
    "skipped": (
        [
            (
                f"  {GOOD}:\n",
                f"  {GOOD}:\n    skip: {{reason: no quota, until: 2026-05-01}}\n",
            )
        ],
        GOOD,
        "production",
        date(2027, 5, 15),
        None,
    ),
}


@pytest.mark.parametrize("what", DUE)
def test_an_endpoint_is_due_for_a_reason(what: str) -> None:
    edits, endpoint, target, today, why = DUE[what]
    status = stored_of(*edits).status
    assert due(status, assess(status)[endpoint], target, today) == why


def test_another_target_is_due_by_the_age_of_its_own_rows() -> None:
    row = row_of(proof(attempt("output", endpoint=GOOD), endpoint=GOOD, target="local"))
    sent = request_of(STATUS, GOOD, "local")
    status = with_rows(row.model_copy(update={"sent": sent})).status
    assert due(status, assess(status)[GOOD], "local", NOW.date()) is None
    assert due(status, assess(status)[GOOD], "local", date(2026, 6, 1)) == "stale since 2026-05-20"


def test_a_plan_asks_each_endpoint_once_by_one_language_target_by_target() -> None:
    everything = planned(targets=["local", "production"])
    assert everything == [
        f"{target} {endpoint} curl"
        for target in ("local", "production")
        for endpoint in STATUS.endpoints
    ]
    assert planned("*/images*", "nano-banana/*", language="python") == [
        f"production {endpoint} python"
        for endpoint in STATUS.endpoints
        if endpoint.endswith("/images-generations") or endpoint == NATIVE
    ]
    assert f"production {GOOD} curl" not in planned(only_due=True)
    assert f"production {IMAGES} curl" in planned(only_due=True)


def test_a_pattern_that_fits_nothing_is_refused_with_what_there_is() -> None:
    with pytest.raises(BadInput) as refused:
        planned("nano-banana/*", "nano-apple/*")
    known = ", ".join(STATUS.endpoints)
    assert str(refused.value) == (
        f"--endpoint nano-apple/*: it fits no endpoint; one of {known} was expected."
        " Correct the pattern."
    )


def test_a_price_goes_by_the_name_that_the_request_calls() -> None:
    prices = {"gemini-2.5-flash-image": Decimal("0.04"), "nano-banana": Decimal("0.05")}
    probes = plan(
        STATUS,
        SNIPPETS,
        ["production"],
        ["nano-banana*/*"],
        "curl",
        NOW.date(),
        only_due=False,
        price_of=lambda target: prices.get,
    )
    told = {row[1]: row[3:] for row in plan_rows(probes)}
    assert told[NATIVE] == ("0 of 3 clean retests seen", "$0.04")
    assert told[IMAGES] == ("failing", "$0.05")
    assert told[GOOD] == ("fresh", "unknown")


IMAGE, ERROR, SILENT = attempt("output"), attempt("error"), attempt("inconclusive")
COMES_TO: dict[str, tuple[tuple[Attempt, ...], Outcome, str | None]] = {
    "an image": ((IMAGE,), "output", None),
    "two failures": ((ERROR, ERROR), "error", None),
    "a failure and an image": ((ERROR, IMAGE), "mixed", None),
    "one failure": (
        (ERROR,),
        "inconclusive",
        "no second attempt told after one that failed (simulated: no)",
    ),
    "a failure and silence": (
        (ERROR, SILENT),
        "inconclusive",
        "no second attempt told after one that failed (simulated: no)",
    ),
    "silence": ((SILENT,), "inconclusive", "it was silent"),
}


@pytest.mark.parametrize("what", COMES_TO)
def test_attempts_come_to_an_outcome(what: str) -> None:
    attempts, outcome, reason = COMES_TO[what]
    for others_conclusive in (True, False):
        made = proof(*attempts, others_conclusive=others_conclusive)
        row = row_of(made)
        assert (row.outcome, row.reason) == (outcome, reason)
        assert row.others_conclusive is (others_conclusive if outcome == "inconclusive" else None)
        assert (
            (row.shape is not None) == (row.image is not None) == (outcome in ("output", "mixed"))
        )
        assert row.source == Source(
            receipt=made.path, sha256=sha256(made.render().encode()).hexdigest()
        )
        assert Observation.model_validate(row.model_dump()) == row


def test_the_file_of_a_proof_is_named_by_when_where_and_what() -> None:
    at = datetime(2026, 4, 20, 14, 5, 6, 78_000, tzinfo=timezone(timedelta(hours=2)))
    made = proof(attempt("error"), attempt("error", at=at))
    assert made.path == (
        "docs/evidence/2026-04-20T120506.078Z-production-nano-banana-generate-content.json"
    )
    assert RetestReceipt.model_validate_json(made.render()) == made


BILLS: dict[tuple[Billing | None, ...], tuple[Billing | None, bool]] = {
    (None,): (None, False),
    ("aligned",): ("aligned", False),
    ("aligned", "aligned"): ("aligned", False),
    ("aligned", "inconclusive"): ("inconclusive", True),
    ("inconclusive", "mismatch"): ("mismatch", False),
    ("charged-on-failure", "aligned"): ("charged-on-failure", False),
    ("charged-on-failure", None): ("charged-on-failure", False),
    ("charged-on-failure", "mismatch"): ("mismatch", False),
}


@pytest.mark.parametrize("bills", BILLS)
def test_the_worst_bill_is_the_one_that_counts(bills: tuple[Billing | None, ...]) -> None:
    outcomes = ["error", "output"][-len(bills) :]
    row = row_of(proof(*map(attempt, outcomes, bills)))
    billing, has_reason = BILLS[bills]
    assert row.billing == billing
    assert row.reason == ("the amounts of inconclusive." if has_reason else None)


def test_a_lone_failure_that_cost_nothing_is_no_clean_bill_and_one_that_cost_is_a_bad_one() -> None:
    bills: list[tuple[Billing, Billing | None]] = [
        ("aligned", None),
        ("charged-on-failure", "charged-on-failure"),
    ]
    for seen, told in bills:
        row = row_of(proof(attempt("error", seen), SILENT))
        assert (row.outcome, row.billing) == ("inconclusive", told)


def test_the_known_texts_of_all_failures_are_named_once_and_only_where_it_failed() -> None:
    one = attempt("error", signatures=["get-channel-failed"])
    two = attempt("error", signatures=[UNKNOWN_NAME, "get-channel-failed"])
    assert row_of(proof(one, two)).signatures == ("get-channel-failed", UNKNOWN_NAME)
    assert row_of(proof(two, IMAGE)).signatures == (UNKNOWN_NAME, "get-channel-failed")
    assert row_of(proof(two)).signatures == ()


attempts = st.lists(
    st.builds(
        attempt,
        st.sampled_from(["output", "error", "inconclusive"]),
        st.sampled_from([None, "aligned", "mismatch", "inconclusive", "charged-on-failure"]),
    ),
    min_size=1,
    max_size=3,
)


@given(attempts=attempts, endpoint=st.sampled_from(list(STATUS.endpoints)), others=st.booleans())
def test_nothing_but_a_clean_image_improves_a_standing(
    attempts: list[Attempt], endpoint: str, others: bool
) -> None:
    sent = request_of(STATUS, endpoint, "production")
    of_it = [one.model_copy(update={"sent": sent}) for one in attempts]
    row = row_of(proof(*of_it, endpoint=endpoint, others_conclusive=others))
    was, now = (assess(stored.status)[endpoint] for stored in (STORED, with_rows(row)))
    if row.outcome == "inconclusive":
        assert now.standing.rank >= was.standing.rank
    if now.standing.rank < was.standing.rank:
        assert row.outcome in ("output", "mixed")
    if now.standing == "recommended" and was.standing != "recommended":
        assert (row.outcome, row.billing) == ("output", "aligned")
    if now.standing.rank > was.standing.rank:
        bad = row.billing not in (None, "aligned", "inconclusive")
        assert row.outcome in ("error", "mixed") or bad


def test_the_secrets_of_a_target_are_in_no_repr() -> None:
    assert "secret" not in repr(Credentials("sk-secret", "secret", 1))
