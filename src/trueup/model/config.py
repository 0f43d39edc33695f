"""Config: policy, targets, routes, failure texts, models and endpoints."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from trueup.model.auth import Auth
from trueup.model.documented import DocsPage, FreeOfCharge
from trueup.model.output import RouteOutput
from trueup.model.sent import Form, HeaderName, HeaderValue
from trueup.model.task import Task
from trueup.model.values import (
    REQUEST,
    BaseUrl,
    Body,
    CodeLanguage,
    Day,
    Days,
    Frozen,
    Host,
    Name,
    Pointer,
    Prose,
    SecureUrl,
    Severity,
    Text,
    Upstream,
    Verbatim,
)


class Policy(Frozen):
    """Conditions for raising a standing, and the lifetime of a claim."""

    fresh_for: Days = timedelta(days=30)
    """Days for which a claim stays in the present tense, from the older of its outcome and billing
    evidence on."""
    confirm_after: Annotated[StrictInt, Field(ge=1)] = 1
    """Number of clean retests that raise an endpoint which never fell."""
    recover_after: Annotated[StrictInt, Field(ge=1)] = 3
    """Number of clean retests that raise an endpoint which fell."""
    reported_until: Day
    """Last date of observations reported by hand; later ones need a receipt."""
    signers: Annotated[Text, Field(pattern=r"^[^/\\]")] | None = None
    """Path of the file of allowed signers, in git's format. Where it is given, only receipts that
    one of them signed raise a standing; others count as reported."""
    site: Text | None = None
    """Name of this site in its signed receipts, such as its address. Signers require it: a receipt
    that was signed for another site raises nothing."""
    severities: dict[Name, Severity] = {}
    """Severities of rules of the check that differ from the usual one: an error stays one, a
    warning can be made an `error` or set to `ignore`."""
    overrides: tuple[Text, ...] = ()
    """Files of the theme that differ from those of Trueup and were reviewed, such as
    `overrides/main.html`; they can change what a page says."""
    loosened: Text | None = None
    """Reason for a policy that requires less than before. The check refuses a looser policy without
    it, or with that of an earlier change."""

    @model_validator(mode="after")
    def _slow(self) -> Self:
        if self.recover_after < self.confirm_after:
            raise ValueError("recover_after is less than confirm_after")
        return self

    @model_validator(mode="after")
    def _bound(self) -> Self:
        if self.signers is not None and self.site is None:
            raise ValueError("signers requires site")
        return self


class LedgerPolicy(Frozen):
    """Declaration that a target has no ledger that can be read."""

    none: Verbatim
    """Reason, in a sentence."""


def _ledger(value: object) -> object:
    if not (value is None or value == "new-api" or isinstance(value, dict | LedgerPolicy)):
        raise PydanticCustomError("other_form", "new-api or {none: REASON}")
    return value


class Target(Frozen):
    """Gateway that requests go to."""

    base_url: BaseUrl
    """Scheme, host and port, without a path."""
    also: tuple[SecureUrl, ...] = ()
    """Further base URLs of the same gateway. Readers may choose one for the blocks of the reference
    target; it has no evidence of its own."""
    reference: StrictBool = False
    """True for the only target whose observations make standings."""
    media_hosts: tuple[Host, ...] = ()
    """Hosts of the images that this target's replies link to."""
    errors: tuple[Pointer, ...] = ()
    """JSON pointers to the text of an error in this gateway's own form, such as `/fault/text`; each
    is tried before the usual forms, after those of the route."""
    upstream_errors: tuple[Pointer, ...] = ()
    """JSON pointers to what only an upstream's error has here. Such an error is a failure of the
    route, whatever its HTTP status says of the caller."""
    ledger: Annotated[Literal["new-api"] | LedgerPolicy | None, BeforeValidator(_ledger)] = None
    """Ledger that bills are read from: `new-api` for gateways of that family, or `{none: REASON}`.
    While it is left out, bills are not read, and nothing rises to `recommended`."""

    @property
    def base_urls(self) -> tuple[str, ...]:
        """Every base URL, the target's own first."""
        return (self.base_url, *self.also)

    @property
    def no_ledger(self) -> str | None:
        """Reason why its billing is not measured; None unless the file gives one."""
        return self.ledger.none if isinstance(self.ledger, LedgerPolicy) else None


