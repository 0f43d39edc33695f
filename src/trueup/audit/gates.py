"""Gates: how far a repository itself keeps a convention, which decides whether a rule speaks."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

LEAST_CASES = 8
"""Cases below which no custom can be seen, and the rule speaks."""
T = TypeVar("T")


def is_kept(broken: int, cases: int, most: float) -> bool:
    """Return whether a convention is kept: of all its cases at most a part is broken."""
    return cases < LEAST_CASES or broken <= most * cases


def is_nearly_kept(broken: int, cases: int, most: float) -> bool:
    """Return the same for what few cases do not show either: then one of them may be broken."""
    return broken <= max(1.0, most * cases)


def kept(found: Iterable[T], cases: int, most: float) -> Sequence[T]:
    """Return what breaks a convention, nothing where the repository does not keep it."""
    broken = list(found)
    return broken if is_kept(len(broken), cases, most) else ()
