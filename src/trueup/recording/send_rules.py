"""Send rules: which requests of blocks may go to a live gateway, and what is filled in on the wire.
A key of a block is never sent: the relay's placeholder takes its place, or the request is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from starlette.datastructures import Headers
from starlette.types import Scope

from trueup.check.leaked_keys import possible_keys
from trueup.errors import BadInput
from trueup.model import BEARER, keys_in
from trueup.recording.har import Request
from trueup.relay import PLACEHOLDER

ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[^\s?#]*)")
UNFILLED = re.compile(
    r"\{([A-Za-z][\w-]*)\}|<([A-Za-z][\w-]*)>"
    r"|(?<![A-Za-z0-9_])((?:[A-Z][A-Z0-9]*_)+ID|YOUR_[A-Z0-9_]+)(?![A-Za-z0-9_])"
)
MANAGEMENT = re.compile(
    r"(?:.*/)?(?:admin|dashboard|manage|management)(?:/.*)?|/v1/organization(?:/.*)?"
    r"|/api/(?:user|token|channel|option|redemption|group|log|setup|data)s?(?:/.*)?",
    re.IGNORECASE,
)
"""Paths that change users, keys, prices or settings in the new-api family and in others like it."""


@dataclass(frozen=True)
class SendRules:
    """The hosts that lead to the gateway, and what may be sent there: requests of `routes`, each a
    method and a path, at most `max_calls`. `values` are filled in for names in paths and queries.
    Raises BadInput for a route of another form."""

    hosts: frozenset[str]
    routes: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    allow_changes: bool = False
    max_calls: int = 0

    def __post_init__(self) -> None:
        for route in self.routes:
            if not ROUTE.fullmatch(route):
                problem = f"got {route!r}, expected a method and a path such as 'POST /v1/things'"
                raise BadInput("--route", problem, "Correct it.")

    def obstacle(self, request: Request, count: int) -> str | None:
        """Return why a request is not sent after `count` others, or None."""
        if request.host not in self.hosts:
            return f"{request.host} is another host; give --host {request.host} if it is the same"
        path = self.filled(request.path)
        if (unfilled := UNFILLED.search(path)) is not None:
            name = next(filter(None, unfilled.groups())).upper().replace("-", "_")
            return f"the path has the placeholder {unfilled[0]}; give --value {name}=…"
        is_change = request.method not in ("GET", "POST") or MANAGEMENT.fullmatch(path)
        if is_change and not self.allow_changes:
            return "it may change or manage the account; give --allow-changes to send it"
        if not any(_matches(route, request.method, path) for route in self.routes):
            return "no --route matches it"
        if count >= self.max_calls:
            return f"the cap on calls ({self.max_calls}) is reached; nothing was sent"
        return None

    def filled(self, text: str) -> str:
        """Return a path, or the value of a query, with the given values for its placeholders."""
        for name, value in self.values.items():
            forms = [rf"\{{{re.escape(name)}\}}", rf"<{re.escape(name)}>"]
            pattern = rf"(?i:{'|'.join(forms)})|(?<!\w){re.escape(name.upper())}(?!\w)"
            text = re.sub(pattern, lambda _, value=value: quote(value, safe=""), text)  # type: ignore[misc]
        return text

    def on_the_wire(self, scope: Scope) -> Scope:
        """Return a request's scope with the given values in its path and its query."""
        if not self.values:
            return scope
        raw = quote(self.filled(scope["path"]), safe="/:@!$&'()*+,;=~%")
        query = scope["query_string"].decode("latin-1")
        pairs = [pair.partition("=") for pair in query.split("&")]
        query = "&".join(name + sign + self._in_query(value) for name, sign, value in pairs)
        changed = {"path": unquote(raw), "raw_path": raw.encode()}
        return {**scope, **changed, "query_string": query.encode()}

    def _in_query(self, value: str) -> str:
        plain = unquote(value)
        return value if self.filled(plain) == plain else self.filled(plain)


def _matches(route: str, method: str, path: str) -> bool:
    """Return whether a request is of a route, whose `{name}` is one segment of a path."""
    own, _, pattern = route.partition(" ")
    parts = [
        r"(?!\.\.?(?:/|$))[^/]+" if UNFILLED.fullmatch(part) else re.escape(part)
        for part in pattern.split("/")
    ]
    return own == method and re.fullmatch("/".join(parts), path) is not None


def with_placeholder(scope: Scope) -> Scope | None:
    """Return a request's scope with the relay's placeholder wherever it has a key, or nothing
    behind `Bearer`; None where what it has looks like a real key."""
    head = b"\n".join([*(value for _, value in scope["headers"]), scope["query_string"]])
    if any(possible_keys(head)):
        return None
    query = scope["query_string"].decode("latin-1")
    pairs = [pair.partition("=") for pair in query.split("&")]
    sent = keys_in(
        Headers(scope=scope).items(), [(name, unquote(value)) for name, _, value in pairs]
    )
    places = {one.auth.partition(" ")[2].partition(" ")[0] for one in sent if one.auth != BEARER}
    headers = []
    for name, value in scope["headers"]:
        text = value.decode("latin-1").strip()
        scheme, _, rest = text.partition(" ")
        if name == b"authorization" and scheme.lower() != "basic":
            kept = scheme if rest or scheme.lower() == BEARER else ""
            value = f"{kept} {PLACEHOLDER}".strip().encode()
        elif name.decode("latin-1") in places and name != b"authorization":
            value = PLACEHOLDER.encode()
        headers.append((name, value))
    made = "&".join(
        f"{name}={PLACEHOLDER}" if sign and name in places else name + sign + value
        for name, sign, value in pairs
    )
    return {**scope, "headers": headers, "query_string": made.encode("latin-1")}
