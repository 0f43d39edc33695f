"""Lines: places in a part of a file, for any number of findings in it."""

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from trueup.message import Place


class Lines:
    """The lines of a text that begins at the line `first` of the file `path`."""

    def __init__(self, path: Path, text: str, first: int = 1) -> None:
        self._path, self._text, self._first = path, text, first

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self._text.split("\n"))]

    def place(self, offset: int) -> Place:
        """Return the place of an offset into the text."""
        number = bisect_right(self._starts, offset) - 1
        column = offset - self._starts[number] + 1
        return Place(str(self._path), self._first + number, column)
