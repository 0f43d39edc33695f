"""Request: what an operation of an OpenAPI document says of its request: path, query, headers,
auth, and the body or the form. A value that the document does not give is named as missing."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from trueup.media_type import ending_of_type
from trueup.mock import draw_picture
from trueup.model import NO_AUTH, Auth, Body, FormFile, Parameter
from trueup.openapi import Node, Schema, documented_value, example_of, parameter_of
from trueup.scaffold.answers import KINDS, silence
from trueup.status_file import listed, shown

KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
"""Headers that some documents describe as parameters, though they have the key."""
CLIENT_HEADERS = ("accept", "content-type", "user-agent")
NEEDED_HEADERS = KINDS["anthropic-messages"].headers
"""Headers without which a protocol does not work, and their values where the document has none."""
PLAIN_SIGNS = "-._~:@!$'()*,;"
"""Signs that stand for themselves in a path and in a query (RFC 3986)."""
TEXT_FILE = b"A small file to send.\n"
JSON, FORM = "application/json", "multipart/form-data"


@dataclass
class Request:
    """The request of an operation, as far as the document says it."""

    method: str
    path: str
    """With the prefix of the server, and each parameter filled in; `{upstream}` for a model."""
    auth: Auth = NO_AUTH
    accepted_auth: tuple[Auth, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    body: Body | None = None
    form: dict[str, Any] | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    """Models that the body, the form or the path can name."""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    missing: list[tuple[Node, str]] = field(default_factory=list)
    """Parts of the document with what a person has to fill in for each, as a list in words."""
    fields: frozenset[str] = frozenset()
    """Names of the fields of the body or the form."""

    def lack(self, part: Node, names: list[str]) -> None:
        """Note the names of values that a part of the document does not give."""
        self.missing += [(part, listed(map(shown, dict.fromkeys(names))))] if names else []


def read_request(operation: Node, method: str, path: str) -> Request:
    """Return the request of an operation. Raises BadInput where no status file can say it."""
    request = Request(method, path)
    query: list[tuple[str, str]] = []
    for place, parameter in _parameters(operation):
        _add_parameter(request, query, place, parameter)
    if lacking := re.search(r"\{(?!upstream\})[^{}]*\}", request.path):
        problem = f"the path has {shown(lacking[0])}, which no parameter describes"
        raise operation.refused(problem, "Describe it.")
    if query:
        sent = "&".join(f"{name}={value}" for name, value in query)
        request.path += f"{'&' if '?' in request.path else '?'}{sent}"
    _add_auth(request, operation)
    _add_content(request, operation.get("requestBody"))
    return request


def _parameters(operation: Node) -> list[tuple[str, Node]]:
    """Return the parameters of an operation by where they are sent, its own before its path's."""
    found: dict[tuple[str, str], Node] = {}
    for owner in (operation, operation.above):
        for _, one in owner.get("parameters").children():
            found.setdefault((one.get("in").text, one.get("name").text), one)
    return [(place, one) for (place, _), one in found.items()]


def _add_parameter(
    request: Request, query: list[tuple[str, str]], place: str, parameter: Node
) -> None:
    name, required = parameter.get("name").text, parameter.get("required").value is True
    schema = Schema(parameter.get("schema") or next(iter(_media(parameter).values()), parameter))
    if place == "path" and f"{{{name}}}:" in request.path and name == "model":
        request.path = request.path.replace("{model}", "{upstream}")
        request.models = _models(schema, documented_value(parameter).value)
        return
    is_key = place == "header" and name.lower() in KEY_HEADERS
    is_sent = required or place == "path" or name.lower() in NEEDED_HEADERS
    if place in ("path", "query") and (known := parameter_of(schema, required=required)):
        request.parameters[name] = known
    if is_key:
        is_bearer = name.lower() == "authorization"
        request.auth = "bearer" if is_bearer else f"header {name.lower()}"
    if not is_sent or is_key or (place == "header" and name.lower() in CLIENT_HEADERS):
        return
    if place == "cookie":
        raise parameter.refused(f"requires the cookie {shown(name)}", "No block sends one.")
    values = _texts(parameter, schema, request)
    if place in ("path", "query"):
        _fill_in(request, query, place, name, values, parameter)
    elif place == "header":
        request.headers[name.lower()] = ",".join(values)


