"""The exceptions: only what Trueup itself could not do. A refusal by a gateway is an observation
and a wrong page or file is a finding; neither is raised past the door that reports it.

    TrueupError            .exit_code is what the command line ends with
    ├── BadInput       2   a file, an option or the environment is not what it must be
    │   └── BadStatus  2   the status file, with everything wrong in it at once
    └── Unreachable    3   no result: no sandbox, no build, no answer
"""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from trueup.message import Message, Place


def transition_message(text: str) -> Message:
    """TRANSITION: the parts of one whole text, until every raise gives them apart."""
    place, _, rest = text.partition(": ")
    path, *numbers = re.split(r":(?=[0-9])", place)
    problem, _, fix = rest.partition(". ")
    return Message(Place(path, *map(int, numbers[:2])), problem.rstrip("."), fix)


class TrueupError(Exception):
    """The root. Its text is `where: problem. Fix.`, the parts of its `message`."""

    exit_code = 2

    def __init__(self, where: Place | Path | str, problem: str = "", fix: str = "") -> None:
        if not problem:  # TRANSITION: one whole text
            super().__init__(str(where))
            self.message = transition_message(str(where))
            return
        place = where if isinstance(where, Place) else Place(str(where))
        self.message = Message(place, problem, fix)
        super().__init__(str(self.message))


class BadInput(TrueupError):
    """Something that the caller gave cannot be used."""


class BadStatus(BadInput):
    """The status file cannot be used: one message a line, in the order of the file."""

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

    def __str__(self) -> str:
        return "\n".join(str(message) for message in self.messages)


class Unreachable(TrueupError):
    """Trueup could not do its own part, so nothing can be said of the docs or the gateway."""

    exit_code = 3
