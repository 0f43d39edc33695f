"""Requests: the one that is sent today, the recorded one, and each difference between them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trueup.evidence import assess
from trueup.exchange import Exchange
from trueup.model import Observation, Sent, Status
from trueup.protocols import PROTOCOLS
from trueup.request import (
    differences,
    protocol_of,
    request_in,
    request_of,
    variant_observations,
    without_prompt,
)

FILE = Path(__file__).parent / "record.yml"
FACTS: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
STATUS = Status.model_validate(FACTS)
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"

NAMES = st.text(max_size=4)
SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False, min_value=1) | NAMES
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
BODIES = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)


def sent(body: dict[str, Any], **fields: Any) -> Sent:
    return Sent(
        **{
            "base_url": "https://crazyrouter.com",
            "request": "POST /v1/images/generations",
            "auth": "bearer",
            "body": body,
            **fields,
        }
    )


def changed(*path: str, to: Any) -> Status:
    """Return the status file with one value changed."""
    file = copy.deepcopy(FACTS)
    place = file
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return Status.model_validate(file)


def exchange(**fields: Any) -> Exchange:
    return Exchange(
        **{
            "method": "POST",
            "host": "crazyrouter.com",
            "path": "/v1/images/generations",
            "query": (),
            "auth": ("bearer",),
            "request_body": b'{"model": "nano-banana", "prompt": "..."}',
            "status": 400,
            "content_type": "application/json",
            "response_body": b"{}",
            **fields,
        }
    )


def test_a_request_of_today_fills_the_names_into_the_route() -> None:
    native = request_of(STATUS, NATIVE, "production")
    assert native.request == "POST /v1beta/models/gemini-2.5-flash-image:generateContent"
    assert native.auth == "query key"
    assert native.body == STATUS.endpoints[NATIVE].body
    images = request_of(STATUS, IMAGES, "local")
    assert images.base_url == "http://localhost:4000"
    assert images.request == "POST /v1/images/generations"
    assert images.body == {"model": "nano-banana", **(STATUS.endpoints[IMAGES].body or {})}
    assert type(protocol_of(STATUS, IMAGES)) is type(PROTOCOLS["openai-images"])


def current(status: Status, endpoint: str) -> list[Observation]:
    return [seen.row for seen in assess(status)[endpoint].rows if seen.is_current]


def test_every_row_of_the_file_is_of_the_request_of_today() -> None:
    rows = [row for name in STATUS.endpoints for row in current(STATUS, name)]
    assert rows and len(rows) == sum(row.variant is None for row in STATUS.observations)


def test_the_current_rows_are_newest_first() -> None:
    assert [row.target for row in current(STATUS, IMAGES)] == ["local", "production"]


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("targets", "production", "base_url"), "https://api.crazyrouter.com"),
        (("routes", "generate-content", "request"), "POST /v1/models/{upstream}:generateContent"),
        (("routes", "generate-content", "auth"), "header x-goog-api-key"),
        (("models", "nano-banana", "upstream"), "nano-banana"),
        (("endpoints", NATIVE, "body", "generationConfig"), {"responseModalities": ["IMAGE"]}),
        (("endpoints", NATIVE, "body", "contents"), []),
    ],
)
def test_no_row_is_current_once_its_request_has_changed(path: tuple[str, ...], to: Any) -> None:
    assert current(STATUS, NATIVE)
    assert not current(changed(*path, to=to), NATIVE)


@given(body=BODIES)
def test_a_request_does_not_differ_from_itself(body: dict[str, Any]) -> None:
    assert differences(sent(body), sent(copy.deepcopy(body))) == ()


@given(recorded=BODIES, now=BODIES)
def test_two_bodies_differ_just_when_their_json_does(
    recorded: dict[str, Any], now: dict[str, Any]
) -> None:
    found = differences(sent(recorded), sent(now))
    is_equal = json.dumps(recorded, sort_keys=True) == json.dumps(now, sort_keys=True)
    assert (found == ()) == is_equal
    assert all(": recorded " in line and ", now " in line for line in map(str, found))


@given(body=BODIES, value=VALUES)
def test_an_unreported_value_matches_any_value(body: dict[str, Any], value: Any) -> None:
    name = next(iter(body))
    assert differences(sent({**body, name: None}), sent({**body, name: value})) == ()


@given(body=BODIES, name=NAMES, value=VALUES)
def test_an_added_or_removed_key_differs(body: dict[str, Any], name: str, value: Any) -> None:
    less = {key: item for key, item in body.items() if key != name}
    more = {**less, name: value}
    assert [each.absent for each in differences(sent(more), sent(less))] == ["now"]
    assert [each.absent for each in differences(sent(less), sent(more))] == ["recorded"]


@pytest.mark.parametrize(
    ("recorded", "now", "text"),
    [
        ({"n": 1}, {"n": True}, "body.n: recorded 1, now true"),
        ({"n": 1}, {"n": 1.0}, "body.n: recorded 1, now 1.0"),
        ({"a": [1]}, {"a": [1, 2]}, "body.a: recorded [1], now [1, 2]"),
        ({"*": [1]}, {}, "body.*: recorded [1], now nothing"),
        ({"*": [1]}, {"*": [1], "a": 2}, "body.a: recorded nothing, now 2"),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, 'body.a[0].b: recorded "x", now "y"'),
        ({"a": {}}, {"a": None}, "body.a: recorded {}, now null"),
        ({"a": 1}, {}, "body.a: recorded 1, now nothing"),
    ],
)
def test_a_difference_names_its_place_and_both_values(
    recorded: dict[str, Any], now: dict[str, Any], text: str
) -> None:
    (found,) = differences(sent(recorded), sent(now))
    assert str(found) == text


def test_a_long_value_is_shortened() -> None:
    (found,) = differences(sent({"a": "x" * 5000}), sent({}))
    assert len(str(found)) < 120 and "…" in str(found)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "http://localhost:4000"),
        ("request", "POST /v1/images/edits"),
        ("auth", "query key"),
    ],
)
def test_a_difference_outside_the_body_has_the_name_of_its_field(field: str, value: str) -> None:
    before, now = sent({}), sent({}, **{field: value})
    (found,) = differences(before, now)
    assert str(found) == f"{field}: recorded {getattr(before, field)}, now {value}"
    assert found.path == (field,)


def test_a_star_matches_any_further_fields() -> None:
    recorded = sent({"model": "m", "size": None, "*": None})
    assert not differences(recorded, sent({"model": "m", "size": "1K", "n": 1}))
    assert differences(recorded, sent({"model": "n", "size": "1K"}))
    assert differences(recorded, sent({"model": "m"}))
    assert differences(sent({"model": "m"}), sent({"model": "m", "n": 1}))


def test_a_variant_is_compared_with_its_own_request() -> None:
    file = yaml.safe_load(FILE.read_text("utf-8"))
    status = Status.model_validate(file)
    pro = "nano-banana-pro/images-generations"
    assert [row.variant for row in variant_observations(status, pro, "resolution-4k")] == [
        "resolution-4k"
    ]
    assert current(status, pro) == []
    file["endpoints"][pro]["variants"]["resolution-4k"]["body"]["resolution"] = "8K"
    assert variant_observations(Status.model_validate(file), pro, "resolution-4k") == ()


def test_a_request_without_its_prompt_matches_any_prompt() -> None:
    recorded = sent({"model": "m", "prompt": "one"})
    now = sent({"model": "m", "prompt": "another"})
    assert differences(recorded, now)
    assert not differences(without_prompt(PROTOCOLS["openai-images"], recorded), now)
    assert recorded.body == {"model": "m", "prompt": "one"}


def test_an_exchange_shows_the_request_that_a_block_sent() -> None:
    now = request_in(exchange(), "https://crazyrouter.com")
    assert now is not None
    assert not differences(current(STATUS, IMAGES)[1].sent, now)


def test_the_query_without_the_key_is_part_of_the_request() -> None:
    now = request_in(exchange(query=(("alt", "sse"), ("a", ""))), "https://crazyrouter.com")
    assert now is not None
    assert now.request == "POST /v1/images/generations?alt=sse&a="


@pytest.mark.parametrize(
    "fields",
    [
        {"request_body": b"[]"},
        {"request_body": b"\xff"},
        {"auth": ("bearer", "query key")},
    ],
)
def test_an_exchange_that_no_row_could_record_has_no_request(
    fields: dict[str, Any],
) -> None:
    assert request_in(exchange(**fields), "https://crazyrouter.com") is None


def test_an_unusual_request_is_kept_as_it_is() -> None:
    now = request_in(exchange(method="unusual", path="/ a"), "https://crazyrouter.com")
    assert now is not None and now.request == "unusual / a"


@pytest.mark.parametrize("key", ["a.b", "a[0]", "a: b", "0", ""])
def test_a_difference_has_its_path_in_parts(key: str) -> None:
    (found,) = differences(sent({"a": [{key: 1}]}), sent({"a": [{key: 2}]}))
    assert (found.path, found.recorded, found.now) == (("body", "a", 0, key), 1, 2)


def test_a_long_request_is_shown_whole() -> None:
    old, new = (f"POST /{'x' * 200}/{end}" for end in "ab")
    (found,) = differences(sent({}, request=old), sent({}, request=new))
    assert str(found) == f"request: recorded {old}, now {new}"
