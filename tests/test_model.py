"""Model: the possible rows of the status file, and the meaning of their dates and names."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from trueup.model import (
    Endpoint,
    Hold,
    Mapping,
    Observation,
    Policy,
    Sent,
    Standing,
    Status,
    Target,
    as_time,
    split,
)

DAY = date(2026, 4, 14)
SENT = {
    "base_url": "https://gateway.example",
    "request": "POST /v1/oak?alt=json",
    "auth": "bearer",
    "body": {"prompt": None},
}
REPORTED = {"reported": "A page"}
ROW = {
    "at": DAY,
    "endpoint": "acorn/native",
    "target": "production",
    "sent": SENT,
    "outcome": "output",
    "source": REPORTED,
}
MAPPING = {"alias": "acorn", "upstream": "oak", "at": DAY, "how": "seen", "source": REPORTED}
TABLES: dict[str, Any] = {
    "version": 2,
    "policy": {"reported_until": DAY},
    "targets": {
        "local": {"base_url": "http://localhost:4000"},
        "production": {"base_url": "https://gateway.example", "reference": True},
    },
    "routes": {
        "native": {
            "request": "POST /v1/{upstream}",
            "protocol": "gemini",
            "auth": "bearer",
        }
    },
    "models": {
        "acorn": {"title": "Acorn", "upstream": "oak", "family": "trees"},
        "birch": {"title": "Birch"},
    },
    "endpoints": {"acorn/native": {"body": {}}},
}


def row(**fields: Any) -> Observation:
    return Observation.model_validate(ROW | fields)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"at": None}, "it needs either at, or first and last with times"),
        ({"first": DAY, "last": DAY}, "it needs either at, or first and last with times"),
        ({"at": None, "first": DAY}, "it needs either at, or first and last with times"),
        ({"times": 2}, "times requires first and last"),
        ({"at": None, "first": DAY, "last": date(2026, 4, 1)}, "first is later than last"),
        ({"outcome": "inconclusive"}, "an inconclusive outcome or billing needs a reason"),
        ({"billing": "inconclusive"}, "an inconclusive outcome or billing needs a reason"),
        ({"others_conclusive": True}, "others_conclusive requires the outcome inconclusive"),
        ({"signatures": ["x"]}, "signatures require the outcome error or mixed"),
        ({"outcome": "error", "shape": "url"}, "shape requires the outcome output or mixed"),
        ({"at": "2026-04-14"}, "a date such as 2026-04-14, or a time with its zone"),
        ({"standing": "recommended"}, "Extra inputs are not permitted"),
        ({"source": {}}, "it needs either reported or receipt"),
        ({"source": REPORTED | {"receipt": "a"}}, "it needs either reported or receipt"),
        ({"source": {"receipt": "a"}}, "receipt and sha256 require each other"),
        ({"source": REPORTED | {"sha256": "a" * 64}}, "receipt and sha256 require each other"),
    ],
)
def test_an_inconsistent_row_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        row(**fields)


@pytest.mark.parametrize(
    ("noun", "fields"),
    [
        (Target, {"base_url": "gateway.example"}),
        (Target, {"base_url": "https://Gateway.example"}),
        (Policy, {"reported_until": DAY, "fresh_for": "0d"}),
        (Policy, {"reported_until": DAY, "confirm_after": 0}),
        (Policy, {"reported_until": DAY, "confirm_after": True}),
        (Policy, {"reported_until": DAY, "confirm_after": 4}),
        (Sent, SENT | {"request": "FETCH /v1"}),
        (Sent, SENT | {"auth": "cookie"}),
        (Mapping, MAPPING | {"alias": "Acorn"}),
        (Mapping, MAPPING | {"how": "guessed"}),
        (Endpoint, {"body": {}, "skip": {"reason": "it is slow"}}),
    ],
)
def test_a_value_of_another_form_is_refused(noun: type[BaseModel], fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        noun.model_validate(fields)


@pytest.mark.parametrize("standing", ["recommended", "unverified"])
def test_a_hold_only_lowers(standing: str) -> None:
    with pytest.raises(ValidationError, match="to"):
        Hold.model_validate(
            {"endpoint": "*", "to": Standing(standing), "reason": "a", "by": "b", "on": DAY}
        )


def test_the_best_standing_comes_first() -> None:
    assert [standing.rank for standing in Standing] == [0, 1, 2, 3]
    assert min(Standing, key=lambda standing: standing.rank) is Standing.RECOMMENDED


def test_a_row_is_dated_by_its_last_sighting() -> None:
    several = row(at=None, first=date(2026, 4, 1), last=DAY, times=3)
    assert (several.newest, several.day, row().day) == (DAY, DAY, DAY)


def test_a_day_is_the_day_in_utc() -> None:
    late = datetime(2026, 4, 14, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert row(at=late).day == date(2026, 4, 15)


@pytest.mark.parametrize(
    ("moment", "time"),
    [
        (DAY, datetime(2026, 4, 14, tzinfo=UTC)),
        (datetime(2026, 4, 14, 9), datetime(2026, 4, 14, 9, tzinfo=UTC)),  # noqa: DTZ001
        (
            datetime(2026, 4, 14, 9, tzinfo=timezone(timedelta(hours=9))),
            datetime(2026, 4, 14, tzinfo=UTC),
        ),
    ],
)
def test_a_date_and_a_time_can_be_compared(moment: date | datetime, time: datetime) -> None:
    assert as_time(moment) == time


def test_an_endpoint_is_split_at_its_last_slash() -> None:
    assert split("acorn/native") == ("acorn", "native")
    assert split("black-forest/flux/native") == ("black-forest/flux", "native")


def test_a_noun_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        row().outcome = "error"  # type: ignore[misc]


def test_a_status_knows_its_reference_upstreams_and_families() -> None:
    status = Status.model_validate(TABLES)
    assert status.reference == "production"
    assert [status.upstream(name) for name in status.models] == ["oak", "birch"]
    assert [status.family(name) for name in status.models] == ["trees", "birch"]
    assert status.route_of("acorn/native") is status.routes["native"]


def test_rows_are_given_newest_first_without_those_retracted() -> None:
    rows = [
        ROW | {"outcome": "error"},
        ROW | {"retracted": "Sent with a wrong key."},
        ROW | {"target": "local"},
        ROW | {"endpoint": "birch/native"},
    ]
    status = Status.model_validate(TABLES | {"observations": rows})
    error, _, local, _ = status.observations
    assert status.seen("acorn/native") == (local, error)
    assert status.seen("acorn/native", "production") == (error,)


def test_a_policy_is_written_as_it_was_read() -> None:
    policy = Policy.model_validate({"reported_until": DAY, "fresh_for": "45d"})
    assert policy.fresh_for == timedelta(days=45)
    assert policy.model_dump()["fresh_for"] == "45d"
