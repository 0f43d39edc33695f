"""Error body: who speaks in the replies of three versions of new-api and of other APIs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_retest import GOOD, NOW, STATUS, attempt, receipt_of, with_rows
from test_verify import CURLED, IMAGE, harness_of

from trueup.evidence import assess
from trueup.protocols import PROTOCOLS, ErrorBody, inconclusive_kind
from trueup.protocols.error_body import error_body
from trueup.protocols.json_pointer import value_at
from trueup.receipts.retest_receipt import row_of
from trueup.verify.reply_verdict import ReplyVerdict, read_run
from trueup.verify.run import Run

DATA = yaml.safe_load((Path(__file__).parent / "refusals.yml").read_text(encoding="utf-8"))
REPLIES = [
    pytest.param(reply, dialect, id=f"{dialect} {reply['name']}")
    for reply in DATA["replies"]
    for dialect in reply.get("dialects", ["other"])
]
each_reply = pytest.mark.parametrize(("reply", "dialect"), REPLIES)


def content_of(reply: dict[str, Any]) -> bytes:
    return json.dumps(reply["body"]).encode() if "body" in reply else b""


def verdict_on(reply: dict[str, Any]) -> ReplyVerdict:
    exchange = replace(IMAGE, status=reply["status"], response_body=content_of(reply))
    harness = replace(harness_of(CURLED, (exchange,), replays=False), target="production")
    return read_run(Run(CURLED, (exchange,)), GOOD, STATUS, harness)


@each_reply
def test_a_reply_is_of_its_kind(reply: dict[str, Any], dialect: str) -> None:
    read = PROTOCOLS["gemini"].read(reply["status"], content_of(reply))
    is_new_api = dialect in DATA["dialects"]
    kind = inconclusive_kind(reply["status"], read.error_body, is_new_api=is_new_api)
    assert kind == reply.get("kind")
    if "text" in reply:
        assert read.error == reply["text"]


@each_reply
def test_a_missing_channel_has_the_group_of_the_key(reply: dict[str, Any], dialect: str) -> None:
    error = verdict_on(reply).reply.error_body
    group = error.group if error else None
    assert group == ("default" if reply["name"] == "no channel" else None)


def retested_on_two_dates(reply: dict[str, Any]) -> Iterator[Any]:
    """Yield the row of two attempts on each of two dates, other endpoints being conclusive."""
    for days in (1, 2):
        verdict = verdict_on(reply)
        made = attempt(
            verdict.outcome,
            endpoint=GOOD,
            at=NOW + timedelta(days=days),
            kind=verdict.kind,
            reason=verdict.inconclusive,
            error=verdict.reply.error,
            group=verdict.reply.error_body.group if verdict.reply.error_body else None,
        )
        attempts = [made] if verdict.kind else [made, made]
        yield row_of(receipt_of(*attempts, endpoint=GOOD, others_conclusive=True))


@each_reply
def test_only_a_failure_of_the_route_moves_a_standing(reply: dict[str, Any], dialect: str) -> None:
    if dialect not in DATA["dialects"]:
        return
    before = assess(STATUS)[GOOD]
    after = assess(with_rows(*retested_on_two_dates(reply)).status)[GOOD]
    expected = before.standing if "kind" in reply else "not-recommended"
    assert before.standing != "not-recommended" and after.standing == expected
    assert (after.outcome is before.outcome) == ("kind" in reply)
    assert after.outcome is not None
    assert after.outcome.group == ("default" if reply["name"] == "no channel" else None)


def test_every_dialect_has_each_way_of_a_refused_caller_and_of_an_upstream() -> None:
    for dialect in DATA["dialects"]:
        names = {r["name"] for r in DATA["replies"] if dialect in r.get("dialects", [])}
        needed = {"run-dry token", "rate limit", "whitelist", "overloaded host", "upstream 401"}
        assert needed <= names


def test_a_target_that_is_no_new_api_speaks_by_its_status() -> None:
    body = {"error": {"message": "no", "type": "None", "param": "None", "code": "429"}}
    error = PROTOCOLS["gemini"].read(429, json.dumps(body).encode()).error_body
    assert inconclusive_kind(429, error, is_new_api=False) == "refused-caller"
    assert inconclusive_kind(429, error, is_new_api=True) is None
    upstream = {"error": {"message": "no", "type": "upstream_error"}}
    error = PROTOCOLS["gemini"].read(429, json.dumps(upstream).encode()).error_body
    assert inconclusive_kind(429, error, is_new_api=False) is None


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ({"error": {"message": "none", "code": "model_not_found"}}, "model_not_found: none"),
        ({"error": {"message": "no", "code": None}}, "no"),
        ({"error": {"type": "none"}}, '{"type": "none"}'),
        ({"error": {}}, None),
        ({"error": {"message": "", "code": None}}, None),
        ({"error": True, "message": "busy"}, "busy"),
        ({"code": "model_gone", "message": "busy", "data": None}, "model_gone: busy"),
        ({"code": 0, "message": "success", "data": []}, None),
        ({"message": {"role": "assistant", "content": "Hello"}}, None),
        ([{"error": {"message": "busy"}}], "busy"),
        ({"error": None, "data": []}, None),
        ([], None),
        ("error", None),
    ],
)
def test_only_the_form_of_an_error_is_one_in_a_200(reply: object, text: str | None) -> None:
    error = error_body(reply, is_error=False)
    assert (error and error.text) == text


def test_the_pointers_of_a_target_come_before_the_usual_places() -> None:
    reply = {"fault": {"code": "E7", "type": "upstream_error", "text": "busy"}, "message": "see"}
    read = error_body(reply, is_error=False, pointers=("/nothing", "/fault/text"))
    assert read == ErrorBody("busy", "E7", "upstream_error")
    usual = error_body(reply, is_error=True, pointers=("/nothing",))
    assert usual and usual.text == "see"
    quoted = {"a/b": [{"~": '{"error": "no channel"}'}]}
    inner = error_body(quoted, is_error=False, pointers=("/a~1b/0/~0",))
    assert inner and inner.text == "no channel"


@pytest.mark.parametrize("pointer", ["/a/1", "/a/-", "/a/01", "/a/0/b/c", "/x", "/a/٠"])
def test_a_pointer_to_nothing_finds_nothing(pointer: str) -> None:
    assert value_at({"a": [{"b": None}]}, pointer) is None


def test_the_whole_is_at_the_empty_pointer() -> None:
    assert value_at({"a": 1}, "") == {"a": 1} and value_at({"a": [7]}, "/a/0") == 7


def test_the_code_and_speaker_of_a_quoted_error_are_those_of_the_envelope() -> None:
    inner = json.dumps({"error": {"message": "bad key", "code": 401, "type": "x"}})
    outer = {"error": {"message": inner, "type": "upstream_error", "param": "", "code": "c"}}
    read = error_body([outer], is_error=True)
    assert read == ErrorBody("c: bad key", "c", "upstream_error", has_param=True)


def test_a_code_that_is_no_status_is_about_the_route() -> None:
    for code in ("9" * 5000, "0402", "4"):
        assert inconclusive_kind(200, ErrorBody("no", code), is_new_api=False) is None
    assert inconclusive_kind(200, ErrorBody("no", "402"), is_new_api=False) == "refused-caller"


def test_json_in_place_of_a_text_is_cut() -> None:
    read = PROTOCOLS["openai-images"].read(200, json.dumps({"data": [{"x": "a" * 9000}]}).encode())
    assert read.error and 500 < len(read.error) < 600


@pytest.mark.parametrize("wrapped", ["[{}]", '{{"error": {}}}', '{{"error": {{"message": {}}}}}'])
def test_an_error_of_any_depth_is_read(wrapped: str) -> None:
    text = '"no"'
    for _ in range(5 if "message" in wrapped else 300):
        text = wrapped.format(text)
    read = PROTOCOLS["gemini"].read(500, text.encode())
    assert read.error and read.error_body
