"""Pieces: a model, a route, a language or a protocol as an addition to a site. Writes nothing."""

import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from trueup.docs import Docs
from trueup.errors import BadInput
from trueup.model import NAME, Auth, AuthKind, Body, Endpoint, Model, Route
from trueup.protocols import PROTOCOLS
from trueup.scaffold.addition import Addition
from trueup.scaffold.gateway import KINDS, PROMPT, TITLE, require
from trueup.scaffold.repository import page_text, render_file
from trueup.scaffold.settings import has_menu, site_names, with_language, with_page
from trueup.site import MAIN, languages_in, settings_of
from trueup.status_file import Stored, append_entry
from trueup.wording import load_catalogue, prose_of, standing_words

PROTOCOL_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LANGUAGE = re.compile(r"[a-z]{2,3}")
RETEST = "ask the gateway: .venv/bin/trueup retest --endpoint '{}' --max-calls {} --write"


def new_model(
    docs: Docs, now: datetime, name: str, routes: Sequence[str], fields: Model
) -> Addition:
    """A model on routes, with its page in the main language and its lines in the menus."""
    require("model", name, re.compile(NAME), "a name such as example-image-2")
    require("--title", fields.title, TITLE, "a title in plain letters, such as Example Image 2,")
    routes = routes or _only_route(docs.stored)
    stored = append_entry(docs.stored, "models", name, fields, now)
    for route in routes:
        stored = _with_endpoint(stored, f"{name}/{route}", now)
    endpoints = [f"{name}/{route}" for route in routes]
    known = {page.source for page in docs.pages if page.model}
    menus = [settings_of(language) for language in docs.languages]
    menus = [one for one in menus if has_menu(docs.top / one)]
    page = f"{name}.md"
    changed = {one: with_page(docs.top / one, page, known) for one in menus}
    path = f"docs/{MAIN}/{page}"
    others = [f"docs/{one}/{page}" for one in docs.languages if one != MAIN]
    todo = [f"{path}: say in your own words what the model is for"]
    todo += [f"{one}: write the translation" for one in others]
    todo += [
        RETEST.format(f"{name}/*", 2 * len(routes)),
        f"{path}: set blocks: to the number that verify counts",
    ]
    text = page_text(name, endpoints, 0, fields.title)
    return Addition(tuple(todo), {path: text}, changed, stored)


def new_route(
    docs: Docs, now: datetime, name: str, route: Route, models: Sequence[str]
) -> Addition:
    """A route, with an endpoint for each of the models and its call on their pages."""
    require("route", name, re.compile(NAME), "a name such as images-edits")
    stored = append_entry(docs.stored, "routes", name, route, now)
    todo, changed = [], {}
    for model in models:
        endpoint = f"{model}/{name}"
        stored = _with_endpoint(stored, endpoint, now)
        page = next((p for p in docs.pages if p.model == model and p.language == MAIN), None)
        if page is not None:
            path = page.path.relative_to(docs.top).as_posix()
            changed[path] = _with_call(page.path, endpoint)
            twins = [p for p in docs.pages if p.source == page.source and p.language != MAIN]
            todo += [f"{one.path}: give it the same call, {_call(endpoint)}" for one in twins]
    if models:
        todo.append("status.yml: look at the body of each new endpoint")
        todo.append(RETEST.format(f"*/{name}", 2 * len(models)))
    else:
        todo.append(f"status.yml: add an endpoint, MODEL/{name}, with its body")
    return Addition(tuple(todo), {}, changed, stored)


def route_of(protocol: str, request: str | None, auth: AuthKind | None, title: str | None) -> Route:
    """A route from what was given of it and, for the rest, from how its protocol is called first.

    Raises BadInput where the request is neither given nor known.
    """
    if protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        found = f"--protocol {protocol}: not known; one of {known} was expected"
        raise BadInput(f"{found}. Add it with `trueup new protocol`, then run scripts/setup.")
    kind = KINDS.get(protocol)
    if request is None and kind is None:
        found = f"--request: not given; the method and path of a {protocol} route were expected"
        raise BadInput(f"{found}, such as 'POST /v1/things'. Give them.")
    documented = auth or (kind.auth if kind else "bearer")
    request = request or (kind.request if kind else "")
    # Not validated here: the store words what is wrong, when it reads the file with the route in.
    return Route.model_construct(
        title=title, request=request, protocol=protocol, auth=Auth(documented=documented)
    )


