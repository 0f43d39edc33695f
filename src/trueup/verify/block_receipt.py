"""Receipt: the proof of one run of one block, and the report that holds them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter
from pydantic.dataclasses import dataclass as validated
from pydantic_core import from_json, to_json

from trueup import __version__
from trueup.model import Described
from trueup.request import Difference

CONFIG = ConfigDict(extra="forbid", defer_build=True)


def no_observation(target: str) -> str:
    """Return the reason of a block whose endpoint has nothing to compare it with."""
    return f"no conclusive observation of the endpoint at {target}"


# Slots: a run has thousands, and a model would take five times the memory.
@validated(frozen=True, slots=True, kw_only=True, config=CONFIG)
class BlockReceipt(Described):
    """The proof of one run of one block."""

    sha256: str
    """Hash of the block's text as copied, in UTF-8."""
    language: str
    """Mark of the block: `bash` for curl blocks, `python`, `javascript`."""
    endpoint: str | None
    """`model/route`."""
    pages: tuple[str, ...]
    """Pages that publish the block."""
    target: str
    """Target whose evidence was replayed, or to which the request was sent."""
    replayed: bool
    """True when the mock answered and nothing was sent to the target."""
    containment: Literal["namespace", "landlock", "none"]
    """Isolation of the block."""
    passed: bool
    """True when the request and its result are as recorded."""
    status: int | None = None
    """HTTP status of the reply; simulated in a replay."""
    outcome: str | None = None
    """`output` or `error`; `inconclusive` when the reply says nothing of the route."""
    shape: str | None = None
    """Form of the output in the reply."""
    signatures: tuple[str, ...] = ()
    """Known failure texts in the reply, by name."""
    duration_ms: int = 0
    """Duration of the run; in a replay it says nothing about the gateway."""
    exit_code: int | None = None
    """Exit code of the program; none when it was stopped."""
    request_id: str | None = None
    """Request id of the reply; simulated in a replay."""
    evidence: date | None = None
    """Date of the observation with which the run was compared."""
    record: str | None = None
    """Place of that observation in the status file."""
    sample: bool = False
    """True when it is a sample, which nobody observed."""
    output: dict[str, JsonValue] | None = None
    """What the bytes of the output prove, such as format and bytes; never of a replay."""
    documented: bool = False
    """True when nobody has observed the endpoint: the mock answered its own request as its protocol
    documents it."""
    skipped: str | None = None
    """Reason why the block was not run, and its last date."""
    inconclusive: str | None = None
    """Reason why a live run is inconclusive: no whole answer, or one about the key, its balance or
    a rate limit. Such a block neither passed nor failed."""
    unobserved: tuple[Difference, ...] = ()
    """Differences from the record that are the client's choice: the auth method, where the route
    accepts it. Any other difference is a reason against the block."""
    reasons: tuple[str, ...] = ()
    """Reasons why the block did not pass."""
    engine: str = __version__
    """Version of Trueup that ran it."""
    reused: bool = False
    """True when the receipt is of an earlier run under equal conditions."""


BLOCK_RECEIPT = TypeAdapter(BlockReceipt)
RECEIPTS = "receipts.json"
"""Name of the file in the built site."""


@dataclass(frozen=True)
class Report:
    """The receipts of one verification.

    A reused receipt counts as run and as passed: it is of an earlier run in which nothing differed
    that the block or its judge depends on.
    """

    receipts: tuple[BlockReceipt, ...]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The numbers of distinct blocks, by result."""
        skipped = sum(receipt.skipped is not None for receipt in self.receipts)
        passed = sum(receipt.passed for receipt in self.receipts)
        inconclusive = sum(receipt.inconclusive is not None for receipt in self.receipts)
        run = len(self.receipts) - skipped
        counts = {"found": len(self.receipts), "run": run, "passed": passed}
        failed = run - passed - inconclusive
        return {**counts, "failed": failed, "skipped": skipped, "inconclusive": inconclusive}

    @property
    def reused(self) -> int:
        """The number of receipts of an earlier run."""
        return sum(receipt.reused for receipt in self.receipts)

    def __str__(self) -> str:
        counts = [f"{name} {count}" for name, count in self.counts.items()]
        return ", ".join(counts if self.counts["inconclusive"] else counts[:-1])

    def render(self) -> str:
        """Return the report as JSON text."""
        data = {"version": 1, "counts": self.counts, "receipts": self.receipts}
        return to_json(data, indent=2).decode() + "\n"

    def write(self, site: Path) -> None:
        """Write the report into the built site, as `receipts.json`."""
        (site / RECEIPTS).write_text(self.render(), encoding="utf-8")

    @classmethod
    def parse(cls, text: str) -> "Report":
        """Return the report of `render`'s text."""
        return cls(tuple(map(BLOCK_RECEIPT.validate_python, from_json(text)["receipts"])))
