"""Receipt: what one run of one block proved, and the report that holds them all."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from trueup import __version__


@dataclass(frozen=True)
class Receipt:
    """What one run of one block proved.

    `status` is the HTTP status that the block got, `outcome` what its reply held. `evidence` is
    the day of the observation that it was compared with, `record` that row's place. `reasons`
    say why it did not pass. A skipped block has `skipped` and was not run.
    """

    sha256: str
    language: str
    endpoint: str | None
    pages: tuple[str, ...]
    target: str
    replayed: bool
    containment: str
    passed: bool
    status: int | None = None
    outcome: str | None = None
    shape: str | None = None
    signatures: tuple[str, ...] = ()
    duration_ms: int = 0
    exit_code: int | None = None
    request_id: str | None = None
    evidence: date | None = None
    record: str | None = None
    image: Mapping[str, Any] | None = None
    skipped: str | None = None
    reasons: tuple[str, ...] = ()
    engine: str = __version__


@dataclass(frozen=True)
class Report:
    """The receipts of one verification, and its counts of distinct blocks."""

    receipts: tuple[Receipt, ...]
    counts: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        skipped = sum(receipt.skipped is not None for receipt in self.receipts)
        passed = sum(receipt.passed for receipt in self.receipts)
        run = len(self.receipts) - skipped
        counts = {"found": len(self.receipts), "run": run, "passed": passed}
        object.__setattr__(self, "counts", {**counts, "failed": run - passed, "skipped": skipped})

    def __str__(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in self.counts.items())

    def render(self) -> str:
        """The report as JSON text."""
        receipts = [asdict(receipt) for receipt in self.receipts]
        data = {"version": 1, "counts": self.counts, "receipts": receipts}
        return json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Report":
        """The report that `render` wrote."""
        return cls(TypeAdapter(tuple[Receipt, ...]).validate_python(json.loads(text)["receipts"]))
