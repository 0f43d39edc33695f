"""Page calls: the calls of pages as requests of a status file. What is no whole request is
noted for a person."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trueup.audit.body import FORM_FLAGS, HEADER_FLAGS, body_of, values_of
from trueup.audit.code import normal_path
from trueup.audit.mention import (
    API_PATH,
    KEY_QUERY,
    LOCAL,
    Call,
    address_of,
    all_calls_of,
    query_of,
    sends_data,
)
from trueup.audit.tree import Tree
from trueup.draft.request import CLIENT_HEADERS, KEY_HEADERS, Request, small_file
from trueup.errors import BadInput
from trueup.message import Message
from trueup.model import Auth
from trueup.place import Place

BASE = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?")
IN_PATH = re.compile(r"/models/([^/:{}$<>]+)(:[A-Za-z]+)$")
"""A model in a path, as Gemini has it."""
FILLED = re.compile(r"^[<$]|\$\{|\{\{|^YOUR[_ -]|\.{3}$|…$")
"""A value that a reader fills in."""


@dataclass(frozen=True)
class PageCall:
    """A call of a page: where it is, scheme and host (none for a variable), its model if it names
    one, its request, and what a person has to fill in: None where its body is not whole."""

    page: str
    line: int
    place: Place
    base_url: str
    model: str
    request: Request
    missing: list[str] | None

    @property
    def route(self) -> tuple[str, str]:
        """Return its method and path, which calls of one route share."""
        return self.request.method, self.request.path


def page_calls(tree: Tree, paths: list[str], notes: list[Message]) -> Iterator[PageCall]:
    """Yield the calls of an API on some pages, in their order."""
    for path in paths:
        for call in all_calls_of(tree.pages[path]):
            is_api = API_PATH.search(call.route.text) or call.has_key or call.query
            if not call.command or not is_api or LOCAL.match(call.route.base):
                continue
            place = tree.place(path, call.route.line)
            try:
                yield _read(call, place)
            except BadInput as error:
                notes.append(error.message)


def _read(call: Call, place: Place) -> PageCall:
    """Return a call as a request. Raises BadInput where no status file can say it."""
    address = address_of(call.command)
    try:
        words = shlex.split(call.command)
    except ValueError as error:
        raise BadInput(place, "left out: a quote has no end", "Correct the block.") from error
    assert address is not None
    path = address["path"].partition("#")[0].partition("?")[0].rstrip("/")
    found = IN_PATH.search(path)
    model = found[1] if found else ""
    path = IN_PATH.sub(r"/models/{upstream}\2", path)
    if normal_path(path.replace("{upstream}", "upstream")) != path.replace(
        "{upstream}", "upstream"
    ):
        fix = "Write the route in status.yml, with a value that works."
        raise BadInput(place, f"left out: the reader fills in a part of {path}", fix)
    request = Request(call.route.text.partition(" ")[0], path)
    if model:
        request.models = [model]
    base = BASE.fullmatch(address["base"].lower())
    query, key = _query(query_of(call.command))
    request.path += f"?{query}" if query else ""
    request.auth = _headers(words, request) or (f"query {key}" if key else "none")
    missing = _content(call, words, request)
    content = request.body or request.form or {}
    request.fields = frozenset(content)
    named = content.get("model")
    if isinstance(named, str) and not FILLED.search(named):
        model, request.models = named, [named]
    host = base[0] if base else ""
    return PageCall(call.page, call.route.line, place, host, model, request, missing)


def _query(text: str) -> tuple[str, str]:
    """Return a query without its key and without what a reader fills in, and the key's name."""
    pairs = [pair for pair in text.split("&") if "=" in pair]
    keys = [name for name, _, _ in (pair.partition("=") for pair in pairs) if name in KEY_QUERY]
    kept = [
        pair
        for pair in pairs
        if pair.partition("=")[0] not in KEY_QUERY and not FILLED.search(pair.partition("=")[2])
    ]
    return "&".join(kept), keys[0] if keys else ""


def _headers(words: list[str], request: Request) -> Auth | None:
    """Add the headers of a command to its request; return the place of the key, if it is one."""
    auth: Auth | None = None
    for header in values_of(words, HEADER_FLAGS):
        name, _, value = (part.strip() for part in header.partition(":"))
        name = name.lower()
        if name == "authorization":
            scheme = value.partition(" ")[0] if " " in value else ""
            is_bearer = scheme.lower() == "bearer"
            auth = "bearer" if is_bearer else f"header authorization {scheme}".strip()
        elif name in KEY_HEADERS or re.search(r"(?:api-?key|token)$", name):
            auth = f"header {name}"
        elif name not in CLIENT_HEADERS and value and not FILLED.search(value):
            request.headers[name] = value
    if auth is None and any(values_of(words, ("-u", "--user"))):
        auth = "header authorization Basic"
    return auth


def _content(call: Call, words: list[str], request: Request) -> list[str] | None:
    """Add the body or the form of a command; return the names of values that a person has to fill
    in, None for a body that is not complete JSON."""
    parts, missing = list(filter(None, values_of(words, FORM_FLAGS))), list[str]()
    if parts:
        request.form = {}
        for name, _, value in (part.partition("=") for part in parts):
            request.form[name] = value
            if value.startswith(("@", "<")):
                file, content = small_file(value.partition("type=")[2], f"{name} {value}")
                request.form[name], request.files[file.file] = file, content
                missing.append(f"{name} (the file {file.file} stands in)")
    elif sends_data(call.command):
        body = body_of(call.command)
        if not isinstance(body, dict):
            return None
        request.body = body
    return [*missing, *_filled_in(request.body or request.form or {}, "")]


def _filled_in(value: Any, name: str) -> Iterator[str]:
    """Yield the names of values that a reader fills in."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _filled_in(one, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        for one in value:
            yield from _filled_in(one, name)
    elif isinstance(value, str) and FILLED.search(value):
        yield name
