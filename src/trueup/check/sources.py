"""Sources: everything that a check reads before anything is built, and all that it finds there.

The way of the data: the status file to its facts; each page, by the facts, to its digest; the
digests beside each other, for links and translations.
"""

from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from trueup.check.banned_terms import BannedTerms, banned_terms
from trueup.check.calls import check_calls
from trueup.check.history import check_history
from trueup.check.keys import check_key
from trueup.check.links import check_links
from trueup.check.mkdocs_config import check_settings
from trueup.check.page_summary import PageSummary, summarize_page
from trueup.check.repository import Repository
from trueup.check.status import check_age, check_status
from trueup.check.status_text import check_status_text
from trueup.check.templates import check_templates
from trueup.check.translations import check_translations
from trueup.errors import BadInput, BadStatus
from trueup.evidence import Assessment, assess
from trueup.finding import RULES, Finding
from trueup.model import Severity, anchor
from trueup.site import languages_in, load_page, load_pages, page_files, read_blocks
from trueup.snippet import render_snippets
from trueup.status_file import Stored, load_status
from trueup.wording import load_catalogue, standing_words


class Check:
    """One check of the repository at `top`, which changes nothing."""

    def __init__(self, top: Path, now: datetime, today: date) -> None:
        self.top = top
        self.docs = top / "docs"
        self.now = now
        self.today = today
        self.languages = languages_in(self.docs)

    @cached_property
    def stored(self) -> Stored:
        """The status file. Raises BadStatus."""
        return load_status(self.top / "status.yml", self.now)

    @cached_property
    def assessments(self) -> dict[str, Assessment]:
        """What the evidence supports. Raises BadStatus."""
        return assess(self.stored.status)

    @cached_property
    def facts(self) -> BannedTerms:
        """What no page may type by itself. Raises BadStatus."""
        return banned_terms(self.stored.status)

    def published(self) -> list[Finding]:
        """Findings in all that is published. Raises BadStatus."""
        status = self.stored.status
        digests, refused = self.digests
        found = [*refused, *check_status(self.stored, self.assessments, self.top, self.today)]
        found += [finding for digest in digests for finding in digest.findings]
        found += check_calls(digests, status, self.top)
        made = {*status.models, *status.signatures, *map(anchor, status.endpoints), *RULES}
        found += check_links(digests, made)
        found += check_templates(status, self.facts, self.top / "snippets")
        found += check_settings(self.top, self.languages)
        found += check_translations(self.docs, digests)
        return [*found, *self._status_texts()]

    def keys(self) -> list[Finding]:
        """What looks like a key in any file of the repository."""
        files = Repository(self.top).files()
        return [finding for name in files for finding in check_key(self.top / name)]

    @cached_property
    def digests(self) -> tuple[list[PageSummary], list[Finding]]:
        """The digests of all pages, and a finding for each page that has none."""
        digests: list[PageSummary] = []
        refused: list[Finding] = []
        for language in self.languages:
            words = standing_words(load_catalogue(language)).values()
            facts = self.facts.with_words(frozenset(words))
            for file in page_files(self.docs / language):
                try:
                    page = load_page(self.docs / language, file, language)
                except BadInput as error:
                    refused.append(Finding.told(str(error), "unreadable-page"))
                else:
                    digests.append(summarize_page(page, facts))
        return digests, refused

    def _status_texts(self) -> list[Finding]:
        try:
            found = check_status_text(self.stored, self.facts, self.docs, self.languages)
            return list(found)
        except BadInput as error:
            return [Finding.told(str(error), "unreadable-page")]

    def age(self) -> list[Finding]:
        """Evidence that is no longer fresh."""
        return check_age(self.stored, self.assessments, self.today)

    def history(self, reference: str) -> list[Finding]:
        """Findings against a commit."""
        counts = {digest.path: digest.blocks for digest in self.digests[0]}
        return check_history(self.stored, self.assessments, counts, self.top, reference, self.now)

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
            return self.stored.status.policy.severities
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
