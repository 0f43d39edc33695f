"""Row references: the mappings and observations of a status file against its tables and `now`."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from trueup.model import Mapping, Observation, Source, Status, as_time, split
from trueup.protocols import PROTOCOLS
from trueup.status_file.validation import Keys, Problem
from trueup.status_file.value_text import did_you_mean, listed, shown

Problems = Iterator[Problem]


def unknown_name(keys: Keys, problem: str, name: str, names: Iterable[str], kind: str) -> Problem:
    """Return the problem of a name that is none of those of its kind, with the nearest of them."""
    names = list(names)
    add = f", or add it to {kind}" if kind in Status.model_fields else ""
    fix = did_you_mean(name, names) or f"Correct it{add}."
    return keys, f"{problem}; {kind} are {listed(names)}", fix


def check_mapping(status: Status, mapping: Mapping, keys: Keys, now: datetime) -> Problems:
    """Yield what is wrong with the names and times of a mapping."""
    if mapping.alias not in status.models:
        problem = f"alias {shown(mapping.alias)} is not known"
        yield unknown_name((*keys, "alias"), problem, mapping.alias, status.models, "models")
    if mapping.alias == mapping.upstream:
        fix = "Write the model behind the alias, or remove the row."
        yield (*keys, "upstream"), f"{shown(mapping.alias)} is mapped to itself", fix
    future = list(check_not_future((*keys, "at"), mapping.at, now))
    yield from future
    yield from _bare_date((*keys, "at"), mapping.at, mapping.source)
    until = status.policy.reported_until
    if not future and mapping.source.reported is not None and as_time(mapping.at).date() > until:
        problem = f"the reported mapping is of {mapping.at}, later than reported_until ({until})"
        yield (*keys, "at"), problem, "Retest the alias: later rows need a receipt."


def check_row(status: Status, row: Observation, keys: Keys, now: datetime) -> Problems:
    """Yield each name of an observation that leads nowhere, and each time that cannot be."""
    yield from _names(status, row, keys)
    yield from _times(status, row, keys, now)


def _names(status: Status, row: Observation, keys: Keys) -> Problems:
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
            yield unknown_name(place, f"{label} {shown(name)} is not known", name, known, kind)
    route = status.routes.get(split(row.endpoint)[1]) if row.endpoint in status.endpoints else None
    protocol = PROTOCOLS.get(route.protocol) if route else None
    if row.shape and protocol and row.shape not in protocol.shapes:
        problem = f"shape is {shown(row.shape)}, expected {listed(protocol.shapes, ' or ')}"
        yield (*keys, "shape"), problem, "Choose a shape of the endpoint's protocol."


def _times(status: Status, row: Observation, keys: Keys, now: datetime) -> Problems:
    for name in ("at", "first", "last"):
        moment = getattr(row, name)
        if moment is not None:
            yield from check_not_future((*keys, name), moment, now)
            yield from _bare_date((*keys, name), moment, row.source)
    newest = (*keys, "last" if row.at is None else "at")
    if row.source is None:
        if row.outcome not in ("error", "inconclusive") or row.billing == "aligned":
            yield keys, "the row can raise a standing and has no source", "Add it."
    elif row.source.reported is not None and row.day > status.policy.reported_until:
        until = status.policy.reported_until
        problem = f"the reported row is dated {row.day}, later than reported_until ({until})"
        yield newest, problem, "Retest it instead: later rows need a receipt."


def check_not_future(keys: Keys, moment: date | datetime, now: datetime) -> Problems:
    """Yield a time that is still to come."""
    aware = isinstance(moment, datetime)
    if as_time(moment) > now if aware else moment > now.astimezone(UTC).date():
        today = now.astimezone(UTC)
        limit = today.strftime("%Y-%m-%dT%H:%M:%SZ") if aware else today.date().isoformat()
        yield keys, f"{keys[-1]} is {shown(moment)}, expected {limit} or earlier", "Correct it."


def _bare_date(keys: Keys, moment: date | datetime, source: Source | None) -> Problems:
    if source is not None and source.receipt is not None and not isinstance(moment, datetime):
        problem = f"{keys[-1]} is {shown(moment)}, expected a time with its zone"
        yield keys, problem, "Write the receipt's time."
