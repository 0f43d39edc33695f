"""Pace: how fast the ledger may be read. It waits through the `sleep` that it is given."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_S = 180.0
MOST_READS = 150
"""A gateway lets an address have 180 in a window; the rest is for its owner's own browser."""


@dataclass
class RateLimiter:
    """At most `most` reads in any `window_s`."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    most: int = MOST_READS
    window_s: float = WINDOW_S
    _reads: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        """Returns once one more read is within the limit, and counts it."""
        now = self.clock()
        while len(self._reads) >= self.most:
            left_s = self._reads[0] + self.window_s - now
            if left_s > 0:
                self.sleep(left_s)
                now = self.clock()
            self._reads.popleft()
        self._reads.append(now)
