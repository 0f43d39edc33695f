"""Tree: a copy of this repository, and the classes of mutants that change it.

The copy gets a hold and a retest where the repository has none, so that these can be changed too;
it is a git repository with one commit.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from trueup.docs import Docs
from trueup.evidence import assess
from trueup.git_repository import Repository
from trueup.model import Observation, Standing, Status
from trueup.receipts import Attempt, RetestReceipt
from trueup.request import request_of
from trueup.retest.status_update import update_status, write_update
from trueup.site import MAIN, Page, languages_in, load_pages
from trueup.status_file import Stored, load_status
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock

TOP = Path(__file__).parents[2]
STATUS = "status.yml"
JOBS = 2
OWN = ("docs/", "overrides/", "snippets/", STATUS, "mkdocs", "baseline.yml", ".gitignore")
"""The paths that the gate reads; the engine itself is not changed."""
HOLD = """
holds:
  - endpoint: {}
    to: not-recommended
    reason: its bills are in dispute
    by: A. Person
    on: {}
"""
Edits = Mapping[str, str | bytes | None]
"""New content by path from the top; None removes the file."""
Changes = Iterator[tuple[str, Edits]]
"""Names and edits."""


@dataclass(frozen=True)
class Mutant:
    """A change. `kind` is its class; with `built` it is of the built site."""

    kind: str
    name: str
    edits: Mapping[str, bytes | None]
    built: bool = False


@dataclass(frozen=True)
class Tree:
    """The copy at `top`; `files` are its bytes by path."""

    top: Path
    now: datetime
    files: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def copy(cls, top: Path, now: datetime) -> "Tree":
        """Return a new copy in the folder `top`, committed."""
        for name in Repository(TOP).files():
            if name.startswith(OWN) and (TOP / name).is_file():
                (top / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(TOP / name, top / name)
        _add_missing(top, now)
        for words in (["init", "-q"], ["add", "."], [*AUTHOR, "commit", "-q", "-m", "As it is"]):
            subprocess.run(["git", *words], cwd=top, check=True)
        names = Repository(top).files()
        return cls(top, now, {name: (top / name).read_bytes() for name in names})

    @cached_property
    def stored(self) -> Stored:
        return load_status(self.top / STATUS, self.now)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        return languages_in(self.top / "docs")

    @cached_property
    def others(self) -> tuple[str, ...]:
        """The languages that are translated into."""
        return tuple(name for name in self.languages if name != MAIN)

    @cached_property
    def pages(self) -> Mapping[str, Mapping[str, Page]]:
        """The pages by language and source."""
        return {
            language: {page.source: page for page in load_pages(self.top / "docs" / language)}
            for language in self.languages
        }

    @cached_property
    def site(self) -> Mapping[str, bytes]:
        """The pages and exports of the copy, built and verified, by their path in its site."""
        docs = Docs.load(self.top, self.now, self.now.date())
        docs.build(to_be_verified=True)
        _, found = docs.verify(Pool(partial(open_mock, docs.stored), JOBS))
        assert not found, found
        files = [file for ending in ("html", "json") for file in docs.site.rglob(f"*.{ending}")]
        return {file.relative_to(docs.site).as_posix(): file.read_bytes() for file in files}

    def text(self, path: str) -> str:
        return self.files[path].decode()

    def swap(self, path: str, old: str, new: str, at: int = 0) -> dict[str, str]:
        """Return the edit that puts one text in the place of another, from an offset on."""
        text = self.text(path)
        start = text.index(old, at)
        return {path: text[:start] + new + text[start + len(old) :]}

    def put(self, keys: tuple[str | int, ...], new: str) -> dict[str, str]:
        """Return the edit that writes another value at a place of the status file."""
        node = self.stored.document.node(*keys)
        assert node is not None, keys
        text = self.stored.text
        start, end = node.start_mark.index, node.end_mark.index
        assert text[start:end].strip(), keys
        return {STATUS: text[:start] + new + text[end:]}

    def rows(self, name: str = "observations") -> list[str]:
        """Return the text of each row of a list of the status file."""
        return [
            "".join(self.stored.text.splitlines(keepends=True)[first:last])
            for first, last in self._spans(name)
        ]

    def with_rows(self, rows: list[str], name: str = "observations") -> dict[str, str]:
        """Return the edit that puts other rows into a list of the status file."""
        lines, spans = self.stored.text.splitlines(keepends=True), self._spans(name)
        first, last = spans[0][0], spans[-1][1]
        return {STATUS: "".join([*lines[:first], *rows, *lines[last:]])}

    def _spans(self, name: str) -> list[tuple[int, int]]:
        lines = self.stored.text.splitlines()
        spans = []
        for index in range(len(self.stored.data[name])):
            first = self.stored.place(name, index).line - 1
            last = first + 1
            while last < len(lines) and lines[last].startswith("   "):
                last += 1
            spans.append((first, last))
        return spans

    def retested(self) -> list[Observation]:
        """Return the rows with a receipt."""
        rows = self.stored.status.observations
        return [row for row in rows if row.source is not None and row.source.receipt is not None]


AUTHOR = ("-c", "user.name=A. Person", "-c", "user.email=person@example.com")


def _add_missing(top: Path, now: datetime) -> None:
    """Record a retest and a hold where the repository has none."""
    status = load_status(top / STATUS, now).status
    words = {name: one.standing for name, one in assess(status).items()}
    choice = min(words, key=lambda name: words[name].rank)
    day = max(row.day for row in status.observations)
    if not any(row.source and row.source.receipt for row in status.observations):
        _retest(top, now, choice, day)
    if not status.holds:
        worse = {words[choice], Standing.NOT_RECOMMENDED}
        held = next(name for name, word in words.items() if word not in worse)
        text = (top / STATUS).read_text("utf-8") + HOLD.format(held, day)
        (top / STATUS).write_text(text, "utf-8")


def _retest(top: Path, now: datetime, endpoint: str, day: date) -> None:
    """Record a retest with the result of the newest row, at noon of the next day."""
    stored = load_status(top / STATUS, now)
    row = stored.status.seen(endpoint, stored.status.reference)[0]
    proof = proof_of(stored.status, endpoint, day, outcome=row.outcome, shape=row.shape)
    write_update(top, update_status(stored, [proof], now))


def proof_of(status: Status, endpoint: str, day: date, **seen: Any) -> RetestReceipt:
    """Return the receipt of an invented retest at noon of the next day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=1)
    sent = request_of(status, endpoint, status.reference)
    return RetestReceipt(
        endpoint=endpoint,
        target=status.reference,
        language="curl",
        block="curl",
        sha256=sha256(b"curl").hexdigest(),
        containment="namespace",
        attempts=(Attempt(at=noon, sent=sent, **seen),),
    )


KINDS: dict[str, tuple[Callable[[Tree], Changes], bool]] = {}
"""By name, the function that makes the changes, and whether they are of the built site."""


def kind(
    name: str, *, built: bool = False
) -> Callable[[Callable[[Tree], Changes]], Callable[[Tree], Changes]]:
    """Register the function that makes the changes of a class."""

    def known(make: Callable[[Tree], Changes]) -> Callable[[Tree], Changes]:
        assert name not in KINDS, name
        KINDS[name] = (make, built)
        return make

    return known


def mutants_of(tree: Tree, name: str) -> Iterator[Mutant]:
    """Return the mutants of a class, each with its own name."""
    make, built = KINDS[name]
    seen: set[str] = set()
    for what, edits in make(tree):
        assert what not in seen, f"{name}: {what} twice"
        seen.add(what)
        raw = {path: new.encode() if isinstance(new, str) else new for path, new in edits.items()}
        yield Mutant(name, what, raw, built)


def area_of(name: str) -> str:
    """Return the area of a class, which is the module that defines it."""
    make = KINDS[name][0]
    made = make.func if isinstance(make, partial) else make
    return made.__module__.rpartition(".")[2]
