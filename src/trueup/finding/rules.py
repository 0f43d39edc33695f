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


RULES = {
    name: Rule(**fields)
    for name, fields in tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    ).items()
}
"""By id, in the order of the docs."""
