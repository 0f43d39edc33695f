"""Place: the file, line and column that a message points at."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

BYTE = re.compile("[\udc80-\udcff]")
"""A byte of a file name that is not UTF-8, as Python holds it."""


@dataclass(frozen=True, order=True)
class Place:
    """A part of a file, or another subject of a message, such as an option.

    Lines and columns count from 1; 0 is for a place without one.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        # A name on the disk need not be UTF-8; what is printed and kept is.
        path = BYTE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", self.path)
        return ":".join([path, *(str(number) for number in (self.line, self.column) if number)])


class TextPositions:
    """Places in a text that begins at the line `first` of a file. A line feed ends a line."""

    def __init__(self, path: Path | str, text: str, first: int = 1) -> None:
        self._path, self._text, self._first = str(path), text, first

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self._text))]

    def place(self, index: int) -> Place:
        """Return the place of an index into the text, or of its end."""
        index = min(index, len(self._text))
        line = bisect_right(self._starts, index) - 1
        return Place(self._path, self._first + line, index - self._starts[line] + 1)
