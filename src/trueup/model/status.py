"""Status: the whole status file, and its parts by name."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Literal, Self, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import PrivateAttr

from trueup.model.config import Endpoint, Model, Policy, Route, Signature, Target
from trueup.model.documented import DocsPage
from trueup.model.evidence import Hold, Mapping, Observation
from trueup.model.output import NO_FILES, Files
from trueup.model.values import Frozen, Name, split


class Status(Frozen):
    """The status file: every fact, once."""

    version: Literal[2]
    """Version of this form."""
    policy: Policy
    """Conditions for raising a standing, and the lifetime of a claim."""
    targets: dict[Name, Target]
    """Gateways that requests go to, by name."""
    routes: dict[Name, Route]
    """Method, path, protocol and auth, by name."""
    documented: tuple[DocsPage, ...] = ()
    """What the docs say of the gateway as a whole, by page. No standing uses it."""
    signatures: dict[Name, Signature] = {}
    """Known failure texts, by name."""
    models: dict[Name, Model]
    """Names that can be called, with their upstreams."""
    endpoints: dict[str, Endpoint]
    """Requests that readers may or may not build on, by `model/route`, or `-/route` without a
    model."""
    mappings: tuple[Mapping, ...] = ()
    """Sightings of the model behind an alias."""
    holds: tuple[Hold, ...] = ()
    """Downward overrides by people."""
    observations: tuple[Observation, ...] = ()
    """Results of retests, oldest first."""

    _files: Files = PrivateAttr(default_factory=lambda: NO_FILES)

    @property
    def files(self) -> Files:
        """Contents of the files of `snippets/files` that routes name, where they were read."""
        return self._files

    def with_files(self, files: Files) -> Self:
        """Return the status with the contents of files."""
        status = self.model_copy()
        status._files = files
        return status

    @property
    def reference(self) -> str:
        """Name of the target that makes standings."""
        return next(name for name, target in self.targets.items() if target.reference)

    def upstream(self, model: str) -> str:
        """Return the model behind a name; the name itself when it is the upstream's own."""
        own = self.models.get(model)
        return (own and own.upstream) or model

    def called(self, endpoint: str) -> str:
        """Return the name by which an endpoint's request calls its model; `-` where it has none."""
        model, _ = split(endpoint)
        return self.upstream(model) if "{upstream}" in self.route_of(endpoint).request else model

    def family(self, model: str) -> str:
        """Return the family of a model; its own name when it has none."""
        own = self.models.get(model)
        return (own and own.family) or model

    def route_of(self, endpoint: str) -> Route:
        """Return the route of `model/route`."""
        return self.routes[split(endpoint)[1]]

    def title_of(self, route: str) -> str:
        """Return a route's title; its name when it has none."""
        return self.routes[route].title or route

    def endpoints_of(self, model: str) -> list[str]:
        """Return a model's endpoints, in the order of the file."""
        return list(_by_model(self.endpoints).get(model, ()))

    def family_endpoints(self, model: str) -> list[str]:
        """Return the endpoints of a model's family, in the order of the file."""

        def group() -> dict[str, list[str]]:
            made: dict[str, list[str]] = {}
            for name in self.endpoints:
                made.setdefault(self.family(split(name)[0]), []).append(name)
            return made

        return list(_once(_FAMILIES, self, group).get(self.family(model), ()))

    @property
    def docs_pages(self) -> dict[tuple[str | int, ...], DocsPage]:
        """Pages with documented facts, of the gateway and of each route, by the keys to each."""
        owners: dict[tuple[str, ...], tuple[DocsPage, ...]] = {("documented",): self.documented}
        for name, route in self.routes.items():
            owners["routes", name, "documented"] = route.documented
        return {(*keys, at): one for keys, pages in owners.items() for at, one in enumerate(pages)}

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts of every base URL, each with its port where it has one."""
        urls = (url for target in self.targets.values() for url in target.base_urls)
        return frozenset(urlsplit(url).netloc for url in urls)

    def unobserved(self, target: str) -> list[str]:
        """Return the endpoints without a conclusive row that a call can repeat, at a target or at
        the reference."""
        return [
            name
            for name in self.endpoints
            if not any(self.conclusive(name, place) for place in (target, self.reference))
        ]

    def conclusive(self, endpoint: str, target: str) -> list[Observation]:
        """Return the conclusive rows of an endpoint that a call can repeat, newest first."""
        return [row for row in self.seen(endpoint, target) if row.can_replay]

    def seen(
        self, endpoint: str, target: str | None = None, variant: str | None = None
    ) -> tuple[Observation, ...]:
        """Return the rows of an endpoint's own request, or of a variant's, newest first.

        Retracted rows are left out.
        """
        rows = _by_request(self.observations).get((endpoint, variant), ())
        return tuple(row for row in rows if target is None or row.target == target)


Rows = tuple[Observation, ...]
Made = TypeVar("Made")
RECENT = 4
"""A check has two status files, a retest those before and after each edit."""
_SORTED: deque[tuple[object, Any]] = deque(maxlen=RECENT)
_GROUPED: deque[tuple[object, Any]] = deque(maxlen=RECENT)
_FAMILIES: deque[tuple[object, Any]] = deque(maxlen=RECENT)


def _once(known: deque[tuple[object, Any]], source: object, make: Callable[[], Made]) -> Made:
    """Return what is made from a part of a status file, kept for recent ones."""
    for one, made in known:
        if one is source:
            return cast(Made, made)
    made = make()
    known.append((source, made))
    return made


def _by_request(rows: Rows) -> dict[tuple[str, str | None], list[Observation]]:
    """Return the rows that count, newest first, by endpoint and variant."""

    def sort() -> dict[tuple[str, str | None], list[Observation]]:
        made: dict[tuple[str, str | None], list[Observation]] = {}
        for row in reversed(rows):
            if row.retracted is None:
                made.setdefault((row.endpoint, row.variant), []).append(row)
        return made

    return _once(_SORTED, rows, sort)


def _by_model(endpoints: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of endpoints, in their order, by model."""

    def group() -> dict[str, list[str]]:
        made: dict[str, list[str]] = {}
        for name in endpoints:
            made.setdefault(split(name)[0], []).append(name)
        return made

    return _once(_GROUPED, endpoints, group)