def new_language(docs: Docs, language: str) -> Addition:
    """A language, whose pages are the main one's until a person translates them."""
    require("language", language, LANGUAGE, "a code such as ja")
    if language in languages_in(docs.top / "docs"):
        raise BadInput(
            f"language {language}: it is there already; a new one was expected. Give it."
        )
    standing_words(load_catalogue(language))
    name, told = site_names(docs.top / "mkdocs.yml")
    values = {"language": language, "name": name, "description": told}
    new = {f"mkdocs.{language}.yml": render_file("mkdocs.LANG.yml", values)}
    new[f"docs/{language}.po"] = _texts(docs.stored, language)
    for page in docs.pages:
        if page.language == MAIN:
            new[f"docs/{language}/{page.source}"] = page.path.read_text(encoding="utf-8")
    shown = str(Locale.parse(language).display_name)
    main = MAIN, str(Locale.parse(MAIN).display_name)
    settings = with_language(docs.top / "mkdocs.yml", language, shown[0].upper() + shown[1:], main)
    todo = (
        f"mkdocs.{language}.yml: translate the names",
        f"docs/{language}: translate the pages; calls, code and the levels of headings stay",
        f"docs/{language}.po: translate the texts of the status file",
        f"note it: .venv/bin/trueup translated {language}",
    )
    return Addition(todo, new, {"mkdocs.yml": settings})


def new_protocol(top: Path, name: str) -> Addition:
    """A protocol of this site's own: a package that scripts/setup installs, and its templates."""
    require("protocol", name, PROTOCOL_NAME, "a name such as picture-jobs")
    if name in PROTOCOLS or (top / "protocols" / name).exists():
        raise BadInput(f"protocol {name}: it is there already; a new name was expected. Give it.")
    module = f"trueup_protocol_{name.replace('-', '_')}"
    values = {
        "name": name,
        "module": module,
        "noun": "".join(part.capitalize() for part in name.split("-")),
    }
    places = {
        "protocol.toml": f"protocols/{name}/pyproject.toml",
        "protocol.py": f"protocols/{name}/{module}.py",
        "protocol.curl": f"snippets/{name}/curl.sh.j2",
        "protocol.python": f"snippets/{name}/python.py.j2",
        "protocol.javascript": f"snippets/{name}/javascript.mjs.j2",
    }
    new = {place: render_file(template, values) for template, place in places.items()}
    todo = (
        f"{places['protocol.py']}: write what the gateway takes and answers",
        f"snippets/{name}: write how each language finds the image",
        "install it: scripts/setup",
        f"use it: .venv/bin/trueup new route NAME --protocol {name} --request 'POST /path'"
        " --model MODEL",
    )
    return Addition(todo, new, {})


def _only_route(stored: Stored) -> list[str]:
    names = list(stored.status.routes)
    if len(names) > 1:
        raise BadInput(
            f"--route: not given; one or more of {', '.join(names)} was expected. Give it."
        )
    return names


def _with_endpoint(stored: Stored, endpoint: str, now: datetime) -> Stored:
    """The status with an endpoint that sends what its route's first one sends."""
    route = endpoint.rpartition("/")[2]
    if route not in stored.status.routes:
        known = ", ".join(stored.status.routes)
        raise BadInput(f"--route {route}: not known; one of {known} was expected. Give it.")
    return append_entry(stored, "endpoints", endpoint, Endpoint(body=_body(stored, route)), now)


def _body(stored: Stored, route: str) -> Body:
    for endpoint, facts in stored.status.endpoints.items():
        if endpoint.rpartition("/")[2] == route:
            return facts.body
    kind = KINDS.get(stored.status.routes[route].protocol)
    return kind.body if kind else {"prompt": PROMPT}


def _call(endpoint: str) -> str:
    return f'{{{{ route("{endpoint}") }}}}'


def _with_call(page: Path, endpoint: str) -> str:
    """A page with the call of an endpoint behind the last such call, else at its end."""
    text = page.read_bytes().decode("utf-8")
    newline = "\r\n" if "\r\n" in text else "\n"
    calls = list(re.finditer(r"^\{\{ *route\([^\n]*\n?", text, re.MULTILINE))
    stop = calls[-1].end() if calls else len(text)
    return f"{text[:stop].rstrip()}{newline * 2}{_call(endpoint)}{newline}{text[stop:]}"


def _texts(stored: Stored, language: str) -> str:
    """The texts of the status file that readers see, waiting for their translations."""
    catalogue = Catalog(locale=language, charset="utf-8")
    for text in prose_of(stored.status):
        catalogue.add(text)
    opened = io.BytesIO()
    write_po(opened, catalogue, omit_header=True, width=100)
    return opened.getvalue().decode()
