"""Routes: an operation of an OpenAPI document as a route with its endpoints, held to the reader of
the status file, to the templates, and to the rules for what readers see."""

import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from trueup.draft.request import JSON, Request, read_request
from trueup.errors import BadInput
from trueup.message import Message
from trueup.model import (
    NO_AUTH,
    NO_MODEL,
    WORD,
    DocsPage,
    DocumentedValue,
    Endpoint,
    Model,
    Route,
    RouteOutput,
    Skip,
)
from trueup.openapi import MOST_SCHEMA_PARTS, Node, Schema, documented_value, json_schema_of
from trueup.place import Place
from trueup.protocols import PROTOCOLS
from trueup.shipped_files import shipped_folder
from trueup.snippet import languages_of
from trueup.status_file import MOST_ROUTE_FILE_BYTES, output_problems, shown

METHODS = ("get", "post", "put", "patch", "delete")
OTHER_METHODS = ("head", "options", "trace", "query")
MOST_MODELS = 12
"""Models of one route: each has blocks of its own, and a document can list a hundred."""
MODEL = r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,99}"
"""A name of a model that is a title as it is."""
MOST_LETTERS = 80
"""Of a title: a longer one is a description."""
OTHER_GROUP = "other"
SKIPPED = timedelta(days=30)
UNFILLED = "values of its request are yet to be filled in"
KNOWN: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("openai-chat", "POST", r"/chat/completions", frozenset({"model", "messages"})),
    ("openai-images", "POST", r"/images/(generations|edits)", frozenset({"model", "prompt"})),
    ("openai-embeddings", "POST", r"/embeddings", frozenset({"model", "input"})),
    ("openai-responses", "POST", r"/responses", frozenset({"model", "input"})),
    ("openai-speech", "POST", r"/audio/speech", frozenset({"model", "input", "voice"})),
    ("openai-transcriptions", "POST", r"/audio/transcriptions", frozenset({"model", "file"})),
    ("anthropic-messages", "POST", r"/messages", frozenset({"model", "messages", "max_tokens"})),
    ("gemini", "POST", r"\{upstream\}:(generateContent|streamGenerateContent)", frozenset()),
)
"""Protocols by method, end of the path, and fields of the request; another route is `json`."""


@dataclass
class DraftedRoute:
    """A route with its endpoints, the models that they call, and the files that it names."""

    name: str
    group: str
    route: Route
    endpoints: dict[str, Endpoint]
    models: dict[str, Model]
    files: dict[str, bytes]
    notes: list[Message] = field(default_factory=list)
    """What a person has to check."""


def draft_route(
    operation: Node, method: str, path: str, prefix: str, names: Set[str], day: date
) -> DraftedRoute:
    """Return an operation as a route that is named as none of `names` is.

    `prefix` is the path of its server. Raises BadInput where no status file can say it.
    """
    request = read_request(operation, method, prefix + _plain_path(operation, path))
    protocol = protocol_of(request, operation)
    name = free_name(slug(operation.get("operationId").text) or slug(f"{method} {path}"), names)
    route: dict[str, Any] = {
        "title": _title(operation.get("summary").text),
        "request": f"{method} {request.path}",
        "protocol": protocol,
        "auth": request.auth,
        "headers": request.headers,
        "accepted_auth": request.accepted_auth,
        "documented": _documented(operation, request, day),
    }
    notes = list(_notes(operation, method, request))
    if protocol == "json":
        output, files = _output(name, operation, notes)
        route["output"] = output
        request.files |= files
    drafted = in_languages(Route.model_validate(route))
    models = models_of(operation.place, request, protocol, notes)
    called = {model: own.upstream or model for model, own in models.items()}
    skip = Skip(reason=UNFILLED, until=day + SKIPPED) if request.missing else None
    endpoints = {
        f"{model}/{name}": endpoint_of(request, protocol, model, skip, called.get(model))
        for model in called or [NO_MODEL]
    }
    group = _group(operation, path)
    return DraftedRoute(name, group, drafted, endpoints, models, request.files, notes)


