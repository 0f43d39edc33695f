"""The plan of a retest, its receipts, and the rows that they make, without a gateway."""

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
from strategies import hostile, json_values, paragraphs

from trueup.errors import BadInput
from trueup.evidence import assess
from trueup.model import Billing, Observation, Outcome, Source
from trueup.receipts import Attempt, Bill, RetestReceipt, row_of
from trueup.request import request_of
from trueup.retest.plan import plan, retest_reason
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
    for language in languages_of(STATUS.route_of(endpoint), TOP / "snippets")
]
PNG = {"format": "PNG", "width": 1, "height": 1, "bytes": 70}
UNKNOWN_NAME = "unknown-image-output-options"


def bill(verdict: Billing) -> Bill:
    return Bill(verdict=verdict, cause="agreed", reason=f"the amounts of {verdict}.")


def attempt(outcome: str, billing: Billing | None = None, **more: Any) -> Attempt:
    endpoint = more.pop("endpoint", NATIVE)
    results: dict[str, dict[str, Any]] = {
        "output": {"shape": "data-uri", "output": PNG, "status": 200},
        "error": {"error": "simulated: no", "status": 500},
        "inconclusive": {"kind": "no-answer", "reason": "no answer"},
    }
    facts: dict[str, Any] = {
        "at": NOW,
        "outcome": outcome,
        "sent": request_of(STATUS, endpoint, "production"),
        "billing": bill(billing) if billing else None,
        **results[outcome],
    }
    return Attempt.model_validate(facts | more)


def receipt_of(*attempts: Attempt, endpoint: str = NATIVE, **more: Any) -> RetestReceipt:
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
    "never seen": ((), GOOD, "local", NOW.date(), "its current request was never observed"),
    "another body": (
        [("{responseModalities: [IMAGE]}", "{responseModalities: [TEXT]}")],
        GOOD,
        "production",
        NOW.date(),
        "its current request was never observed",
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
    assert retest_reason(status, assess(status)[endpoint], target, today) == why


def test_another_target_is_due_by_the_age_of_its_own_rows() -> None:
    row = row_of(receipt_of(attempt("output", endpoint=GOOD), endpoint=GOOD, target="local"))
    sent = request_of(STATUS, GOOD, "local")
    status = with_rows(row.model_copy(update={"sent": sent})).status
    assessment = assess(status)[GOOD]
    assert retest_reason(status, assessment, "local", NOW.date()) is None
    assert retest_reason(status, assessment, "local", date(2026, 6, 1)) == "stale since 2026-05-20"


def test_a_plan_has_each_endpoint_once_in_one_language_target_by_target() -> None:
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


def test_a_pattern_that_matches_nothing_is_refused_with_the_known_endpoints() -> None:
    with pytest.raises(BadInput) as refused:
        planned("nano-banana/*", "nano-apple/*")
    known = ", ".join(STATUS.endpoints)
    assert str(refused.value) == (
        "--endpoint nano-apple/*: no endpoint matches it."
        f" Correct the pattern; the endpoints are {known}."
    )


def test_a_price_is_that_of_the_model_that_the_request_names() -> None:
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
    shown = {row[1]: row[3:] for row in plan_rows(probes)}
    assert shown[NATIVE] == ("0 of 3 clean retests seen", "$0.04")
    assert shown[IMAGES] == ("failing", "$0.05")
    assert shown[GOOD] == ("fresh", "unknown")


IMAGE, ERROR, SILENT = attempt("output"), attempt("error"), attempt("inconclusive")
COMES_TO: dict[str, tuple[tuple[Attempt, ...], Outcome, str | None]] = {
    "an image": ((IMAGE,), "output", None),
    "two failures": ((ERROR, ERROR), "error", None),
    "a failure and an image": ((ERROR, IMAGE), "mixed", None),
    "one failure": (
        (ERROR,),
        "inconclusive",
        "no conclusive second attempt after a failure (simulated: no)",
    ),
    "a failure and silence": (
        (ERROR, SILENT),
        "inconclusive",
        "no conclusive second attempt after a failure (simulated: no)",
    ),
    "silence": ((SILENT,), "inconclusive", "no answer"),
}


@pytest.mark.parametrize("what", COMES_TO)
def test_attempts_come_to_an_outcome(what: str) -> None:
    attempts, outcome, reason = COMES_TO[what]
    for others_conclusive in (True, False):
        made = receipt_of(*attempts, others_conclusive=others_conclusive)
        row = row_of(made)
        assert (row.outcome, row.reason) == (outcome, reason)
        kind = {"one failure": "capped", "a failure and silence": "no-answer"}
        kind["silence"] = "no-answer"
        assert row.kind == kind.get(what)
        assert row.others_conclusive is (others_conclusive if outcome == "inconclusive" else None)
        assert (row.shape is not None) == (row.mime is not None) == (outcome in ("output", "mixed"))
        assert row.source == Source(
            receipt=made.path, sha256=sha256(made.render().encode()).hexdigest()
        )
        assert Observation.model_validate(row.model_dump()) == row


def test_a_receipt_is_named_by_its_time_target_and_endpoint() -> None:
    at = datetime(2026, 4, 20, 14, 5, 6, 78_000, tzinfo=timezone(timedelta(hours=2)))
    made = receipt_of(attempt("error"), attempt("error", at=at))
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
    row = row_of(receipt_of(*map(attempt, outcomes, bills)))
    billing, has_reason = BILLS[bills]
    assert row.billing == billing
    assert row.reason == ("the amounts of inconclusive." if has_reason else None)


@pytest.mark.parametrize(
    ("seen", "billing"), [("aligned", None), ("charged-on-failure", "charged-on-failure")]
)
def test_a_lone_failure_is_no_evidence_of_good_billing_only(
    seen: Billing, billing: Billing | None
) -> None:
    row = row_of(receipt_of(attempt("error", seen), SILENT))
    assert (row.outcome, row.billing) == ("inconclusive", billing)


def test_the_signatures_of_all_failures_are_in_the_row_once_and_only_where_it_failed() -> None:
    first = attempt("error", signatures=["get-channel-failed"])
    second = attempt("error", signatures=[UNKNOWN_NAME, "get-channel-failed"])
    assert row_of(receipt_of(first, second)).signatures == ("get-channel-failed", UNKNOWN_NAME)
    assert row_of(receipt_of(second, IMAGE)).signatures == (UNKNOWN_NAME, "get-channel-failed")
    assert row_of(receipt_of(second)).signatures == ()


@given(
    error=paragraphs,
    upstream=st.none() | hostile,
    output=st.none() | st.dictionaries(hostile, json_values, max_size=3),
    units=st.none() | st.integers(-(10**18), 10**18),
    usd=st.none() | st.decimals(-(10**6), 10**6, places=9),
)
def test_a_receipt_is_read_back_as_it_was_written(
    error: str, upstream: str | None, output: Any, units: int | None, usd: Decimal | None
) -> None:
    amounts = {"log_quota_units": units, "log_usd": usd, "used_delta_usd": usd}
    billing = bill("mismatch").model_copy(update=amounts)
    made = attempt("error", error=error, upstream=upstream, output=output)
    made = made.model_copy(update={"billing": billing})
    receipt = receipt_of(made, previous=Source(receipt=error, sha256="0" * 64), block=error)
    again = RetestReceipt.model_validate_json(receipt.render())
    assert (again, again.render(), again.path) == (receipt, receipt.render(), receipt.path)


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
    row = row_of(receipt_of(*of_it, endpoint=endpoint, others_conclusive=others))
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
