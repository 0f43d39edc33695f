"""Facts: what is configured: policy, targets, routes, failure texts, models and endpoints."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from trueup.model.values import (
    REQUEST,
    AuthKind,
    BaseUrl,
    Body,
    Day,
    Days,
    Frozen,
    Host,
    Name,
    Prose,
    SecureUrl,
    Severity,
    Text,
    Upstream,
)


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
    severities: dict[Name, Severity] = {}
    """How severe the findings of a rule of the check are, where that is not as usual: an error
    stays one, a warning can be made an `error` or set to `ignore`."""
    loosened: Text | None = None
    """Why the policy asks for less than it did. The check refuses a looser policy without it, and
    with one that stood there before."""

    @model_validator(mode="after")
    def _slow(self) -> Self:
        if self.recover_after < self.confirm_after:
            raise ValueError("recover_after is less than confirm_after; at least as many expected")
        return self


class LedgerPolicy(Frozen):
    """Why a target's billing cannot be read."""

    none: Text
    """The reason, in a sentence."""


class Target(Frozen):
    """Where requests go."""

    base_url: BaseUrl
    """Scheme, host and port, without a path."""
    also: tuple[SecureUrl, ...] = ()
    """Further base URLs of the same gateway. Readers may choose one for the blocks of the reference
    target; it has no evidence of its own."""
    reference: StrictBool = False
    """True for the one target whose observations make standings."""
    media_hosts: tuple[Host, ...] = ()
    """Hosts that serve the images which this target's replies link to."""
    ledger: LedgerPolicy | None = None
    """Given only where the billing cannot be read at all."""

    @property
    def base_urls(self) -> tuple[str, ...]:
        """Every base URL, the one that requests go to first."""
        return (self.base_url, *self.also)


class Auth(Frozen):
    """How a route takes the key."""

    documented: AuthKind
    """The way that the docs show."""
    accepted: tuple[AuthKind, ...] = ()
    """Further ways that the gateway is said to accept."""


class Route(Frozen):
    """Method, path, protocol and auth, once for all models."""

    title: Prose | None = None
    """As people write it; the route's name when left out."""
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
    cause: Prose
    """What it means and why it likely occurs, as a sentence without its final stop."""
    replay: Replay


class Model(Frozen):
    """A name that can be called."""

    title: Text
    """As people write it."""
    upstream: Upstream | None = None
    """The model behind the name; left out when the name is the upstream's own."""
    family: Name | None = None
    """Models of one family can stand in for each other."""
    price: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = None
    """Dollars a call, where the gateway does not tell: a retest's cap on the spend counts with it.
    It is shown nowhere."""


class Skip(Frozen):
    """Why an endpoint's blocks are published but not run, and until when."""

    reason: Text
    """Why, in a few words."""
    until: Day
    """The last day of the skip."""


class Variant(Frozen):
    """Another request on an endpoint, such as 4K or two references. It makes no standing."""

    title: Prose
    """What is asked for, as a phrase."""
    body: Body
    """What it sends beside or in place of the endpoint's own fields."""


class Endpoint(Frozen):
    """One model on one route. Its key is `model/route`."""

    body: Body
    """The JSON body that its blocks send; the protocol adds the model where the body carries it."""
    variants: dict[Name, Variant] = {}
    """Further requests on it, by name."""
    skip: Skip | None = None
    """Given while its blocks are published but cannot be run."""
