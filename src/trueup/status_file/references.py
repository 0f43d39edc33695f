"""References: the rows of a status file against each other and `now`. Knows no text."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

from trueup.finding import RULES
from trueup.model import NO_MODEL, Mapping, Observation, Source, Status, as_time, secret_name, split
from trueup.protocols import PROTOCOLS
from trueup.status_file.validation import Keys, Problem
from trueup.status_file.value_text import did_you_mean, listed, shown

Problems = Iterator[Problem]


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
    yield from _future(("policy", "reported_until"), status.policy.reported_until, now)
    for index, mapping in enumerate(status.mappings):
        yield from _mapping(status, mapping, ("mappings", index), now)
    for index, row in enumerate(status.observations):
        yield from _names_of_row(status, row, ("observations", index))
        yield from _times_of_row(status, row, ("observations", index), now)


def _unknown(keys: Keys, problem: str, name: str, names: Iterable[str], kind: str) -> Problem:
    names = list(names)
    add = f", or add it to {kind}" if kind in Status.model_fields else ""
    fix = did_you_mean(name, names) or f"Correct it{add}."
    return keys, f"{problem}; {kind} are {listed(names)}", fix


def _severities(status: Status) -> Problems:
    """Yield each severity that would suppress an error; a policy can only be stricter."""
    for name, severity in status.policy.severities.items():
        keys = ("policy", "severities", name)
        if name not in RULES:
            yield _unknown(keys, f"rule {shown(name)} is not known", name, RULES, "rules")
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
            yield _unknown(keys, problem, route.protocol, PROTOCOLS, "protocols")
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
            yield _unknown(keys, f"{subject} names no model", model, status.models, "models")
        if route not in status.routes:
            yield _unknown(keys, f"{subject} names no route", route, status.routes, "routes")


def _holds(status: Status, now: datetime) -> Problems:
    for index, hold in enumerate(status.holds):
        keys, pattern = ("holds", index, "endpoint"), hold.endpoint
        if not any(fnmatchcase(endpoint, pattern) for endpoint in status.endpoints):
            problem = f"the pattern {shown(pattern)} matches no endpoint"
            hint = did_you_mean(pattern, status.endpoints) or "Correct the pattern, or remove it."
            yield keys, f"{problem}; endpoints are {listed(status.endpoints)}", hint
        yield from _future(("holds", index, "on"), hold.on, now)


def _documented(status: Status, now: datetime) -> Problems:
    for keys, page in status.docs_pages.items():
        yield from _future((*keys, "on"), page.on, now)
        for index, model in enumerate(page.models):
            if model not in status.models:
                problem, place = f"model {shown(model)} is not known", (*keys, "models", index)
                yield _unknown(place, problem, model, status.models, "models")


def _mapping(status: Status, mapping: Mapping, keys: Keys, now: datetime) -> Problems:
    if mapping.alias not in status.models:
        problem = f"alias {shown(mapping.alias)} is not known"
        yield _unknown((*keys, "alias"), problem, mapping.alias, status.models, "models")
    if mapping.alias == mapping.upstream:
        fix = "Write the model behind the alias, or remove the row."
        yield (*keys, "upstream"), f"{shown(mapping.alias)} is mapped to itself", fix
    future = list(_future((*keys, "at"), mapping.at, now))
    yield from future
    yield from _bare_date((*keys, "at"), mapping.at, mapping.source)
    until = status.policy.reported_until
    if not future and mapping.source.reported is not None and as_time(mapping.at).date() > until:
        problem = f"the reported mapping is of {mapping.at}, later than reported_until ({until})"
        yield (*keys, "at"), problem, "Retest the alias: later rows need a receipt."


def _names_of_row(status: Status, row: Observation, keys: Keys) -> Problems:
    names: list[tuple[str, str, Iterable[str], str, Keys]] = [
        ("endpoint", row.endpoint, status.endpoints, "endpoints", (*keys, "endpoint")),
        ("target", row.target, status.targets, "targets", (*keys, "target")),
    ]
    for index, name in enumerate(row.signatures):
        place = (*keys, "signatures", index)
        names.append(("signature", name, status.signatures, "signatures", place))
    if row.variant is not None and row.endpoint in status.endpoints:
        variants = status.endpoints[row.endpoint].variants
        kind = f"variants of {row.endpoint}"
        names.append(("variant", row.variant, variants, kind, (*keys, "variant")))
    for label, name, known, kind, place in names:
        if name not in known:
            yield _unknown(place, f"{label} {shown(name)} is not known", name, known, kind)
    route = status.routes.get(split(row.endpoint)[1]) if row.endpoint in status.endpoints else None
    protocol = PROTOCOLS.get(route.protocol) if route else None
    if row.shape and protocol and row.shape not in protocol.shapes:
        problem = f"shape is {shown(row.shape)}, expected {listed(protocol.shapes, ' or ')}"
        yield (*keys, "shape"), problem, "Choose a shape of the endpoint's protocol."


def _times_of_row(status: Status, row: Observation, keys: Keys, now: datetime) -> Problems:
    for name in ("at", "first", "last"):
        moment = getattr(row, name)
        if moment is not None:
            yield from _future((*keys, name), moment, now)
            yield from _bare_date((*keys, name), moment, row.source)
    newest = (*keys, "last" if row.at is None else "at")
    if row.source is None:
        if row.outcome not in ("error", "inconclusive") or row.billing == "aligned":
            yield keys, "the row can raise a standing and has no source", "Add it."
    elif row.source.reported is not None and row.day > status.policy.reported_until:
        until = status.policy.reported_until
        problem = f"the reported row is dated {row.day}, later than reported_until ({until})"
        yield newest, problem, "Retest it instead: later rows need a receipt."


def _future(keys: Keys, moment: date | datetime, now: datetime) -> Problems:
    aware = isinstance(moment, datetime)
    if as_time(moment) > now if aware else moment > now.astimezone(UTC).date():
        today = now.astimezone(UTC)
        limit = today.strftime("%Y-%m-%dT%H:%M:%SZ") if aware else today.date().isoformat()
        yield keys, f"{keys[-1]} is {shown(moment)}, expected {limit} or earlier", "Correct it."


def _bare_date(keys: Keys, moment: date | datetime, source: Source | None) -> Problems:
    if source is not None and source.receipt is not None and not isinstance(moment, datetime):
        problem = f"{keys[-1]} is {shown(moment)}, expected a time with its zone"
        yield keys, problem, "Write the receipt's time."
