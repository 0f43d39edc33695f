"""Survivors: mutants that nothing refuses, listed with the reason and until when that holds."""

from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from mutation.gate import Told
from trueup.model import Day, Frozen, Text

FILE = Path(__file__).parents[2] / "tests" / "survivors.yml"


class Listed(Frozen):
    """Survivors of one class that are known."""

    kind: Text
    """The class."""
    name: Text
    """Which of it, as a pattern."""
    reason: Text
    """Why nothing refuses them."""
    until: Day
    """The last day on which that is good enough."""

    def is_of(self, told: Told) -> bool:
        """Whether it is about a mutant."""
        return told.mutant.kind == self.kind and fnmatchcase(told.mutant.name, self.name)


def load_survivors(file: Path = FILE) -> tuple[Listed, ...]:
    """What is listed."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return TypeAdapter(tuple[Listed, ...]).validate_python(data or [])


def complaints(
    told: Iterable[Told], listed: Iterable[Listed], today: date, *, is_whole: bool = True
) -> list[str]:
    """What is wrong with the survivors: unlisted, expired, or where the run `is_whole`, refused."""
    survived = [one for one in told if one.step is None]
    listed = tuple(listed)
    found = [_unlisted(one) for one in survived if not any(entry.is_of(one) for entry in listed)]
    for entry in listed:
        named = f"tests/survivors.yml: {entry.kind}, {entry.name}"
        if entry.until < today:
            found.append(
                f"{named}: listed until {entry.until}; a day to come was expected. Mend it."
            )
        if is_whole and not any(entry.is_of(one) for one in survived):
            found.append(f"{named}: none of it survives; one was expected. Take the entry out.")
    return found


def _unlisted(told: Told) -> str:
    named = f"{told.mutant.kind}, {told.mutant.name}"
    warned = f" but a warning ({', '.join(told.rules)})" if told.rules else ""
    todo = "Mend the gate, or list it in tests/survivors.yml with a reason and a day."
    return f"{named}: nothing refuses it{warned}; a finding was expected. {todo}"
