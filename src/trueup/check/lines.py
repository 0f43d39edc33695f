"""Lines: where in a file a text stands, for any number of findings in it."""

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate


class Lines:
    """The lines of a text that begins at the line `first` of its file."""

    def __init__(self, text: str, first: int = 1) -> None:
        self._text, self._first = text, first

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self._text.split("\n"))]

    def place(self, offset: int) -> str:
        """Line and column of an offset, as `line:column`, the column from 1."""
        number = bisect_right(self._starts, offset) - 1
        return f"{self._first + number}:{offset - self._starts[number] + 1}"
