"""Replay index: the observation that answers a request, found by what was sent. Today's routes add
the auth methods that they accept, and distinguish an unknown path. Only an endpoint that nobody has
observed yet is answered at today's request, as its protocol documents a reply."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import count
from typing import Any

from trueup.exchange import own_headers
from trueup.model import NO_MODEL, Auth, Observation, Sent, Status, name_of, split
from trueup.protocols import PROTOCOLS, Protocol
from trueup.request import is_repeated, request_of, without_prompt

DOCUMENTED = "reply as documented, never seen"
"""In the place of an observation, for an endpoint that has none."""
NO_AUTHS: frozenset[Auth] = frozenset()
MODEL_IN_PATH = re.compile(r"/v1(?:beta)?/models/([^:]*)")
FAMILY_PATHS = re.compile(
    r"/v1(?:beta)?/models/.+|/v1/images/(?:generations|edits)|/v1/chat/completions"
    r"|/v1/responses|/v1/embeddings|/v1/audio/(?:speech|transcriptions|translations)"
)


@dataclass(slots=True)
class Called:
    """A call as it came: method and path, the auth methods that are read, the headers without the
    key, and its body or form by name."""

    line: str
    auths: Collection[Auth]
    headers: Collection[tuple[str, str]]
    content: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Replayable:
    """A conclusive observation, and the protocol of its reply.

    `sent` is its request with the caller's free texts left open. `auths` are the auth methods that
    are answered: the recorded one, and those that the row's route accepts today, so that a client
    with an auth method of its own is not locked out. This raises no claim: the exchange records the
    auth method, and whoever compares it with the record still finds a different request (rule 7).
    """

    row: Observation
    place: str
    protocol: Protocol | None
    sent: Sent
    auths: frozenset[Auth]
    calls: Iterator[int] = field(default_factory=count)

    @property
    def model(self) -> str:
        """The model of the endpoint that was observed."""
        return split(self.row.endpoint)[0]

    @cached_property
    def name(self) -> str:
        """The name of its output: the model, or the route without one."""
        return name_of(self.row.endpoint)

    @property
    def task_id(self) -> str:
        """The id of the task that it creates, the same at each call and of no other row."""
        place = f"{self.row.endpoint} {self.place}"  # endpoints without a row have one place
        return f"simulated-{sha256(place.encode()).hexdigest()[:12]}"

    @cached_property
    def called(self) -> str:
        """The model's name in the request: in its path, or else in its body."""
        found = MODEL_IN_PATH.match(self.sent.request.partition(" ")[2].split("?")[0])
        name = found[1] if found else (self.row.sent.content or {}).get("model")
        return name if isinstance(name, str) and name else self.model

    def is_match(self, request: Called) -> bool:
        """Return whether the request repeats this one, whatever its prompt and host."""
        sent = self.sent
        if self.auths.isdisjoint(request.auths) or not self._is_of_model(request):
            return False
        return is_repeated(sent, own_headers(request.headers, sent.headers), request.content)

    def _is_of_model(self, request: Called) -> bool:
        """Return whether the request may be of this model, where the record has no model."""
        named = next(iter(request.content.values()), None)
        model = named.get("model") if isinstance(named, dict) else None
        return not (self._is_open and isinstance(model, str)) or model == self.model

    @cached_property
    def _is_open(self) -> bool:
        return (self.sent.content or {}).get("model") is None

    def is_failing(self) -> bool:
        """Return whether this call fails: of a mixed row the first does, and every second one."""
        if self.row.outcome == "mixed":
            return next(self.calls) % 2 == 0
        return self.row.outcome == "error"


