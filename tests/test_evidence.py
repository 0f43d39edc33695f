"""Evidence: the rules one by one, each in the smallest status file that shows it."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from trueup.evidence import Assessment, Risk, alternative, assess, assessment, mapping_of
from trueup.evidence.standing import Tally
from trueup.model import Observation, Standing, Status
from trueup.request import differences

DAY, EARLIER = date(2026, 4, 14), date(2026, 4, 1)
ACORN, BIRCH = "acorn/images", "birch/images"
BASE_URLS = {"production": "https://gateway.example", "local": "http://localhost:4000"}
REPORTED = {"reported": "A page"}
Row = dict[str, Any]


def row(outcome: str, billing: str | None = None, **fields: Any) -> Row:
    endpoint, target = fields.pop("endpoint", ACORN), fields.pop("target", "production")
    sent = {
        "base_url": BASE_URLS[target],
        "request": "POST /v1/images",
        "auth": "bearer",
        "body": {"model": endpoint.split("/")[0], "prompt": None},
    }
    return {
        "at": DAY,
        "endpoint": endpoint,
        "target": target,
        "sent": sent | fields.pop("sent", {}),
        "outcome": outcome,
        "billing": billing,
        "reason": "The network was down." if "inconclusive" in (outcome, billing) else None,
        "source": REPORTED,
        **fields,
    }


def status_of(rows: Iterable[Row] = (), **tables: Any) -> Status:
    route = {"request": "POST /v1/images", "protocol": "openai-images"}
    return Status.model_validate(
        {
            "version": 2,
            "policy": {"reported_until": DAY},
            "targets": {
                "local": {"base_url": BASE_URLS["local"]},
                "production": {"base_url": BASE_URLS["production"], "reference": True},
            },
            "routes": {"images": route | {"auth": {"documented": "bearer"}}},
            "signatures": {
                "known": {"match": "no", "cause": "a", "replay": {"status": 500, "message": "no"}}
            },
            "models": {
                "acorn": {"title": "Acorn", "upstream": "oak", "family": "trees"},
                "birch": {"title": "Birch", "family": "trees"},
                "clover": {"title": "Clover"},
            },
            "endpoints": {
                name: {"body": {"prompt": "a"}} for name in (ACORN, BIRCH, "clover/images")
            },
            "observations": list(rows),
            **tables,
        }
    )


def best_of(status: Status, model: str) -> str | None:
    best = alternative(status, assess(status), model)
    return best.endpoint if best else None


def judged(*rows: Row, **tables: Any) -> Assessment:
    return assess(status_of(rows, **tables))[ACORN]


def hold(to: str, endpoint: str = ACORN) -> dict[str, Any]:
    return {"endpoint": endpoint, "to": to, "reason": "a", "by": "b", "on": DAY}


ALIGNED = row("output", "aligned")


def test_without_evidence_nothing_is_claimed() -> None:
    verdict = judged()
    assert verdict.standing == "unverified"
    assert (verdict.outcome, verdict.seen_on) == (None, None)


def test_an_image_with_an_aligned_bill_is_recommended() -> None:
    assert judged(ALIGNED).standing == "recommended"


@pytest.mark.parametrize("billing", [None, "inconclusive", "mismatch", "uncharged-success"])
def test_an_image_without_an_aligned_bill_is_for_controlled_testing(billing: str | None) -> None:
    assert judged(row("output", billing)).standing == "controlled-testing"


def test_one_failed_retest_lowers_at_once() -> None:
    assert judged(ALIGNED, ALIGNED, ALIGNED, row("error")).standing == "not-recommended"


def test_an_endpoint_that_fell_rises_slowly() -> None:
    fell = row("error", at=EARLIER)
    words = [judged(fell, *[ALIGNED] * clean).standing for clean in range(4)]
    assert words == [
        "not-recommended",
        "controlled-testing",
        "controlled-testing",
        "recommended",
    ]


def test_a_wrong_bill_is_a_fall_too() -> None:
    verdict = judged(row("output", "mismatch", at=EARLIER), ALIGNED, ALIGNED)
    assert (verdict.standing, verdict.clean, verdict.needed) == ("controlled-testing", 2, 3)


def test_fail_then_success_is_mixed_and_not_clean() -> None:
    verdict = judged(row("mixed", "aligned"))
    assert verdict.standing == "controlled-testing"
    assert (verdict.intermittent, verdict.clean) == (True, 0)


def test_what_could_not_tell_is_neither_failed_nor_passed() -> None:
    silent = row("inconclusive")
    assert judged(ALIGNED, silent).standing == "recommended"
    assert judged(row("error"), silent).standing == "not-recommended"
    assert judged(silent).standing == "unverified"


def test_a_bill_that_could_not_be_read_leaves_the_older_one_standing() -> None:
    verdict = judged(row("output", "aligned", at=EARLIER), row("output", "inconclusive"))
    assert verdict.standing == "recommended"
    assert verdict.seen_on == EARLIER


def test_silence_on_two_days_while_others_answer_is_an_error() -> None:
    def other(at: date) -> Row:
        return row("output", endpoint=BIRCH, at=at)

    def silent(at: date) -> Row:
        return row("inconclusive", at=at)

    worked = ALIGNED | {"at": EARLIER}
    twice = judged(worked, other(EARLIER), silent(EARLIER), other(DAY), silent(DAY))
    assert (twice.standing, twice.no_answer) == ("not-recommended", True)
    once = judged(worked, silent(EARLIER), other(DAY), silent(DAY))
    assert (once.standing, once.no_answer) == ("recommended", False)


def test_another_target_neither_lifts_nor_lowers() -> None:
    assert judged(ALIGNED, row("error", target="local")).standing == "recommended"
    assert judged(row("output", "aligned", target="local")).standing == "unverified"


@pytest.mark.parametrize(
    "sent",
    [
        {"request": "POST /v2/images"},
        {"auth": "query-key"},
        {"body": {"model": "acorn", "prompt": "another"}},
        {"body": {"model": "acorn", "prompt": "a", "n": 1}},
        {"base_url": "https://other.example"},
    ],
)
def test_a_row_about_another_request_says_nothing(sent: dict[str, Any]) -> None:
    assert judged(row("output", "aligned", sent=sent)).standing == "unverified"


def test_a_retracted_row_says_nothing() -> None:
    assert judged(ALIGNED, row("error", retracted="A wrong key.")).standing == "recommended"


@pytest.mark.parametrize(
    ("rows", "to", "standing"),
    [
        ([ALIGNED], "controlled-testing", "controlled-testing"),
        ([ALIGNED], "not-recommended", "not-recommended"),
        ([row("error")], "controlled-testing", "not-recommended"),
        ([], "controlled-testing", "unverified"),
        ([], "not-recommended", "not-recommended"),
    ],
)
def test_a_hold_takes_down_and_never_lifts(rows: list[Row], to: str, standing: str) -> None:
    verdict = judged(*rows, holds=[hold(to)])
    assert verdict.standing == standing
    assert (verdict.hold is not None) == (verdict.standing != verdict.supported)


def test_a_hold_covers_what_its_pattern_matches() -> None:
    assert judged(ALIGNED, holds=[hold("not-recommended", "*/images")]).hold
    assert not judged(ALIGNED, holds=[hold("not-recommended", "birch/*")]).hold


def test_without_a_ledger_images_alone_are_counted() -> None:
    target = {"base_url": BASE_URLS["production"], "reference": True, "ledger": {"none": "None."}}
    targets = {"production": target}
    verdict = judged(row("output"), targets=targets)
    assert (verdict.standing, verdict.billing_measured) == ("recommended", False)
    assert judged(row("error"), row("output"), targets=targets).standing == "controlled-testing"


def test_a_row_seen_several_times_counts_as_often() -> None:
    several = row("output", "aligned", first=EARLIER, last=DAY, times=3)
    del several["at"]
    verdict = judged(row("error", at=EARLIER), several)
    assert (verdict.standing, verdict.clean, verdict.seen_on) == ("recommended", 3, DAY)


def test_a_claim_is_fresh_up_to_its_last_day() -> None:
    status = status_of([ALIGNED])
    verdict, last = assess(status)[ACORN], DAY + timedelta(days=30)
    assert verdict.is_fresh(status.policy, last)
    assert not verdict.is_fresh(status.policy, last + timedelta(days=1))


def test_what_nobody_saw_is_never_fresh() -> None:
    status = status_of()
    assert not assess(status)[ACORN].is_fresh(status.policy, DAY)


def test_the_alternative_is_the_best_of_the_family() -> None:
    bill = row("output", "mismatch")
    better = row("output", "aligned", endpoint=BIRCH)
    assert best_of(status_of([bill, better]), "acorn") == BIRCH
    assert best_of(status_of([ALIGNED, better]), "birch") == ACORN
    assert best_of(status_of([ALIGNED, better]), "clover") is None


def test_what_fails_or_was_never_seen_is_no_alternative() -> None:
    assert best_of(status_of([row("error")]), "acorn") is None


def sighting(upstream: str, how: str = "seen", at: date | datetime = DAY) -> dict[str, Any]:
    return {"alias": "acorn", "upstream": upstream, "at": at, "how": how, "source": REPORTED}


@pytest.mark.parametrize(
    ("sightings", "word"),
    [
        ([sighting("oak")], "confirmed"),
        ([sighting("oak", "stated")], "stated"),
        ([sighting("oak"), sighting("elm", "stated")], "confirmed"),
        ([sighting("elm", at=EARLIER), sighting("oak")], "confirmed"),
        ([sighting("oak", at=EARLIER), sighting("elm")], "contradicted"),
        ([sighting("elm", "stated")], "contradicted"),
        ([sighting("elm"), sighting("oak")], "varies"),
    ],
)
def test_a_mapping_is_what_its_newest_sightings_say(
    sightings: list[dict[str, Any]], word: str
) -> None:
    state = mapping_of(status_of(mappings=sightings), "acorn")
    assert state and state.word == word


def test_the_day_of_a_sighting_is_its_day_in_utc() -> None:
    late = datetime(2026, 4, 13, 23, tzinfo=timezone(timedelta(hours=-3)))
    state = mapping_of(status_of(mappings=[sighting("elm", at=late), sighting("oak")]), "acorn")
    assert state and state.word == "varies"


def test_a_model_called_by_its_own_name_has_no_mapping() -> None:
    assert mapping_of(status_of(), "acorn") is None
    assert mapping_of(status_of(mappings=[sighting("oak") | {"alias": "birch"}]), "birch") is None


def test_one_risk_covers_the_targets_that_failed_alike() -> None:
    both = [row("error", signatures=["known"], target=target) for target in BASE_URLS]
    assert assess(status_of(both))[ACORN].risks == (
        Risk("failed", ("production", "local"), DAY, "error", ("known",)),
    )


def test_targets_that_failed_otherwise_are_told_apart() -> None:
    status = status_of([row("error", signatures=["known"]), row("error", target="local")])
    assert [risk.targets for risk in assess(status)[ACORN].risks] == [("production",), ("local",)]


def test_what_works_elsewhere_is_said_beside_the_failure() -> None:
    status = status_of([row("error"), row("output", target="local")])
    assert [risk.kind for risk in assess(status)[ACORN].risks] == ["failed", "works-elsewhere"]


def test_a_wrong_bill_is_a_risk_at_each_target() -> None:
    status = status_of([row("output", "mismatch"), row("error", "abnormal", target="local")])
    assert [(risk.kind, risk.targets, risk.billing) for risk in assess(status)[ACORN].risks] == [
        ("failed", ("local",), None),
        ("billing", ("production",), "mismatch"),
        ("billing", ("local",), "abnormal"),
    ]


def test_an_endpoint_that_works_has_no_risk() -> None:
    assert assess(status_of([ALIGNED]))[ACORN].risks == ()
    assert judged(ALIGNED).standing == Standing.RECOMMENDED


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_an_assessment_takes_each_row_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Counter[str]()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            calls[name] += 1
            return function(*arguments, **named)

        return call

    monkeypatch.setattr(assessment, "differences", counted("differences", differences))
    monkeypatch.setattr(Tally, "after", counted("after", Tally.after))
    one = Observation.model_validate(row("inconclusive", endpoint=ACORN))
    two = Observation.model_validate(row("output", "aligned", endpoint=BIRCH))
    days = (DAY - timedelta(days=count // 2 - back) for back in range(count // 2))
    rows = [seen.model_copy(update={"at": day}) for day in days for seen in (one, two)]
    status = status_of([]).model_copy(update={"observations": tuple(rows)})
    assessed = assess(status)
    assert assessed[ACORN].no_answer and assessed[BIRCH].clean == count // 2
    assert calls["differences"] == count and calls["after"] <= 1.5 * count
