"""References: the tables of a status file against each other and `now`. Knows no text."""

import re
from datetime import datetime
from fnmatch import fnmatchcase

from trueup.finding import RULES
from trueup.model import (
    NO_MODEL,
    Status,
    secret_name,
    split,
)
from trueup.protocols import PROTOCOLS
from trueup.status_file.row_references import (
    Problems,
    check_mapping,
    check_not_future,
    check_row,
    unknown_name,
)
from trueup.status_file.validation import Keys
from trueup.status_file.value_text import did_you_mean, listed, shown


def check_references(status: Status, now: datetime, *, is_base: bool = False) -> Problems:
    """Yield each contradiction between parts, and each name that leads nowhere.

    An earlier commit (`is_base`) may have a reference with http.
    """
    yield from _severities(status)
    yield from _targets(status)
    yield from () if is_base else _reference(status)
    yield from _variables(status)
    yield from _routes(status)
    yield from _titles(status)
    yield from _signatures(status)
    yield from _ledgers(status)
    yield from _endpoints(status)
    yield from _holds(status, now)
    yield from _documented(status, now)
    yield from check_not_future(("policy", "reported_until"), status.policy.reported_until, now)
    for index, mapping in enumerate(status.mappings):
        yield from check_mapping(status, mapping, ("mappings", index), now)
    for index, row in enumerate(status.observations):
        yield from check_row(status, row, ("observations", index), now)


def _severities(status: Status) -> Problems:
    """Yield each severity that would suppress an error; a policy can only be stricter."""
    for name, severity in status.policy.severities.items():
        keys = ("policy", "severities", name)
        if name not in RULES:
            yield unknown_name(keys, f"rule {shown(name)} is not known", name, RULES, "rules")
        elif RULES[name].severity == "error" and severity != "error":
            problem = f"{name} is {shown(severity)}, expected error"
            yield keys, problem, "Fix its findings, or put them into the baseline until a date."
        elif severity == "ignore" and not RULES[name].is_suppressible:
            yield keys, f"{name} is 'ignore', expected warning or error", "Remove the line."


def _targets(status: Status) -> Problems:
    if "mock" in status.targets:
        yield ("targets", "mock"), "the name 'mock' is reserved", "Rename the target."
    references = [name for name, target in status.targets.items() if target.reference]
    if not references:
        fix = "Write reference: true on the one whose observations decide the standings."
        yield ("targets",), "no target is the reference", fix
    for name in references[1:]:
        problem = f"targets {shown(references[0])} and {shown(name)} are both the reference"
        yield ("targets", name, "reference"), problem, "Remove it from one of them."
    owners: dict[str, str] = {}
    for name, target in status.targets.items():
        if (owner := owners.setdefault(_origin(target.base_url), name)) != name:
            problem = f"target {shown(name)} has the base_url of {shown(owner)}"
            yield ("targets", name, "base_url"), problem, "Correct it, or remove the target."
    for name, target in status.targets.items():
        for index, url in enumerate(target.also):
            if (origin := _origin(url)) in owners:
                problem = f"{url} is already a base URL of {shown(owners[origin])}"
                yield ("targets", name, "also", index), problem, "Correct it, or remove it."
            owners[origin] = name


def _reference(status: Status) -> Problems:
    """Yield a reference without TLS: its blocks are what readers copy, with their keys."""
    name = next((name for name, target in status.targets.items() if target.reference), None)
    if name is not None and status.targets[name].base_url.startswith("http:"):
        problem = "the base_url of the reference has http, expected https, since readers send"
        fix = "Give the address with TLS, such as that of a reverse proxy before the gateway."
        fix = f"{fix} A target that is not the reference may have http."
        yield ("targets", name, "base_url"), f"{problem} their keys to it", fix


def _variables(status: Status) -> Problems:
    """Yield each target whose secrets are in the variables of another: a key has one host."""
    owners: dict[str, str] = {}
    for name in status.targets:
        variable = secret_name(name, "API_KEY")
        if (owner := owners.setdefault(variable, name)) != name:
            for one, other in ((owner, name), (name, owner)):
                problem = f"target {shown(one)} has its key in {variable}, as {shown(other)} has"
                yield ("targets", one), problem, "Rename one of the two."


def _origin(url: str) -> str:
    """Return a base URL without the port that its scheme has anyway."""
    return url.removesuffix(":443" if url.startswith("https") else ":80")


def _routes(status: Status) -> Problems:
    for name, route in status.routes.items():
        if route.protocol not in PROTOCOLS:
            problem = f"protocol {shown(route.protocol)} is not known"
            keys = ("routes", name, "protocol")
            yield unknown_name(keys, problem, route.protocol, PROTOCOLS, "protocols")
        if (route.output is None) is (route.protocol == "json"):
            problem = "the protocol json needs an output, which says where a reply has it"
            if route.output is not None:
                problem = f"an output is for the protocol json, and not for {route.protocol}"
            keys, fix = ("routes", name, "output"), "Give one, such as {pointer: /data}."
            yield keys, problem, fix if route.output is None else "Remove it."
        if (route.task is None) is (route.protocol == "task"):
            problem = "the protocol task needs a task, which says how one is polled"
            fix = 'Give one, such as {id: /id, poll: "GET /v1/tasks/{task_id}", …}.'
            if route.task is not None:
                problem = f"a task is for the protocol task, and not for {route.protocol}"
                fix = "Remove it."
            yield ("routes", name, "task"), problem, fix
        yield from _places(("routes", name, "request"), route.request)


