"""Exchange: a request and its reply, as the mock or the relay saw them. It never has a key."""

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass
from email.message import MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from typing import Any, NoReturn

from pydantic_core import from_json

from trueup.model import Auth, Form, FormFile, InconclusiveKind


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


STRICT = json.JSONDecoder(parse_constant=_refuse_constant)
CLIENT_HEADERS = (
    "accept",
    "accept-",
    "sec-",
    "user-agent",
    "x-goog-api-client",
    "x-server-timeout",
    "x-stainless-",
)
"""Starts of the headers that an HTTP client or an SDK adds by itself, and that say what it is."""


@dataclass(frozen=True)
class Failure:
    """Why no whole reply came, as a clause, and the kind of result that this makes."""

    reason: str
    kind: InconclusiveKind = "no-answer"


@dataclass(frozen=True)
class Exchange:
    """A request and its reply.

    `host` is the Host header (lower case, with port). `path` is decoded, without the query; `query`
    lacks the key. `auth` has the auth method of each key in the request. `request_type` is the
    Content-Type of its body; `headers`, names in lower case, lack the keys and the headers of the
    connection and the body. `request_id` is the reply's `X-Oneapi-Request-Id`, or else its
    `X-Request-Id`. `answered_from` is the place of the observation that the mock replayed, if any.
    `failure` says why a reply was truncated, or why the relay made one itself. `location` is that
    of a redirect.
    """

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    auth: tuple[Auth, ...]
    request_body: bytes
    status: int
    content_type: str
    response_body: bytes
    request_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    request_id: str | None = None
    answered_from: str | None = None
    failure: Failure | None = None
    location: str | None = None


def own_headers(
    headers: Iterable[tuple[str, str]], declared: Container[str] = ()
) -> dict[str, str | None]:
    """Return a request's headers without those that a client adds by itself, except `declared`."""
    return {
        name: value
        for name, value in headers
        if name in declared or not name.startswith(CLIENT_HEADERS)
    }


def content_in(content_type: str, content: bytes) -> dict[str, Any] | None:
    """Return the body or the form of a request, by its name; None where it is neither."""
    if not content:
        return {}
    if content_type.lower().startswith("multipart/form-data"):
        form = _form_in(content_type, content)
        return None if form is None else {"form": form}
    try:
        body = _json_in(content)
    except (ValueError, RecursionError):
        return None
    return {"body": body} if isinstance(body, dict) else None


def _json_in(content: bytes) -> Any:
    """Return the value of a JSON text. The faster parser is right about all that it reads."""
    try:
        return from_json(content, allow_inf_nan=False)
    except ValueError:  # what is no JSON, and also a lone surrogate or a deep list
        return STRICT.decode(content.decode())


def form_parts(content_type: str, content: bytes) -> list[tuple[str, MIMEPart]] | None:
    """Return the parts of a multipart form with their names, in order; None where it is none."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    whole = BytesParser(policy=HTTP).parsebytes(head + content)
    if not whole.is_multipart() or whole.defects:
        return None
    found = []
    for part in whole.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            return None
        found.append((name, part))
    return found


def _form_in(content_type: str, content: bytes) -> Form | None:
    form: Form = {}
    parts = form_parts(content_type, content)
    for name, part in parts or ():
        value = _part_value(part)
        if value is None:
            return None
        if name not in form:
            form[name] = value
        else:
            earlier = form[name]
            form[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return None if parts is None else form


def _part_value(part: MIMEPart) -> str | FormFile | None:
    """Return the text or the file of a part of a form; None where no form could record it."""
    content, file = part.get_payload(decode=True), part.get_filename()
    if not isinstance(content, bytes):
        return None
    if file is None:
        try:
            return content.decode().replace("\r\n", "\n")  # the lines of a form, RFC 7578
        except UnicodeDecodeError:
            return None
    digest = sha256(content).hexdigest()
    return FormFile.model_construct(file=file, mime=part.get_content_type(), sha256=digest)