class ReplayIndex:
    """The observations of one target, retracted ones left out. `rows` has those that can answer a
    call, in the order in which they are tried."""

    def __init__(
        self,
        status: Status,
        target: str,
        place_of: Callable[[Observation], str] | None = None,
    ) -> None:
        places = {
            f"observations[{index}]": row
            for index, row in enumerate(status.observations)
            if row.target == target and row.retracted is None
        }
        found = (
            _replayable(status, row, place_of(row) if place_of else place)
            for place, row in reversed(places.items())
            if row.can_replay
        )
        self.rows = [item for item in found if item.protocol or item.row.outcome == "error"]
        self.rows += [_documented(status, name, target) for name in status.unobserved(target)]
        self.mapped = {mapping.alias: mapping.upstream for mapping in status.mappings}
        self._by_request: dict[str, list[Replayable]] = {}
        for item in self.rows:
            self._by_request.setdefault(item.sent.request, []).append(item)
        self._polls, self._fetches = (
            {
                line.replace("{task_id}", item.task_id): item
                for item in self.rows
                if (line := getattr(item.sent, name)) and item.protocol
            }
            for name in ("poll", "fetch")
        )
        known: dict[str, set[Auth]] = {}
        for row in (*places.values(), *(item.row for item in self.rows)):
            auths = known.setdefault(row.sent.request.split("?")[0], set())
            auths.update((row.sent.auth, *_accepted(status, row)))
        for line, item in (self._polls | self._fetches).items():
            known.setdefault(line.split("?")[0], set()).update(item.auths)
        self._auths = {line: frozenset(auths) for line, auths in known.items()}
        self._routes = [_pattern(route.request) for route in status.routes.values()]

    def find(self, request: Called) -> Replayable | None:
        """Return the newest row that this request repeats."""
        for item in self._by_request.get(request.line, ()):
            if item.is_match(request):
                return item
        return None

    def find_task(self, line: str, auths: Collection[Auth]) -> tuple[Replayable | None, bool]:
        """Return the row whose task a request polls or fetches, and whether it fetches."""
        found = self._polls.get(line) or self._fetches.get(line)
        if found is None or found.auths.isdisjoint(auths):
            return None, False
        return found, line in self._fetches

    def auths(self, method: str, path: str) -> frozenset[Auth]:
        """Return the auth methods that the record has for a path, or that its route accepts."""
        return self._auths.get(f"{method} {path}", NO_AUTHS)

    def linked(self) -> frozenset[str]:
        """Return the names whose outputs may be linked."""
        return frozenset(item.name for item in self.rows if item.row.outcome != "error")

    def names(self) -> Collection[str]:
        """Return the names by which models were called, each once."""
        return dict.fromkeys(item.called for item in self.rows if item.called != NO_MODEL)

    def is_known(self, method: str, path: str) -> bool:
        """Return whether the gateway has such a path, by the record, its family or the routes."""
        request = f"{method} {path}"
        return (
            request in self._auths
            or (method == "POST" and FAMILY_PATHS.fullmatch(path) is not None)
            or any(route.fullmatch(request) for route in self._routes)
        )


def _documented(status: Status, endpoint: str, target: str) -> Replayable:
    """Return what answers an endpoint that nobody has observed: a made-up row of its request."""
    row = Observation.model_construct(
        endpoint=endpoint,
        target=target,
        sent=request_of(status, endpoint, target),
        outcome="output",
        shape=None,
        mime=None,
        signatures=(),
    )
    return _replayable(status, row, DOCUMENTED)


def _replayable(status: Status, row: Observation, place: str) -> Replayable:
    protocol = _protocol(status, row)
    sent = without_prompt(protocol, row.sent) if protocol else row.sent
    return Replayable(row, place, protocol, sent, frozenset({sent.auth, *_accepted(status, row)}))


def _accepted(status: Status, row: Observation) -> tuple[Auth, ...]:
    route = status.routes.get(split(row.endpoint)[1])
    return route.accepted_auth if route else ()


def _protocol(status: Status, row: Observation) -> Protocol | None:
    """Return the protocol of the recorded shape, or else that of the route.

    The route decides among several protocols with that shape. None when the row has no shape and
    its route is gone.
    """
    route = status.routes.get(split(row.endpoint)[1])
    known = PROTOCOLS.get(route.protocol) if route else None
    named = known.of_route(route, files=status.files) if known and route else None
    if named is not None and row.shape in named.shapes:
        return named
    shaped = [protocol for protocol in PROTOCOLS.values() if row.shape in protocol.shapes]
    found = shaped[0] if shaped else named
    return found if row.shape or found is None else found.reading(row.sent.body, ())


def _pattern(request: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", request.split("?")[0])
    return re.compile("[^/]+".join(re.escape(part) for part in parts))