def _places(keys: Keys, request: str) -> Problems:
    """Yield the part of a request that looks like a place to fill in, and is none."""
    rest = re.sub(r"\{(model|upstream)\}", "", request)
    if strange := re.search(r"\{[^{}]*\}|[{}]", rest):
        problem = f"the request has {shown(strange[0])}; only {{model}} and {{upstream}}"
        yield keys, f"{problem} are filled in", "Use these, or none."


def _titles(status: Status) -> Problems:
    """Yield each model whose title a reader would take for another model."""
    owners = {_letters(name): name for name in reversed(status.models)}
    titles: dict[str, str] = {}
    for name, model in status.models.items():
        letters = _letters(model.title)
        owner = titles.setdefault(letters, owners.get(letters, name))
        if owner != name:
            problem = f"the title of {shown(name)} is also that of {shown(owner)}"
            yield ("models", name, "title"), problem, "Give it a title of its own."


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _ledgers(status: Status) -> Problems:
    """Yield each target without a ledger that has bills: they would no longer count."""
    for name, target in status.targets.items():
        billed = [row for row in status.observations if row.target == name and row.billing]
        if target.no_ledger is not None and billed:
            problem = (
                f"{name} has ledger: none, but observations with a billing verdict ({len(billed)})"
            )
            yield ("targets", name, "ledger"), problem, "Write ledger: new-api there."


def _signatures(status: Status) -> Problems:
    for name, signature in status.signatures.items():
        if signature.match not in signature.replay.message:
            problem = f"the message does not contain the match, {shown(signature.match)}"
            yield ("signatures", name, "replay", "message"), problem, "Correct one of the two."


def _endpoints(status: Status) -> Problems:
    for endpoint, own in status.endpoints.items():
        model, route = split(endpoint)
        keys, subject = ("endpoints", endpoint), f"endpoint {shown(endpoint)}"
        for name, variant in own.variants.items():
            yield from _places((*keys, "variants", name, "request"), variant.request or "")
        if "/" not in endpoint:
            yield keys, f"{subject} has no slash", "Write model/route."
            continue
        if model == NO_MODEL:
            request = status.routes[route].request if route in status.routes else ""
            if "{" in request:
                problem = f"{subject} has no model, and its route's path needs one"
                yield keys, problem, "Write model/route."
        elif model not in status.models:
            yield unknown_name(keys, f"{subject} names no model", model, status.models, "models")
        if route not in status.routes:
            yield unknown_name(keys, f"{subject} names no route", route, status.routes, "routes")
        elif status.routes[route].protocol in PROTOCOLS:
            yield from _request(status, endpoint)
            yield from _streams(status, endpoint)


def _request(status: Status, endpoint: str) -> Problems:
    """Yield an endpoint whose request calls another model, or lacks the body that calls it."""
    own, (model, route) = status.endpoints[endpoint], split(endpoint)
    protocol = status.routes[route].protocol
    key = "form" if own.form is not None else "body"
    fields = own.body if own.form is None else own.form
    if model == NO_MODEL or "model" not in PROTOCOLS[protocol].body(model, {}):
        return
    if fields is None:
        problem = f"endpoint {shown(endpoint)} has no body, in which {protocol} has the model"
        yield ("endpoints", endpoint), problem, "Give it its body or form."
    elif (called := fields.get("model", model)) not in (model, status.upstream(model)):
        problem = f"the request calls {shown(called)}, and its endpoint is of {shown(model)}"
        yield ("endpoints", endpoint, key, "model"), problem, "Remove the field."


def _streams(status: Status, endpoint: str) -> Problems:
    """Yield an endpoint that requests a stream, where its protocol reads none."""
    own, route = status.endpoints[endpoint], status.route_of(endpoint)
    seen = (row.shape for row in status.seen(endpoint) if row.shape)
    protocol = PROTOCOLS[route.protocol].reading(own.body, seen)
    request, fields = route.request, own.body or own.form or {}
    if protocol.wants_stream(request, fields) and not protocol.streamed:
        kind = protocol.shapes[protocol.usual_shape(request, fields)]
        problem = f"the request is for a stream, and {route.protocol} reads its {kind} whole only"
        yield ("endpoints", endpoint), problem, "Request the whole reply."


def _holds(status: Status, now: datetime) -> Problems:
    for index, hold in enumerate(status.holds):
        keys, pattern = ("holds", index, "endpoint"), hold.endpoint
        if not any(fnmatchcase(endpoint, pattern) for endpoint in status.endpoints):
            problem = f"the pattern {shown(pattern)} matches no endpoint"
            hint = did_you_mean(pattern, status.endpoints) or "Correct the pattern, or remove it."
            yield keys, f"{problem}; endpoints are {listed(status.endpoints)}", hint
        yield from check_not_future(("holds", index, "on"), hold.on, now)


def _documented(status: Status, now: datetime) -> Problems:
    for name, route in status.routes.items():
        if route.free is not None:
            yield from check_not_future(("routes", name, "free", "on"), route.free.on, now)
    for keys, page in status.docs_pages.items():
        yield from check_not_future((*keys, "on"), page.on, now)
        for index, model in enumerate(page.models):
            if model not in status.models:
                problem, place = f"model {shown(model)} is not known", (*keys, "models", index)
                yield unknown_name(place, problem, model, status.models, "models")
