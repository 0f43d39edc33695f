"""Record: which observation answers a request. Looks at what was sent, never at today's requests.

Today's routes only add the ways of the key that they accept, and tell a request that is not on
record from a path that the gateway does not have at all; neither is an answer.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count

from trueup.model import AuthKind, Body, Observation, Sent, Status, split
from trueup.protocols import PROTOCOLS, Protocol
from trueup.request import differences, without_prompt

MODEL_IN_PATH = re.compile(r"/v1(?:beta)?/models/([^:]*)")
FAMILY_PATHS = re.compile(
    r"/v1(?:beta)?/models/.+|/v1/images/(?:generations|edits)|/v1/chat/completions"
)


@dataclass(frozen=True)
class Replayable:
    """An observation that told something, and the protocol in which it is worded.

    `sent` is what was sent with the caller's free texts left open. `ways` are how the key may come:
    as recorded, or as the row's route accepts today, so that a client which sends its key in its
    own way is not locked out. This lifts no claim: the exchange tells how the key came, and whoever
    compares it with the record still finds a different request (rule 7).
    """

    row: Observation
    place: str
    protocol: Protocol | None
    sent: Sent
    ways: frozenset[AuthKind]
    calls: Iterator[int] = field(default_factory=count)

    @property
    def model(self) -> str:
        """The model of the endpoint that was observed."""
        return split(self.row.endpoint)[0]

    @property
    def called(self) -> str:
        """The name by which the model was called on the wire."""
        method_and_path = self.sent.request.split("?")[0]
        return called_model(method_and_path.partition(" ")[2], self.row.sent.body) or self.model

    def is_match(self, request: str, ways: Collection[AuthKind], body: Body) -> bool:
        """Whether this is what was sent, whatever the prompt and the host say."""
        sent = self.sent
        if self.ways.isdisjoint(ways) or sent.request != request:
            return False
        now = Sent.model_construct(
            base_url=sent.base_url, request=request, auth=sent.auth, body=body
        )
        try:
            return not differences(sent, now)
        except RecursionError:
            return False

    def is_failing(self) -> bool:
        """Whether this call fails: a mixed row fails on its first call and on every second one."""
        if self.row.outcome == "mixed":
            return next(self.calls) % 2 == 0
        return self.row.outcome == "error"


class ReplayIndex:
    """The observations of one target, retracted ones left out."""

    def __init__(self, status: Status, target: str) -> None:
        rows = [
            (index, row)
            for index, row in enumerate(status.observations)
            if row.target == target and row.retracted is None
        ]
        found = (
            _recorded(status, row, f"observations[{index}]")
            for index, row in reversed(rows)
            if row.outcome != "inconclusive"
        )
        self.told = tuple(item for item in found if item.protocol or item.row.outcome == "error")
        self.mapped = {mapping.alias: mapping.upstream for mapping in status.mappings}
        self._by_request: dict[str, list[Replayable]] = {}
        for item in self.told:
            self._by_request.setdefault(item.sent.request, []).append(item)
        self._ways: dict[str, dict[AuthKind, None]] = {}
        for _, row in rows:
            ways = self._ways.setdefault(row.sent.request.split("?")[0], {})
            ways.update(dict.fromkeys((row.sent.auth, *_accepted(status, row))))
        self._routes = [_pattern(route.request) for route in status.routes.values()]

    def find(self, request: str, ways: Collection[AuthKind], body: Body) -> Replayable | None:
        """The newest row that this request repeats."""
        rows = self._by_request.get(request, ())
        return next((item for item in rows if item.is_match(request, ways, body)), None)

    def ways(self, method: str, path: str) -> Collection[AuthKind]:
        """The ways in which the record shows a key to be read there, or its route accepts one."""
        return self._ways.get(f"{method} {path}", ())

    def models(self) -> frozenset[str]:
        """The models whose images may have been linked to."""
        return frozenset(item.model for item in self.told if item.row.outcome != "error")

    def names(self) -> Collection[str]:
        """The names by which models were called."""
        return dict.fromkeys(item.called for item in self.told)

    def is_known(self, method: str, path: str) -> bool:
        """Whether the gateway has such a path, as the record, its family or the routes tell."""
        asked = f"{method} {path}"
        return (
            asked in self._ways
            or (method == "POST" and FAMILY_PATHS.fullmatch(path) is not None)
            or any(route.fullmatch(asked) for route in self._routes)
        )


def called_model(path: str, body: Body) -> str | None:
    """The model that a request names, in its path or else in its body; None when it names none."""
    found = MODEL_IN_PATH.match(path)
    model = found[1] if found else body.get("model")
    return model if isinstance(model, str) and model else None


def _recorded(status: Status, row: Observation, place: str) -> Replayable:
    protocol = _protocol(status, row)
    sent = without_prompt(protocol, row.sent) if protocol else row.sent
    return Replayable(row, place, protocol, sent, frozenset({sent.auth, *_accepted(status, row)}))


def _accepted(status: Status, row: Observation) -> tuple[AuthKind, ...]:
    route = status.routes.get(split(row.endpoint)[1])
    return route.auth.accepted if route else ()


def _protocol(status: Status, row: Observation) -> Protocol | None:
    """The protocol that a reply is worded in: the recorded shape tells, else the route's name.

    The route's name decides among several with that shape. None when neither tells, because the
    row has no shape and its route is gone.
    """
    shaped = [protocol for protocol in PROTOCOLS.values() if row.shape in protocol.shapes]
    route = status.routes.get(split(row.endpoint)[1])
    named = PROTOCOLS.get(route.protocol) if route else None
    return named if named in shaped or not shaped else shaped[0]


def _pattern(request: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", request.split("?")[0])
    return re.compile("[^/]+".join(re.escape(part) for part in parts))
