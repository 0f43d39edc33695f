"""Gate: the steps before a change is published: check, run of its blocks, build.

A step gets only the mutants that the steps before accept; those that all accept must be listed.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from mutation.tree import STATUS, TOP, Mutant, Tree
from trueup.check import Check, Sources, apply_baseline, load_baseline
from trueup.check.published_blocks import check_published
from trueup.check.site_comparison import compare_sites
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
RuleHits = Iterable[tuple[str, str]]
"""Rule and severity of each finding."""


class EquivalentError(Exception):
    """A mutant that changes no block of an observed endpoint."""


@dataclass(frozen=True)
class Result:
    """The step that refused a mutant, with the rules of its errors; for a survivor, `step` is None
    and `rules` are those of warnings."""

    mutant: Mutant
    step: str | None
    rules: tuple[str, ...]


@dataclass
class Gate:
    """The gate at `top`, a copy of the tree that it restores after each mutant. Raises BadInput for
    a tree that is refused itself."""

    tree: Tree
    top: Path
    _open: ExitStack = field(default_factory=ExitStack)
    _harness: Harness | None = None

    def __post_init__(self) -> None:
        shutil.copytree(self.tree.top, self.top, symlinks=True)
        self._texts = {one.id: one.text for one in self._docs().snippets()}
        usual = set(self._checked())
        if errors := sorted(rule for rule, severity in usual if severity == "error"):
            raise BadInput(
                "docs",
                f"the docs break {listed(errors)} without any mutant",
                "Fix them first, since no mutant could be distinguished from them.",
            )
        self._usual = {rule for rule, _ in usual}

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def judge(self, mutant: Mutant) -> Result | None:
        """Apply the mutant and return the result of the steps, in their order; None for an
        equivalent mutant: a changed template that makes the same blocks of observed endpoints."""
        with self._changed(mutant), suppress(EquivalentError):
            warned: set[str] = set()
            for name, step in self._steps(mutant):
                hits = set(_hits_of(step))
                if errors := {rule for rule, severity in hits if severity == "error"}:
                    return Result(mutant, name, tuple(sorted(errors)))
                warned |= {rule for rule, _ in hits} - self._usual
            return Result(mutant, None, tuple(sorted(warned)))
        return None

    def _steps(self, mutant: Mutant) -> Iterator[tuple[str, Callable[[], RuleHits]]]:
        if mutant.built:
            yield "check", self._compared
            return
        yield "check", self._checked
        yield "verify", lambda: self._run(mutant)
        if any(map(self._affects_build, mutant.edits.items())):
            yield "build", lambda: self._built(mutant)

    def _affects_build(self, edit: tuple[str, bytes | None]) -> bool:
        """Return whether a build could fail on a changed file; of a page, only calls matter."""
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

    def _compared(self) -> RuleHits:
        """Return the result of `trueup check --built`; the tree's own site is the new build."""
        docs = self._docs()
        fresh = self.tree.top / SITE
        return _rules_of([*compare_sites(docs.site, fresh), *docs.check_site()])

    def _checked(self) -> RuleHits:
        """Return the result of `trueup check --against HEAD`."""
        today = self.tree.now.date()
        check = Check(Sources(self.top, self.tree.now), today)
        found = check.run(against="HEAD")
        kept = apply_baseline(found, load_baseline(self.top), self.top, today)
        return _rules_of(by_policy(kept, check.severities))

    def _run(self, mutant: Mutant) -> RuleHits:
        """Return the result of running the blocks that the change affects."""
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
        if templates and not (snippets or is_lost):
            raise EquivalentError
        opened = nullcontext(self._kept(docs.stored)) if same else open_mock(docs.stored)
        with opened as harness:
            pool = Pool(lambda: nullcontext(harness))
            for snippet in snippets:
                counts = pool.verify([_block(snippet)], docs.stored, docs.today).counts
                if counts["failed"]:
                    return [("failed-block", "error")]
        return []

    def _kept(self, stored: Stored) -> Harness:
        if self._harness is None:
            self._harness = self._open.enter_context(open_mock(stored))
        return self._harness

    def _built(self, mutant: Mutant) -> RuleHits:
        """Return the result of building the languages that the change affects."""
        docs, site = self._docs(), self.top.with_name(f"{self.top.name}-built")
        named = [one for one in docs.languages if any(_is_of(path, one) for path in mutant.edits)]
        languages = tuple(dict.fromkeys([MAIN, *named]))
        pages = [page for page in docs.pages if page.language in languages]
        try:
            build_site(self.top, site, docs.today, languages)
            found = check_published(docs.stored.status, pages, read_blocks(site), docs.snippets())
            return _rules_of(found)
        finally:
            shutil.rmtree(site, ignore_errors=True)


def _hits_of(step: Callable[[], RuleHits]) -> RuleHits:
    """Return the findings of a step, or one for an exception."""
    try:
        return step()
    except BadStatus:
        return [("bad-status", "error")]
    except TrueupError as error:
        return [(f"exit-{error.exit_code}", "error")]


def _rules_of(found: Iterable[Finding]) -> RuleHits:
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


class Survivor(Frozen):
    """Known survivors of a class."""

    kind: Text
    """Class."""
    name: Text
    """Pattern of their names."""
    reason: Text
    """Reason why nothing refuses them."""
    until: Day
    """Last date on which the reason is accepted."""

    def matches(self, result: Result) -> bool:
        """Return whether the entry is for the mutant of a result."""
        return result.mutant.kind == self.kind and fnmatchcase(result.mutant.name, self.name)


def load_survivors(file: Path = SURVIVORS) -> tuple[Survivor, ...]:
    """Return the listed survivors."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return TypeAdapter(tuple[Survivor, ...]).validate_python(data or [])


def complaints(
    results: Iterable[Result], listed: Iterable[Survivor], today: date, *, is_whole: bool = True
) -> list[str]:
    """Return a line for each survivor that is not listed, and each expired or unused entry; only
    a run that `is_whole` shows which are unused."""
    survived = [one for one in results if one.step is None]
    listed = tuple(listed)
    found = [_unlisted(one) for one in survived if not any(entry.matches(one) for entry in listed)]
    for entry in listed:
        named = f"tests/survivors.yml: {entry.kind}, {entry.name}"
        if entry.until < today:
            found.append(f"{named}: expired on {entry.until}. Fix the gate.")
        if is_whole and not any(entry.matches(one) for one in survived):
            found.append(f"{named}: no mutant of it survives. Remove the entry.")
    return found


def _unlisted(result: Result) -> str:
    named = f"{result.mutant.kind}, {result.mutant.name}"
    warned = f" but a warning ({', '.join(result.rules)})" if result.rules else ""
    fix = "Fix the gate, or list it in tests/survivors.yml with a reason and a date."
    return f"{named}: nothing refuses it{warned}. {fix}"
