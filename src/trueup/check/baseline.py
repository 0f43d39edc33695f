"""Baseline: known findings, each suppressed until a date."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictInt

from trueup.check.loosened_policy import Loosened
from trueup.errors import BadInput, BadStatus
from trueup.finding import AUDIT_RULES, CATALOGUE, RULES, Finding, printable
from trueup.model import Day, Frozen, Text
from trueup.place import Place
from trueup.source_file import read_source
from trueup.status_file import Document, parse_as, parse_yaml, render_row, write_whole

NAME = "baseline.yml"
LONGEST = timedelta(days=366)
"""A baseline is a debt with a due date: a year is enough to pay any of it."""
AUDIT_NAME = "audit-baseline.yml"
"""The audit has a file of its own: neither command reads findings of the other."""
COMMANDS = {NAME: "check", AUDIT_NAME: "audit"}
HEAD = """\
# Known findings, each suppressed until its date.
# Written by `trueup {} --write-baseline`; remove an entry when its finding is fixed.
"""
Identity = tuple[str, str, str]


class Entry(Frozen):
    """Equal findings that are suppressed, whatever their lines, so that they may move."""

    rule: Text
    """Id of their rule."""
    path: str
    """File that they are in."""
    problem: str
    """Their problem as it is printed, of any length."""
    times: Annotated[StrictInt, Field(ge=1)] = 1
    """Number of them."""
    until: Day
    """Last date on which they are suppressed."""


class Baseline(Frozen):
    """The file of the baseline."""

    findings: tuple[Entry, ...] = ()
    """All entries."""


def load_baseline(top: Path, name: str = NAME) -> tuple[Entry, ...]:
    """Return the entries of the baseline at `top`, none without a file. Raises BadInput."""
    file = top / name
    try:
        text = read_source(file, top).decode()
    except FileNotFoundError:
        return ()
    except IsADirectoryError as error:
        raise _folder_in_place(file) from error
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the file cannot be read ({' '.join(str(error).split())})"
        raise BadInput(file, problem, "Save it as UTF-8 text.") from error
    return parse_baseline(text, file)


def parse_baseline(text: str, file: Path) -> tuple[Entry, ...]:
    """Return the entries of a baseline's text. Raises BadInput."""
    document, entries = _parsed(text, file)
    for number, entry in enumerate(entries):
        rules = AUDIT_RULES if file.name == AUDIT_NAME else RULES
        if entry.rule not in rules or not rules[entry.rule].is_suppressible:
            why = "cannot be suppressed" if entry.rule in rules else "is not a rule"
            place = document.place("findings", number, "rule")
            raise BadInput(place, f"{entry.rule} {why}", "Remove the entry.")
    return entries


def apply_baseline(
    findings: Iterable[Finding],
    entries: Sequence[Entry],
    top: Path,
    today: date,
    name: str = NAME,
) -> list[Finding]:
    """Return the findings that no entry suppresses, and one for each expired or unused entry."""
    left = {entry: entry.times for entry in entries}
    by_identity: dict[Identity, Entry] = {
        (entry.rule, entry.path, entry.problem): entry for entry in entries
    }
    kept = []
    for finding in dict.fromkeys(findings):
        entry = by_identity.get(_identity(finding, top))
        if entry is None or left[entry] == 0:
            kept.append(finding)
            continue
        left[entry] -= 1
        if entry.until < today or entry.until > today + LONGEST:
            problem = f"{finding.problem} ({finding.rule}, suppressed until {entry.until})"
            fix = f"{finding.fix} Then remove its entry."
            if entry.until > today:
                fix = f"Suppress it for a year at most, until {today + LONGEST}."
            kept.append(Finding(finding.where, problem, fix, "expired-baseline"))
    for entry, times in left.items():
        if times == entry.times:
            problem = f"{entry.rule} in {entry.path} ({entry.problem}) is no longer found"
            file = Place(str(top / name))
            kept.append(Finding(file, problem, "Remove its entry.", "unused-baseline"))
    return kept


def grown_baseline(old: Sequence[Entry], new: Sequence[Entry], top: Path) -> Iterator[Loosened]:
    """Return what a baseline suppresses beyond an older one: more findings, or for longer."""
    before = {(entry.rule, entry.path, entry.problem): entry for entry in old}
    more, longer = Counter[str](), Counter[str]()
    for entry in new:
        was = before.get((entry.rule, entry.path, entry.problem))
        added = entry.times - (was.times if was is not None else 0)
        if added > 0:
            more[entry.rule] += added
        if was is not None and entry.until > was.until:
            longer[entry.rule] += entry.times
    place = Place(str(top / NAME))
    for counts, how in ((more, "newly suppresses"), (longer, "suppresses for longer")):
        if counts:
            listed = ", ".join(f"{rule}: {count}" for rule, count in sorted(counts.items()))
            fix = "Fix them" if counts is more else "Restore the date"
            yield Loosened(NAME, place, f"the baseline {how} {listed}", fix)


def write_baseline(findings: Iterable[Finding], top: Path, until: date, name: str = NAME) -> int:
    """Write the suppressible errors among the findings to the baseline; return their number.

    Raises BadInput, and leaves the file as it was, where the new one could not be loaded.
    """
    times: dict[Identity, int] = {}
    for finding in dict.fromkeys(findings):
        if finding.severity == "error" and CATALOGUE[finding.rule].is_suppressible:
            key = _identity(finding, top)
            times[key] = times.get(key, 0) + 1
    entries = tuple(
        Entry(rule=rule, path=path, problem=problem, times=count, until=until)
        for (rule, path, problem), count in sorted(times.items())
    )
    if (top / name).is_dir():
        raise _folder_in_place(top / name)
    rows = "".join(render_row(entry, 2) for entry in entries)
    text = HEAD.format(COMMANDS[name]) + (f"findings:\n{rows}" if rows else "findings: []\n")
    try:
        assert _parsed(text, top / name)[1] == entries
    except BadStatus as error:
        problem = f"{len(entries)} findings do not fit into the file ({error.messages[0].problem})"
        raise BadInput(top / name, problem, "Fix some of them first.") from error
    write_whole(top / name, text.encode(), 0o644)
    return sum(times.values())


def _folder_in_place(file: Path) -> BadInput:
    fix = "Rename it, or move it away: a file of this name is the baseline."
    return BadInput(file, "a folder, expected a file", fix)


def _parsed(text: str, file: Path) -> tuple[Document, tuple[Entry, ...]]:
    document = parse_yaml(text, str(file))
    return document, parse_as(document, Baseline).findings


def _identity(finding: Finding, top: Path) -> Identity:
    """Return rule, path and problem of a finding, as printed and so fit for a line of any file.

    Without `top`, which differs between machines.
    """
    file = Path(finding.where.path)
    path = file.relative_to(top) if file.is_relative_to(top) else file
    problem = finding.problem if top == Path() else finding.problem.replace(f"{top}/", "")
    return finding.rule, printable(path.as_posix()), printable(problem)
