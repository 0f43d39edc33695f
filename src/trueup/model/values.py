"""Values: the words and types that the nouns are made of, and the meaning of a date."""

import ast
import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from inspect import cleandoc, getsource
from itertools import pairwise
from textwrap import dedent
from typing import Annotated, ClassVar, Literal, LiteralString

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

Body = dict[str, JsonValue]
Outcome = Literal["output", "error", "mixed", "inconclusive"]
Billing = Literal[
    "aligned",
    "mismatch",
    "charged-on-failure",
    "charged-without-output",
    "uncharged-success",
    "overcharged",
    "abnormal",
    "inconclusive",
]
InconclusiveKind = Literal[
    "no-answer", "refused-caller", "overloaded", "unreadable", "interrupted", "capped"
]
Severity = Literal["error", "warning", "ignore"]
Kind = Literal["image", "text", "json", "audio", "video", "file"]

NO_MODEL = "-"
"""In the place of the model, for a route that is an endpoint by itself."""
NAME = r"^[a-z0-9][a-z0-9._-]*$"
POINTER = r"^(/([^~/\x00-\x1f]|~[01])*)*$"
REQUEST = r"^(GET|POST|PUT|PATCH|DELETE) /\S*$"


class Standing(StrEnum):
    """The word that readers see for an endpoint, best first."""

    RECOMMENDED = "recommended"
    CONTROLLED_TESTING = "controlled-testing"
    UNVERIFIED = "unverified"
    NOT_RECOMMENDED = "not-recommended"

    @property
    def rank(self) -> int:
        """The position in the order, 0 for the best."""
        return list(Standing).index(self)


def other_form(expected: LiteralString) -> PydanticCustomError:
    """Return the error of a value of another form; its text is the expected form alone."""
    return PydanticCustomError("other_form", expected)


def _moment(value: object) -> object:
    if not isinstance(value, date):
        raise other_form("a date such as 2026-04-14, or a time with its zone")
    return value


def _day(value: object) -> object:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise other_form("a date such as 2026-04-14")
    return value


def _days(value: object) -> object:
    found = re.fullmatch(r"([1-9][0-9]{0,3})d", value) if isinstance(value, str) else None
    if not found:
        raise other_form("a number of days such as 30d")
    return timedelta(days=int(found[1]))


def _base_url(value: str) -> str:
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", value):
        raise other_form("scheme and host alone, such as https://example.com")
    return value


def _secure_url(value: str) -> str:
    if not value.startswith("https://"):
        raise other_form("a base URL with https, since readers send their keys to it")
    return value


Moment = Annotated[date | datetime, BeforeValidator(_moment)]
Day = Annotated[date, BeforeValidator(_day)]
Days = Annotated[
    timedelta,
    BeforeValidator(_days),
    PlainSerializer(lambda value: f"{value.days}d"),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,3}d$"}),
]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
SecureUrl = Annotated[BaseUrl, AfterValidator(_secure_url)]
Host = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]{1,5})?$")]
CodeLanguage = Literal["curl", "python", "javascript", "genai", "anthropic", "openai"]
Shape = Annotated[str, Field(pattern=NAME)]
"""Form of the output in a reply; the protocol says which there are."""
Pointer = Annotated[str, Field(pattern=POINTER, max_length=200)]
"""JSON pointer (RFC 6901), such as `/error/message`; the empty text is the whole document."""
Upstream = Annotated[str, Field(pattern=r"^[^\s?#{}]+$", max_length=200)]
Name = Annotated[str, Field(pattern=NAME)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
"""Text of at most a few paragraphs: longer ones belong on a page."""
TRANSLATED, VERBATIM = "translated", "verbatim"
Prose = Annotated[Text, TRANSLATED]
"""Text that readers see in the language of the page."""
Verbatim = Annotated[Text, VERBATIM]
"""Text that readers see as it is written, in every language."""


class Described:
    """A base of nouns whose JSON schema has the docstring behind each field.

    They are read for the schema alone, not by `use_attribute_docstrings`, on import.
    """

    __slots__ = ()
    __pydantic_fields__: ClassVar[dict[str, FieldInfo]]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        made = handler(schema)
        fields = handler.resolve_ref_schema(made).get("properties", {})
        for field, text in _docstrings(cls).items():
            known = cls.__pydantic_fields__.get(field)
            name = known and known.alias
            if (name or field) in fields:
                fields[name or field]["description"] = text
        return made


class Frozen(Described, BaseModel):
    """A noun: it never changes after it was read, and has no key that it does not document.

    Most commands use few of them, so each is built on its first use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _docstrings(noun: type) -> dict[str, str]:
    """Return the docstring behind each field of a noun and of its base classes."""
    found: dict[str, str] = {}
    for base in reversed(noun.__mro__):
        if issubclass(base, Described) and base not in (Described, Frozen):
            (written,) = ast.parse(dedent(getsource(base))).body
            assert isinstance(written, ast.ClassDef)
            for field, text in pairwise(written.body):
                match field, text:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name)),
                        ast.Expr(value=ast.Constant(value=str(words))),
                    ):
                        found[name] = cleandoc(words)
    return found


def split(endpoint: str) -> tuple[str, str]:
    """Return the model and the route of `model/route`."""
    model, _, route = endpoint.rpartition("/")
    return model, route


def name_of(endpoint: str) -> str:
    """Return the name of an endpoint's output: its model, or the route of one without a model."""
    model, route = split(endpoint)
    return route if model == NO_MODEL else model


def anchor(endpoint: str) -> str:
    """Return an endpoint as an HTML id that is a CSS selector too, for the copy button."""
    return re.sub(r"[^A-Za-z0-9-]", "_", endpoint.replace("/", "--"))


def secret_name(target: str, kind: str) -> str:
    """Return the environment variable with a target's API_KEY, ACCESS_TOKEN or USER_ID."""
    return f"TRUEUP_{re.sub('[^A-Z0-9]', '_', target.upper())}_{kind}"


def as_time(moment: date | datetime) -> datetime:
    """Return an aware time (UTC) for a date or a time, so that both can be compared.

    A date is its first instant; a naive time is read as UTC.
    """
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return datetime.combine(moment, time(), UTC)
