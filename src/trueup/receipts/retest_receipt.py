"""Retest receipt: one retest of one endpoint, as its file under `docs/evidence`, and its row."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from trueup import __version__
from trueup.media_type import MEDIA_TYPES
from trueup.model import (
    NO_MODEL,
    Billing,
    Frozen,
    InconclusiveKind,
    Mapping,
    Observation,
    Sent,
    Shape,
    Source,
    split,
)
from trueup.model import Outcome as RowOutcome
from trueup.receipts.bill import Bill

Outcome = Literal["output", "error", "inconclusive"]
LONGEST_REASON = 900
"""Letters of each of the two reasons in a row, some lines of text; the receipt has them whole."""


class Attempt(Frozen):
    """Execution of the block, with its response."""

    at: AwareDatetime
    """Time of the response."""
    outcome: Outcome
    """Result; `inconclusive` where the response is no evidence of the route."""
    kind: InconclusiveKind | None = None
    """Kind of an inconclusive result."""
    reason: str | None = None
    """Reason for an inconclusive result."""
    status: int | None = None
    """HTTP status."""
    request_id: str | None = None
    """Request id that the gateway gave."""
    shape: Shape | None = None
    """Form of the output in the reply."""
    output: dict[str, JsonValue] | None = None
    """What the bytes of the output prove, such as format, width, height and bytes of an image."""
    error: str | None = None
    """Failure text of the gateway in one line, with secrets masked."""
    signatures: tuple[str, ...] = ()
    """Known failure texts in it, by name."""
    group: str | None = None
    """Group of the key, where the failure names it."""
    upstream: str | None = None
    """Model that answered, where a call by the alias shows it."""
    sent: Sent
    """Request as it arrived at the relay; the endpoint's own request where none was read."""
    duration_ms: int = 0
    """Time for which the block ran."""
    exit_code: int | None = None
    """Exit code of the block; none when it was stopped."""
    billing: Bill | None = None
    """Bill of the call; none where the ledger was not read."""

    @property
    def has_task(self) -> bool:
        """Whether the call created a task, which is never submitted again."""
        return self.sent.poll is not None and self.status is not None and self.status < 300


class RetestReceipt(Frozen):
    """Retest of one endpoint at one target: its block, and each run of it.

    A failure is tried once more before it counts, where the caps allow it.
    """

    version: Literal[1] = 1
    """Version of this format."""
    site: str | None = None
    """Name of the site that it was made for, where its policy has one."""
    endpoint: str
    """`model/route`."""
    target: str
    """Target that was called, by name."""
    language: str
    """Language of the block, by the name of its template."""
    block: str
    """Text of the block, byte for byte as published."""
    sha256: str
    """Hash of that text, in UTF-8."""
    containment: str
    """Containment of the block: `namespace`, `landlock` or `none`."""
    rehearsal: bool = False
    """True when the mock replaced the target, so that it proves nothing of the target."""
    others_conclusive: bool = False
    """True when another endpoint of the target had a conclusive result in this retest."""
    attempts: Annotated[tuple[Attempt, ...], Field(min_length=1)]
    """Runs of the block in their order, at least one."""
    previous: Source | None = None
    """Receipt of the equal result before this one, where both are one row."""
    engine: str = __version__
    """Version of Trueup that ran it."""

    @property
    def at(self) -> datetime:
        """Time of the last response."""
        return self.attempts[-1].at

    @property
    def path(self) -> str:
        """Path of its file from the repository's top."""
        at = self.at.astimezone(UTC)
        moment = f"{at:%Y-%m-%dT%H%M%S}.{at.microsecond // 1000:03}Z"
        name = f"{moment}-{self.target}-{self.endpoint.replace('/', '-')}"
        return f"docs/evidence/{name}.json"

    def render(self) -> str:
        """Return the file's text."""
        return self.model_dump_json(indent=2, exclude_none=True) + "\n"


def row_of(receipt: RetestReceipt) -> Observation:
    """Return the row of a receipt (rules 3 and 4). It raises nothing that it did not see.

    A failure counts once a second attempt has failed too; success after it is `mixed`; without a
    second conclusive attempt the row is inconclusive. The billing is the worst that was seen; that
    a lone failure cost nothing is no evidence that the endpoint bills well.
    """
    outcome, kind, reason = _outcome(receipt.attempts)
    billing, unbilled = _billing(receipt.attempts)
    if outcome == "inconclusive" and billing == "aligned":
        billing = None
    output = next((tried for tried in receipt.attempts if tried.outcome == "output"), None)
    mime = _mime(output.output) if output and output.output else None
    failures = receipt.attempts if outcome in ("error", "mixed") else ()
    signatures = [name for attempt in failures for name in attempt.signatures]
    source = Source(receipt=receipt.path, sha256=sha256(receipt.render().encode()).hexdigest())
    return Observation(
        at=receipt.at,
        endpoint=receipt.endpoint,
        target=receipt.target,
        sent=receipt.attempts[-1].sent,
        outcome=outcome,
        kind=kind,
        others_conclusive=receipt.others_conclusive if outcome == "inconclusive" else None,
        reason="; ".join(text[:LONGEST_REASON] for text in (reason, unbilled) if text) or None,
        shape=output.shape if output else None,
        mime=mime,
        signatures=tuple(dict.fromkeys(signatures)),
        group=next((attempt.group for attempt in failures if attempt.group), None),
        billing=billing,
        source=source,
    )


def _mime(facts: dict[str, JsonValue]) -> str | None:
    form = str(facts.get("format", "")).lower()
    return MEDIA_TYPES.get(form, f"image/{form}") if form else None


def sighting_of(receipt: RetestReceipt) -> Mapping | None:
    """Return the model that a receipt shows behind an alias, if it shows one."""
    upstreams = (attempt.upstream for attempt in reversed(receipt.attempts))
    upstream = next(filter(None, upstreams), None)
    alias, source = split(receipt.endpoint)[0], row_of(receipt).source
    if upstream is None or source is None or alias == NO_MODEL:
        return None
    return Mapping(alias=alias, upstream=upstream, at=receipt.at, how="seen", source=source)


def _outcome(
    attempts: tuple[Attempt, ...],
) -> tuple[RowOutcome, InconclusiveKind | None, str | None]:
    """Return the outcome of all attempts; kind and reason where it is inconclusive."""
    conclusive = [attempt for attempt in attempts if attempt.outcome != "inconclusive"]
    outcomes = {attempt.outcome for attempt in conclusive}
    if not conclusive:
        return "inconclusive", attempts[-1].kind, attempts[-1].reason
    if len(outcomes) > 1:
        return "mixed", None, None
    if outcomes == {"error"} and len(conclusive) == 1 and not conclusive[0].has_task:
        second = next((attempt.kind for attempt in attempts if attempt.kind), None)
        error = conclusive[0].error
        reason = f"no conclusive second attempt after a failure ({error})"
        return "inconclusive", second or "capped", reason
    return conclusive[0].outcome, None, None


def _billing(attempts: tuple[Attempt, ...]) -> tuple[Billing | None, str | None]:
    """Return the worst verdict of all bills, and the reason where it is inconclusive."""
    bills = [attempt.billing for attempt in attempts if attempt.billing is not None]
    if not bills:
        return None, None
    bad = [bill for bill in bills if bill.verdict not in ("aligned", "inconclusive")]
    inconclusive = [bill for bill in bills if bill.verdict == "inconclusive"]
    worst = (bad or inconclusive or bills)[-1]
    return worst.verdict, worst.reason if worst.verdict == "inconclusive" else None
