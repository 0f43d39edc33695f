"""Proof: one retest of one endpoint, as its file under `docs/evidence` holds it, and its row."""

from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal

from pydantic import AwareDatetime, JsonValue

from trueup import __version__
from trueup.model import Billing, Frozen, Image, Observation, Sent, Shape, Source
from trueup.model import Outcome as Observed

Outcome = Literal["output", "error", "inconclusive"]
LONGEST = 900
"""Most letters of one reason in a row; the proof has the whole."""


class Amounts(Frozen):
    """What the gateway's ledger said of one call."""

    verdict: Billing
    """What it comes to."""
    cause: str
    """The class of its cause."""
    reason: str
    """The amounts in words, with their units."""
    log_quota_units: int | None = None
    """Sum of the call's rows in the log."""
    used_delta_quota_units: int | None = None
    """How far the token's used_quota moved."""
    remain_delta_quota_units: int | None = None
    """How far the token's remain_quota moved."""
    log_usd: Decimal | None = None
    """The rows in dollars."""
    used_delta_usd: Decimal | None = None
    """The movement in dollars."""


class Attempt(Frozen):
    """One execution of the block, and what came back."""

    at: AwareDatetime
    """When the answer was there."""
    outcome: Outcome
    """`inconclusive` where the answer says nothing of the route."""
    reason: str | None = None
    """Why nothing can be told, or what was wrong with the answer."""
    status: int | None = None
    """HTTP status."""
    request_id: str | None = None
    """The gateway's id of the call."""
    shape: Shape | None = None
    """How the image was carried."""
    image: dict[str, JsonValue] | None = None
    """Format, width, height and bytes of the image that decoded."""
    error: str | None = None
    """The gateway's own text in one line, with secrets masked."""
    signatures: tuple[str, ...] = ()
    """The known failure texts in it, by name."""
    upstream: str | None = None
    """The model that answered, where the reply to a call by the alias named it."""
    sent: Sent
    """What arrived at the relay; where that cannot be told, what the endpoint sends."""
    duration_ms: int = 0
    """How long the block ran."""
    exit_code: int | None = None
    """How it ended; none when it was stopped."""
    billing: Amounts | None = None
    """None where the ledger was not read."""


class RetestReceipt(Frozen):
    """One retest of one endpoint at one target: its block, and each time that it was run.

    A failure is tried once more before it counts, where the caps allow it.
    """

    version: Literal[1] = 1
    """The version of this form."""
    endpoint: str
    """`model/route`."""
    target: str
    """Who was asked."""
    language: str
    """The block's language, by the name of its template."""
    block: str
    """The block's text, byte for byte as published."""
    sha256: str
    """Hash of that text, in UTF-8."""
    containment: str
    """What kept the block from anything else."""
    rehearsal: bool = False
    """True when the mock stood in for the target: then it proves nothing of it."""
    others_conclusive: bool = False
    """Whether another endpoint of the target told in the same retest."""
    attempts: tuple[Attempt, ...]
    """At least one, the first first."""
    previous: Source | None = None
    """The receipt of the equal sighting before this one, where both are one row."""
    engine: str = __version__
    """The version of Trueup that ran it."""

    @property
    def at(self) -> datetime:
        """When the last attempt was answered."""
        return self.attempts[-1].at

    @property
    def path(self) -> str:
        """Where its file goes, from the repository's top."""
        at = self.at.astimezone(UTC)
        moment = f"{at:%Y-%m-%dT%H%M%S}.{at.microsecond // 1000:03}Z"
        name = f"{moment}-{self.target}-{self.endpoint.replace('/', '-')}"
        return f"docs/evidence/{name}.json"

    def render(self) -> str:
        """The file's text."""
        return self.model_dump_json(indent=2, exclude_none=True) + "\n"


def row_of(proof: RetestReceipt) -> Observation:
    """What a proof adds to the record (rules 3 and 4). It lifts nothing that it did not see.

    A failure counts once a second attempt has failed too; success after it is `mixed`; where no
    second one told, nothing can be. The billing is the worst that was seen; that a lone failure
    cost nothing is no clean bill of the endpoint.
    """
    outcome, why = _outcome(proof.attempts)
    billing, why_not_billed = _billing(proof.attempts)
    if outcome == "inconclusive" and billing == "aligned":
        billing = None
    image = next((one for one in proof.attempts if one.outcome == "output"), None)
    mime = f"image/{str(image.image['format']).lower()}" if image and image.image else None
    has_failed = outcome in ("error", "mixed")
    names = [name for one in proof.attempts for name in one.signatures if has_failed]
    source = Source(receipt=proof.path, sha256=sha256(proof.render().encode()).hexdigest())
    return Observation(
        at=proof.at,
        endpoint=proof.endpoint,
        target=proof.target,
        sent=proof.attempts[-1].sent,
        outcome=outcome,
        others_conclusive=proof.others_conclusive if outcome == "inconclusive" else None,
        reason="; ".join(told[:LONGEST] for told in (why, why_not_billed) if told) or None,
        shape=image.shape if image else None,
        image=Image(mime=mime) if mime else None,
        signatures=tuple(dict.fromkeys(names)),
        billing=billing,
        source=source,
    )


def _outcome(attempts: tuple[Attempt, ...]) -> tuple[Observed, str | None]:
    """What all attempts come to, and why it cannot be told."""
    told = [one for one in attempts if one.outcome != "inconclusive"]
    outcomes = {one.outcome for one in told}
    if not told:
        return "inconclusive", attempts[-1].reason
    if len(outcomes) > 1:
        return "mixed", None
    if outcomes == {"error"} and len(told) == 1:
        return "inconclusive", f"no second attempt told after one that failed ({told[0].error})"
    return told[0].outcome, None


def _billing(attempts: tuple[Attempt, ...]) -> tuple[Billing | None, str | None]:
    """The verdict on all attempts, and why it cannot be told. One that is bad beats all."""
    seen = [one.billing for one in attempts if one.billing is not None]
    if not seen:
        return None, None
    bad = [one for one in seen if one.verdict not in ("aligned", "inconclusive")]
    inconclusive = [one for one in seen if one.verdict == "inconclusive"]
    worst = (bad or inconclusive or seen)[-1]
    return worst.verdict, worst.reason if worst.verdict == "inconclusive" else None
