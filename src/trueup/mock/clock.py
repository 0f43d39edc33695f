"""Clock: the time that is stamped on replies and by which the ledger moves. No rule reads it."""

import random
import time
from datetime import UTC, datetime
from functools import lru_cache


def wall_clock() -> float:
    """Seconds since 1970, from the machine's clock; a ledger can be given another."""
    return time.time_ns() / 10**9


def new_request_id() -> str:
    """A request id as the gateway stamps it: UTC time, nanoseconds, eight letters or digits."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{_stamp(seconds)}{nanoseconds}{random.getrandbits(32):08X}"


@lru_cache(maxsize=4)
def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")
