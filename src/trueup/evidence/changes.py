"""Changes: the dates on which the standing of an endpoint changed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from trueup.model import Observation, Standing, as_time


@dataclass(frozen=True)
class Change:
    """The supported standing of an endpoint before and after an observation.

    `at` is the time of the observation, its last if there are several; `id` is a URN that is equal
    in each build, also once the observation is repeated. `number` counts the changes of all
    endpoints in the order of the observations.
    """

    at: datetime
    endpoint: str
    before: Standing
    after: Standing
    id: str
    number: int


class Changes:
    """The changes among the supported standings, which are added one after the other."""

    def __init__(self, base_url: str) -> None:
        self.found: dict[str, list[Change]] = {}
        self._base_url, self._count = base_url, 0

    def add(self, endpoint: str, row: Observation, after: Standing) -> None:
        """Add the standing that is supported after a row; no change unless it differs."""
        known = self.found.setdefault(endpoint, [])
        before = known[-1].after if known else Standing.UNVERIFIED
        if after is before:
            return
        self._count += 1
        name = f"{self._base_url}/ {endpoint} {len(known) + 1}: {before}, {after}"
        id = uuid5(NAMESPACE_URL, name).urn
        known.append(Change(as_time(row.newest), endpoint, before, after, id, self._count))
