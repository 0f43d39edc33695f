"""Request: what an endpoint sends today, what was sent for the record, and how the two differ."""

import json
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import JsonValue

from trueup.exchange import Exchange
from trueup.model import Body, Frozen, Observation, Sent, Status, split
from trueup.protocols import PROTOCOLS, Protocol

SHOWN = 80
"""Characters of a body's value in a message: as many as a line of a terminal has."""
Steps = tuple[str | int, ...]


def protocol_of(status: Status, endpoint: str) -> Protocol:
    """The protocol of an endpoint's route."""
    return PROTOCOLS[status.route_of(endpoint).protocol]


def request_of(status: Status, endpoint: str, target: str, variant: str | None = None) -> Sent:
    """What an endpoint, or a variant of it, sends to a target as the status file has it today."""
    model, _ = split(endpoint)
    route = status.route_of(endpoint)
    facts = status.endpoints[endpoint]
    overlay = facts.variants[variant].body if variant else {}
    return Sent(
        base_url=status.targets[target].base_url,
        request=route.request.format(model=model, upstream=status.upstream(model)),
        auth=route.auth.documented,
        body=protocol_of(status, endpoint).body(model, {**facts.body, **overlay}),
    )


def request_in(exchange: Exchange, base_url: str) -> Sent | None:
    """What an exchange shows was sent, or None when it is no request that a record could hold.

    `base_url` is the target's: inside the sandbox only its host leads to the mock or the relay.
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
    """One way in which what is sent differs from what was recorded."""

    path: Steps
    """`base_url`, `request` or `auth`; or `body`, and the keys and indexes that lead to it."""
    recorded: JsonValue
    """What was recorded."""
    now: JsonValue
    """What is sent instead."""
    absent: Literal["recorded", "now"] | None = None
    """The side on which there is nothing at that path."""

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
    """Each way in which `now` differs from what was recorded.

    A null in the recorded body is a value that nobody reported; it is compared with nothing. A
    null under the key `*` there stands for further fields that may have been sent.
    """
    return tuple(
        Difference.model_construct(
            path=(name,), recorded=getattr(recorded, name), now=getattr(now, name)
        )
        for name in ("base_url", "request", "auth")
        if getattr(recorded, name) != getattr(now, name)
    ) + tuple(_body_differences(("body",), recorded.body, now.body))


def variant_rows(status: Status, endpoint: str, variant: str) -> tuple[Observation, ...]:
    """The rows of a variant as it is sent today, newest first (rule 7)."""
    return tuple(
        row
        for row in status.seen(endpoint, variant=variant)
        if not differences(row.sent, request_of(status, endpoint, row.target, variant))
    )


def without_prompt(protocol: Protocol, sent: Sent) -> Sent:
    """The same request, the caller's free texts counted as not reported."""
    body: Body = protocol.without_prompt(sent.body)
    return sent.model_copy(update={"body": body})


def _body_differences(path: Steps, recorded: Any, now: Any) -> Iterator[Difference]:
    if recorded is None:
        return
    if isinstance(recorded, dict) and isinstance(now, dict):
        is_whole = recorded.get("*", "") is not None
        for key in [*recorded, *(key for key in now if is_whole and key not in recorded)]:
            at = (*path, key)
            if key == "*" and not is_whole:
                continue
            if key not in now:
                yield Difference.model_construct(
                    path=at, recorded=recorded[key], now=None, absent="now"
                )
            elif key not in recorded:
                yield Difference.model_construct(
                    path=at, recorded=None, now=now[key], absent="recorded"
                )
            else:
                yield from _body_differences(at, recorded[key], now[key])
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, pair in enumerate(zip(recorded, now, strict=True)):
            yield from _body_differences((*path, index), *pair)
    elif type(recorded) is not type(now) or recorded != now:
        yield Difference.model_construct(path=path, recorded=recorded, now=now)
