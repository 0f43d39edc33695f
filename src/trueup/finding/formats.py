"""Formats: findings as text, JSON, SARIF and GitHub annotations."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote

from trueup import __version__
from trueup.finding.finding import Finding, printable
from trueup.finding.rules import CATALOGUE, RULES
from trueup.place import Place

SCHEMA_VERSION = 1
SARIF_VERSION = "2.1.0"


def render_findings(findings: Sequence[Finding], form: str) -> str:
    """Return the findings in one of `FORMATS`, without a final line end.

    Bytes of a path that are not UTF-8 are escaped, in JSON as JSON escapes them.
    """
    return FORMATS[form](findings).encode("utf-8", "backslashreplace").decode()


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(
        "\n".join([str(finding), *(f"    and {place}" for place in map(_printed, finding.others))])
        for finding in findings
    )


def _printed(place: Place) -> str:
    return printable(str(place))


def _json(findings: Iterable[Finding]) -> str:
    return _dumped({"version": SCHEMA_VERSION, "findings": list(map(_fields, findings))})


def _fields(finding: Finding) -> dict[str, Any]:
    where = finding.where
    fields: dict[str, Any] = {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": where.path,
        "line": where.line or None,
        "column": where.column or None,
        "problem": finding.problem,
        "fix": finding.fix,
    }
    if finding.others:
        others = [{"path": place.path, "line": place.line or None} for place in finding.others]
        fields["others"] = others
    return fields


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
    text = finding.text
    if finding.others:
        text += f" See {', '.join(map(_printed, finding.others))}."
    return f"::{finding.severity} {properties}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    for char in ("%", "\r", "\n", *more):
        text = text.replace(char, f"%{ord(char):02X}")
    return printable(text)


def _sarif(findings: Iterable[Finding]) -> str:
    """Return a SARIF 2.1.0 log, as code scanning reads it."""
    findings = list(findings)
    used = {finding.rule for finding in findings}
    ids = [*RULES, *(name for name in CATALOGUE if name not in RULES and name in used)]
    results = [_result(finding, ids.index(finding.rule)) for finding in findings]
    driver = {"name": "trueup", "version": __version__, "rules": [_rule(name) for name in ids]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return _dumped({"version": SARIF_VERSION, "runs": [run]})


def _rule(name: str) -> dict[str, Any]:
    rule = CATALOGUE[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.says},
        "fullDescription": {"text": f"{rule.says} {rule.why}"},
        "help": {"text": rule.why},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    result = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": _location(finding.where)}],
    }
    if finding.others:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _location(place)}
            for number, place in enumerate(finding.others, 1)
        ]
    return result


def _location(where: Place) -> dict[str, Any]:
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote(where.path.encode("utf-8", "surrogateescape"))}
    }
    if where.line:
        column = {"startColumn": where.column} if where.column else {}
        location["region"] = {"startLine": where.line, **column}
    return location


def _dumped(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)


FORMATS: dict[str, Callable[[Iterable[Finding]], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
}
