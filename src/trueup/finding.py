"""Finding: something wrong in the status file, a page, a template or the built site."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Finding:
    """`text` is `what was found; what was expected. What to do.`; a warning fails nothing."""

    where: str
    rule: str
    text: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        mark = "warning: " if self.severity == "warning" else ""
        return f"{self.where}: {mark}{self.text} [{self.rule}]"
