"""Rules: each kind of finding, by a stable id, and why it matters."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """A kind of finding: `says` defines it and `why` gives its effect on a reader, each in a
    sentence; `area` is the part of the repository that it is about."""

    area: str
    says: str
    why: str
    severity: Severity = "error"
    suppressible: bool | None = None
    """Whether a baseline or a policy may hide its findings; by default, unless they are about the
    evidence, the runs or the history."""

    @property
    def is_suppressible(self) -> bool:
        """Return whether its findings may be hidden."""
        return self.area not in EVIDENCE if self.suppressible is None else self.suppressible


EVIDENCE = ("the evidence", "the runs", "the history")
"""Areas whose findings are about what was observed, not about what was written."""


def _load(name: str) -> dict[str, Rule]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return {rule: Rule(**fields) for rule, fields in tomllib.loads(text).items()}


RULES = _load("rules.toml")
"""Of the check, by id, in the order of the docs."""
AUDIT_RULES = _load("audit_rules.toml")
"""Of the audit of docs without a status file."""
RECORDING_RULES = _load("recording_rules.toml")
"""Of the replay of recorded blocks."""
CATALOGUE = RULES | AUDIT_RULES | RECORDING_RULES
