"""Rules: everything that can be wrong, by a name that stays, and why it matters."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """`says` is what a finding of the rule means, in a sentence, and `why` what it would do to a
    reader. `area` is what it is about."""

    area: str
    says: str
    why: str
    severity: Severity = "error"


RULES = {
    name: Rule(**fields)
    for name, fields in tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    ).items()
}
"""By its stable id, in the order of the docs."""
