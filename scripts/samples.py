"""The samples of manual/rules.yml: for each rule, a change to a site that the check reports and a
near one that it does not. tests/test_rules.py applies each of them.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import unified_diff
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from trueup.check.leaked_keys import KEY
from trueup.errors import BadInput
from trueup.finding import RULES
from trueup.model import Frozen
from trueup.status_file import parse_as, parse_yaml
from trueup.wording.markdown import code_span, escape_markdown, fence_for, inert


class Change(Frozen):
    """A change to a file of a site: an edit, a new text, a move, or a removal."""

    file: str
    """Path from the top of the site; under `site/` are the built pages."""
    old: str | None = None
    """Text to replace, which the file has once."""
    new: str | None = None
    """Replacement of `old`."""
    text: str | None = None
    """Whole new text of the file."""
    to: str | None = None
    """New path of the file."""
    gone: bool = False
    """True to remove the file."""
    rehashed: bool = False
    """True to update its hash in the status file."""

    @model_validator(mode="after")
    def _one_of_four(self) -> Self:
        kinds = [self.old is not None, self.text is not None, self.to is not None, self.gone]
        if sum(kinds) != 1 or (self.old is None) != (self.new is None):
            raise ValueError("needs exactly one of old with new, text, to and gone")
        return self


class Sample(Frozen):
    """Changes to a site, the command that checks it, and the expected finding."""

    base: Literal["starter", "translated", "retested"] = "starter"
    """`starter` is what `trueup init` writes; the others have a second language, or a row with the
    receipt of a retest, too."""
    changes: tuple[Change, ...] = ()
    """Changes, in this order."""
    day: date = date(2026, 5, 3)
    """Date of the check."""
    built: bool = False
    """True to check the built site."""
    fails_stale: bool = False
    """True to report evidence that is no longer fresh."""
    against: str | None = None
    """Commit to compare with; `main` is the site without the changes."""
    run: Literal["mock", "production"] | None = None
    """Target to run every block against."""
    max_calls: int | None = None
    """Most calls that may reach the target."""
    finding: str | None = None
    """Finding of the rule, as printed."""
    beside: tuple[str, ...] = ()
    """Other rules with findings in it."""
    because: str | None = None
    """Reason why nothing is found, as a clause."""

    @property
    def command(self) -> str:
        """The command that reports the finding, or nothing."""
        if self.run == "mock":
            return "trueup verify"
        if self.run is not None:
            return f"trueup verify --target {self.run} --max-calls {self.max_calls}"
        given = {
            "--built": self.built,
            "--fail-stale": self.fails_stale,
            f"--as-of {self.day}": self.day != Sample.model_fields["day"].default,
            f"--against {self.against}": self.against is not None,
        }
        return " ".join(["trueup check", *(option for option, is_on in given.items() if is_on)])


class Pair(Frozen):
    """The samples of a rule."""

    red: Sample
    """Sample that it reports."""
    benign: Sample
    """Near sample that it does not report."""


class Samples(Frozen):
    """The file of the samples."""

    rules: dict[str, Pair]
    """By rule id, all rules of the catalogue."""


def load_samples(file: Path) -> dict[str, Pair]:
    """Return the pairs by rule. Raises BadInput, with the line, for a sample that is not valid."""
    return parse_as(parse_yaml(file.read_text(encoding="utf-8"), file.name), Samples).rules


MOST = 99
"""Lines of a change that are shown around what changed; a change has fewer."""
BASES = {
    "starter": "",
    "translated": ", in a site with a second language",
    "retested": ", in a site with a retest on record",
}


def render_rules(samples: Mapping[str, Pair]) -> str:
    """Return a section for each area and rule, in Markdown. Raises BadInput for a missing pair."""
    if missing := [name for name in RULES if name not in samples]:
        raise BadInput("rules.yml", f"no pair of samples for {missing[0]}", "Write one.")
    return "\n\n".join(_parts(samples))


def _parts(samples: Mapping[str, Pair]) -> Iterator[str]:
    area = ""
    for name, rule in RULES.items():
        if rule.area != area:
            area = rule.area
            yield f"### {area[0].upper()}{area[1:]} {{ #area-{area.replace(' ', '-')} }}"
        red, benign = samples[name].red, samples[name].benign
        yield f"#### {name} {{ #{name} }}"
        yield f"*{rule.severity.capitalize()}.* {_prose(rule.says)} {_prose(rule.why)}"
        yield f"Found by {code_span(red.command)}{BASES[red.base]}:"
        yield from _change(red)
        yield _fenced(str(red.finding))
        because = f": {escape_markdown(benign.because)}" if benign.because else "."
        yield f"Not found by {code_span(benign.command)}{BASES[benign.base]}{because}"
        yield from _change(benign)


def _prose(text: str) -> str:
    """Return a text of the catalogue as Markdown, in which only backticks are markup."""
    first, *rest = text.split("`")
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return inert(first) + "".join(code_span(shown) + inert(after) for shown, after in pairs)


def _change(sample: Sample) -> Iterator[str]:
    """Return all changes as one block."""
    parts = []
    for file, changes in groupby(sample.changes, lambda change: change.file):
        diffs = ["\n".join(_lines(change)) for change in changes]
        head = [f"{file}:"] if diffs[0].startswith((" ", "-", "+")) else []
        parts.append("\n".join([*head, "\n…\n".join(diffs)]))
    if parts:
        yield _fenced("\n\n".join(parts))


def _lines(change: Change) -> list[str]:
    if change.gone:
        return [f"{change.file}: removed"]
    if change.to is not None:
        return [f"{change.file}: moved to {change.to}"]
    if change.text == "":
        return [f"{change.file}: an empty file"]
    new = change.new if change.text is None else change.text
    old, made = (text.splitlines() for text in (change.old or "", new or ""))
    hashed = [" and its hash in status.yml"] if change.rehashed else []
    return [*unified_diff(old, made, n=MOST, lineterm="")][3:] + hashed


def _fenced(text: str) -> str:
    if KEY.search(text.encode()):  # written so that the check finds no key in the manual itself
        return f"<pre><code>{escape(text).replace('-', '&#45;')}</code></pre>"
    fence = fence_for(text, 3)
    return f"{fence}text\n{text}\n{fence}"
