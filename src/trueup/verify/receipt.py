"""Receipt: what one run of one block proved, and the report that holds them all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pydantic import JsonValue
from pydantic_core import to_json

from trueup import __version__
from trueup.model import Frozen
from trueup.request import Difference


class BlockReceipt(Frozen):
    """What one run of one block proved."""

    sha256: str
    """Hash of the block's text as copied, in UTF-8."""
    language: str
    """What its block is marked with: `bash` for curl blocks, `python`, `javascript`."""
    endpoint: str | None
    """`model/route`."""
    pages: tuple[str, ...]
    """Where the block is published."""
    target: str
    """Whose evidence was replayed, or who was asked."""
    replayed: bool
    """True when the mock answered and nothing was sent to the target."""
    containment: str
    """What kept the block from anything else: `namespace`, `landlock` or `none`."""
    passed: bool
    """Whether the block sent what was recorded, and what happened is what was recorded."""
    status: int | None = None
    """The HTTP status that the block got; of a replay it is simulated."""
    outcome: str | None = None
    """`output` or `error`; `inconclusive` where the reply says nothing of the route."""
    shape: str | None = None
    """How the reply carried the image."""
    signatures: tuple[str, ...] = ()
    """The known failure texts in the reply, by name."""
    duration_ms: int = 0
    """How long the block ran; of a replay it says nothing about the gateway."""
    exit_code: int | None = None
    """How the program ended; none when it was stopped."""
    request_id: str | None = None
    """The reply's request id; of a replay it is simulated."""
    evidence: date | None = None
    """The day of the observation that the run was compared with."""
    record: str | None = None
    """Where that observation stands in the status file."""
    image: dict[str, JsonValue] | None = None
    """Format, width, height and bytes of the image; never of a replay."""
    skipped: str | None = None
    """Why the block was not run, and until when."""
    inconclusive: str | None = None
    """Why a live run told nothing: no whole answer, or one about the key, its balance or a rate
    limit. Such a block neither passed nor failed."""
    unobserved: tuple[Difference, ...] = ()
    """What the block sent in another way than recorded, which its client decides: the way of the
    key, where the route is said to accept it. Any other difference is a reason against it."""
    reasons: tuple[str, ...] = ()
    """Why it did not pass."""
    engine: str = __version__
    """The version of Trueup that ran it."""
    reused: bool = False
    """True when it is of an earlier run under equal conditions, and the block was not run again."""


@dataclass(frozen=True)
class Report:
    """The receipts of one verification.

    A reused receipt counts as run and as passed: it is of a run, though of an earlier one, in which
    nothing differed that the block or its judge could see. `reused` says how many those are.
    """

    receipts: tuple[BlockReceipt, ...]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Distinct blocks found, run, passed, failed, skipped, and run without telling anything."""
        skipped = sum(receipt.skipped is not None for receipt in self.receipts)
        passed = sum(receipt.passed for receipt in self.receipts)
        inconclusive = sum(receipt.inconclusive is not None for receipt in self.receipts)
        run = len(self.receipts) - skipped
        counts = {"found": len(self.receipts), "run": run, "passed": passed}
        failed = run - passed - inconclusive
        return {**counts, "failed": failed, "skipped": skipped, "inconclusive": inconclusive}

    @property
    def reused(self) -> int:
        """How many of the receipts are of an earlier run."""
        return sum(receipt.reused for receipt in self.receipts)

    def __str__(self) -> str:
        told = [f"{name} {count}" for name, count in self.counts.items()]
        return ", ".join(told if self.counts["inconclusive"] else told[:-1])

    def render(self) -> str:
        """The report as JSON text."""
        data = {"version": 1, "counts": self.counts, "receipts": self.receipts}
        return to_json(data, indent=2).decode() + "\n"

    @classmethod
    def parse(cls, text: str) -> "Report":
        """The report that `render` wrote."""
        return cls(tuple(BlockReceipt.model_validate(one) for one in json.loads(text)["receipts"]))
