"""The samples of manual/rules.yml: for each rule of the check, a change to a site that it finds and
one near to it that it passes over. tests/test_rules.py makes each of them.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import unified_diff
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from trueup.check.keys import KEY
from trueup.errors import BadInput
from trueup.finding import RULES
from trueup.model import Frozen
from trueup.status_file import parse_as, parse_yaml
from trueup.wording.markdown import code_span, escape_markdown, fence_for, inert


class Change(Frozen):
    """One change to a file of a site: an edit, a new text, another place, or none any more."""

    file: str
    """Its path from the top of the site; under `site/` the pages are as they were built."""
    old: str | None = None
    """What is taken out; the file has it once."""
    new: str | None = None
    """What is put in its place."""
    text: str | None = None
    """All that is in the file now."""
    to: str | None = None
    """Where the file is now."""
    gone: bool = False
    """Whether it is there no longer."""
    rehashed: bool = False
    """Whether its hash in the status file is made to fit again."""

    @model_validator(mode="after")
    def _one_of_four(self) -> Self:
        kinds = [self.old is not None, self.text is not None, self.to is not None, self.gone]
        if sum(kinds) != 1 or (self.old is None) != (self.new is None):
            raise ValueError("one of old with new, text, to and gone was expected")
        return self


class Sample(Frozen):
    """What is done to a site before it is looked at, and what is found then."""

    base: Literal["starter", "translated", "retested"] = "starter"
    """`starter` is what `trueup init` writes; the others have a second language, or a row with the
    receipt of a retest, too."""
    changes: tuple[Change, ...] = ()
    """In this order."""
    day: date = date(2026, 5, 3)
    """The day on which it is looked at."""
    built: bool = False
    """Whether the built site is looked at."""
    fails_stale: bool = False
    """Whether evidence that is no longer fresh is a finding."""
    against: str | None = None
    """What it is compared with; `main` is the site without the changes."""
    run: Literal["mock", "production"] | None = None
    """The target that every block is run against."""
    max_calls: int | None = None
    """How many of them may reach it."""
    finding: str | None = None
    """The finding of the rule, as the check tells it."""
    beside: tuple[str, ...] = ()
    """Other rules with findings in it."""
    because: str | None = None
    """Why nothing is found, as a clause."""

    @property
    def command(self) -> str:
        """What finds it, or does not."""
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
    """A rule on both sides of its edge."""

    red: Sample
    """What it finds."""
    benign: Sample
    """What is near to that, and is well."""


class Samples(Frozen):
    """The file of the samples."""

    rules: dict[str, Pair]
    """By the rule's id, each rule of the catalogue."""


def load_samples(file: Path) -> dict[str, Pair]:
    """The pairs by rule. Raises BadInput, with the line, for a sample that is none."""
    return parse_as(parse_yaml(file.read_text(encoding="utf-8"), file.name), Samples).rules


MOST = 99
"""Lines of a change that are shown around what changed; a change has fewer."""
BASES = {
    "starter": "",
    "translated": ", in a site with a second language",
    "retested": ", in a site with a retest on record",
}


def render_rules(samples: Mapping[str, Pair]) -> str:
    """A part for each area with a part for each rule, in Markdown. BadInput for one unsampled."""
    if missing := [name for name in RULES if name not in samples]:
        raise BadInput(f"rules.yml: no pair of samples for {missing[0]}. Write one.")
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
    """A text of the catalogue, of which backticks alone mean something."""
    said, *rest = text.split("`")
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return inert(said) + "".join(code_span(shown) + inert(after) for shown, after in pairs)


def _change(sample: Sample) -> Iterator[str]:
    """All changes as people read them."""
    parts = []
    for file, changes in groupby(sample.changes, lambda change: change.file):
        told = ["\n".join(_told(change)) for change in changes]
        head = [f"{file}:"] if told[0].startswith((" ", "-", "+")) else []
        parts.append("\n".join([*head, "\n…\n".join(told)]))
    if parts:
        yield _fenced("\n\n".join(parts))


def _told(change: Change) -> list[str]:
    if change.gone:
        return [f"{change.file}: taken away"]
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
