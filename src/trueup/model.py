"""The nouns of the status file, frozen and typed. Holds no rule and touches no file.

Each class is one table of `status.yml`; the JSON Schema for editors comes from these classes.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StrictBool,
    StrictInt,
    WithJsonSchema,
    model_validator,
)

Body = dict[str, JsonValue]
AuthKind = Literal["query-key", "bearer", "x-goog-api-key"]
Outcome = Literal["image", "error", "mixed", "cannot-tell"]
Billing = Literal[
    "aligned",
    "mismatch",
    "charged-on-failure",
    "charged-without-image",
    "uncharged-success",
    "abnormal",
    "cannot-tell",
]
Shape = Literal["inline-data", "data-uri", "hosted-url", "url", "b64-json"]

NAME = r"^[a-z0-9][a-z0-9._-]*$"
REQUEST = r"^(GET|POST|PUT|PATCH|DELETE) /\S*$"


class Standing(StrEnum):
    """The word that a reader sees for an endpoint, best first."""

    RECOMMENDED = "recommended"
    CONTROLLED_TESTING = "controlled-testing"
    UNVERIFIED = "unverified"
    NOT_RECOMMENDED = "not-recommended"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Standing).index(self)


def _a_moment(value: object) -> object:
    if not isinstance(value, date):
        raise ValueError("a date such as 2026-04-14, or a time with its zone, was expected")
    return value


def _a_day(value: object) -> object:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a date such as 2026-04-14 was expected")
    return value


def _days(value: object) -> object:
    found = re.fullmatch(r"([1-9][0-9]{0,3})d", value) if isinstance(value, str) else None
    if not found:
        raise ValueError("a number of days such as 30d was expected")
    return timedelta(days=int(found[1]))


def _base_url(value: str) -> str:
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", value):
        raise ValueError("scheme and host alone, such as https://example.com, were expected")
    return value


Moment = Annotated[date | datetime, BeforeValidator(_a_moment)]
Day = Annotated[date, BeforeValidator(_a_day)]
Days = Annotated[
    timedelta,
    BeforeValidator(_days),
    PlainSerializer(lambda value: f"{value.days}d"),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,3}d$"}),
]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Name = Annotated[str, Field(pattern=NAME)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Frozen(BaseModel):
    """A noun: it never changes after it was read, and knows no key that it does not document."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Policy(Frozen):
    """How fast trust grows and how long it lasts."""

    fresh_for: Days = timedelta(days=30)
    """How long a claim stays in the present tense after its older leg was seen."""
    confirm_after: Annotated[StrictInt, Field(ge=1)] = 1
    """Clean retests that raise an endpoint which never fell."""
    recover_after: Annotated[StrictInt, Field(ge=1)] = 3
    """Clean retests that raise an endpoint which fell."""
    reported_until: Day
    """The last day whose observations may be reported by hand; later ones need a receipt."""


class Ledger(Frozen):
    """Why a target's billing cannot be read."""

    none: Text
    """The reason, in a sentence."""


class Target(Frozen):
    """Where requests go."""

    base_url: BaseUrl
    """Scheme, host and port, without a path."""
    reference: StrictBool = False
    """True for the one target whose observations make standings."""
    media_hosts: tuple[str, ...] = ()
    """Hosts that serve the images which this target's replies link to."""
    ledger: Ledger | None = None
    """Given only where the billing cannot be read at all."""


class Auth(Frozen):
    """How a route takes the key."""

    documented: AuthKind
    """The way that the docs show."""
    accepted: tuple[AuthKind, ...] = ()
    """Further ways that the gateway is said to accept."""


class Route(Frozen):
    """Method, path, protocol and auth, once for all models."""

    request: Annotated[str, Field(pattern=REQUEST)]
    """Method and path, such as `POST /v1/things`; `{model}` and `{upstream}` are filled in."""
    protocol: Name
    """The file of `trueup.protocols` that knows its requests and replies."""
    auth: Auth


class Replay(Frozen):
    """What the mock answers for a signature. Inferred, and never shown as observed."""

    status: Annotated[StrictInt, Field(ge=400, le=599)]
    """HTTP status."""
    message: Text
    """The error text; it contains the signature's `match`."""
    type: str = "new_api_error"
    """The error's `type`."""
    code: str | StrictInt = ""
    """The error's `code`: a word, or a number where an upstream's own error is passed on."""