def protocol_of(request: Request, operation: Node) -> str:
    """Return the protocol of a request, by its method, path and fields."""
    plain = request.path.partition("?")[0]
    if request.method == "GET" and plain.endswith("/models"):
        _, media = _reply(operation)
        items = Schema(media.get("schema")).fields().get("data") if media else None
        if items and items[0].type == "array":
            return "openai-models"
    return known_protocol(request)


def known_protocol(request: Request) -> str:
    """Return the protocol of a request that has a body, by its method, path and fields."""
    plain = request.path.partition("?")[0]
    for protocol, method, path, fields in KNOWN:
        is_known = request.method == method and re.search(f"{path}$", plain)
        if is_known and fields <= request.fields:
            return protocol
    return "json"


def _plain_path(operation: Node, path: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9/{}?&=:@!$'()*,;._~-]*", path):
        fix = "Write it without signs that a URL encodes."
        raise operation.refused(f"the path is {shown(path)}", fix)
    return path


def slug(text: str) -> str:
    """Return a text as a name in lower case, its words by hyphens."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", text)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:MOST_LETTERS].strip("-")


def free_name(name: str, names: Set[str]) -> str:
    found, number = name or "route", 1
    while found in names:
        number += 1
        found = f"{name or 'route'}-{number}"
    return found


def _title(text: str) -> str | None:
    """Return a summary as a title, where it is one line of print."""
    title = " ".join(text.split()).rstrip(".")
    return title if title.isprintable() and 0 < len(title) <= MOST_LETTERS else None


def _group(operation: Node, path: str) -> str:
    """Return the name of the page of a route: its first tag, or a part of its path."""
    parts = (part for part in path.split("/") if not re.fullmatch(r"|v[0-9].*|.*\{.*", part))
    return slug(operation.get("tags", 0).text) or slug(next(parts, "")) or OTHER_GROUP


def _documented(operation: Node, request: Request, day: date) -> list[DocsPage]:
    """Return what the document says of the route, with its place; nothing where it says nothing."""
    known = {
        name: one
        for name, one in request.parameters.items()
        if re.match(WORD, name) and name.isprintable() and len(name) <= MOST_LETTERS
    }
    is_old = operation.get("deprecated").value is True
    state = [DocumentedValue(of="state of the route", value="deprecated")] if is_old else []
    if not known and not state:
        return []
    place = str(operation.place)[:2000]
    return [DocsPage(page=place, on=day, parameters=known, limits=tuple(state))]


def _notes(operation: Node, method: str, request: Request) -> Iterator[Message]:
    """Yield what a person has to fill in or to know before a retest."""
    for part, names in request.missing:
        fix = "Fill in what stands in for it in status.yml, and remove the skip there."
        yield Message(part.place, f"the document has no value for {names}", fix)
    if method in ("PUT", "PATCH", "DELETE"):
        problem = f"a retest would send this {method}"
        yield Message(operation.place, problem, "Use what may be changed, or remove the endpoint.")


def _reply(operation: Node) -> tuple[Node, Node]:
    """Return the first successful reply, and its JSON; a part that is not there without one."""
    replies = operation.get("responses")
    codes = sorted(code for code, _ in replies.children() if re.fullmatch(r"2[0-9Xx]{2}", code))
    for code in codes:
        for name, media in replies.get(code, "content").children():
            kind = name.partition(";")[0].strip().lower()
            if kind == JSON or kind.endswith("+json"):
                return replies.get(code), media
    return replies, Node(operation.document, None, replies.pointer)


def _output(
    name: str, operation: Node, notes: list[Message]
) -> tuple[RouteOutput, dict[str, bytes]]:
    """Return the output of a reply in JSON, and the files with its schema and its example; what
    cannot be used of them is left out, and noted."""
    replies, media = _reply(operation)
    if not media:
        raise replies.refused("it documents no reply in JSON", "Write the route in status.yml.")
    schema = json_schema_of(media.get("schema"), iter(range(MOST_SCHEMA_PARTS)))
    found = {"schema": schema or None, "sample": documented_value(media).value}
    files = {key: _file(value) for key, value in found.items() if value is not None}
    for key, content in list(files.items()):
        if len(content) > MOST_ROUTE_FILE_BYTES:
            problem = f"the {key} of its reply has more than {MOST_ROUTE_FILE_BYTES} bytes"
            notes.append(Message(media.place, problem, "It was left out."))
            del files[key]
    while True:
        named = {key: f"{name}.{'schema.' * (key == 'schema')}json" for key in files}
        output = RouteOutput.model_validate({"pointer": "", **named})
        route = Route(request="GET /", protocol="json", auth="none", output=output)
        contents = {named[key]: content for key, content in files.items()}
        found_problem = next(output_problems(route, contents), None)
        if found_problem is None:
            return output, contents
        key, problem, _ = found_problem
        notes.append(Message(media.place, problem, f"The {key} was left out."))
        del files[key]


def _file(value: Any) -> bytes:
    return f"{json.dumps(value, indent=2)}\n".encode()


def models_of(
    place: Place, request: Request, protocol: str, notes: list[Message]
) -> dict[str, Model]:
    """Return the models of a route by name; one whose name no file can have is its upstream's."""
    found: dict[str, Model] = {}
    letters: set[str] = set()
    for upstream in request.models:
        slug = re.sub(r"[^a-z0-9._-]+", "-", upstream.lower()).strip("-._")
        plain = re.sub(r"[\W_]", "", slug)
        if not re.fullmatch(MODEL, upstream) or plain in letters | template_words():
            problem = f"the model {shown(upstream)} has a name that is another word too"
            notes.append(Message(place, problem, "Add it with a title of its own."))
            continue
        letters.add(plain)
        title = re.sub(r"-(\d{4})-(\d\d)-(\d\d)", r" \1\2\3", upstream)  # no page has a date
        found[slug] = Model(title=title, upstream=upstream if slug != upstream else None)
    if not found and request.method != "GET" and "model" in PROTOCOLS[protocol].body("", {}):
        raise BadInput(place, "names no model", "Give model an example there.")
    if len(found) > MOST_MODELS:
        problem = f"{len(found)} models are named; the first {MOST_MODELS} were taken"
        notes.append(Message(place, problem, "Add the others that you document."))
    return dict(list(found.items())[:MOST_MODELS])


@cache
def template_words() -> frozenset[str]:
    """Return the words of the templates, in which the name of a model is a fact that was typed."""
    files = (shipped_folder() / "snippets").rglob("*.j2")
    texts = (file.read_text("utf-8").lower() for file in files)
    return frozenset(word for text in texts for word in re.findall(r"[a-z0-9]+", text))


def in_languages(route: Route) -> Route:
    """Return the route without the SDKs that send the key in another place than it has."""
    all_of_it = languages_of(route, shipped_folder() / "snippets")
    kept = tuple(
        one.name
        for one in all_of_it
        if not one.optional or (route.auth != NO_AUTH and one.auth in (None, route.auth))
    )
    return route if len(kept) == len(all_of_it) else route.model_copy(update={"languages": kept})


def endpoint_of(
    request: Request, protocol: str, name: str, skip: Skip | None, upstream: str | None = None
) -> Endpoint:
    """Return the endpoint of a model, named `upstream` in the request if that may be another's; the
    protocol adds the model where its name is its own."""
    own = {"model": upstream} if upstream is not None and "model" in request.fields else {}
    is_added = "model" in PROTOCOLS[protocol].body("", {})

    def content(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if fields is None:
            return None
        stated = own | dict(fields) | own
        if is_added and stated.get("model") == name:
            del stated["model"]
        return stated

    return Endpoint.model_validate(
        {"body": content(request.body), "form": content(request.form), "skip": skip}
    )
