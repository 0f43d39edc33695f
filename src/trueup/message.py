"""Message: what is wrong, where, and the fix. It is rendered, and never parsed back."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """A part of a file, or another thing that a message is about, such as an option.

    Lines and columns count from 1; 0 is for a place without one.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        # A name on the disk need not be UTF-8; what is printed and kept is.
        path = os.fsencode(self.path).decode(errors="backslashreplace")
        return ":".join([path, *(str(one) for one in (self.line, self.column) if one)])


@dataclass(frozen=True)
class Message:
    """`problem` is a clause without a full stop; `fix` is one or more sentences, or empty."""

    where: Place
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"

    @property
    def text(self) -> str:
        """`problem. Fix.`"""
        return f"{self.problem}. {self.fix}".rstrip()
