"""Gate: what a change meets before it is published: check, then its blocks run, then the build.

Each step gets only what the one before let through; what none refuses has to be listed.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from mutation.tree import STATUS, TOP, Mutant, Tree
from trueup.check import Check, apply_baseline, load_baseline
from trueup.check.published_blocks import check_published
from trueup.docs import Docs
from trueup.errors import BadInput, BadStatus, TrueupError
from trueup.finding import RULES, Finding, by_policy
from trueup.model import Day, Frozen, Text
from trueup.site import MAIN, Block, build_site, read_blocks
from trueup.snippet import Snippet
from trueup.status_file import Stored, listed
from trueup.verify.pool import Pool
from trueup.verify.run import Harness, open_mock

SITE = "site"
SURVIVORS = TOP / "tests" / "survivors.yml"
CALL = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
Heard = Iterable[tuple[str, str]]
"""Rule and severity of each finding."""


@dataclass(frozen=True)
class Told:
    """What became of a mutant: the step that refused it and by which rules. Where none did, `step`
    is None and `rules` are those of warnings."""

    mutant: Mutant
    step: str | None
    rules: tuple[str, ...]


@dataclass
class Gate:
    """The gate at `top`, a copy of the tree, which it leaves as it was. Raises BadInput where the
    tree itself would be refused."""

    tree: Tree
    top: Path
    _open: ExitStack = field(default_factory=ExitStack)
    _bench: Harness | None = None

    def __post_init__(self) -> None:
        shutil.copytree(self.tree.top, self.top, symlinks=True)
        self._texts = {one.id: one.text for one in self._docs().snippets()}
        usual = set(self._checked())
        if errors := sorted(rule for rule, severity in usual if severity == "error"):
            raise BadInput(
                f"docs: as they are they break {listed(errors)}; no rule was expected to be broken."
                " Mend them first: no mutant could be told from them."
            )
        self._usual = {rule for rule, _ in usual}

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def judge(self, mutant: Mutant) -> Told:
        """Puts the mutant in, and asks one step after the other."""
        with self._changed(mutant):
            warned: set[str] = set()
            for name, step in self._steps(mutant):
                heard = set(_heard(step))
                if errors := {rule for rule, severity in heard if severity == "error"}:
                    return Told(mutant, name, tuple(sorted(errors)))
                warned |= {rule for rule, _ in heard} - self._usual
            return Told(mutant, None, tuple(sorted(warned)))

    def _steps(self, mutant: Mutant) -> Iterator[tuple[str, Callable[[], Heard]]]:
        if mutant.built:
            yield "check", lambda: self._checked(self.top / SITE)
            return
        yield "check", self._checked
        yield "verify", lambda: self._run(mutant)
        if any(map(self._is_told, mutant.edits.items())):
            yield "build", lambda: self._built(mutant)

    def _is_told(self, edit: tuple[str, bytes | None]) -> bool:
        """Whether a build could tell that a file was changed: of a page it reads the calls, and
        publishes the rest as it is."""
        path, new = edit
        old = self.tree.files.get(path)
        if not path.endswith(".md") or old is None or new is None:
            return not path.endswith(".po")
        return CALL.findall(new.decode()) != CALL.findall(old.decode())

    @contextmanager
    def _changed(self, mutant: Mutant) -> Iterator[None]:
        folder = self.top / SITE if mutant.built else self.top
        before: dict[Path, bytes | None] = {}
        for name, content in mutant.edits.items():
            file = folder / name
            before[file] = file.read_bytes() if file.is_file() else None
            assert before[file] != content, f"{mutant.kind}, {mutant.name}: {name} is not changed"
            _write(file, content)
        try:
            yield
        finally:
            for file, content in before.items():
                _write(file, content)

    def _docs(self) -> Docs:
        return Docs.load(self.top, self.tree.now, self.tree.now.date(), self.top / SITE)

    def _checked(self, site: Path | None = None) -> Heard:
        """As `trueup check --against HEAD` does it, with `--built` where a site is given."""
        today = self.tree.now.date()
        check = Check(self.top, self.tree.now, today)
        found = check.run(against="HEAD", site=site)
        kept = apply_baseline(found, load_baseline(self.top), self.top, today)
        return _plain(by_policy(kept, check.severities))

    def _run(self, mutant: Mutant) -> Heard:
        """The blocks that the change made another of, run as a verification runs them."""
        docs = self._docs()
        status = docs.stored.status
        same = (self.top / STATUS).read_bytes() == self.tree.files[STATUS]
        rendered = docs.snippets()
        snippets = [
            one
            for one in rendered
            if status.seen(one.endpoint, status.reference)
            and not (same and self._texts.get(one.id) == one.text)
        ]
        is_lost = len(rendered) < len(self._texts)
        templates = all(name.endswith(".j2") for name in mutant.edits)
        assert snippets or is_lost or not templates, f"{mutant}: no block is changed"
        opened = nullcontext(self._kept(docs.stored)) if same else open_mock(docs.stored)
        with opened as bench:
            pool = Pool(lambda: nullcontext(bench))
            for snippet in snippets:
                counts = pool.verify([_block(snippet)], docs.stored, docs.today).counts
                if counts["failed"]:
                    return [("failed-block", "error")]
        return []

    def _kept(self, stored: Stored) -> Harness:
        if self._bench is None:
            self._bench = self._open.enter_context(open_mock(stored))
        return self._bench

    def _built(self, mutant: Mutant) -> Heard:
        """The languages that the change touches, built, and their blocks."""
        docs, site = self._docs(), self.top.with_name(f"{self.top.name}-built")
        named = [one for one in docs.languages if any(_is_of(path, one) for path in mutant.edits)]
        languages = tuple(dict.fromkeys([MAIN, *named]))
        pages = [page for page in docs.pages if page.language in languages]
        try:
            build_site(self.top, site, docs.today, languages)
            found = check_published(docs.stored.status, pages, read_blocks(site), docs.snippets())
            return _plain(found)
        finally:
            shutil.rmtree(site, ignore_errors=True)


def _heard(step: Callable[[], Heard]) -> Heard:
    """What a step finds; what it cannot use at all is refused too."""
    try:
        return step()
    except BadStatus:
        return [("bad-status", "error")]
    except TrueupError as error:
        return [(f"exit-{error.exit_code}", "error")]


def _plain(found: Iterable[Finding]) -> Heard:
    return [(one.rule, one.severity or RULES[one.rule].severity) for one in found]


def _block(snippet: Snippet) -> Block:
    return Block(
        page="page/index.html",
        line=1,
        language=snippet.language.fence,
        text=snippet.text,
        id=snippet.id,
        endpoint=snippet.endpoint,
        tabbed=True,
    )


def _is_of(path: str, language: str) -> bool:
    return path.startswith(f"docs/{language}/") or path == f"mkdocs.{language}.yml"


def _write(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


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


def load_survivors(file: Path = SURVIVORS) -> tuple[Listed, ...]:
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
