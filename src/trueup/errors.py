"""The exceptions: only what Trueup itself could not do. A gateway's refusal is an observation; an
error in a page or file is a finding. Neither leaves the entry point as an exception.

    TrueupError            .exit_code is that of the command line
    ├── BadInput       2   a file, an option or the environment cannot be used
    │   └── BadStatus  2   the status file, with every problem in it at once
    └── Unreachable    3   no result: no sandbox, no build, no answer
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from trueup.message import Message
from trueup.place import Place


class TrueupError(Exception):
    """Root of the exceptions. Its text is `where: problem. Fix.`, the parts of its `message`."""

    exit_code = 2

    def __init__(self, where: Place | Path | str, problem: str, fix: str) -> None:
        place = where if isinstance(where, Place) else Place(str(where))
        self.message = Message(place, problem, fix)
        super().__init__(str(self.message))

    def __reduce__(self) -> tuple[type["TrueupError"], tuple[object, ...]]:
        """Let the error of another process be raised here."""
        return type(self), (self.message.where, self.message.problem, self.message.fix)


class BadInput(TrueupError):
    """File, option or environment that cannot be used."""


class BadStatus(BadInput):
    """Status file that cannot be used. Its text has one message a line, in the file's order."""

    MOST = 100
    """More than a person fixes before the next run, and few enough for a terminal."""

    def __init__(self, messages: Iterable[Message]) -> None:
        first, *rest = islice(messages, self.MOST + 1)
        taken = sorted([first, *rest][: self.MOST], key=lambda message: message.where)
        if len(rest) == self.MOST:
            more = f"more than {self.MOST} problems; only these are listed"
            taken.append(Message(Place(first.where.path), more, "Fix these first."))
        self.messages = tuple(taken)
        super().__init__(taken[0].where, taken[0].problem, taken[0].fix)

    def __reduce__(self) -> tuple[type["BadStatus"], tuple[object, ...]]:
        return type(self), (self.messages,)

    def __str__(self) -> str:
        return "\n".join(str(message) for message in self.messages)


class Unreachable(TrueupError):
    """No result: Trueup could not do its own part, whatever the docs and the gateway are like."""

    exit_code = 3
