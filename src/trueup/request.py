"""Request: what an endpoint sends today, what was sent for the record, and how the two differ."""

import json
from collections.abc import Iterator
from typing import Any

from trueup.exchange import Exchange
from trueup.model import Body, Observation, Sent, Status, split
from trueup.protocols import PROTOCOLS, Protocol


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


def differences(recorded: Sent, now: Sent) -> tuple[str, ...]:
    """Each way in which `now` parts from what was recorded, as `where: recorded X, now Y`.

    A null in the recorded body is a value that nobody reported; it is compared with nothing. A
    field `*` there stands for further fields that may have been sent.
    """
    return tuple(
        f"{name}: recorded {getattr(recorded, name)}, now {getattr(now, name)}"
        for name in ("base_url", "request", "auth")
        if getattr(recorded, name) != getattr(now, name)
    ) + tuple(_body_differences("body", recorded.body, now.body))


def speaking(
    status: Status, endpoint: str, target: str | None = None, variant: str | None = None
) -> tuple[Observation, ...]:
    """The rows that speak for an endpoint, or a variant, as it is today, newest first (rule 7)."""
    return tuple(
        row
        for row in status.seen(endpoint, target, variant)
        if not differences(row.sent, request_of(status, endpoint, row.target, variant))
    )


def without_prompt(protocol: Protocol, sent: Sent) -> Sent:
    """The same request, the caller's free texts counted as not reported."""
    body: Body = protocol.without_prompt(sent.body)
    return sent.model_copy(update={"body": body})


def _body_differences(path: str, recorded: Any, now: Any) -> Iterator[str]:
    if recorded is None:
        return
    if isinstance(recorded, dict) and isinstance(now, dict):
        is_whole = recorded.get("*", "") is not None
        for key in [*recorded, *(key for key in now if is_whole and key not in recorded)]:
            if key == "*" and not is_whole:
                continue
            if key not in now:
                yield f"{path}.{key}: recorded {_short(recorded[key])}, now nothing"
            elif key not in recorded:
                yield f"{path}.{key}: recorded nothing, now {_short(now[key])}"
            else:
                yield from _body_differences(f"{path}.{key}", recorded[key], now[key])
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, pair in enumerate(zip(recorded, now, strict=True)):
            yield from _body_differences(f"{path}[{index}]", *pair)
    elif type(recorded) is not type(now) or recorded != now:
        yield f"{path}: recorded {_short(recorded)}, now {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
