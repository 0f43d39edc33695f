"""Pages: docs that exist as a draft of a site: the routes that they call, and what they say of a
date. Nothing of them is run, and what cannot be read is noted for a person."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trueup.audit.tree import MAIN, Tree, read_tree
from trueup.draft.openapi import Draft, hold
from trueup.draft.page_calls import PageCall, page_calls
from trueup.draft.page_rows import add_rows
from trueup.draft.routes import (
    MODEL,
    OTHER_GROUP,
    SKIPPED,
    UNFILLED,
    DraftedRoute,
    endpoint_of,
    free_name,
    in_languages,
    known_protocol,
    models_of,
    slug,
)
from trueup.errors import BadInput, BadStatus
from trueup.message import Message
from trueup.model import NO_MODEL, Endpoint, Model, Route, Skip
from trueup.status_file import listed, shown

ALIAS = re.compile(r"`([^`\s]+)` *(?:→|->|=>) *`([^`\s]+)`")
"""A name that can be called, with the model behind it."""
ORIGIN = "Drafted from pages: each row is what a page says."
FIRST = (MAIN, "en")
"""Languages that are read before others, where a page is in several."""


def draft_pages(
    folder: Path,
    day: date,
    base_url: str | None = None,
    title: str | None = None,
    *,
    despite_rewritten: bool = False,
) -> Draft:
    """Return a draft from the pages under a folder: the routes of their calls to one host, and
    a row for each dated claim. `base_url` replaces the https host of most calls.

    A claim whose line was rewritten after its date is left out, unless `despite_rewritten`: then it
    is drafted in the words of its own date. Raises BadInput where no call can be drafted.
    """
    if not folder.is_dir():
        raise BadInput(folder, "no such folder", "Check the path.")
    tree, unread = read_tree(folder)
    notes: list[Message] = list(unread)
    paths = _main_pages(tree)
    calls = list(page_calls(tree, paths, notes))
    if not calls:
        fix = "Give the folder of pages that call an API, by curl, requests, httpx, fetch or axios."
        raise BadInput(folder, f"no call of an API in {len(paths)} pages", fix)
    hosts = Counter(call.base_url for call in calls if call.base_url)
    common = next((host for host, _ in hosts.most_common(1)), None)
    found = base_url or common
    if found is None:
        raise BadInput(folder, "no call has an https host", "Give --base-url.")
    draft = Draft(found, title or "", day, notes=notes, origin=ORIGIN)
    called = found if found in hosts else common
    for host, count in hosts.items():
        if host != called:
            place = next(call.place for call in calls if call.base_url == host)
            problem = f"left out: {count} calls of {host}; the draft is of {called}"
            notes.append(Message(place, problem, "Write a site of its own for it."))
    own = [call for call in calls if call.base_url in ("", called)]
    _add_routes(draft, own, _aliases(tree, paths, own))
    if not draft.routes:
        reasons = "; ".join(str(one) for one in notes[:3])
        raise BadInput(folder, f"no route can be drafted ({reasons.rstrip('.')})", "Correct them.")
    try:
        add_rows(draft, draft.parse(), tree, paths, own, is_forced=despite_rewritten)
        draft.parse()
    except BadStatus as error:
        problem = f"the status file could not be read ({error.messages[0].problem})"
        raise BadInput(folder, problem, "Give a folder with a part of the pages.") from error
    draft.notes = list(dict.fromkeys([*draft.notes, *tree.left_out]))
    return draft


def _main_pages(tree: Tree) -> list[str]:
    """Return the paths of all pages, those in several languages once."""
    left_out: set[str] = set()
    for group in tree.twins:
        names = sorted(group, key=lambda name: (name not in FIRST, name))
        left_out |= {group[name].path for name in names[1:]}
    return [path for path in sorted(tree.pages) if path not in left_out]


def _aliases(tree: Tree, paths: Sequence[str], calls: Sequence[PageCall]) -> dict[str, str]:
    """Return the names that pages give a model of a path, by that model."""
    behind = {call.model for call in calls if "{upstream}" in call.request.path}
    lines = (text for path in paths for _, text in tree.pages[path].prose() if "`" in text)
    found = (one for text in lines for one in ALIAS.finditer(text) if one[2] in behind)
    return {one[2]: one[1] for one in found if re.fullmatch(MODEL, one[1]) and one[1] != one[2]}


def _add_routes(draft: Draft, calls: Sequence[PageCall], aliases: dict[str, str]) -> None:
    by_route: dict[tuple[str, str], list[PageCall]] = defaultdict(list)
    for call in calls:
        by_route[call.route].append(call)
    for (method, path), of_route in by_route.items():
        place = of_route[0].place
        try:
            route = _route(draft, method, path, of_route, aliases)
            hold(draft, route, place)
        except BadInput as error:
            problem = f"left out: {error.message.problem}"
            draft.notes.append(Message(place, problem, error.message.fix))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = f"left out: no status file can say {shown(first['input'])} here"
            draft.notes.append(Message(place, problem, "Write the route in status.yml."))
        else:
            draft.routes.append(route)
            draft.notes += route.notes


def _route(
    draft: Draft, method: str, path: str, calls: Sequence[PageCall], aliases: dict[str, str]
) -> DraftedRoute:
    """Return a route with an endpoint for each model that its calls name. Raises BadInput."""
    whole = [call for call in calls if call.missing is not None]
    if not whole:
        fix = "Write the route in status.yml."
        raise BadInput(calls[0].place, f"no block has a whole body for {method} {path}", fix)
    first, notes = whole[0].request, list[Message]()
    is_list = method == "GET" and path.endswith("/models")
    protocol = "openai-models" if is_list else known_protocol(first)
    keyed = [call.request.auth for call in whole if call.request.auth != "none"]
    auths = list(dict.fromkeys(keyed)) or ["none"]
    stated: dict[str, Any] = {"request": f"{method} {path}", "protocol": protocol}
    stated |= {"auth": auths[0], "accepted_auth": auths[1:], "headers": first.headers}
    route = Route.model_validate(
        stated | ({"output": {"pointer": ""}} if protocol == "json" else {})
    )
    plain = re.sub(r"^/(?:api/)?v\d+[a-z]*/|models/\{upstream\}:|\?.*", "", path)
    name = free_name(slug(plain), {one.name for one in draft.routes})
    models, endpoints, files = dict[str, Model](), dict[str, Endpoint](), dict[str, bytes]()
    for call in whole:
        request = call.request
        found = models_of(call.place, request, protocol, notes)
        for model, own in _renamed(found, aliases) or [(NO_MODEL, None)]:
            if f"{model}/{name}" in endpoints:
                continue
            skip = Skip(reason=UNFILLED, until=draft.day + SKIPPED) if call.missing else None
            endpoints[f"{model}/{name}"] = endpoint_of(request, protocol, model, skip)
            models |= {model: own} if own is not None else {}
            files |= request.files
            if call.missing:
                problem = f"the block has no value for {listed(map(shown, call.missing))}"
                notes.append(Message(call.place, problem, "Fill it in, and remove the skip."))
    if method in ("PUT", "PATCH", "DELETE"):
        notes.append(Message(calls[0].place, f"a retest would send this {method}", "Check it."))
    return DraftedRoute(
        name,
        slug(plain.split("/")[0]) or OTHER_GROUP,
        in_languages(route),
        endpoints,
        models,
        files,
        notes,
    )


def _renamed(found: dict[str, Model], aliases: dict[str, str]) -> list[tuple[str, Model | None]]:
    """Return models by the name that can be called, where pages give one for a model behind it."""
    upstreams = {alias: upstream for upstream, alias in aliases.items()}
    made: list[tuple[str, Model | None]] = []
    for name, model in found.items():
        alias = aliases.get(model.upstream or name, name)
        upstream = upstreams.get(alias, model.upstream)
        made.append((alias, model.model_copy(update={"upstream": upstream})))
        if alias != name:
            made[-1] = alias, Model(title=alias, upstream=upstream)
    return made
