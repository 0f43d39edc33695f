"""Request: the request that an endpoint sends today, and its differences from a recorded one."""

import json
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import JsonValue

from trueup.exchange import Exchange
from trueup.model import Body, Frozen, Observation, Sent, Status, split
from trueup.protocols import PROTOCOLS, Protocol

SHOWN = 80
"""Characters of a body's value in a message: the width of a terminal."""
Steps = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""
Side = Literal["recorded", "now"]
FIELDS = ("base_url", "request", "auth")


def protocol_of(status: Status, endpoint: str) -> Protocol:
    """Return the protocol of an endpoint's route."""
    return PROTOCOLS[status.route_of(endpoint).protocol]


def request_of(status: Status, endpoint: str, target: str, variant: str | None = None) -> Sent:
    """Return the request of an endpoint, or of its variant, to a target, by today's status file."""
    model, _ = split(endpoint)
    route = status.route_of(endpoint)
    own = status.endpoints[endpoint]
    overlay = own.variants[variant].body if variant else {}
    return Sent(
        base_url=status.targets[target].base_url,
        request=route.request.format(model=model, upstream=status.upstream(model)),
        auth=route.auth.documented,
        body=protocol_of(status, endpoint).body(model, {**own.body, **overlay}),
    )


def request_in(exchange: Exchange, base_url: str) -> Sent | None:
    """Return the request of an exchange, or None if no observation could record it.

    `base_url` is the target's: in the sandbox only its host leads to the mock or the relay.
    """
    try:
        body = json.loads(exchange.request_body)
    except (ValueError, RecursionError):
        return None
    query = "&".join(f"{name}={value}" for name, value in exchange.query)
    path = f"{exchange.path}?{query}" if query else exchange.path
    if len(exchange.auth) != 1 or not isinstance(body, dict):
        return None
    return Sent.model_construct(
        base_url=base_url, request=f"{exchange.method} {path}", auth=exchange.auth[0], body=body
    )


class Difference(Frozen):
    """A value in which a request differs from the recorded one."""

    path: Steps
    """`base_url`, `request` or `auth`; or `body`, and the keys and indexes that lead to it."""
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
        if self.path[0] != "body":
            return str(value)
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def differences(recorded: Sent, now: Sent) -> tuple[Difference, ...]:
    """Return each difference of `now` from the recorded request (rule 7).

    A null in the recorded body is a value that was not reported, and matches any value. A null
    under the key `*` there matches any further fields.
    """
    fields = ((name, getattr(recorded, name), getattr(now, name)) for name in FIELDS)
    outside = (_difference((name,), old, new) for name, old, new in fields if old != new)
    return (*outside, *_body_differences(("body",), recorded.body, now.body))


def variant_observations(status: Status, endpoint: str, variant: str) -> tuple[Observation, ...]:
    """Return the observations of a variant's request of today, newest first (rule 7)."""
    return tuple(
        row
        for row in status.seen(endpoint, variant=variant)
        if not differences(row.sent, request_of(status, endpoint, row.target, variant))
    )


def without_prompt(protocol: Protocol, sent: Sent) -> Sent:
    """Return the request with its free texts as not reported."""
    return sent.model_copy(update={"body": protocol.without_prompt(sent.body)})


def _body_differences(path: Steps, recorded: Any, now: Any) -> Iterator[Difference]:
    if recorded is None:
        return
    if isinstance(recorded, dict) and isinstance(now, dict):
        yield from _key_differences(path, recorded, now)
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, pair in enumerate(zip(recorded, now, strict=True)):
            yield from _body_differences((*path, index), *pair)
    elif type(recorded) is not type(now) or recorded != now:
        yield _difference(path, recorded, now)


def _key_differences(path: Steps, recorded: Body, now: Body) -> Iterator[Difference]:
    is_open = recorded.get("*", "") is None
    for key, value in recorded.items():
        if key in now:
            yield from _body_differences((*path, key), value, now[key])
        elif key != "*" or not is_open:
            yield _difference((*path, key), value, None, "now")
    for key in () if is_open else now:
        if key not in recorded:
            yield _difference((*path, key), None, now[key], "recorded")


def _difference(path: Steps, recorded: Any, now: Any, absent: Side | None = None) -> Difference:
    # Parsed JSON needs no validation, which takes more time than the comparison.
    return Difference.model_construct(path=path, recorded=recorded, now=now, absent=absent)