class Route(Frozen):
    """Method, path, protocol and auth, once for all models."""

    title: Prose | None = None
    """Title for readers; the route's name when left out."""
    request: Annotated[str, Field(pattern=REQUEST)]
    """Method and path, such as `POST /v1/things`; `{model}` and `{upstream}` are filled in."""
    protocol: Name
    """Protocol of its requests and replies, such as `openai-images`."""
    auth: Auth
    """Place of the key in the docs: `bearer`, `query NAME`, `header NAME`, `header NAME SCHEME`, or
    `none`."""
    headers: dict[HeaderName, HeaderValue] = {}
    """Fixed headers of its requests, such as `anthropic-version`, names in lower case."""
    output: RouteOutput | None = None
    """Place of the output in a reply, for the protocol `json`."""
    task: Task | None = None
    """Task that its requests create, for the protocol `task`."""
    errors: tuple[Pointer, ...] = ()
    """JSON pointers to the text of an error of this route, tried before those of the target."""
    languages: tuple[CodeLanguage, ...] = ()
    """Languages of its blocks, such as `curl` or `python`; all that have a template when left
    out."""
    accepted_auth: tuple[Auth, ...] = ()
    """Further places of the key that the gateway is said to accept."""
    documented: tuple[DocsPage, ...] = ()
    """What the docs say of the route, by page. No standing uses it."""
    free: FreeOfCharge | None = None
    """Where the docs say that its calls are free. Until a bill of an endpoint is on record, its
    outcome decides alone, as without a ledger."""


class Replay(Frozen):
    """Reply of the mock for a signature. Inferred, and never shown as observed."""

    status: Annotated[StrictInt, Field(ge=400, le=599)]
    """HTTP status."""
    message: Text
    """Error text, with the signature's `match` in it."""
    type: str = "new_api_error"
    """Error's `type`."""
    code: str | StrictInt = ""
    """Error's `code`: a word, or a number where an upstream's own error is passed on."""


class Signature(Frozen):
    """A known failure text."""

    match: Text
    """Part of the error text that identifies it."""
    cause: Prose
    """Meaning and likely cause, as a sentence without its final stop."""
    remedy: Prose | None = None
    """What the reader can do, as a sentence without its final stop."""
    replay: Replay


class Model(Frozen):
    """A name that can be called."""

    title: Verbatim
    """Title for readers."""
    upstream: Upstream | None = None
    """Model behind the name; left out when the name is the upstream's own."""
    family: Name | None = None
    """Group of models that can replace each other."""
    price: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = None
    """Dollars a call, for a retest's cap on the spend, where the gateway reports none or less.
    Shown nowhere."""


class Skip(Frozen):
    """Reason to publish an endpoint's blocks without running them, and its last date."""

    reason: Verbatim
    """Reason, in a few words."""
    until: Day
    """Last date of the skip."""


class Variant(Frozen):
    """Another request on an endpoint, such as 4K or two references. It makes no standing and has no
    block of its own; a request with both is an endpoint of a further route."""

    title: Prose
    """Title for readers, as a phrase."""
    request: Annotated[str, Field(pattern=REQUEST)] | None = None
    """Method and path in place of the route's, such as those of a stream."""
    body: Body = {}
    """Fields that it sends beside or in place of the endpoint's own."""
    form: Form = {}
    """Parts that it sends beside or in place of the endpoint's own."""


class Endpoint(Frozen):
    """Model on a route, by `model/route`; or a route alone, by `-/route`."""

    body: Body | None = None
    """JSON body that its blocks send; the protocol adds the model where the body carries it."""
    form: Form | None = None
    """Parts of a multipart form that its blocks send in place of a body: text, or a file."""
    variants: dict[Name, Variant] = {}
    """Further requests on the endpoint, by name."""
    skip: Skip | None = None
    """Present while its blocks are published but cannot be run."""

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if self.body is not None and self.form is not None:
            raise ValueError("an endpoint has either body or form")
        for name, variant in self.variants.items():
            if (variant.body and self.body is None) or (variant.form and self.form is None):
                kind = "body" if variant.body else "form"
                raise ValueError(f"variant {name} has a {kind}, and the endpoint has none")
        return self