def _fill_in(
    request: Request,
    query: list[tuple[str, str]],
    place: str,
    name: str,
    values: list[str],
    parameter: Node,
) -> None:
    """Put the values of a parameter into the path or the query."""
    name_sent, *sent = (quote(one, safe=PLAIN_SIGNS) for one in (name, *values))
    if [name_sent, *sent] != [name, *values]:
        # The record has a request decoded, and would differ from this one.
        request.lack(parameter, [f"{name} that a URL has as it is"])
    if place == "path":
        request.path = request.path.replace(f"{{{name}}}", ",".join(sent))
    else:
        query += [(name_sent, one) for one in sent]


def _texts(parameter: Node, schema: Schema, request: Request) -> list[str]:
    """Return the value of a parameter as the texts that are sent."""
    name, missing = parameter.get("name").text, list[str]()
    value = documented_value(parameter).value
    if value is None and schema.documented() is None:
        value = NEEDED_HEADERS.get(name.lower())
    if value is None:
        value = example_of(schema, name, missing)
    request.lack(parameter, missing)
    if isinstance(value, dict):
        raise parameter.refused(f"the parameter {shown(name)} is an object", "Write the route.")
    return [_text(one) for one in (value if isinstance(value, list) else [value])]


def _text(value: Any) -> str:
    """Return a value as a form or a query has it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _add_auth(request: Request, operation: Node) -> None:
    """Set the place of the key by the first security requirement that a status file can say."""
    stated = operation.get("security") or operation.document.top.get("security")
    needs = [one for _, one in stated.children() if one.value]
    if not needs:
        return
    schemes = operation.document.top.get("components", "securitySchemes")
    found: list[Auth] = []
    for need in needs:
        names = list(need.value) if isinstance(need.value, dict) else []
        auth = _auth_of(schemes.get(names[0])) if len(names) == 1 else None
        found += [auth] if auth is not None and auth not in found else []
    if not found:
        fix = "Write the route, with its auth, in status.yml."
        raise stated.refused("no status file can say its security", fix)
    request.auth, request.accepted_auth = found[0], tuple(found[1:])


def _auth_of(scheme: Node) -> Auth | None:
    """Return the place of the key; None for a cookie, a certificate and other ways."""
    kind, name = scheme.get("type").text, scheme.get("name").text
    if kind in ("oauth2", "openIdConnect"):
        return "bearer"  # RFC 6750
    if kind == "http":
        own = scheme.get("scheme").text
        return "bearer" if own.lower() == "bearer" else f"header authorization {own.title()}"
    if kind == "apiKey" and scheme.get("in").text in ("header", "query"):
        is_header = scheme.get("in").text == "header"
        return f"header {name.lower()}" if is_header else f"query {name}"
    return None


def _media(owner: Node) -> dict[str, Node]:
    """Return the schema of each media type of a body or a parameter."""
    found = owner.get("content").children()
    return {name.partition(";")[0].strip().lower(): one.get("schema") for name, one in found}


def _add_content(request: Request, body: Node) -> None:
    media = {n.partition(";")[0].strip().lower(): one for n, one in body.get("content").children()}
    is_json = [n for n in media if n == JSON or n.endswith("+json")]
    if FORM in media and not (JSON in media and not _has_file(Schema(media[FORM].get("schema")))):
        _add_form(request, media[FORM])
    elif is_json:
        _add_body(request, media[is_json[0]])
    elif body.get("required").value is True:
        names = ", ".join(media) or "no type"
        problem = f"its body is {shown(names)}, expected JSON or a form of parts"
        raise body.refused(problem, "No block sends another.")


def _has_file(schema: Schema) -> bool:
    return any(one.is_file for one, _ in schema.fields().values())


def _add_body(request: Request, media: Node) -> None:
    schema, missing = Schema(media.get("schema")), list[str]()
    value = documented_value(media).value
    if value is None:
        value = example_of(schema, "", missing)
    if not isinstance(value, dict):
        raise media.refused("its body is no object", "Write the route in status.yml.")
    request.body = value
    request.lack(media, missing)
    _add_fields(request, schema, None if "model" in missing else value.get("model"))


def _add_fields(request: Request, schema: Schema, model: object) -> None:
    """Note the fields of a body or a form, and the models that it can name."""
    fields = schema.fields()
    request.fields = frozenset({*fields, *(request.body or {}), *(request.form or {})})
    for name, (one, required) in fields.items():
        known = parameter_of(one, required=required)
        if known is not None and one.keyword("readOnly").value is not True:
            request.parameters.setdefault(name, known)
    if "model" in request.fields:
        request.models = _models(fields["model"][0] if "model" in fields else None, model)


def _models(schema: Schema | None, first: object) -> list[str]:
    """Return the names of models that an example or a schema gives, without repetition."""
    found = [first]
    for part in schema.parts if schema else ():
        found += [part.get("example").value, part.get("default").value]
        for key in ("examples", "enum"):
            found += [one.value for _, one in part.get(key).children()]
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and one))


def _add_form(request: Request, media: Node) -> None:
    schema, missing = Schema(media.get("schema")), list[str]()
    example = documented_value(media).value
    example = example if isinstance(example, dict) else {}
    form: dict[str, Any] = {}
    is_open = not any(required for _, required in schema.fields().values())
    for name, (one, required) in schema.fields().items():
        items = Schema(one.keyword("items")) if one.type == "array" else one
        if items.is_file and (required or is_open or name in example):
            form[name], content = _file(name, items, media)
            request.files[form[name].file] = content
            missing.append(f"{name} (the file {form[name].file} stands in)")
        elif name in example or required or one.keyword("example"):
            known = name in example
            value = example[name] if known else example_of(one, name, missing)
            form[name] = [*map(_text, value)] if isinstance(value, list) else _text(value)
    if not form:
        raise media.refused("no part of its form is required or has an example", "Give one.")
    request.form = form
    request.lack(media, missing)
    _add_fields(request, schema, None if "model" in missing else form.get("model"))


def _file(name: str, schema: Schema, media: Node) -> tuple[FormFile, bytes]:
    """Return a small file for a part of a form, of the type that the document states."""
    stated = media.get("encoding", name, "contentType").text.partition(",")[0].strip()
    stated = stated or schema.keyword("contentMediaType").text
    return small_file(stated, f"{name} {schema.keyword('description').text[:200]}")


def small_file(stated: str, about: str) -> tuple[FormFile, bytes]:
    """Return a small file of a media type, or of what is said about it, and its bytes."""
    about = f"{stated} {about}".lower()
    file, mime, content = "sample.txt", "text/plain", TEXT_FILE
    if re.search(r"audio|voice|speech|\.wav|\.mp3", about):
        file, mime, content = "silence.wav", "audio/wav", silence()
    elif re.search(r"image|mask|picture|photo|png|\.jpe?g|\.webp", about):
        file, mime, content = "picture.png", "image/png", draw_picture("picture", "image/png")
    elif ending_of_type(stated) == "json":
        file, mime, content = "sample.json", JSON, b"{}\n"
    return FormFile(file=file, mime=mime, sha256=sha256(content).hexdigest()), content


def server_of(owner: Node) -> Iterator[tuple[str, str]]:
    """Yield base URL and path of each server with https, variables by their defaults; a server
    without a host has an empty base URL."""
    for _, server in owner.get("servers").children():
        url = server.get("url").text
        for name, variable in server.get("variables").children():
            url = url.replace(f"{{{name}}}", _text(variable.get("default").value or ""))
        found = re.fullmatch(r"(https://[A-Za-z0-9.-]+(?::[0-9]+)?|)((?:/[^\s{}?#]*)?)", url)
        if found:
            yield found[1].lower(), found[2].rstrip("/")
