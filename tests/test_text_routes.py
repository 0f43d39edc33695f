"""Routes that answer with a text, from the status file to the run of their blocks on the mock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from recorder import TEMPLATES, assert_formatted, block_of, judged
from text_routes import text_status

from trueup.errors import BadInput
from trueup.model import Status
from trueup.snippet import languages_of, render_snippet
from trueup.status_file import Stored, parse_status
from trueup.verify.run import Harness, open_mock

CASES = {
    "message": ("anthropic-messages", "content-blocks"),
    "message-stream": ("anthropic-messages", "content-block-events"),
    "content": ("gemini", "text-parts"),
    "content-stream": ("gemini", "text-chunks"),
    "content-list": ("gemini", "text-chunk-list"),
}
IN_THE_GATE = ("content-stream",)
"""The blocks of a message are run by tests/test_verify.py."""


class Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def stored_of(case: str) -> Stored:
    status = text_status(*CASES[case])
    facts = status.model_dump(mode="json", exclude_defaults=True)
    facts["policy"]["reported_until"] = status.policy.reported_until
    for row, seen in zip(facts["observations"], status.observations, strict=True):
        row["at"] = seen.at
    text = yaml.dump(facts, Dumper=Plain)
    return parse_status(text, "status.yml", datetime(2026, 4, 20, tzinfo=UTC))


@contextmanager
def mock_of(case: str) -> Iterator[tuple[Harness, Stored]]:
    stored = stored_of(case)
    with open_mock(stored) as harness:
        yield harness, stored


def languages(status: Status) -> list[str]:
    return [language.name for language in languages_of(status.route_of("acorn/text"), TEMPLATES)]


@pytest.mark.parametrize(
    "case",
    [case if case in IN_THE_GATE else pytest.param(case, marks=pytest.mark.long) for case in CASES],
)
def test_each_block_of_a_route_passes_on_the_mock(case: str) -> None:
    with mock_of(case) as (harness, stored):
        for language in languages(stored.status):
            receipt = judged(
                block_of("acorn/text", language, status=stored.status), harness, stored
            )
            assert (language, receipt.reasons, receipt.passed) == (language, (), True)
            assert receipt.shape == CASES[case][1]


def test_a_changed_header_is_named_with_the_place_of_its_record() -> None:
    with mock_of("message") as (harness, stored):
        change = ('"anthropic-version": "2023-06-01"', '"anthropic-version": "2026-10-21"')
        block = block_of("acorn/text", "python", change, status=stored.status)
        reasons = "; ".join(judged(block, harness, stored).reasons)
    place = str(stored.place_of(stored.status.observations[0]))
    assert "headers.anthropic-version: recorded 2023-06-01, now 2026-10-21" in reasons
    assert place in reasons


@pytest.mark.parametrize("case", CASES)
def test_a_python_block_stays_as_black_leaves_it(case: str) -> None:
    status = text_status(*CASES[case])
    for language in languages(status):
        snippet = render_snippet(status, "acorn/text", language, TEMPLATES)
        if snippet.language.fence == "python":
            assert_formatted(snippet)


@pytest.mark.parametrize(
    ("route", "sent"),
    [
        ({}, '"Authorization": Omit(),\n            "x-api-key": API_KEY,'),
        ({"auth": "header x-key Token"}, '"x-key": f"Token {API_KEY}",'),
        ({"auth": "header authorization"}, '"Authorization": API_KEY,'),
        (
            {"auth": "bearer", "headers": {}},
            '"anthropic-version": Omit(),\n        },',
        ),
        ({"auth": "query key"}, 'default_query={\n            "key": API_KEY,'),
        ({"auth": "none"}, '"Authorization": Omit(),\n            "anthropic-version": "2023'),
        ({"request": "POST /api/v1/messages?beta=true"}, '"beta": "true",'),
    ],
)
def test_the_client_of_anthropic_sends_what_the_route_documents(
    route: dict[str, Any], sent: str
) -> None:
    status = text_status(*CASES["message"], **route)
    snippet = render_snippet(status, "acorn/text", "anthropic", TEMPLATES)
    assert sent in snippet.text
    assert_formatted(snippet)


@pytest.mark.parametrize(
    ("route", "body", "problem"),
    [
        ({"request": "POST /v1/chat"}, None, "the path does not end as the Anthropic SDK"),
        ({}, {"messages": []}, "the body has no messages or no max_tokens"),
    ],
)
def test_what_the_client_of_anthropic_cannot_send_is_refused(
    route: dict[str, Any], body: dict[str, Any] | None, problem: str
) -> None:
    status = text_status(*CASES["message"], body, **route)
    with pytest.raises(BadInput, match=problem):
        render_snippet(status, "acorn/text", "anthropic", TEMPLATES)
