"""References: what the rows of a status file say of each other and of `now`. Knows no text."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

from trueup.finding import RULES
from trueup.model import Mapping, Observation, Source, Status, as_time, split
from trueup.protocols import PROTOCOLS
from trueup.status_file.complaint import did_you_mean, listed, shown
from trueup.status_file.form import Keys

Complaints = Iterator[tuple[Keys, str]]


def check_references(status: Status, now: datetime) -> Complaints:
    """Each thing that does not hold together, with the keys that lead to it."""
    yield from _severities(status)
    yield from _targets(status)
    yield from _routes(status)
    yield from _signatures(status)
    yield from _ledgers(status)
    yield from _endpoints(status)
    yield from _holds(status, now)
    yield from _future(("policy", "reported_until"), status.policy.reported_until, now)
    for index, mapping in enumerate(status.mappings):
        yield from _mapping(status, mapping, ("mappings", index), now)
    for index, row in enumerate(status.observations):
        yield from _names_of_row(status, row, ("observations", index))
        yield from _times_of_row(status, row, ("observations", index), now)


def _unknown(what: str, name: str, names: Iterable[str], kind: str) -> str:
    names = list(names)
    hint = did_you_mean(name, names) or f" Correct it, or add it to {kind}."
    return f"{what} {shown(name)} is not known; {kind} are {listed(names)}.{hint}"


def _severities(status: Status) -> Complaints:
    """A policy may ask for more; what it cannot do is to talk an error away."""
    for name, severity in status.policy.severities.items():
        keys = ("policy", "severities", name)
        if name not in RULES:
            yield keys, _unknown("rule", name, RULES, "rules")
        elif RULES[name].severity == "error" and severity != "error":
            found = f"findings of {name} are made {shown(severity)}"
            message = f"{found}; they are errors, and error was expected. Mend them, or put"
            yield keys, f"{message} them into the baseline until a day."


def _targets(status: Status) -> Complaints:
    if "mock" in status.targets:
        message = (
            "a target is called 'mock', which is the name of the replay; another was expected."
        )
        yield ("targets", "mock"), f"{message} Rename it."
    references = [name for name, target in status.targets.items() if target.reference]
    rule = "exactly one was expected, since it makes the standings"
    if not references:
        yield ("targets",), f"no target is the reference; {rule}. Write reference: true on one."
    for name in references[1:]:
        found = f"target {shown(name)} is a reference beside {shown(references[0])}"
        yield ("targets", name, "reference"), f"{found}; {rule}. Remove it from one of them."
    yield from _base_urls(status)


def _base_urls(status: Status) -> Complaints:
    owners: dict[str, str] = {}
    for name, target in status.targets.items():
        if (owner := owners.setdefault(_origin(target.base_url), name)) != name:
            found = f"target {shown(name)} has the base_url of {shown(owner)}"
            message = f"{found}; one of its own was expected. Correct it, or remove the target."
            yield ("targets", name, "base_url"), message
    for name, target in status.targets.items():
        for index, url in enumerate(target.also):
            if (origin := _origin(url)) in owners:
                found = f"{url} is a base URL of {shown(owners[origin])} already"
                message = f"{found}; another was expected. Correct it, or take it out."
                yield ("targets", name, "also", index), message
            owners[origin] = name


def _origin(url: str) -> str:
    """A base URL without the port that its scheme has anyway."""
    return url.removesuffix(":443" if url.startswith("https") else ":80")


def _routes(status: Status) -> Complaints:
    for name, route in status.routes.items():
        if route.protocol not in PROTOCOLS:
            message = _unknown("protocol", route.protocol, PROTOCOLS, "protocols")
            yield ("routes", name, "protocol"), message
        rest = re.sub(r"\{(model|upstream)\}", "", route.request)
        strange = re.search(r"\{[^{}]*\}|[{}]", rest)
        if strange:
            found = f"the request has {shown(strange[0])}"
            message = f"{found}; only {{model}} and {{upstream}} are filled in. Use these, or none."
            yield ("routes", name, "request"), message


def _ledgers(status: Status) -> Complaints:
    """A ledger that was read once cannot be said to be none: that would forgive what it showed."""
    for name, target in status.targets.items():
        billed = [row for row in status.observations if row.target == name and row.billing]
        if target.ledger is not None and billed:
            found = f"{name} has no ledger, and {len(billed)} of its observations tell of a bill"
            message = f"{found}; one or the other was expected. Take the ledger line out."
            yield ("targets", name, "ledger"), message


def _signatures(status: Status) -> Complaints:
    for name, signature in status.signatures.items():
        if signature.match not in signature.replay.message:
            found = f"the message does not contain the match, {shown(signature.match)}"
            message = f"{found}; it was expected in it. Correct one of the two."
            yield ("signatures", name, "replay", "message"), message


def _endpoints(status: Status) -> Complaints:
    for endpoint in status.endpoints:
        model, route = split(endpoint)
        keys = ("endpoints", endpoint)
        if "/" not in endpoint:
            found = f"endpoint {shown(endpoint)} is one name"
            yield keys, f"{found}; a model and a route were expected. Write model/route."
            continue
        if model not in status.models:
            yield keys, _names_no("model", endpoint, model, status.models)
        if route not in status.routes:
            yield keys, _names_no("route", endpoint, route, status.routes)


def _names_no(kind: str, endpoint: str, name: str, names: Iterable[str]) -> str:
    names = list(names)
    hint = did_you_mean(name, names) or f" Correct it, or add the {kind}."
    return f"endpoint {shown(endpoint)} names no {kind}; {kind}s are {listed(names)}.{hint}"


def _holds(status: Status, now: datetime) -> Complaints:
    for index, hold in enumerate(status.holds):
        if not any(fnmatchcase(endpoint, hold.endpoint) for endpoint in status.endpoints):
            found = f"the pattern {shown(hold.endpoint)} matches no endpoint"
            hint = did_you_mean(hold.endpoint, status.endpoints) or " Correct it, or remove it."
            message = f"{found}; endpoints are {listed(status.endpoints)}.{hint}"
            yield ("holds", index, "endpoint"), message
        yield from _future(("holds", index, "on"), hold.on, now)


def _mapping(status: Status, mapping: Mapping, keys: Keys, now: datetime) -> Complaints:
    if mapping.alias not in status.models:
        yield (*keys, "alias"), _unknown("alias", mapping.alias, status.models, "models")
    if mapping.alias == mapping.upstream:
        found = f"{shown(mapping.alias)} is mapped to itself"
        message = (
            f"{found}; the model behind the alias was expected. Correct it, or remove the row."
        )
        yield (*keys, "upstream"), message
    yield from _future((*keys, "at"), mapping.at, now)
    yield from _bare_date((*keys, "at"), mapping.at, mapping.source)


def _names_of_row(status: Status, row: Observation, keys: Keys) -> Complaints:
    if row.endpoint not in status.endpoints:
        message = _unknown("endpoint", row.endpoint, status.endpoints, "endpoints")
        yield (*keys, "endpoint"), message
    else:
        route = status.routes.get(split(row.endpoint)[1])
        protocol = PROTOCOLS.get(route.protocol) if route else None
        if row.shape and protocol and row.shape not in protocol.shapes:
            found = f"shape is {shown(row.shape)}, which the endpoint's protocol does not have"
            message = f"{found}; {listed(protocol.shapes, ' or ')} was expected. Choose one."
            yield (*keys, "shape"), message
        variants = status.endpoints[row.endpoint].variants
        if row.variant is not None and row.variant not in variants:
            message = _unknown("variant", row.variant, variants, f"variants of {row.endpoint}")
            yield (*keys, "variant"), message
    if row.target not in status.targets:
        yield (*keys, "target"), _unknown("target", row.target, status.targets, "targets")
    for index, name in enumerate(row.signatures):
        if name not in status.signatures:
            message = _unknown("signature", name, status.signatures, "signatures")
            yield (*keys, "signatures", index), message


def _times_of_row(status: Status, row: Observation, keys: Keys, now: datetime) -> Complaints:
    for name in ("at", "first", "last"):
        moment = getattr(row, name)
        if moment is not None:
            yield from _future((*keys, name), moment, now)
            yield from _bare_date((*keys, name), moment, row.source)
    newest = (*keys, "last" if row.at is None else "at")
    if row.source is None:
        if row.outcome not in ("error", "inconclusive") or row.billing == "aligned":
            found = "a row without a source says more than an error or a inconclusive"
            yield keys, f"{found}; a row that lifts a standing needs a source. Add it."
    elif row.source.reported is not None and row.day > status.policy.reported_until:
        found = f"a reported row of {row.day}, after reported_until, {status.policy.reported_until}"
        yield newest, f"{found}; later ones need a receipt. Retest it instead."


def _future(keys: Keys, moment: date | datetime, now: datetime) -> Complaints:
    aware = isinstance(moment, datetime)
    if as_time(moment) > now if aware else moment > now.astimezone(UTC).date():
        today = now.astimezone(UTC)
        limit = today.strftime("%Y-%m-%dT%H:%M:%SZ") if aware else today.date().isoformat()
        message = f"{keys[-1]} is {shown(moment)}, in the future; {limit} or earlier was expected"
        yield keys, f"{message}. Correct it."


def _bare_date(keys: Keys, moment: date | datetime, source: Source | None) -> Complaints:
    if source is not None and source.receipt is not None and not isinstance(moment, datetime):
        found = f"{keys[-1]} is {shown(moment)}, a bare date, on a row with a receipt"
        yield keys, f"{found}; a time with its zone was expected. Write the receipt's time."
