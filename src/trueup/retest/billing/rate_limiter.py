"""Rate limiter: how fast the ledger may be read. It waits through the `sleep` that it is given."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_S = 180.0
"""The window over which the gateway counts: three minutes unless its operator changed that."""
MOST_READS = 150
"""The gateway allows 180 reads of an address in a window; 30 are left for its owner's browser."""


@dataclass
class RateLimiter:
    """At most `MOST_READS` reads in any `WINDOW_S`."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _reads: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        """Return once one more read is within the limit, and count it."""
        now = self.clock()
        while len(self._reads) >= MOST_READS:
            left_s = self._reads[0] + WINDOW_S - now
            if left_s > 0:
                self.sleep(left_s)
                now = self.clock()
            self._reads.popleft()
        self._reads.append(now)
