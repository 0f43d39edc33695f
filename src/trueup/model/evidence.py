"""Evidence: what was seen, and where it comes from; and the hold, a person's own word."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from trueup.model.values import (
    REQUEST,
    AuthKind,
    BaseUrl,
    Billing,
    Body,
    Day,
    Frozen,
    Moment,
    Name,
    Outcome,
    Prose,
    Shape,
    Standing,
    Text,
    Upstream,
    as_time,
)


class Source(Frozen):
    """Where an observation comes from: exactly one of the two."""

    reported: Prose | None = None
    """Who said so, for what predates Trueup."""
    receipt: Text | None = None
    """Path of the receipt's file from the repository's top."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Hash of that file."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.reported is None) == (self.receipt is None):
            raise ValueError("exactly one of reported and receipt was expected")
        if (self.receipt is None) != (self.sha256 is None):
            raise ValueError("receipt and sha256 go together; both or neither were expected")
        return self


class Mapping(Frozen):
    """One sighting of the model behind an alias."""

    alias: Name
    """The name that can be called."""
    upstream: Upstream
    """The model seen behind it."""
    at: Moment
    """When; a date, or a time with its zone."""
    how: Literal["seen", "stated"]
    """`seen` on a call, or only `stated` in docs."""
    source: Source
    """Where it comes from."""


class Sent(Frozen):
    """What a retest sent: the part of an observation that a claim is tied to."""

    base_url: BaseUrl
    """Scheme, host and port that it went to."""
    request: Annotated[str, Field(pattern=REQUEST)]
    """Method and path, with every name filled in."""
    auth: AuthKind
    """How the key was sent."""
    body: Body
    """The JSON body. A null is a value that was not reported; it is compared with nothing. A field
    `"*": null` says that further fields may have been sent."""


class Hold(Frozen):
    """A person's downward override."""

    endpoint: Text
    """A pattern such as `paint-*/images-generations`."""
    to: Literal[Standing.CONTROLLED_TESTING, Standing.NOT_RECOMMENDED]
    """The word that it is held at; it can only lower."""
    reason: Prose
    """Why, as a clause that goes on after "because"."""
    by: Text
    """Who decided it."""
    on: Day
    """The day on which it was decided."""


class Image(Frozen):
    """What is known of the image that came back."""

    mime: Annotated[str, Field(pattern=r"^image/[a-z0-9.+-]+$")] | None = None
    """Its type, such as `image/png`."""


class Observation(Frozen):
    """What one retest saw on one endpoint at one target. Later in the file is newer."""

    at: Moment | None = None
    """When; a date for reported rows, a time with its zone for receipts."""
    first: Moment | None = None
    """With `last` and `times`, in place of `at`: the first of several equal sightings."""
    last: Moment | None = None
    """The last of several equal sightings."""
    times: Annotated[StrictInt, Field(ge=1)] = 1
    """How many equal sightings this row stands for."""
    endpoint: Text
    """`model/route`."""
    variant: Name | None = None
    """The endpoint's variant that was called; left out for the endpoint's own request."""
    target: Name
    """The target that was called."""
    sent: Sent
    outcome: Outcome
    """`mixed` when some of the calls failed."""
    reason: Text | None = None
    """Why something could not be told."""
    others_conclusive: StrictBool | None = None
    """With an outcome that could not be told: whether another endpoint of the target told in the
    same retest. Where it is left out, those of the same day count."""
    shape: Shape | None = None
    """How the image was carried in the reply."""
    image: Image | None = None
    signatures: tuple[Name, ...] = ()
    """The failure texts seen, by name."""
    billing: Billing | None = None
    """Left out when billing was not observed."""
    note: Prose | None = None
    """What else is known of the circumstances, as a clause."""
    source: Source | None = None
    """A row without one may only bring bad news."""
    retracted: Text | None = None
    """Why the row no longer counts; it stays in the file."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.at is None) == (self.first is None) or (self.first is None) != (self.last is None):
            raise ValueError("either at, or first and last with times, was expected")
        if self.at is not None and self.times != 1:
            raise ValueError("times goes with first and last; a row with at is one sighting")
        if self.first is not None and as_time(self.first) > as_time(self.newest):
            raise ValueError("first is later than last; the other way round was expected")
        if "inconclusive" in (self.outcome, self.billing) and self.reason is None:
            raise ValueError("a inconclusive needs a reason")
        if self.others_conclusive is not None and self.outcome != "inconclusive":
            raise ValueError("others_conclusive goes with the outcome inconclusive")
        if self.signatures and self.outcome not in ("error", "mixed"):
            raise ValueError("signatures go with the outcome error or mixed")
        if self.shape and self.outcome not in ("output", "mixed"):
            raise ValueError("shape goes with the outcome image or mixed")
        return self

    @property
    def newest(self) -> date | datetime:
        """When it was last seen."""
        moment = self.last if self.at is None else self.at
        assert moment is not None
        return moment

    @property
    def day(self) -> date:
        """The day (UTC) on which it was last seen."""
        return as_time(self.newest).date()
