"""OpenAPI: the routes on record as an OpenAPI 3.1 document, each with what its tests showed."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from trueup.feed.publication import Publication
from trueup.feed.status_feed import EndpointFeed, StatusFeed
from trueup.markdown_export import escape_commonmark
from trueup.model import (
    NO_AUTH,
    DocsPage,
    FormFile,
    Parameter,
    Route,
    Standing,
    form_items,
    header_of,
    query_name_of,
)
from trueup.request import request_of

OPENAPI = "openapi.json"
PLACE = re.compile(r"\{(model|upstream)\}")
JSON_TYPE, FORM_TYPE = "application/json", "multipart/form-data"
SHOWN = {
    *("endpoint", "standing", "supported", "intermittent", "seen_on", "fresh_until", "stale"),
    *("outcome", "billing", "hold", "alternative", "page"),
}
"""Fields of `status.json` that an operation has of each endpoint."""
ABOUT = (
    "Made from a record of tests. Each operation says which of its endpoints were seen to work, and"
    " when: build on one that is recommended and not stale. Parameters are as the gateway's docs"
    " say; nobody tested them."
)
Schema = dict[str, Any]


def render_openapi(site: Publication, feed: StatusFeed) -> str:
    """Return the document as JSON: one operation for each method and path, so for each route."""
    status = site.status
    grouped: dict[tuple[str, str], dict[str, Route]] = {}
    for name, route in status.routes.items():
        grouped.setdefault(_address(route), {})[name] = route
    paths: dict[str, Schema] = {}
    for (path, method), routes in grouped.items():
        paths.setdefault(path, {})[method] = _Operation(site, feed, routes).render(method)
    auths = {route.auth for route in status.routes.values()} - {NO_AUTH}
    target = status.targets[status.reference]
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{'REHEARSAL: ' if site.is_rehearsal else ''}tested routes at {site.host}",
            "version": str(site.today),
            "description": ABOUT,
        },
        "servers": [
            {"url": target.base_url, "description": "Tested"},
            *({"url": url, "description": "Not tested"} for url in target.also),
        ],
        "paths": paths,
        "components": {"securitySchemes": {_scheme(one): _security(one) for one in sorted(auths)}},
        "x-trueup": {
            "as_of": str(site.today),
            "rehearsal": site.is_rehearsal,
            "status": f"{site.address}status.json",
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _address(route: Route) -> tuple[str, str]:
    """Return path and method; the places of names in the path are `{model}`, `{model2}`, ..."""
    method, line = route.request.split(" ", 1)
    path, count = line.partition("?")[0], len(PLACE.findall(line.partition("?")[0]))
    for number in range(1, count + 1):
        path = PLACE.sub(f"{{:model{'' if number == 1 else number}}}", path, count=1)
    return path.replace("{:", "{"), method.lower()


def _scheme(auth: str) -> str:
    return auth.replace(" ", ".")


def _security(auth: str) -> Schema:
    name, scheme = header_of(auth) or (None, "")
    if name == "authorization" and scheme:
        return {"type": "http", "scheme": scheme.lower()}
    if name is None:
        return {"type": "apiKey", "in": "query", "name": query_name_of(auth)}
    about = {"description": f"The value is `{scheme} KEY`."} if scheme else {}
    return {"type": "apiKey", "in": "header", "name": name} | about


class _Operation:
    """The operation of the routes with one method and path, mostly a single one."""

    def __init__(self, site: Publication, feed: StatusFeed, routes: Mapping[str, Route]) -> None:
        self.site, self.routes = site, routes
        self.endpoints = [one for one in feed.endpoints if one.route in routes]
        self.sent = {
            one.endpoint: request_of(site.status, one.endpoint, site.status.reference)
            for one in self.endpoints
        }

    def render(self, method: str) -> Schema:
        standings = [one.standing for one in self.endpoints]
        is_failing = bool(standings) and set(standings) == {Standing.NOT_RECOMMENDED}
        auths = dict.fromkeys(route.auth for route in self.routes.values())
        content, documented = self._content(), self._documented()
        parameters = [*self._path(), *self._query(), *self._headers()]
        if documented and not content and method != "get":
            content = {JSON_TYPE: {"schema": self._schema()}}
        elif not content:
            parameters += [
                {"name": name, "in": "query", "schema": schema}
                for name, schema in documented.items()
                if name not in {one["name"] for one in parameters}
            ]
        optional = {
            "parameters": parameters,
            "requestBody": content and {"required": self._has_content(), "content": content},
            "deprecated": is_failing,
        }
        return {
            "operationId": next(iter(self.routes)),
            "summary": "; ".join(map(self.site.status.title_of, self.routes)),
            "description": "\n".join(self._description()),
            "security": [{} if one == NO_AUTH else {_scheme(one): []} for one in auths],
            **{name: value for name, value in optional.items() if value},
            "responses": {"200": {"description": self._output()}},
            "x-trueup": {
                "endpoints": [one.model_dump(mode="json", include=SHOWN) for one in self.endpoints],
                "poll": [route.task.poll for route in self.routes.values() if route.task],
            },
        }

    def _description(self) -> Iterator[str]:
        for one in self.endpoints:
            yield f"- `{one.endpoint}`: {self.site.claim(one.endpoint)}"
        if not self.endpoints:
            yield "No endpoint is on record."

    def _output(self) -> str:
        shapes = sorted({one.shape for one in self.endpoints if one.shape})
        return f"The output; on record: {', '.join(shapes)}" if shapes else "None is on record"

    def _path(self) -> Iterator[Schema]:
        places = [PLACE.findall(_path(route.request)) for route in self.routes.values()]
        for number, _ in enumerate(places[0], 1):
            values = [self._name(one, number - 1) for one in self.endpoints]
            name = "model" if number == 1 else f"model{number}"
            yield {"name": name, "in": "path", "required": True, "schema": _text(values)}

    def _name(self, one: EndpointFeed, index: int) -> str | None:
        place = PLACE.findall(_path(self.routes[one.route].request))[index]
        return one.model if place == "model" else one.upstream

    def _query(self) -> Iterator[Schema]:
        lines = [one.request for one in self.endpoints]
        lines = lines or [route.request for route in self.routes.values()]
        queries = [dict(parse_qsl(one.partition("?")[2], keep_blank_values=True)) for one in lines]
        return _fixed("query", queries)

    def _headers(self) -> Iterator[Schema]:
        return _fixed("header", [route.headers for route in self.routes.values()])

    def _content(self) -> Schema:
        """Return the media types of the request bodies, with every endpoint's as an example."""
        found: Schema = {}
        for endpoint, sent in self.sent.items():
            kind = JSON_TYPE if sent.form is None else FORM_TYPE
            if sent.content is None:
                continue
            media = found.setdefault(kind, {"schema": self._schema(), "examples": {}})
            media["examples"][endpoint] = {"value": sent.body}
            if sent.form is not None:
                self._add_form(media, endpoint)
        return found

    def _has_content(self) -> bool:
        return all(sent.content is not None for sent in self.sent.values())

    def _add_form(self, media: Schema, endpoint: str) -> None:
        values: Schema = {}
        for name, items in form_items(self.sent[endpoint].form or {}):
            files = [item for item in items if isinstance(item, FormFile)]
            for file in files:
                media.setdefault("encoding", {})[name] = {"contentType": file.mime}
                binary = {"type": "string", "contentMediaType": file.mime}
                media["schema"]["properties"].setdefault(name, binary)
            shown = [self._file(one) if isinstance(one, FormFile) else one for one in items]
            values[name] = shown[0] if len(shown) == 1 else shown
        media["examples"][endpoint] = {"value": values}

    def _file(self, file: FormFile) -> str:
        return f"{self.site.address}files/{file.file}"

    def _schema(self) -> Schema:
        required = [
            name
            for page, name, one in self._parameters()
            if one.required and not page.models and len(self.routes) == 1
        ]
        schema = {"type": "object", "properties": self._documented()}
        return schema | ({"required": [*dict.fromkeys(required)]} if required else {})

    def _parameters(self) -> Iterator[tuple[DocsPage, str, Parameter]]:
        """Yield the documented parameters, but for those within others, such as `tools[].name`."""
        for route in self.routes.values():
            for page in route.documented:
                for name, one in page.parameters.items():
                    if "." not in name:
                        yield page, name, one

    def _documented(self) -> dict[str, Schema]:
        """Return the documented parameters as schemas; of several pages, any may hold."""
        found: dict[str, list[Schema]] = {}
        for page, name, one in self._parameters():
            found.setdefault(name, []).append(_property(page, one))
        return {
            name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
            for name, schemas in found.items()
        }


