"""Evidence: observations and mappings with their sources; and the hold, a person's own word."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, PrivateAttr, StrictBool, StrictInt, model_validator

from trueup.model.sent import MIME, Sent
from trueup.model.values import (
    Billing,
    Day,
    Frozen,
    InconclusiveKind,
    Moment,
    Name,
    Outcome,
    Prose,
    Shape,
    Standing,
    Text,
    Upstream,
    Verbatim,
    as_time,
)


class Source(Frozen):
    """Source of an observation: a report or a receipt."""

    reported: Prose | None = None
    """Origin of a report, for an observation that predates Trueup."""
    receipt: Text | None = None
    """Path of the receipt's file from the top of the repository."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Hash of that file."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.reported is None) == (self.receipt is None):
            raise ValueError("it needs either reported or receipt")
        if (self.receipt is None) != (self.sha256 is None):
            raise ValueError("receipt and sha256 require each other")
        return self


class Row(Frozen):
    """Row of evidence. It is proven unless the status file's reader has found it to be not."""

    _is_proven: bool = PrivateAttr(default=True)
    _receipt_row: "Observation | None" = PrivateAttr(default=None)

    @property
    def is_proven(self) -> bool:
        """Whether the row is what its receipts say, if it has some, and stands in its order."""
        return self._is_proven

    @property
    def receipt_row(self) -> "Observation | None":
        """The row as its newest receipt has it, where this one is not proven."""
        return self._receipt_row

    def as_unproven(self, receipt_row: "Observation | None" = None) -> Self:
        """Return the row as one that raises nothing (rule 2)."""
        row = self.model_copy()
        row._is_proven, row._receipt_row = False, receipt_row
        return row


class Mapping(Row):
    """Sighting of the model behind an alias."""

    alias: Name
    """Name that can be called."""
    upstream: Upstream
    """Model behind it."""
    at: Moment
    """Date, or time with its zone."""
    how: Literal["seen", "stated"]
    """`seen` on a call, or only `stated` in docs."""
    source: Source
    """Source of the sighting."""


class Hold(Frozen):
    """Downward override by a person."""

    endpoint: Text
    """Pattern such as `paint-*/images-generations`."""
    to: Literal[Standing.CONTROLLED_TESTING, Standing.NOT_RECOMMENDED]
    """Best standing that the endpoint can have."""
    reason: Prose
    """Reason, as a clause that follows "because"."""
    by: Verbatim
    """Person who decided it."""
    on: Day
    """Date of the decision."""


class Observation(Row):
    """Result of a retest of an endpoint at a target. Later in the file is newer."""

    at: Moment | None = None
    """Date of a reported row, or time with its zone of one with a receipt."""
    first: Moment | None = None
    """First of several equal sightings, with `last` and `times` in place of `at`."""
    last: Moment | None = None
    """Last of several equal sightings."""
    times: Annotated[StrictInt, Field(ge=1)] = 1
    """Number of equal sightings in this row."""
    endpoint: Text
    """`model/route`."""
    variant: Name | None = None
    """Variant that was called; left out for the endpoint's own request."""
    target: Name
    """Target that was called."""
    sent: Sent
    outcome: Outcome
    """Result of the calls: `mixed` when some of them failed."""
    kind: InconclusiveKind | None = None
    """Kind of an inconclusive outcome. Only `no-answer` can come to count as an error."""
    reason: Verbatim | None = None
    """Reason for an inconclusive outcome or billing."""
    others_conclusive: StrictBool | None = None
    """True when another endpoint of the target was conclusive in the retest of this inconclusive
    row. When left out, rows of the same date decide."""
    shape: Shape | None = None
    """Form of the output in the reply, as the protocol names it."""
    mime: Annotated[Text, Field(pattern=MIME)] | None = None
    """Media type of the output, such as `image/png`."""
    signatures: tuple[Name, ...] = ()
    """Failure texts seen, by name."""
    group: Text | None = None
    """Group of the key that was called, where the failure names it."""
    billing: Billing | None = None
    """Billing verdict; left out when billing was not observed."""
    note: Prose | None = None
    """Further circumstances, as a clause."""
    sample: StrictBool = False
    """True for a made-up row that shows the form: it makes no standing."""
    source: Source | None = None
    """Source of the row; only bad news needs none."""
    retracted: Text | None = None
    """Reason why the row no longer counts; it stays in the file."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.at is None) == (self.first is None) or (self.first is None) != (self.last is None):
            raise ValueError("it needs either at, or first and last with times")
        if self.at is not None and self.times != 1:
            raise ValueError("times requires first and last, since at is one sighting")
        if self.first is not None and as_time(self.first) > as_time(self.newest):
            raise ValueError("first is later than last")
        if "inconclusive" in (self.outcome, self.billing) and self.reason is None:
            raise ValueError("an inconclusive outcome or billing needs a reason")
        if self.kind is not None and self.outcome != "inconclusive":
            raise ValueError("kind requires the outcome inconclusive")
        if self.others_conclusive is not None and self.outcome != "inconclusive":
            raise ValueError("others_conclusive requires the outcome inconclusive")
        if self.signatures and self.outcome not in ("error", "mixed"):
            raise ValueError("signatures require the outcome error or mixed")
        if self.shape and self.outcome not in ("output", "mixed"):
            raise ValueError("shape requires the outcome output or mixed")
        if self.sample and (self.source is None or self.source.reported is None):
            raise ValueError("a sample requires the source reported")
        return self

    @property
    def can_raise(self) -> bool:
        """Whether the row can raise a standing: it is proven, and of a request that is known."""
        return self.is_proven and not _is_unknown(self.sent)

    @property
    def can_replay(self) -> bool:
        """Whether a call can be said to repeat the row: it is conclusive, and where no field of the
        body is reported, a failure of the endpoint itself."""
        if self.outcome == "inconclusive":
            return False
        content = self.sent.content or {}
        is_failure = self.outcome in ("error", "mixed") and self.variant is None
        return is_failure or "*" not in content or bool(content.keys() - {"model", "*"})

    @property
    def is_bad(self) -> bool:
        """Whether the row reports a failure or a bad bill."""
        good = (None, "aligned", "inconclusive")
        return self.outcome in ("error", "mixed") or self.billing not in good

    @property
    def oldest(self) -> date | datetime:
        """Date or time of the first sighting."""
        return self.newest if self.first is None else self.first

    @property
    def newest(self) -> date | datetime:
        """Date or time of the last sighting."""
        moment = self.last if self.at is None else self.at
        assert moment is not None
        return moment

    @property
    def day(self) -> date:
        """Date (UTC) of the last sighting."""
        return as_time(self.newest).date()


def _is_unknown(sent: Sent) -> bool:
    """Return whether what was sent is wholly unknown, the model aside, which its endpoint has
    anyway.

    A body or a form with `"*"`, at any depth, is known by a value. Of any other the names of all
    fields are known; without values they have to include a reported model, or some parts of their
    own. A request without either is known by its line.
    """
    body = sent.content
    if body is None:
        return False
    if _is_open(body) or body.get("model", "") is None:
        return not _has_value({name: body[name] for name in body.keys() - {"model"}})
    return bool(body) and not any(map(_has_parts, body.values())) and not _has_value(body)


def _is_open(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return "*" in value or any(map(_is_open, value.values()))
    return isinstance(value, list) and any(map(_is_open, value))


def _has_parts(value: JsonValue) -> bool:
    return bool(value) if isinstance(value, dict) else isinstance(value, list) and any(value)


def _has_value(value: JsonValue) -> bool:
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return any(map(_has_value, parts))
    return value is not None
