"""Formats: findings for people, for programs, and for the pages of a change under review."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote

from trueup import __version__
from trueup.finding.finding import Finding
from trueup.finding.rules import RULES

SCHEMA_VERSION = 1
SARIF_VERSION = "2.1.0"


def render_findings(findings: Sequence[Finding], form: str) -> str:
    """The findings in one of `FORMATS`, without a final line end; JSON and SARIF hold none too.

    A byte of a path that is no UTF-8 is escaped, in JSON as JSON escapes it.
    """
    return FORMATS[form](findings).encode("utf-8", "backslashreplace").decode()


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(map(str, findings))


def _json(findings: Iterable[Finding]) -> str:
    return _dumped({"version": SCHEMA_VERSION, "findings": [_fields(one) for one in findings]})


def _fields(finding: Finding) -> dict[str, Any]:
    path, line, column = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": path,
        "line": line or None,
        "column": column or None,
        "found": finding.found,
        "expected": finding.expected,
        "remedy": finding.remedy,
    }


def _github(findings: Iterable[Finding]) -> str:
    """Workflow commands, which GitHub shows beside the lines of a change.

    Source: "Workflow commands for GitHub Actions" of its docs, and the escapes of actions/toolkit.
    """
    return "\n".join(map(_annotation, findings))


def _annotation(finding: Finding) -> str:
    path, line, column = finding.place
    told = {"file": path, "line": line, "col": column, "title": finding.rule}
    properties = ",".join(
        f"{name}={_escaped(str(value), ':,')}" for name, value in told.items() if value
    )
    return f"::{finding.severity} {properties}::{_escaped(finding.text)}"


def _escaped(text: str, more: str = "") -> str:
    for char in ("%", "\r", "\n", *more):
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _sarif(findings: Iterable[Finding]) -> str:
    """SARIF 2.1.0, as code scanning reads it."""
    ids = list(RULES)
    results = [_result(one, ids.index(one.rule)) for one in findings]
    driver = {"name": "trueup", "version": __version__, "rules": [_rule(name) for name in ids]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return _dumped({"version": SARIF_VERSION, "runs": [run]})


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.says},
        "fullDescription": {"text": f"{rule.says} {rule.why}"},
        "help": {"text": rule.why},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    path, line, column = finding.place
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote(path.encode("utf-8", "surrogateescape"))}
    }
    if line:
        location["region"] = {"startLine": line, **({"startColumn": column} if column else {})}
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": location}],
    }


def _dumped(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)


FORMATS: dict[str, Callable[[Iterable[Finding]], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
}
