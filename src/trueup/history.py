"""History: when standings moved, by the order of the observations.

Pure functions of the status file; they read no clock, network or file.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from trueup.model import Standing, Status, as_time
from trueup.standing import stand


@dataclass(frozen=True)
class Change:
    """What the evidence supports for an endpoint, before and after an observation.

    `at` is when that was last seen; `id` is an address of its own, that stays the same from build
    to build, also when the observation is seen again.
    """

    at: datetime
    endpoint: str
    before: Standing
    after: Standing
    id: str

    @property
    def title(self) -> str:
        """The change in a line, for programs."""
        return f"{self.endpoint}: {self.after}, was {self.before}"


def changes_of(status: Status) -> tuple[Change, ...]:
    """Every change that the record shows, the newest first.

    The rows are taken as they follow each other in the file, by today's policy and requests. Holds
    are left out: nobody observed anything when one was made.
    """
    known = dict.fromkeys(status.endpoints, Standing.UNVERIFIED)
    base_url = status.targets[status.reference].base_url
    times = Counter[str]()
    found: list[Change] = []
    for count, row in enumerate(status.observations, 1):
        if row.target != status.reference:
            continue
        so_far = status.model_copy(update={"observations": status.observations[:count]})
        # That an endpoint was silent can follow from what others told on the same day.
        same_day = (one.endpoint for one in so_far.observations if one.day == row.day)
        for endpoint in (name for name in dict.fromkeys(same_day) if name in known):
            before, after = known[endpoint], stand(so_far, endpoint).supported
            if after is not before:
                times[endpoint] += 1
                told = f"{base_url}/ {endpoint} {times[endpoint]}: {before}, {after}"
                id = uuid5(NAMESPACE_URL, told).urn
                found.append(Change(as_time(row.newest), endpoint, before, after, id))
                known[endpoint] = after
    return tuple(reversed(found))
