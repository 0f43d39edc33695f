"""Sent: the request that a retest sent, and the parts that a status file gives one."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, StrictStr, model_validator

from trueup.model.auth import TRANSPORT_HEADERS, Auth
from trueup.model.task import Poll
from trueup.model.values import REQUEST, BaseUrl, Body, Frozen, other_form

HEADER_VALUE = r"^[!-~]([ -~]{0,998}[!-~])?$"
MIME = r"^[a-z0-9.+-]+/[a-z0-9.+-]+$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
PART_NAME = r"^(\*|[A-Za-z0-9_.-]{1,64}(\[[A-Za-z0-9_.-]{0,64}\])*)$"


def _header(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,64}", name) or name in TRANSPORT_HEADERS:
        raise other_form("a header of the request's own in lower case, such as anthropic-version")
    if name in ("authorization", "x-api-key", "x-goog-api-key", "api-key"):
        raise other_form("a header without the key, which auth names")
    return name


FileName = Annotated[StrictStr, Field(pattern=FILE_NAME)]
"""File of `snippets/files`, without a folder."""
HeaderName = Annotated[str, AfterValidator(_header)]
HeaderValue = Annotated[StrictStr, Field(pattern=HEADER_VALUE)]


class FormFile(Frozen):
    """File of a form: a plain file of at most 256 KiB under `snippets/files`, which is published
    with the blocks that send it."""

    file: FileName
    """Name of the file, without a folder."""
    mime: Annotated[StrictStr, Field(pattern=MIME)]
    """Media type that is sent with it."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Hash of its bytes; the check names the right one. Another file is another request."""


PartName = Annotated[str, Field(pattern=PART_NAME)]
FormValue = StrictStr | FormFile
Form = dict[PartName, FormValue | Annotated[list[FormValue], Field(min_length=1)]]
SentForm = dict[str, FormValue | list[FormValue | None] | None]


class Sent(Frozen):
    """Request that a retest sent, which a claim is tied to."""

    base_url: BaseUrl
    """Scheme, host and port."""
    request: Annotated[str, Field(pattern=REQUEST)]
    """Method and path, with every name filled in."""
    auth: Auth
    """Place of the key, in the words of a route's `auth`."""
    headers: dict[HeaderName, HeaderValue | None] = {}
    """Headers of the request's own. A null is a value that was not reported."""
    body: Body | None = None
    """JSON body; left out for a request without one. A null is a value that was not reported, and
    is compared with nothing. A field `"*": null` means that further fields may have been sent."""
    form: SentForm | None = None
    """Parts of a multipart form, in place of a body; nulls and `"*"` are those of a body."""

    poll: Poll | None = None
    """Request that polled the task, where it created one."""
    fetch: Poll | None = None
    """Request that fetched the output of the task with the key, where one does."""

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if self.body is not None and self.form is not None:
            raise ValueError("a request has either body or form")
        return self

    @property
    def content(self) -> Body | None:
        """The body, or the parts of the form as JSON values."""
        return self.body if self.form is None else form_values(self.form)


def form_values(form: SentForm | Form) -> Body:
    """Return the parts of a form as JSON values. A list of one is its item, as it arrives."""

    def plain(value: FormValue | None) -> JsonValue:
        return value.model_dump() if isinstance(value, FormFile) else value

    return {
        name: plain(items[0]) if len(items) == 1 else [plain(item) for item in items]
        for name, items in form_items(form)
    }


def form_files(form: SentForm | Form) -> dict[str, FormFile]:
    """Return the files of a form by their names."""
    found = (item for _, items in form_items(form) for item in items)
    return {item.file: item for item in found if isinstance(item, FormFile)}


def form_items(
    form: SentForm | Form,
) -> Iterator[tuple[str, Sequence[FormValue | None]]]:
    """Yield each name of a form with its parts, of which it can have several."""
    for name, value in form.items():
        yield name, value if isinstance(value, list) else [value]
