"""Changes: when the standing of an endpoint moved."""

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from trueup.model import Observation, Standing, as_time


@dataclass(frozen=True)
class Change:
    """What the evidence supports for an endpoint, before and after an observation.

    `at` is when that was last seen; `id` is an address of its own, that stays the same from build
    to build, also when the observation is seen again. `number` counts the changes of all endpoints
    in the order of the record.
    """

    at: datetime
    endpoint: str
    before: Standing
    after: Standing
    id: str
    number: int

    @property
    def title(self) -> str:
        """The change in a line, for programs."""
        return f"{self.endpoint}: {self.after}, was {self.before}"


class Changes:
    """Takes the supported standings one after the other, and keeps where they moved."""

    def __init__(self, base_url: str) -> None:
        self.found: dict[str, list[Change]] = {}
        self._base_url, self._count = base_url, 0

    def add(self, endpoint: str, row: Observation, after: Standing) -> None:
        """What is supported after a row; nothing is kept where it was so before."""
        known = self.found.setdefault(endpoint, [])
        before = known[-1].after if known else Standing.UNVERIFIED
        if after is before:
            return
        self._count += 1
        what = f"{self._base_url}/ {endpoint} {len(known) + 1}: {before}, {after}"
        id = uuid5(NAMESPACE_URL, what).urn
        at = as_time(row.newest)
        known.append(Change(at, endpoint, before, after, id, self._count))
