"""Finding: one thing that is wrong, where, by which rule, and what to do about it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from trueup.finding.rules import RULES, Severity

MESSAGE = re.compile(r"(.*?): (.*?); (.*?)\.(?: (.*))?", re.DOTALL)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What would end a line, move a terminal's cursor, or cannot be written at all."""
PLACE = re.compile(r"(.*?)(?::([0-9]+))?(?::([0-9]+))?", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """`expected` is a clause and `remedy` a sentence, which end and follow the one of `found`.

    `where` is `path`, `path:line` or `path:line:column`. A warning fails nothing.
    """

    where: str
    rule: str
    found: str
    expected: str
    remedy: str
    severity: Severity | None = None
    """That of the rule where none is given."""

    @classmethod
    def told(cls, message: str, rule: str) -> "Finding":
        """The finding that a message tells: `where: what was found; what was expected. To do.`"""
        parts = MESSAGE.fullmatch(message)
        if parts is None:
            where, _, found = message.partition(": ")
            return cls(where, rule, found, "something else was expected", "Mend it.")
        return cls(parts[1], rule, parts[2], parts[3], parts[4] or "")

    def __post_init__(self) -> None:
        if self.severity is None:
            object.__setattr__(self, "severity", RULES[self.rule].severity)

    def __str__(self) -> str:
        mark = "warning: " if self.severity == "warning" else ""
        return printable(f"{self.where}: {mark}{self.text} [{self.rule}]")

    def __lt__(self, other: "Finding") -> bool:
        return self._order < other._order

    @property
    def text(self) -> str:
        """`what was found; what was expected. What to do.`"""
        return f"{self.found}; {self.expected}. {self.remedy}".rstrip()

    @property
    def place(self) -> tuple[str, int, int]:
        """Path, line and column; 0 for what is not told."""
        found = PLACE.fullmatch(self.where)
        assert found is not None
        return found[1], int(found[2] or 0), int(found[3] or 0)

    @property
    def _order(self) -> tuple[tuple[str, int, int], str, str]:
        return self.place, self.rule, self.text


def printable(text: str) -> str:
    """A text on one line, with an escape for each character that a line of UTF-8 cannot show."""
    return CONTROL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode()


def by_policy(
    findings: Iterable[Finding], severities: Mapping[str, Literal["error", "warning", "ignore"]]
) -> list[Finding]:
    """The findings with the severities that a policy gives to their rules, in the order of places.

    Those of a rule that is ignored are left out.
    """
    kept = []
    for finding in findings:
        severity = severities.get(finding.rule, finding.severity)
        if severity != "ignore":
            kept.append(replace(finding, severity=severity))
    return sorted(set(kept))
