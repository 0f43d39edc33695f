"""Call: a request of a block as a recording keeps it, and its differences from a recorded one."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote

from pydantic_core import from_json
from starlette.requests import Request as Received
from starlette.types import Scope

from trueup.exchange import form_parts, own_headers
from trueup.model import headers_without_key, keys_in, query_without_key
from trueup.protocols.json_pointer import pointer_of
from trueup.recording.har import PostData, Request, Response
from trueup.relay import PLACEHOLDER

SHOWN = 80
"""Characters of a value in a message: the width of a terminal."""
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class Call:
    """A request and its reply, or why it got none. `others` were under way when it was sent."""

    request: Request
    response: Response | None = None
    failure: str | None = None
    others: bool = False


def request_of(scope: Scope, body: bytes) -> Request:
    """Return a request as it is recorded: of a key only its place, no cookie, nothing that a client
    adds by itself. Keys in the request are those of `send_rules.with_placeholder`."""
    received = Received(scope)
    headers, query = received.headers.items(), received.query_params.multi_items()
    own = own_headers(headers_without_key(headers, (), PLACEHOLDER))
    own.pop("referer", None)
    kept = query_without_key(query, (), PLACEHOLDER)
    mime_type = received.headers.get("content-type", "")
    if mime_type:
        own["content-type"] = MULTIPART if _kind(mime_type) == MULTIPART else mime_type
    path = quote(scope["path"], safe="/:@!$&'()*+,;=~")
    line = "&".join(f"{quote(name)}={quote(value)}" for name, value in kept)
    host = received.headers.get("host", "").lower() or "unknown"
    data = {
        "method": scope["method"],
        "url": f"{scope['scheme']}://{host}{path or '/'}{'?' if line else ''}{line}",
        "headers": [{"name": name, "value": value} for name, value in sorted(own.items())],
        "queryString": [{"name": name, "value": value} for name, value in kept],
        "bodySize": len(body),
        "_auth": [sent.auth for sent in keys_in(headers, query, (), PLACEHOLDER)],
    }
    return Request.model_validate(data | ({"postData": _body(mime_type, body)} if body else {}))


def _kind(mime_type: str) -> str:
    return mime_type.partition(";")[0].strip().lower()


def _body(mime_type: str, body: bytes) -> dict[str, Any]:
    if _kind(mime_type) == MULTIPART and (parts := form_parts(mime_type, body)) is not None:
        return {"mimeType": MULTIPART, "params": [_param(name, part) for name, part in parts]}
    try:
        return {"mimeType": mime_type, "text": body.decode()}
    except UnicodeDecodeError:
        return {"mimeType": mime_type, "_size": len(body), "_sha256": sha256(body).hexdigest()}


def _param(name: str, part: Any) -> dict[str, Any]:
    content, file = part.get_payload(decode=True) or b"", part.get_filename()
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text, file = "", file or ""
    if file is None:
        return {"name": name, "value": text.replace("\r\n", "\n")}
    facts = {"name": name, "fileName": file, "contentType": part.get_content_type()}
    return facts | {"_size": len(content), "_sha256": sha256(content).hexdigest()}


@dataclass(frozen=True)
class Change:
    """A difference of a request: `part` names where, `now` what is sent, if it is a text."""

    part: str
    recorded: Any
    now: Any
    absent: str = ""
    """`recorded` or `now` where the part is not there at all."""

    def __str__(self) -> str:
        if self.absent == "recorded":
            return f"{self.part}: got {_shown(self.now)}, which is not on record"
        if self.absent == "now":
            return f"{self.part}: not sent, expected {_shown(self.recorded)}"
        return f"{self.part}: got {_shown(self.now)}, expected {_shown(self.recorded)}"

    @property
    def words(self) -> list[str]:
        """Return texts by which the line of a block can be found, the best first."""
        value = self.now if isinstance(self.now, str) else "" if self.absent else _shown(self.now)
        return [value, self.part.rpartition("/")[2].rpartition(" ")[2]]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def differences(recorded: Request, now: Request) -> list[Change]:
    """Return what differs between a recorded request and one that is sent now.

    JSON bodies are compared as values, forms by their parts, all others as texts.
    """
    found = [
        Change(part, old, new)
        for part, old, new in (
            ("the method", recorded.method, now.method),
            ("the host", recorded.host, now.host),
            ("the path", recorded.path, now.path),
        )
        if old != new
    ]
    found += _named("the query", _values(recorded.query), _values(now.query))
    places = [{auth: ["a key"] for auth in request.auth} for request in (recorded, now)]
    found += _named("the key as", *places)
    headers = [_headers(request) for request in (recorded, now)]
    found += _named("the header", *headers)
    return found + list(_body_changes(recorded.body, now.body))


def _headers(request: Request) -> dict[str, list[str]]:
    """Return the headers that are compared; of the type of a body only what it is."""
    values = _values(request.headers)
    if "content-type" in values:
        values["content-type"] = [_kind(value) for value in values["content-type"]]
    return values


def _values(pairs: Iterable[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        found[pair.name].append(pair.value)
    return dict(found)


def _named(
    part: str, recorded: Mapping[str, list[str]], now: Mapping[str, list[str]]
) -> Iterator[Change]:
    for name in [*recorded, *(name for name in now if name not in recorded)]:
        old, new = (one.get(name, []) for one in (recorded, now))
        if old != new:
            absent = "" if old and new else "now" if old else "recorded"
            was, now_is = (one[0] if len(one) == 1 else one for one in (old, new))
            yield Change(f"{part} {name}", was, now_is, absent)


def _body_changes(recorded: PostData | None, now: PostData | None) -> Iterator[Change]:
    old, new = _content(recorded), _content(now)
    if old is None or new is None:
        if old is not new:
            yield Change("the body", old, new, "recorded" if old is None else "now")
    elif old[0] != new[0]:
        yield Change("the body", old[1], new[1])
    elif old[0] == "form":
        yield from _named("the form part", old[1], new[1])
    else:
        yield from _json_changes([], old[1], new[1])


def _content(body: PostData | None) -> tuple[str, Any] | None:
    """Return the kind of a body, `form`, `json` or `text`, and its value."""
    if body is None:
        return None
    if body.params is not None:
        parts = defaultdict(list)
        for param in body.params:
            is_file = param.file_name is not None
            file = f"file {param.file_name}, {param.content_type}, {param.size} bytes,"
            value = f"{file} sha256 {(param.sha256 or '')[:12]}" if is_file else param.value
            parts[param.name].append(value)
        return "form", dict(parts)
    if body.sha256 is not None:
        return "text", f"{body.size} bytes, sha256 {body.sha256[:12]}"
    if _kind(body.mime_type) == FORM and not body.text.lstrip().startswith(("{", "[")):
        parts = defaultdict(list)
        for name, value in parse_qsl(body.text, keep_blank_values=True):
            parts[name].append(value)
        return "form", dict(parts)
    try:
        return "json", from_json(body.text, allow_inf_nan=False)
    except ValueError:
        return "text", body.text


def _json_changes(steps: list[str | int], old: Any, new: Any) -> Iterator[Change]:
    part = f"the body {pointer_of(steps)}".rstrip()
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            if name not in new or name not in old:
                absent = "now" if name in old else "recorded"
                inner = f"the body {pointer_of([*steps, name])}"
                yield Change(inner, old.get(name), new.get(name), absent)
            else:
                yield from _json_changes([*steps, name], old[name], new[name])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _json_changes([*steps, index], one, other)
    elif not _is_same(old, new):
        yield Change(part, old, new)


def _is_same(old: Any, new: Any) -> bool:
    """Return whether two values of JSON are equal: 1 is 1.0 there, and no true."""
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)