class Signature(Frozen):
    """A known failure text."""

    match: Text
    """The part of the error text that tells it from others."""
    cause: Text
    """What it means and why it likely occurs, as a sentence without its final stop."""
    replay: Replay


class Model(Frozen):
    """A name that can be called."""

    title: Text
    """As people write it."""
    upstream: str | None = None
    """The model behind the name; left out when the name is the upstream's own."""
    family: Name | None = None
    """Models of one family can stand in for each other."""


class Source(Frozen):
    """Where an observation comes from: exactly one of the two."""

    reported: Text | None = None
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
    upstream: str
    at: Moment
    how: Literal["seen", "stated"]
    """`seen` on a call, or only `stated` in docs."""
    source: Source


class Sent(Frozen):
    """What a retest sent: the part of an observation that a claim is tied to."""

    base_url: BaseUrl
    request: Annotated[str, Field(pattern=REQUEST)]
    """Method and path, with every name filled in."""
    auth: AuthKind
    body: Body
    """The JSON body. A null is a value that was not reported; it is compared with nothing."""

    @property
    def url(self) -> str:
        """Base URL and path, without method or key."""
        return self.base_url + self.request.split(" ", 1)[1]


class Skip(Frozen):
    """Why an endpoint's blocks are published but not run, and until when."""

    reason: Text
    until: Day


class Endpoint(Frozen):
    """One model on one route. Its key is `model/route`."""

    body: Body
    """The JSON body that its blocks send; the protocol adds the model where the body carries it."""
    skip: Skip | None = None


class Hold(Frozen):
    """A person's downward override."""

    endpoint: Text
    """A pattern such as `nano-*/images-generations`."""
    to: Literal[Standing.CONTROLLED_TESTING, Standing.NOT_RECOMMENDED]
    reason: Text
    by: Text
    on: Day


class Image(Frozen):
    """What is known of the image that came back."""

    mime: Annotated[str, Field(pattern=r"^image/[a-z0-9.+-]+$")] | None = None


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
    target: Name
    sent: Sent
    outcome: Outcome
    """`mixed` when some of the calls failed."""
    reason: Text | None = None
    """Why something could not be told."""
    shape: Shape | None = None
    """How the image was carried in the reply."""
    image: Image | None = None
    signatures: tuple[Name, ...] = ()
    """The failure texts seen, by name."""
    billing: Billing | None = None
    """Left out when billing was not observed."""
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
        if "cannot-tell" in (self.outcome, self.billing) and self.reason is None:
            raise ValueError("a cannot-tell needs a reason")
        if self.signatures and self.outcome not in ("error", "mixed"):
            raise ValueError("signatures go with the outcome error or mixed")
        if self.shape and self.outcome not in ("image", "mixed"):
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


class Status(Frozen):
    """The status file: every fact, once."""

    version: Literal[1]
    policy: Policy
    targets: dict[Name, Target]
    routes: dict[Name, Route]
    signatures: dict[Name, Signature] = {}
    models: dict[Name, Model]
    endpoints: dict[str, Endpoint]
    """By `model/route`."""
    mappings: tuple[Mapping, ...] = ()
    holds: tuple[Hold, ...] = ()
    observations: tuple[Observation, ...] = ()

    @property
    def reference(self) -> str:
        """The name of the target that makes standings."""
        return next(name for name, target in self.targets.items() if target.reference)

    def upstream(self, model: str) -> str:
        """The model behind a name; the name itself when it is the upstream's own."""
        return self.models[model].upstream or model

    def family(self, model: str) -> str:
        """The family of a model; its own name when it has none."""
        return self.models[model].family or model

    def route_of(self, endpoint: str) -> Route:
        """The route of `model/route`."""
        return self.routes[split(endpoint)[1]]

    def seen(self, endpoint: str, target: str | None = None) -> tuple[Observation, ...]:
        """The rows of an endpoint, retracted ones left out, newest first."""
        return tuple(
            row
            for row in reversed(self.observations)
            if row.endpoint == endpoint
            and row.retracted is None
            and (target is None or row.target == target)
        )


class Place(Frozen):
    """Where something stands in a file."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


def split(endpoint: str) -> tuple[str, str]:
    """Model and route of `model/route`."""
    model, _, route = endpoint.rpartition("/")
    return model, route


def as_time(moment: date | datetime) -> datetime:
    """An aware time (UTC) for a date or a time, so that both can be compared.

    A date stands for its first instant; a naive time is read as UTC.
    """
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return datetime.combine(moment, time(), UTC)
