"""Sources: everything that a check reads before anything is built, and all that it finds there.

The way of the data: the status file to its facts; each page, by the facts, to its digest; the
digests beside each other, for links and translations. Each step is kept until its files change.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter

from trueup.check.digest import Digest, digest_of
from trueup.check.facts import Facts, facts_of
from trueup.check.history import check_history
from trueup.check.keys import check_key
from trueup.check.links import check_links
from trueup.check.memory import Memory, file_mark, mark_of
from trueup.check.record import check_age, check_record
from trueup.check.repository import Repository
from trueup.check.settings import check_settings
from trueup.check.status_text import check_status_text
from trueup.check.templates import check_templates
from trueup.check.translations import check_translations
from trueup.errors import BadInput, BadStatus
from trueup.finding import RULES, Finding
from trueup.model import Frozen, Severity, anchor
from trueup.site import languages_in, load_page, load_pages, page_files, read_blocks
from trueup.snippet import render_snippets
from trueup.store import Stored, load_status
from trueup.wording import load_catalogue, standing_words

FINDINGS = TypeAdapter(tuple[Finding, ...])


class Record(Frozen):
    """What the other steps ask of the status file, so that it is read only when it changed."""

    facts: Facts
    made: frozenset[str]
    """The addresses that macros can make."""
    severities: dict[str, Severity]
    findings: tuple[Finding, ...]


RECORD, DIGEST = TypeAdapter(Record), TypeAdapter(Digest | tuple[Finding])
WORDS = TypeAdapter(frozenset[str])


class Check:
    """One check of the repository at `top`. Nothing is changed but its memory."""

    def __init__(self, top: Path, now: datetime, today: date) -> None:
        self.top = top
        self.docs = top / "docs"
        self.now = now
        self.today = today
        self.memory = Memory(top)
        self.languages = languages_in(self.docs)

    @cached_property
    def stored(self) -> Stored:
        """The status file. Raises BadStatus."""
        return load_status(self.top / "status.yml", self.now)

    @cached_property
    def record(self) -> Record:
        """What is asked of the status file. Raises BadStatus."""
        evidence = sorted((self.docs / "evidence").glob("*"))
        evidence.append(self.top / "REHEARSAL")
        mark = mark_of(self.status_mark, self.today, *map(file_mark, evidence), *evidence)
        return self.memory.recall("status.yml", mark, RECORD, self._record)

    def _record(self) -> Record:
        status = self.stored.status
        return Record(
            facts=facts_of(status),
            made=frozenset({*status.models, *status.signatures, *map(anchor, status.endpoints)}),
            severities=status.policy.severities,
            findings=tuple(check_record(self.stored, self.top, self.today)),
        )

    @cached_property
    def status_mark(self) -> object:
        return file_mark(self.top / "status.yml")

    def published(self) -> list[Finding]:
        """Findings in all that is published. Raises BadStatus."""
        digests, refused = self.digests
        found = [*refused, *self.record.findings]
        found += [finding for digest in digests for finding in digest.findings]
        found += check_links(digests, self.record.made | RULES.keys())
        found += self._templates()
        found += check_settings(self.top, self.languages)
        found += check_translations(self.docs, digests)
        return [*found, *self._status_texts()]

    def keys(self) -> list[Finding]:
        """What looks like a key in any file of the repository."""
        found: list[Finding] = []
        for name in Repository(self.top).files():
            file = os.path.join(self.top, name)  # a Path for each of thousands takes a while
            mark = mark_of(file_mark(file))
            told = self.memory.recall(f"key:{file}", mark, FINDINGS, self._key(file))
            found += told
        return found

    def _key(self, file: str) -> Callable[[], tuple[Finding, ...]]:
        return lambda: tuple(check_key(Path(file)))

    @cached_property
    def digests(self) -> tuple[list[Digest], list[Finding]]:
        """The digests of all pages, and a finding for each page that has none."""
        digests: list[Digest] = []
        refused: list[Finding] = []
        for language in self.languages:
            facts = self.record.facts.with_words(self._words(language))
            mark = mark_of({kind: sorted(texts) for kind, texts in facts.texts.items()})
            for file in page_files(self.docs / language):
                one = self.memory.recall(
                    str(file),
                    mark_of(mark, file_mark(file)),
                    DIGEST,
                    self._digest(file, language, facts),
                )
                if isinstance(one, Digest):
                    digests.append(one)
                else:
                    refused += one
        return digests, refused

    def _words(self, language: str) -> frozenset[str]:
        """The words of the standings, which the engine has for each language."""

        def make() -> frozenset[str]:
            return frozenset(standing_words(load_catalogue(language)).values())

        return self.memory.recall(f"words:{language}", "", WORDS, make)

    def _digest(
        self, file: Path, language: str, facts: Facts
    ) -> Callable[[], Digest | tuple[Finding]]:
        def make() -> Digest | tuple[Finding]:
            try:
                page = load_page(self.docs / language, file, language)
            except BadInput as error:
                return (Finding.told(str(error), "unreadable-page"),)
            return digest_of(page, facts)

        return make

    def _templates(self) -> Sequence[Finding]:
        folder = self.top / "snippets"
        files = [self.top / "status.yml", *sorted(folder.rglob("*.j2"))]

        def make() -> Iterable[Finding]:
            return check_templates(self.stored.status, self.record.facts, folder)

        return self._kept("snippets", files, make)

    def _status_texts(self) -> Sequence[Finding]:
        files = [self.top / "status.yml", *sorted(self.docs.glob("*.po"))]

        def make() -> Iterable[Finding]:
            try:
                return check_status_text(self.stored, self.record.facts, self.docs, self.languages)
            except BadInput as error:
                return [Finding.told(str(error), "unreadable-page")]

        return self._kept("status texts", files, make)

    def _kept(
        self, name: str, files: Sequence[Path], make: Callable[[], Iterable[Finding]]
    ) -> Sequence[Finding]:
        mark = mark_of(self.languages, *files, *map(file_mark, files))
        return self.memory.recall(name, mark, FINDINGS, lambda: tuple(make()))

    def age(self) -> list[Finding]:
        """Evidence that is no longer fresh."""
        return check_age(self.stored, self.today)

    def history(self, reference: str) -> list[Finding]:
        """Findings against a commit."""
        counts = {digest.path: digest.blocks for digest in self.digests[0]}
        return check_history(self.stored, counts, self.top, reference, self.now)

    def built(self, site: Path) -> list[Finding]:
        """Findings in the built site. Raises BadInput where there is none."""
        from trueup.check.built import check_built

        if not site.is_dir():
            raise BadInput(f"{site}: no site is built there; one was expected. Build it first.")
        refused: list[BadInput] = []
        pages = [
            page
            for language in self.languages
            for page in load_pages(self.docs / language, language, refused)
        ]
        status = self.stored.status
        try:
            snippets = render_snippets(status, self.top / "snippets")
        except BadInput:  # told of the templates already
            return []
        return check_built(status, pages, read_blocks(site), snippets, site)

    @property
    def severities(self) -> dict[str, Severity]:
        """How the policy has findings of some rules; nothing where it cannot be read."""
        try:
            return self.record.severities
        except BadStatus:
            return {}

    def run(
        self, *, against: str | None = None, fails_stale: bool = False, site: Path | None = None
    ) -> list[Finding]:
        """Findings in the repository, without building it.

        Where the status file cannot be used, only its own mistakes and keys are told: nothing else
        can be held to it. `against` is a commit whose evidence must still be there. With
        `fails_stale`, evidence that is no longer fresh is a finding. With `site`, the site that was
        built there is looked at too.
        """
        found = self.keys()
        try:
            found += self.published()
            if fails_stale:
                found += self.age()
            if site is not None:
                found += self.built(site)
            if against is not None:
                found += self.history(against)
        except BadStatus as error:
            return [*found, *(Finding.told(one, "bad-status") for one in error.complaints)]
        self.memory.save()
        return found


def check_sources(
    top: Path,
    now: datetime,
    today: date,
    *,
    against: str | None = None,
    fails_stale: bool = False,
    site: Path | None = None,
) -> list[Finding]:
    """Findings in the repository at `top`, as `Check.run` has them."""
    return Check(top, now, today).run(against=against, fails_stale=fails_stale, site=site)
