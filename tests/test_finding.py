"""Finding: how something wrong is told, in which order, and in which formats."""

import json
import re
from dataclasses import replace

import pytest

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
