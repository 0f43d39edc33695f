"""Request: the request that an endpoint sends today, and its differences from a recorded one."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Literal

from pydantic import JsonValue

from trueup.exchange import Exchange, content_in, own_headers
from trueup.model import (
    NO_AUTH,
    NO_MODEL,
    Body,
    Form,
    Frozen,
    Observation,
    Sent,
    SentForm,
    Status,
    form_values,
    split,
)
from trueup.protocols import PROTOCOLS, Protocol

SHOWN = 80
"""Characters of a body's value in a message: the width of a terminal."""
Steps = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""
Side = Literal["recorded", "now"]
FIELDS = ("base_url", "request", "auth", "poll", "fetch")


def protocol_of(status: Status, endpoint: str, target: str | None = None) -> Protocol:
    """Return the protocol of an endpoint's route, as it reads a target's replies to its request."""
    route, own = status.route_of(endpoint), status.endpoints.get(endpoint)
    live = status.targets[target] if target else None
    seen = (row.shape for row in status.seen(endpoint) if row.shape)
    read = PROTOCOLS[route.protocol].reading(own.body if own else None, seen)
    return read.of_route(route, live, status.files)


def request_of(status: Status, endpoint: str, target: str, variant: str | None = None) -> Sent:
    """Return the request of an endpoint, or of its variant, to a target, by today's status file."""
    model, _ = split(endpoint)
    route, own = status.route_of(endpoint), status.endpoints[endpoint]
    body, form, line = own.body, own.form, route.request
    if variant is not None:
        line = own.variants[variant].request or line
        body = None if body is None else {**body, **own.variants[variant].body}
        form = None if form is None else {**form, **own.variants[variant].form}
    return Sent(
        base_url=status.targets[target].base_url,
        request=line.format(model=model, upstream=status.upstream(model)),
        auth=route.auth,
        headers=dict(route.headers),
        body=None if body is None else _with_model(status, endpoint, body),
        form=None if form is None else _with_model(status, endpoint, form_values(form)),
        poll=route.task.poll if route.task else None,
        fetch=route.task.fetch if route.task else None,
    )


def _with_model(status: Status, endpoint: str, content: Body) -> Body:
    model, _ = split(endpoint)
    if model == NO_MODEL:
        return content
    return PROTOCOLS[status.route_of(endpoint).protocol].body(model, content)


def line_of(exchange: Exchange) -> str:
    """Return method, path and query of an exchange, decoded."""
    query = "&".join(f"{name}={value}" for name, value in exchange.query)
    return f"{exchange.method} {exchange.path}{'?' if query else ''}{query}"


def request_in(exchange: Exchange, base_url: str, declared: Collection[str] = ()) -> Sent | None:
    """Return the request of an exchange, or None if no observation could record it.

    `base_url` is the target's: in the sandbox only its host leads to the mock or the relay. The
    headers are without those of an HTTP client, except for the `declared` ones.
    """
    content = content_in(exchange.request_type, exchange.request_body)
    if len(exchange.auth) > 1 or content is None:
        return None
    return Sent.model_construct(
        base_url=base_url,
        request=line_of(exchange),
        auth=exchange.auth[0] if exchange.auth else NO_AUTH,
        headers=own_headers(exchange.headers, declared),
        **content,
    )


class Difference(Frozen):
    """A value in which a request differs from the recorded one."""

    path: Steps
    """`base_url`, `request`, `auth`, `poll` or `fetch`; or `headers`, `body` or `form`, and the
    keys that lead to it."""
    recorded: JsonValue
    """The recorded value."""
    now: JsonValue
    """The value that is sent now."""
    absent: Side | None = None
    """The side that has no value at that path."""

    def __str__(self) -> str:
        keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)
        sides = (self._shown("recorded", self.recorded), self._shown("now", self.now))
        return f"{''.join(keys).removeprefix('.')}: recorded {sides[0]}, now {sides[1]}"

    def _shown(self, side: str, value: JsonValue) -> str:
        if side == self.absent:
            return "nothing"
        if self.path[0] not in ("body", "form"):
            return str(value)
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def differences(recorded: Sent, now: Sent) -> tuple[Difference, ...]:
    """Return each difference of `now` from the recorded request (rule 7).

    A null in the recorded body is a value that was not reported, and matches any value. A null
    under the key `*` there matches any further fields.
    """
    fields = ((name, getattr(recorded, name), getattr(now, name)) for name in FIELDS)
    outside = (
        _difference(
            (name,), old, new, "recorded" if old is None else "now" if new is None else None
        )
        for name, old, new in fields
        if old != new
    )
    return (*outside, *_inner_differences(recorded, now.headers, now.body, now.form))


