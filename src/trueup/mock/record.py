"""Record: which observation answers a request. Looks at what was sent, never at today's requests.

Today's routes only tell a request for something that is not on record from one for a path that
the gateway does not have at all; neither is an answer.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count

from trueup.model import AuthKind, Body, Observation, Sent, Status, split
from trueup.protocols import PROTOCOLS, Protocol
from trueup.request import differences, without_prompt

MODEL_IN_PATH = re.compile(r"/v1(?:beta)?/models/([^:]*)")
FAMILY_PATHS = re.compile(r"/v1(?:beta)?/models/.+|/v1/images/generations|/v1/chat/completions")


@dataclass(frozen=True)
class Recorded:
    """An observation that told something, and the protocol in which it is worded."""

    row: Observation
    place: str
    protocol: Protocol | None
    calls: Iterator[int] = field(default_factory=count)

    @property
    def model(self) -> str:
        """The name by which the model was called."""
        return split(self.row.endpoint)[0]

    def is_match(self, request: str, ways: Collection[AuthKind], body: Body) -> bool:
        """Whether this is what was sent, whatever the prompt and the host say."""
        sent = without_prompt(self.protocol, self.row.sent) if self.protocol else self.row.sent
        if sent.auth not in ways:
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


class Record:
    """The observations of one target, retracted ones left out."""

    def __init__(self, status: Status, target: str) -> None:
        rows = [
            (index, row)
            for index, row in enumerate(status.observations)
            if row.target == target and row.retracted is None
        ]
        found = (
            Recorded(row, f"observations[{index}]", _protocol(status, row))
            for index, row in reversed(rows)
            if row.outcome != "cannot-tell"
        )
        self.told = tuple(item for item in found if item.protocol or item.row.outcome == "error")
        self._requests = [row.sent.request.split("?")[0] for _, row in rows]
        self._ways = [row.sent.auth for _, row in rows]
        self._routes = [_pattern(route.request) for route in status.routes.values()]

    def find(self, request: str, ways: Collection[AuthKind], body: Body) -> Recorded | None:
        """The newest row that this request repeats."""
        return next((item for item in self.told if item.is_match(request, ways, body)), None)

    def ways(self, method: str, path: str) -> tuple[AuthKind, ...]:
        """The ways in which the record shows a key to be read there."""
        pairs = zip(self._requests, self._ways, strict=True)
        return tuple(way for request, way in pairs if request == f"{method} {path}")

    def models(self) -> frozenset[str]:
        """The models whose images may have been linked to."""
        return frozenset(item.model for item in self.told if item.row.outcome != "error")

    def is_known(self, method: str, path: str) -> bool:
        """Whether the gateway has such a path, as the record, its family or the routes tell."""
        asked = f"{method} {path}"
        return (
            asked in self._requests
            or (method == "POST" and FAMILY_PATHS.fullmatch(path) is not None)
            or any(route.fullmatch(asked) for route in self._routes)
        )


def called_model(path: str, body: Body) -> str | None:
    """The model that a request names, in its path or else in its body; None when it names none."""
    found = MODEL_IN_PATH.match(path)
    model = found[1] if found else body.get("model")
    return model if isinstance(model, str) and model else None


def _protocol(status: Status, row: Observation) -> Protocol | None:
    """The protocol that a reply is worded in: the recorded shape tells, else the route's name.

    None when neither does, because the row has no shape and its route is gone.
    """
    shaped = (protocol for protocol in PROTOCOLS.values() if row.shape in protocol.shapes)
    route = status.routes.get(split(row.endpoint)[1])
    return next(shaped, PROTOCOLS.get(route.protocol) if route else None)


def _pattern(request: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", request.split("?")[0])
    return re.compile("[^/]+".join(re.escape(part) for part in parts))