def _path(request: str) -> str:
    return request.partition("?")[0]


def _fixed(place: str, sent: Sequence[Mapping[str, str]]) -> Iterator[Schema]:
    """Yield a parameter for each name that is sent with a value of its own; required if always."""
    for name in dict.fromkeys(name for one in sent for name in one):
        values = [one.get(name) for one in sent]
        yield {"name": name, "in": place, "required": None not in values, "schema": _text(values)}


def _text(values: Iterable[str | None]) -> Schema:
    known = [*dict.fromkeys(value for value in values if value is not None)]
    return {"type": "string"} | ({"enum": known} if known else {})


def _property(page: DocsPage, one: Parameter) -> Schema:
    """Return the schema of a documented parameter, marked as such."""
    kinds = [*dict.fromkeys("string" if kind == "file" else kind for kind in one.type)]
    is_number = not kinds or not {"integer", "number"}.isdisjoint(kinds)
    bounds = {"minimum": one.least, "maximum": one.most}
    words = [f"{name} {value}" for name, value in bounds.items() if value is not None]
    notes = [*([] if is_number else words), *([one.note] if one.note else [])]
    about = f"Documented on {page.on}, not tested: {page.page}."
    keys = {
        "type": kinds[0] if len(kinds) == 1 else kinds,
        "enum": list(one.values),
        **(bounds if is_number else {}),
        "default": one.default,
        "description": escape_commonmark("; ".join([about, *notes])),
    }
    source = {"page": page.page, "on": str(page.on), "models": list(page.models)}
    kept = {name: value for name, value in keys.items() if value is not None and value != []}
    return kept | {"x-trueup-documented": source}
