"""Baseline: findings that were there when a team began to check, each forgiven until a day."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictInt

from trueup.errors import BadInput, BadStatus
from trueup.finding import RULES, Finding, printable
from trueup.model import Day, Frozen, Text
from trueup.status_file import Document, parse_as, parse_yaml, render_row, write_whole

NAME = "baseline.yml"
NEVER = (
    *("bad-status", "leaked-key", "removed-observation", "altered-observation"),
    *("loosened-policy", "no-history", "expired-baseline", "unused-baseline"),
)
"""What no baseline forgives: it is mended at once, or is of a change and not of the docs."""
HEAD = """\
# Findings that were there when the check began, each forgiven until its day.
# Written by `trueup check --write-baseline`; take an entry out when its finding is mended.
"""
Identity = tuple[str, str, str]


class Entry(Frozen):
    """Findings that are forgiven. Their lines are not part of it, so that they may move."""

    rule: Text
    """The id of their rule."""
    path: str
    """The file that they are in."""
    found: str
    """What was found, as it is printed; a finding may be of any length."""
    times: Annotated[StrictInt, Field(ge=1)] = 1
    """How many of them there are."""
    until: Day
    """The last day on which they are forgiven."""


class Baseline(Frozen):
    """The file of the baseline."""

    findings: tuple[Entry, ...] = ()
    """What is forgiven."""


def load_baseline(top: Path) -> tuple[Entry, ...]:
    """The entries of the baseline at `top`; none without a file. Raises BadInput for a bad one."""
    file = top / NAME
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        told = f"{file}: it cannot be read ({' '.join(str(error).split())})"
        raise BadInput(f"{told}; text in UTF-8 was expected. Save it so.") from error
    document, entries = _parsed(text, file)
    for number, entry in enumerate(entries):
        if entry.rule not in RULES or entry.rule in NEVER:
            why = "are never forgiven" if entry.rule in NEVER else "are of no rule"
            wanted = "a rule whose findings can wait was expected"
            place = document.place("findings", number, "rule")
            raise BadInput(f"{place}: findings of {entry.rule} {why}; {wanted}. Take it out.")
    return entries


def forgive(
    findings: Iterable[Finding], entries: Sequence[Entry], top: Path, today: date
) -> list[Finding]:
    """The findings that no entry forgives, and one for each entry that is spent or of no use."""
    left = {entry: entry.times for entry in entries}
    by_identity: dict[Identity, Entry] = {
        (entry.rule, entry.path, entry.found): entry for entry in entries
    }
    kept = []
    for finding in dict.fromkeys(findings):
        entry = by_identity.get(_identity(finding, top))
        if entry is None or left[entry] == 0:
            kept.append(finding)
            continue
        left[entry] -= 1
        if entry.until < today:
            told = f"{finding.found} ({finding.rule}) was forgiven until {entry.until}"
            todo = f"{finding.remedy} Then take its entry out."
            kept.append(Finding(finding.where, "expired-baseline", told, finding.expected, todo))
    for entry, times in left.items():
        if times == entry.times:
            told = f"{entry.rule} of {entry.path} ({entry.found}) is not found any more"
            wanted = "an entry of a finding was expected"
            file = str(top / NAME)
            kept.append(Finding(file, "unused-baseline", told, wanted, "Take it out."))
    return kept


def write_baseline(findings: Iterable[Finding], top: Path, until: date) -> int:
    """Writes the errors among the findings into the baseline; the number of those forgiven.

    Raises BadInput, with the file as it was, where it could not be read again.
    """
    times: dict[Identity, int] = {}
    for finding in dict.fromkeys(findings):
        if finding.severity == "error" and finding.rule not in NEVER:
            key = _identity(finding, top)
            times[key] = times.get(key, 0) + 1
    entries = tuple(
        Entry(rule=rule, path=path, found=found, times=count, until=until)
        for (rule, path, found), count in sorted(times.items())
    )
    rows = "".join(render_row(entry, 2) for entry in entries)
    text = HEAD + (f"findings:\n{rows}" if rows else "findings: []\n")
    try:
        assert _parsed(text, top / NAME)[1] == entries
    except BadStatus as error:
        told = f"{len(entries)} findings do not fit into it ({error.complaints[0]})"
        raise BadInput(
            f"{top / NAME}: {told}; fewer were expected. Fix some of them first."
        ) from error
    write_whole(top / NAME, text.encode(), 0o644)
    return sum(times.values())


def _parsed(text: str, file: Path) -> tuple[Document, tuple[Entry, ...]]:
    document = parse_yaml(text, str(file))
    return document, parse_as(document, Baseline).findings


def _identity(finding: Finding, top: Path) -> Identity:
    """Its rule, its file and what was found, as printed: a line of any file can hold that.

    Both without `top`, which another machine has at another place.
    """
    file = Path(finding.place[0])
    path = file.relative_to(top) if file.is_relative_to(top) else file
    found = finding.found if top == Path() else finding.found.replace(f"{top}/", "")
    return finding.rule, printable(path.as_posix()), printable(found)
