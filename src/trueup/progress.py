"""Progress: how far long work is, as a callback gets it. Prints nothing and reads no clock."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Gets the name of a step, how many of its parts are done, and how many there are: 0 where a step
has no parts. Threads may call it at once."""


def no_progress(step: str, done: int, total: int) -> None:
    """Show nothing."""
