"""Status: the whole status file, and where its parts stand in the text."""

from collections import deque
from typing import Literal
from urllib.parse import urlsplit

from trueup.model.config import Endpoint, Model, Policy, Route, Signature, Target
from trueup.model.evidence import Hold, Mapping, Observation
from trueup.model.values import Frozen, Name, split


class Status(Frozen):
    """The status file: every fact, once."""

    version: Literal[2]
    """The version of this form."""
    policy: Policy
    """How fast trust grows and how long it lasts."""
    targets: dict[Name, Target]
    """Where requests go, by name."""
    routes: dict[Name, Route]
    """Method, path, protocol and auth, by name."""
    signatures: dict[Name, Signature] = {}
    """Known failure texts, by name."""
    models: dict[Name, Model]
    """What can be called, by the name that calls it."""
    endpoints: dict[str, Endpoint]
    """What a reader may or may not build on, by `model/route`."""
    mappings: tuple[Mapping, ...] = ()
    """Sightings of the model behind an alias."""
    holds: tuple[Hold, ...] = ()
    """Downward overrides by people."""
    observations: tuple[Observation, ...] = ()
    """What retests saw, oldest first."""

    @property
    def reference(self) -> str:
        """The name of the target that makes standings."""
        return next(name for name, target in self.targets.items() if target.reference)

    def upstream(self, model: str) -> str:
        """The model behind a name; the name itself when it is the upstream's own."""
        return self.models[model].upstream or model

    def family(self, model: str) -> str:
        """The family of a model; its own name when it has none."""
        return self.models[model].family or model

    def route_of(self, endpoint: str) -> Route:
        """The route of `model/route`."""
        return self.routes[split(endpoint)[1]]

    def title_of(self, route: str) -> str:
        """A route as people write it; its name when it has no title."""
        return self.routes[route].title or route

    def endpoints_of(self, model: str) -> list[str]:
        """A model's endpoints, in the order of the file."""
        return [name for name in self.endpoints if split(name)[0] == model]

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of every base URL, each with its port where it has one."""
        urls = (url for target in self.targets.values() for url in target.base_urls)
        return frozenset(urlsplit(url).netloc for url in urls)

    def seen(
        self, endpoint: str, target: str | None = None, variant: str | None = None
    ) -> tuple[Observation, ...]:
        """The rows of an endpoint's own request, or of a variant's, newest first.

        Retracted rows are left out.
        """
        rows = _by_request(self.observations).get((endpoint, variant), ())
        return tuple(row for row in rows if target is None or row.target == target)


Rows = tuple[Observation, ...]
_SORTED: deque[tuple[Rows, dict[tuple[str, str | None], list[Observation]]]] = deque(maxlen=4)


def _by_request(rows: Rows) -> dict[tuple[str, str | None], list[Observation]]:
    """Rows that count, newest first, by endpoint and variant; kept for the lists last asked for."""
    for known, index in _SORTED:
        if known is rows:
            return index
    made: dict[tuple[str, str | None], list[Observation]] = {}
    for row in reversed(rows):
        if row.retracted is None:
            made.setdefault((row.endpoint, row.variant), []).append(row)
    _SORTED.append((rows, made))
    return made
