"""Baseline: findings that were there when a team began to check, each forgiven until a day."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, StrictInt

from trueup.errors import BadInput
from trueup.finding import RULES, Finding
from trueup.model import Day, Frozen, Text
from trueup.store import parse_as, parse_yaml, write_whole

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


class Entry(Frozen):
    """Findings that are forgiven. Their lines are not part of it, so that they may move."""

    rule: Text
    """The id of their rule."""
    path: Text
    """The file that they are in."""
    found: Text
    """What was found."""
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
    document = parse_yaml(text, str(file))
    entries = parse_as(document, Baseline).findings
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
    by_identity = {(entry.rule, entry.path, entry.found): entry for entry in entries}
    kept = []
    for finding in findings:
        entry = by_identity.get((finding.rule, _path(finding, top), finding.found))
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
    """Writes the errors among the findings into the baseline; the number of those forgiven."""
    times: dict[tuple[str, str, str], int] = {}
    for finding in findings:
        if finding.severity == "error" and finding.rule not in NEVER:
            key = (finding.rule, _path(finding, top), finding.found)
            times[key] = times.get(key, 0) + 1
    rows = [
        {"rule": rule, "path": path, "found": found, "times": count, "until": until}
        for (rule, path, found), count in sorted(times.items())
    ]
    text = yaml.safe_dump({"findings": rows}, allow_unicode=True, sort_keys=False, width=1000)
    write_whole(top / NAME, (HEAD + text).encode(), 0o644)
    return sum(times.values())


def _path(finding: Finding, top: Path) -> str:
    """The file of a finding from `top` on."""
    file = Path(finding.place[0])
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else file.as_posix()