def is_repeated(
    recorded: Sent, headers: Mapping[str, str | None], content: Mapping[str, Any]
) -> bool:
    """Return whether headers, and a body or a form by its name, are as in the recorded request."""
    return not _inner_differences(recorded, headers, content.get("body"), content.get("form"))


def row_differences(row: Observation, now: Sent) -> tuple[Difference, ...]:
    """Return each difference of `now` from the request of a row (rule 7).

    A row without an output may lack the poll, which follows only where a task was created, and the
    fetch, which follows only where it was done.
    """
    found = differences(row.sent, now)
    if row.outcome not in ("error", "inconclusive"):
        return found
    later = (("poll",), ("fetch",))
    return tuple(one for one in found if one.path not in later or one.absent != "recorded")


def variant_observations(status: Status, endpoint: str, variant: str) -> tuple[Observation, ...]:
    """Return the observations of a variant's request of today, newest first (rule 7)."""
    return tuple(
        row
        for row in status.seen(endpoint, variant=variant)
        if not row_differences(row, request_of(status, endpoint, row.target, variant))
    )


def without_prompt(protocol: Protocol, sent: Sent) -> Sent:
    """Return the request with its free texts as not reported."""
    free = {
        name: protocol.without_prompt(content)
        for name in ("body", "form")
        if (content := getattr(sent, name)) is not None
    }
    return sent.model_copy(update=free)


def _inner_differences(
    recorded: Sent, headers: Mapping[str, Any], body: Body | None, form: Form | SentForm | None
) -> list[Difference]:
    """Return the differences in headers, body and form."""
    found: list[Difference] = []
    _add_keys(found, ("headers",), recorded.headers, headers)
    _add_content(found, "body", recorded.body, body)
    if recorded.form is not None or form is not None:
        _add_content(found, "form", _values(recorded.form), _values(form))
    return found


def _values(form: Form | SentForm | None) -> Body | None:
    return None if form is None else form_values(form)


def _add_content(
    found: list[Difference], name: str, recorded: Body | None, now: Body | None
) -> None:
    if recorded is not None and now is not None:
        _add_keys(found, (name,), recorded, now)
    elif recorded is not None or now is not None:
        side: Side = "recorded" if recorded is None else "now"
        found.append(_difference((name,), recorded, now, side))


def _add(found: list[Difference], path: Steps, recorded: Any, now: Any) -> None:
    if recorded is None:
        return
    if isinstance(recorded, dict) and isinstance(now, dict):
        _add_keys(found, path, recorded, now)
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, old in enumerate(recorded):
            _add(found, (*path, index), old, now[index])
    elif type(recorded) is not type(now) or recorded != now:
        found.append(_difference(path, recorded, now))


def _add_keys(
    found: list[Difference], path: Steps, recorded: Mapping[str, Any], now: Mapping[str, Any]
) -> None:
    is_open = recorded.get("*", "") is None
    for key, value in recorded.items():
        if key in now:
            if value is not None:
                _add(found, (*path, key), value, now[key])
        elif key != "*" or not is_open:
            found.append(_difference((*path, key), value, None, "now"))
    for key in () if is_open else now:
        if key not in recorded:
            found.append(_difference((*path, key), None, now[key], "recorded"))


def _difference(path: Steps, recorded: Any, now: Any, absent: Side | None = None) -> Difference:
    # Parsed JSON needs no validation, which takes more time than the comparison.
    return Difference.model_construct(path=path, recorded=recorded, now=now, absent=absent)
