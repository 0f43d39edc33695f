"""Formats: findings as text, JSON, SARIF and GitHub annotations."""

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
    """Return the findings in one of `FORMATS`, without a final line end.

    Bytes of a path that are not UTF-8 are escaped, in JSON as JSON escapes them.
    """
    return FORMATS[form](findings).encode("utf-8", "backslashreplace").decode()


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(map(str, findings))


def _json(findings: Iterable[Finding]) -> str:
    return _dumped({"version": SCHEMA_VERSION, "findings": list(map(_fields, findings))})


def _fields(finding: Finding) -> dict[str, Any]:
    where = finding.where
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": where.path,
        "line": where.line or None,
        "column": where.column or None,
        "problem": finding.problem,
        "fix": finding.fix,
    }


def _github(findings: Iterable[Finding]) -> str:
    """Return workflow commands, which GitHub shows beside the lines of a change.

    Source: "Workflow commands for GitHub Actions" of its docs, and the escapes of actions/toolkit.
    """
    return "\n".join(map(_annotation, findings))


def _annotation(finding: Finding) -> str:
    where = finding.where
    given = {"file": where.path, "line": where.line, "col": where.column, "title": finding.rule}
    properties = ",".join(
        f"{name}={_escaped(str(value), ':,')}" for name, value in given.items() if value
    )
    return f"::{finding.severity} {properties}::{_escaped(finding.text)}"


def _escaped(text: str, more: str = "") -> str:
    for char in ("%", "\r", "\n", *more):
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _sarif(findings: Iterable[Finding]) -> str:
    """Return a SARIF 2.1.0 log, as code scanning reads it."""
    ids = list(RULES)
    results = [_result(finding, ids.index(finding.rule)) for finding in findings]
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
    where = finding.where
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote(where.path.encode("utf-8", "surrogateescape"))}
    }
    if where.line:
        column = {"startColumn": where.column} if where.column else {}
        location["region"] = {"startLine": where.line, **column}
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
