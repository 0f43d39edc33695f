"""Errors in a gateway's own form: the pointers of a route and of a target, and who speaks."""

import json
from dataclasses import replace
from typing import Any

import pytest
from status_sample import ENDPOINT, TEXT, parsed, refused
from test_verify import CURLED, IMAGES, exchange_of, harness_of

from trueup.verify.reply_verdict import ReplyVerdict, read_run
from trueup.verify.run import Run

TARGET = "reference: true}"
ROUTE = "    protocol: openai-images\n"
STATED = TEXT.replace(
    TARGET,
    "reference: true, errors: [/fault/text, /a~1b/1], upstream_errors: [/fault/origin]}",
).replace(ROUTE, f"{ROUTE}    errors: [/why]\n")


def verdict_on(status: int, body: object, text: str = STATED) -> ReplyVerdict:
    exchange = replace(
        exchange_of(IMAGES, {}),
        host="example.com",
        status=status,
        response_body=json.dumps(body).encode(),
    )
    harness = replace(
        harness_of(CURLED, (exchange,), replays=False), target="production", gateway="example.com"
    )
    return read_run(Run(CURLED, (exchange,)), ENDPOINT, parsed(text).status, harness)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, {"fault": {"text": "no channel"}, "message": "see fault"}, "no channel"),
        (200, {"fault": {"text": "no channel"}}, "no channel"),
        (500, {"fault": {"text": "b"}, "why": "a"}, "a"),
        (500, {"a/b": ["x", "y"]}, "y"),
        (500, {"a/b": ["x"], "error": {"message": "usual"}}, "usual"),
        (500, {"fault": "text", "message": "usual"}, "usual"),
    ],
)
def test_the_text_of_an_error_is_found_at_the_first_pointer(
    status: int, body: Any, error: str
) -> None:
    found = verdict_on(status, body)
    assert (found.outcome, found.reply.error) == ("error", error)
    assert found.signatures == (("no-channel",) if "channel" in error else ())


def test_what_only_an_upstream_has_makes_a_refusal_a_failure_of_the_route() -> None:
    fault = {"fault": {"text": "slow down", "code": "overload"}}
    assert [verdict_on(status, fault).kind for status in (429, 503)] == [
        "refused-caller",
        "overloaded",
    ]
    fault["fault"]["origin"] = "upstream"
    assert [verdict_on(status, fault).outcome for status in (429, 503)] == ["error", "error"]


@pytest.mark.parametrize("pointer", ["error/message", "/a~2b", "/a\\nb", f"/{'a' * 200}"])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    stated = "errors: [/fault/text, /a~1b/1]"
    (line,) = refused(STATED.replace(stated, f'errors: ["{pointer}"]'))
    assert line.startswith("status.yml:4:") and "expected" in line
