"""Documented facts: what a gateway's docs say and nobody tested. No standing uses them."""

from typing import Annotated, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    WithJsonSchema,
    model_validator,
)

from trueup.model.values import Day, Frozen, Name, Prose, Verbatim

URL = r"^https://[^\s<>()\[\]|\"'`\\]+$"
WORD = r"^\S+$"
Url = Annotated[str, Field(pattern=URL, max_length=2000)]
Word = Annotated[str, Field(pattern=WORD, max_length=200)]
Number = StrictInt | Annotated[float, Field(strict=True, allow_inf_nan=False)]
ParameterType = Literal["string", "integer", "number", "boolean", "object", "array", "file"]
_TYPE = {"enum": list(get_args(ParameterType))}
ParameterTypes = Annotated[
    tuple[ParameterType, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [_TYPE, {"type": "array", "items": _TYPE}]}),
]


class Parameter(Frozen):
    """Field of a request. What is left out, the docs do not say."""

    type: ParameterTypes = ()
    """Type of its value; a list where there are several."""
    required: StrictBool | None = None
    """Whether a request needs it."""
    values: tuple[Word | StrictBool | Number, ...] = ()
    """Allowed values."""
    least: Number | None = None
    """Smallest allowed number."""
    most: Number | None = None
    """Largest allowed number."""
    default: Word | StrictBool | Number | None = None
    """Value that the gateway uses where the request has none."""
    note: Prose | None = None
    """Further conditions, as a clause."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least is more than most")
        return self


class DocumentedValue(Frozen):
    """Limit, price, or setting of a client."""

    of: Prose
    """What is limited, paid for or set, as a phrase."""
    value: Verbatim
    """Figure with its unit, such as `20 MB`, or what to set; the same in every language."""


class DocsLink(Frozen):
    """Page of the gateway for its users, such as that of the prices."""

    title: Prose
    """What is there, as a phrase."""
    url: Url
    """Address, with https."""
    key: StrictBool = False
    """Whether readers get a key there. The first such link stands beside the code."""


class DocumentedError(Frozen):
    """Failure that the docs explain."""

    status: Annotated[StrictInt, Field(ge=400, le=599)] | None = None
    """HTTP status."""
    code: Word | None = None
    """Error's `code` or `type`."""
    meaning: Prose
    """Meaning, as a sentence without its final stop."""
    remedy: Prose | None = None
    """What the reader can do, as a sentence without its final stop."""


class FreeOfCharge(Frozen):
    """Page of the gateway's docs by which the calls of a route cost nothing."""

    page: Verbatim
    """URL or title of the page."""
    on: Day
    """Date on which the page was read."""


class DocsPage(Frozen):
    """Page of the gateway's docs, with the facts that it stated when it was read."""

    page: Verbatim
    """URL or title of the page."""
    on: Day
    """Date on which the page was read. A fact changes only with a newer one."""
    models: tuple[Name, ...] = ()
    """Models that the facts are about; left out where the page names none."""
    parameters: dict[Word, Parameter] = {}
    """Fields of the request, by name, such as `messages` or `image[]`; those within others by path,
    such as `reasoning.effort` or `tools[].name`."""
    limits: tuple[DocumentedValue, ...] = ()
    """Limits, such as the size of a file."""
    prices: tuple[DocumentedValue, ...] = ()
    """Prices, in the words of the docs. A retest reads the ledger instead."""
    settings: tuple[DocumentedValue, ...] = ()
    """Settings of clients."""
    links: tuple[DocsLink, ...] = ()
    """Pages of the gateway for its users."""
    errors: tuple[DocumentedError, ...] = ()
    """Failures that the docs explain."""

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not any(getattr(self, kind) for kind in FACTS):
            raise ValueError(f"it has no facts, which are {', '.join(FACTS)}")
        return self


FACTS = ("parameters", "limits", "prices", "settings", "links", "errors")
"""Kinds of documented facts: the fields of a page that hold some."""
