"""Past: each line of the pages with the commit that wrote it and the line that it replaced.

From one reading of the history."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher

from trueup.audit.page import LONGEST, Page
from trueup.audit.tokens import tokens_of
from trueup.git_repository import Repository

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
PATTERNS = ("**/*.md", "**/*.mdx", "**/*.markdown")
LATEST = date(9000, 1, 1)
"""The day of a first commit without a date: no claim on a page is later."""
DEEPEST = 24
"""Earlier versions of a line that are kept: enough for what is still on the page."""
MOST_PAIRS = 2_500
"""Lines removed times lines added of a change in which each finds its successor."""
MOST_LINES = 50_000
"""Lines of a file whose history is kept; a longer one is data."""
ALIKE = 0.5
"""Part of their words that a line and its successor share."""
ESCAPES = re.compile(rb"\\([0-7]{3}|.)")
SIGNS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with its number in the history; its date is the earlier of author's and commit's."""

    number: int
    hash: str
    day: date

    def __str__(self) -> str:
        return f"{self.hash[:7]} on {self.day}"


class Line:
    """A version of a line: its text, the commit that wrote it, and the version before."""

    __slots__ = ("before", "commit", "depth", "text")

    def __init__(self, text: str, commit: Commit, before: "Line | None" = None) -> None:
        self.text, self.commit, self.before = text, commit, before
        self.depth: int = 0 if before is None else before.depth + 1
        if self.depth > 2 * DEEPEST:
            self.depth, oldest = DEEPEST, self
            for _ in range(DEEPEST):
                assert oldest.before is not None
                oldest = oldest.before
            oldest.before = None

    def versions(self) -> "Iterator[Line]":
        """Return this version and those before it, newest first."""
        line: Line | None = self
        while line is not None:
            yield line
            line = line.before


@dataclass
class Past:
    """The history of the pages; of a page by path, each line as its last commit left it."""

    commits: list[Commit] = field(default_factory=list)
    files: dict[str, list[Line]] = field(default_factory=dict)
    touched: dict[str, Commit] = field(default_factory=dict)
    """Last commit that changed a page, by path."""

    def lines_of(self, page: Page) -> list[Line | None]:
        """Return the version of each line of a page, None for one that is in no commit."""
        known = self.files.get(page.path, [])
        texts = [line.text for line in known]
        if texts == page.lines:
            page.lines = texts  # one copy of each text is enough
            return list(known)
        found: list[Line | None] = [None] * len(page.lines)
        matcher = SequenceMatcher(None, texts, page.lines)
        for at, to, size in matcher.get_matching_blocks():
            found[to : to + size] = known[at : at + size]
        return found


def read_past(repository: Repository) -> Past:
    """Return the history of the pages of a repository, empty without commits.

    Raises CalledProcessError where git ends early, and OSError without git.
    """
    past = Past()
    if repository.commit("HEAD") is None:
        return past
    lines = repository.log(*PATTERNS)
    commit: Commit | None = None
    state: _File | None = None
    for raw in lines:
        if raw.startswith(b"\0"):
            commit = _commit(raw, past.commits[-1] if past.commits else None)
            past.commits.append(commit)
        elif raw.startswith(b"diff --git "):
            state = _File(past.files)
        elif raw.startswith(b"@@ ") and state is not None and commit is not None:
            if hunk := HUNK.match(raw):
                past.touched[state.path] = commit
                _apply(state, hunk, lines, commit)
        elif state is not None:
            state.note(raw)
    return past


def _commit(raw: bytes, before: Commit | None) -> Commit:
    """Return a commit; the day of one without a date that can be read is that of the one before."""
    digest, *written = raw[1:].decode("ascii", "replace").split()
    days = []
    for one in written:
        with suppress(ValueError):  # git keeps any number, also of the year 10000
            days.append(date.fromisoformat(one))
    day = min(days, default=before.day if before else LATEST)
    return Commit(before.number + 1 if before else 0, digest, min(day, LATEST))


class _File:
    """The file that a part of a diff is about: named by the lines before its first change."""

    def __init__(self, files: dict[str, list[Line]]) -> None:
        self.files, self.old, self.path = files, "", ""

    def note(self, raw: bytes) -> None:
        for word, is_old in ((b"--- ", True), (b"+++ ", False)):
            if raw.startswith(word):
                path = _path(raw[len(word) :])
                if is_old:
                    self.old = path
                elif path:
                    self.path = path
                elif self.old:
                    self.files.pop(self.old, None)
        if raw.startswith(b"rename from "):
            self.old = _path(b"a/" + raw[12:])
        elif raw.startswith(b"rename to "):
            self.path = _path(b"b/" + raw[10:])
            self.files[self.path] = self.files.pop(self.old, [])

    @property
    def lines(self) -> list[Line]:
        return self.files.setdefault(self.path, []) if self.path else []


def _path(raw: bytes) -> str:
    """Return a path of a diff without its prefix; nothing for that of an absent file."""
    raw = raw.rstrip(b"\n").removesuffix(b"\t")
    for quoted in (b'"', b'a/"', b'b/"'):
        if raw.startswith(quoted) and raw.endswith(b'"'):
            raw = ESCAPES.sub(_unescaped, raw[len(quoted) : -1])
            raw = raw if quoted == b'"' else b"a/" + raw
            break
    return "" if raw == b"/dev/null" else raw[2:].decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return bytes([int(sign, 8) & 255]) if len(sign) == 3 else SIGNS.get(sign, sign)


def _apply(state: _File, hunk: re.Match[bytes], source: Iterator[bytes], commit: Commit) -> None:
    """Apply a change of some lines next to each other."""
    removed, start, added = int(hunk[2] or b"1"), int(hunk[3]), int(hunk[4] or b"1")
    for _ in _taken(source, b"-", removed):
        pass
    texts = list(_taken(source, b"+", added))
    lines = state.lines
    if len(lines) + added > MOST_LINES:
        lines.clear()
        return
    at = start - 1 if added else start
    old = lines[at : at + removed]
    before = _successors([line.text for line in old], texts)
    lines[at : at + removed] = [
        Line(text, commit, old[before[index]] if index in before else None)
        for index, text in enumerate(texts)
    ]


def _taken(source: Iterator[bytes], sign: bytes, count: int) -> Iterator[str]:
    """Return the next lines of a change that begin with a sign."""
    while count:
        raw = next(source, b"")
        if raw.startswith(sign):
            count -= 1
            text = raw[1 : 4 * LONGEST].decode("utf-8", "replace").rstrip("\n").rstrip("\r")
            yield text.removeprefix("\ufeff")[:LONGEST]
        elif not raw.startswith(b"\\"):
            return


def _successors(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Return for each new line that replaces an old one the index of that, in the same order."""
    if not old or not new:
        return {}
    words = [[set(tokens_of(text)) for text in texts] for texts in (old, new)]
    if len(old) == len(new) and all(map(_is_alike, *words)):
        return {index: index for index in range(len(new))}
    if len(old) * len(new) > MOST_PAIRS:
        return {index: index for index in range(min(len(old), len(new)))}
    found, start = {}, 0
    for index, mine in enumerate(words[1]):
        for at in range(start, len(old)):
            if _is_alike(words[0][at], mine):
                found[index], start = at, at + 1
                break
    return found


def _is_alike(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= ALIKE * max(len(one), len(other), 1)
