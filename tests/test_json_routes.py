"""A route of another API by data alone, from its files to its blocks in the sandbox."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from status_sample import NOW, TEXT, refused

from trueup.errors import BadStatus
from trueup.protocols import Sample
from trueup.protocols.json_schema import least_value, problem_of_schema, violation
from trueup.request import protocol_of
from trueup.site import Block
from trueup.snippet import Snippets
from trueup.status_file import Stored, load_status
from trueup.verify.cache import Cache
from trueup.verify.judge import verify_block
from trueup.verify.run import open_mock

TOP = Path(__file__).parents[1]
TODAY = date(2026, 5, 1)
PLACE = "{pointer: /rates, schema: rates.schema.json}"
ROUTE = f"""\
  rates:
    title: Exchange rates
    request: GET /v1/rates?day=1
    protocol: json
    auth: query token
    output: {PLACE}
signatures:
  no"""
STATED = TEXT.replace("signatures:\n  no", ROUTE).replace("mappings:", "  -/rates: {}\nmappings:")
SCHEMA = {
    "type": "object",
    "required": ["usd"],
    "properties": {"usd": {"type": "number", "exclusiveMinimum": 0}},
}


def site(top: Path, text: str = STATED, **files: object) -> Stored:
    """Return the status file of a repository with files of routes; `_` stands for a dot."""
    folder = top / "snippets" / "files"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"rates_schema_json": SCHEMA, **files}.items():
        written = content if isinstance(content, str) else json.dumps(content)
        (folder / name.replace("_", ".")).write_text(written)
    (top / "status.yml").write_text(text)
    return load_status(top / "status.yml", NOW)


def with_row(shape: str, request: str = "GET /v1/rates?day=1") -> str:
    return f"""{STATED}\
  - at: 2026-04-14
    endpoint: -/rates
    target: production
    sent: {{base_url: https://example.com, request: {request}, auth: query token}}
    outcome: output
    shape: {shape}
    source: {{reported: a page}}
"""


def test_its_blocks_pass_as_documented_and_as_recorded(tmp_path: Path) -> None:
    stored = site(tmp_path)
    blocks = [
        Block("page", 1, one.language.fence, one.text, one.id, one.endpoint)
        for one in Snippets(stored.status, TOP / "snippets").all()
        if one.endpoint == "-/rates"
    ]
    with open_mock(stored) as mock:
        receipts = [verify_block(block, ("page",), stored, mock, TODAY) for block in blocks]
    assert [(one.skipped, one.reasons, one.documented) for one in receipts] == [
        (None, (), True)
    ] * 3
    recorded = site(tmp_path, with_row("value"))
    with open_mock(recorded) as mock:
        receipt = verify_block(blocks[0], ("page",), recorded, mock, TODAY)
    assert (receipt.passed, receipt.documented, receipt.shape) == (True, False, "value")
    drifted = site(tmp_path, with_row("value", "GET /v1/rates?day=2"))
    with open_mock(drifted) as mock:
        receipt = verify_block(blocks[0], ("page",), drifted, mock, TODAY)
    assert "request: recorded GET /v1/rates?day=2, now GET /v1/rates?day=1" in receipt.reasons[0]
    assert receipt.record is None or receipt.record.startswith(str(tmp_path))


def test_the_reply_of_the_mock_is_the_sample_or_fits_the_schema(tmp_path: Path) -> None:
    sample = {"rates": {"usd": 2}, "day": 1}
    for place, expected in (
        (PLACE, {"rates": {"usd": 1}}),
        ("{pointer: /rates, schema: rates.schema.json, sample: s.json}", sample),
        ("{pointer: /day/0, kind: text}", {"day": ["a text"]}),
        ("{pointer: /rates, sample: s.json, model: /by/0}", {**sample, "by": ["m"]}),
    ):
        protocol = protocol_of(
            site(tmp_path, STATED.replace(PLACE, place), s_json=sample).status, "-/rates"
        )
        worded = protocol.word("value", Sample(b"a text", "text/plain", ""), "m")
        assert json.loads(worded.content) == expected
        assert protocol.read(200, worded.content).error is None


def test_a_reply_that_does_not_match_is_an_error_with_the_first_place(tmp_path: Path) -> None:
    protocol = protocol_of(site(tmp_path).status, "-/rates")
    for value, problem in (
        ({}, 'its root lacks "usd"'),
        ({"usd": "2"}, '/usd does not fit type "number"'),
    ):
        found = protocol.read(200, json.dumps({"rates": value}).encode())
        assert found.error == f"the json does not match rates.schema.json: {problem}"
        assert (found.content, found.error_body) == (None, None)


@pytest.mark.parametrize(
    ("place", "files", "problem"),
    [
        ("{pointer: /a, schema: none.json}", {}, "snippets/files/none.json does not exist"),
        (PLACE, {"rates_schema_json": "{"}, "snippets/files/rates.schema.json is not JSON"),
        (PLACE, {"rates_schema_json": []}, "the schema rates.schema.json is no mapping"),
        (
            PLACE,
            {"rates_schema_json": {"type": 1}},
            "the schema rates.schema.json is no JSON Schema at /type",
        ),
        (
            PLACE,
            {"rates_schema_json": {"type": "object", "not": {}}},
            "no value could be made for the mock: the json does",
        ),
        (PLACE, {"rates_schema_json": " " * 100_001}, "more than 100000 bytes"),
        (
            "{pointer: /rates, schema: rates.schema.json, sample: s.json}",
            {"s_json": {"rates": 1}},
            "the sample s.json has 'the json does not match rates.schema.json",
        ),
        (
            "{pointer: /rate, schema: rates.schema.json, sample: s.json}",
            {"s_json": {"rates": {"usd": 1}}},
            "the sample s.json has nothing at '/rate'",
        ),
    ],
)
def test_files_that_cannot_be_used_are_refused(
    place: str, files: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(BadStatus) as caught:
        site(tmp_path, STATED.replace(PLACE, place), **files)
    (message,) = caught.value.messages
    assert message.problem.startswith(problem)


def test_an_output_is_for_this_protocol_alone() -> None:
    (line,) = refused(STATED.replace(f"    output: {PLACE}\n", ""))
    assert "the protocol json needs an output, which says where a reply has it" in line
    (line,) = refused(STATED.replace("protocol: json", "protocol: gemini"))
    assert "an output is for the protocol json, and not for gemini" in line


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"$ref": "https://example.com/x"}, "has the reference"),
        ({"$ref": "#/$defs/none"}, "has the reference"),
        ({"properties": {"a": {"pattern": "(a+)+$"}}}, "has pattern, whose work has no bound"),
        ({"items": {"uniqueItems": True}}, "has uniqueItems, whose work has no bound"),
        ({"items": {"$id": "other"}}, "has $id, which this check does not follow"),
        ({"properties": {"pattern": {}}, "enum": [{"pattern": "a"}], "$id": "x"}, None),
    ],
)
def test_what_has_no_bound_or_leads_out_of_a_schema_is_refused(part: Any, problem: str) -> None:
    assert (problem_of_schema(part) or "None").startswith(str(problem))


def test_a_schema_that_takes_too_much_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueup.protocols.json_schema.MOST_STEPS", 5_000)
    assert violation({"$ref": "#"}, 1) == "takes more work than any reply needs"
    double = {
        "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
        | {"a40": {}},
        "$ref": "#/$defs/a0",
    }
    assert violation(double, 1) == "takes more work than any reply needs"
    wide = {
        "$defs": {
            "a": {
                "required": ["x", "y"],
                "properties": {"x": {"$ref": "#/$defs/a"}, "y": {"$ref": "#/$defs/a"}},
            }
        },
        "$ref": "#/$defs/a",
    }
    assert len(json.dumps(least_value({**wide, "type": "object"}))) < 100_000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"], "minLength": 20},
        {"type": "string", "maxLength": 3},
        {"type": "integer", "minimum": 7, "multipleOf": 5},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "array", "minItems": 2, "items": {"const": 1}},
        {"type": "array", "prefixItems": [{"type": "boolean"}], "minItems": 1},
        {"oneOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"enum": ["x"]}}},
        {"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "number"}}}]},
        {"type": "object", "required": ["a"], "properties": {"a": {"examples": [3]}}},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "items": [{"const": 1}],
            "type": "array",
        },
    ],
)
def test_a_small_value_matches_its_schema(schema: Any) -> None:
    assert problem_of_schema(schema) is None
    assert violation(schema, least_value(schema)) is None


def test_a_changed_file_of_a_route_reuses_no_receipt(tmp_path: Path) -> None:
    conditions = []
    for step in (1, 2):
        stored = site(tmp_path, rates_schema_json={**SCHEMA, "title": str(step)})
        conditions.append(Cache(tmp_path / "cache", stored, []).conditions)
    assert conditions[0] != conditions[1]
