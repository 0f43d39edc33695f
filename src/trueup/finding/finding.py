"""Finding: a message about the docs or their evidence, by a rule."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter

from trueup.finding.rules import CATALOGUE, Severity
from trueup.memo import Memo
from trueup.message import Message
from trueup.place import Place

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that end or turn a line, move a terminal's cursor, or cannot be encoded."""


@dataclass(frozen=True)
class Finding(Message):
    """Its text is `path:line: problem. Fix. [rule]`. A warning fails nothing."""

    rule: str
    severity: Severity | None = None
    """The rule's, unless another is given."""
    others: tuple[Place, ...] = ()
    """Further places that it is about, such as those of what contradicts the first one."""

    @classmethod
    def of(cls, message: Message, rule: str) -> "Finding":
        """Return a message, such as an exception's, as a finding of a rule."""
        return cls(message.where, message.problem, message.fix, rule)

    def __post_init__(self) -> None:
        if self.severity is None:
            object.__setattr__(self, "severity", CATALOGUE[self.rule].severity)

    def __str__(self) -> str:
        mark = "warning: " if self.severity == "warning" else ""
        return printable(f"{self.where}: {mark}{self.text} [{self.rule}]")

    def __lt__(self, other: "Finding") -> bool:
        return (self.where, self.rule, self.text) < (other.where, other.rule, other.text)


def kept_findings(
    memo: Memo, made_from: Iterable[str], find: Callable[[], Iterable[Finding]]
) -> list[Finding]:
    """Return findings from the memo where they were made from the same texts, else found anew."""
    findings = TypeAdapter(list[Finding])

    def found() -> Any:
        return findings.dump_python(list(find()), mode="json")

    return findings.validate_python(memo.get(made_from, found))


def printable(text: str) -> str:
    """Return a text as one line, with an escape for each character that UTF-8 or a line lacks."""
    return CONTROL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode()


def by_policy(
    findings: Iterable[Finding], severities: Mapping[str, Literal["error", "warning", "ignore"]]
) -> list[Finding]:
    """Return the findings with the severities of a policy, by place, without those it ignores."""
    kept = []
    for finding in findings:
        severity = severities.get(finding.rule, finding.severity)
        if severity != "ignore":
            kept.append(replace(finding, severity=severity))
    return sorted(set(kept))
