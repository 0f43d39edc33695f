"""Status: the whole status file, and where its parts stand in the text."""

from typing import Literal

from trueup.model.evidence import Hold, Mapping, Observation
from trueup.model.facts import Endpoint, Model, Policy, Route, Signature, Target
from trueup.model.values import Frozen, Name, split


class Status(Frozen):
    """The status file: every fact, once."""

    version: Literal[1]
    """The version of this form."""
    policy: Policy
    targets: dict[Name, Target]
    routes: dict[Name, Route]
    signatures: dict[Name, Signature] = {}
    models: dict[Name, Model]
    endpoints: dict[str, Endpoint]
    """By `model/route`."""
    mappings: tuple[Mapping, ...] = ()
    holds: tuple[Hold, ...] = ()
    observations: tuple[Observation, ...] = ()

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

    def seen(self, endpoint: str, target: str | None = None) -> tuple[Observation, ...]:
        """The rows of an endpoint, retracted ones left out, newest first."""
        return tuple(
            row
            for row in reversed(self.observations)
            if row.endpoint == endpoint
            and row.retracted is None
            and (target is None or row.target == target)
        )


class Place(Frozen):
    """Where something stands in a file."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
