"""Sources: the check of everything that is read before anything is built.

The status file gives the banned terms; each page is summarized by them; links, calls and
translations are checked across the summaries.
"""

from datetime import date, datetime
from functools import cached_property
from itertools import chain
from pathlib import Path

from trueup.check.banned_terms import BannedTerms, banned_terms
from trueup.check.call_arguments import check_calls
from trueup.check.leaked_keys import check_key
from trueup.check.links import check_links
from trueup.check.outside_pages import check_outside_pages
from trueup.check.page_markdown import PageMarkdown, load_markdown
from trueup.check.page_summary import PageSummary, summarize_pages
from trueup.check.repository_code import check_repository_code
from trueup.check.status_changes import check_history
from trueup.check.status_claims import check_age, check_status
from trueup.check.status_translations import check_status_text
from trueup.check.templates import check_templates
from trueup.check.translations import check_translations
from trueup.errors import BadInput, BadStatus
from trueup.evidence import Assessment, assess
from trueup.finding import RULES, Finding
from trueup.git_repository import Repository
from trueup.memo import NO_MEMOS, Memos
from trueup.model import Severity, anchor
from trueup.site import MAIN, Page, languages_in, load_page, page_files, settings_of
from trueup.snippet import Snippets
from trueup.status_file import Stored, load_status
from trueup.wording import load_catalogue, standing_words


class Sources:
    """The status file and the pages of the repository at `top`, each read once, on first use;
    observations later than `now` are refused."""

    def __init__(self, top: Path, now: datetime) -> None:
        self.top = top
        self.docs = top / "docs"
        self.now = now
        self.languages = languages_in(self.docs)

    @cached_property
    def stored(self) -> Stored:
        """The status file. Raises BadStatus."""
        return load_status(self.top / "status.yml", self.now)

    @cached_property
    def snippets(self) -> Snippets:
        """The snippets of its templates. Raises BadStatus."""
        return Snippets(self.stored.status, self.top / "snippets")

    @cached_property
    def code(self) -> list[Finding]:
        """The findings in settings, overrides and links. Raises BadStatus."""
        named = self.stored.status.policy.overrides
        return check_repository_code(self.top, self.languages, named)

    @cached_property
    def pages(self) -> tuple[list[Page], list[Finding]]:
        """All pages, and a finding for each that cannot be read."""
        pages: list[Page] = []
        refused: list[Finding] = []
        unsafe = {one.where.path for one in self.code if one.rule == "unreadable-page"}
        for language in self.languages:
            for file in page_files(self.docs / language):
                if unsafe and unsafe & {str(file), *map(str, file.parents)}:
                    continue
                try:
                    pages.append(load_page(self.docs / language, file, language))
                except BadInput as error:
                    refused.append(Finding.of(error.message, "unreadable-page"))
        return pages, refused


class Check:
    """A check of the sources of a repository, which changes nothing; `memos` keep what it found in
    each page alone, and in the texts that no page holds."""

    def __init__(self, sources: Sources, today: date, memos: Memos = NO_MEMOS) -> None:
        self.sources = sources
        self.top, self.languages = sources.top, sources.languages
        self.today = today
        self.memos = memos

    @property
    def stored(self) -> Stored:
        """The status file. Raises BadStatus."""
        return self.sources.stored

    @cached_property
    def assessments(self) -> dict[str, Assessment]:
        """The assessment of each endpoint. Raises BadStatus."""
        return assess(self.stored.status)

    @cached_property
    def terms(self) -> BannedTerms:
        """The terms that nobody may type. Raises BadStatus."""
        words = [standing_words(load_catalogue(one)).values() for one in self.languages]
        about = [page.source for page in self.sources.pages[0] if page.model]
        return banned_terms(self.stored.status, chain.from_iterable(words), about)

    def published(self) -> list[Finding]:
        """Return findings in everything that is published. Raises BadStatus."""
        status = self.stored.status
        summaries, refused = self.summaries
        found = [*refused, *check_status(self.stored, self.assessments, self.top, self.today)]
        found += [finding for summary in summaries for finding in summary.findings]
        found += check_calls(summaries, status, self.top)
        made = {*status.models, *status.signatures, *map(anchor, status.endpoints), *RULES}
        found += check_links(summaries, made)
        found += self.sources.code
        found += check_translations(self.sources.docs, [summary.page for summary in summaries])
        return [*found, *self._texts()]

    def keys(self) -> list[Finding]:
        """Return the possible keys in all files of the repository."""
        files = Repository(self.top).files()
        return [finding for name in files for finding in check_key(self.top / name, self.top)]

    @cached_property
    def summaries(self) -> tuple[list[PageSummary], list[Finding]]:
        """The summaries of all pages, and a finding for each page that cannot be read."""
        pages, refused = self.sources.pages
        renderers: dict[str, PageMarkdown] = {}
        summaries: list[PageSummary] = []
        for one in self.languages:
            settings = self.top / settings_of(one)
            renderers[one] = load_markdown(settings, self.top, renderers.values())
            own = [page for page in pages if page.language == one]
            with self.memos.of("summaries", one) as memo:
                summaries += summarize_pages(own, self.terms, renderers[one], memo)
        return summaries, refused

    def _texts(self) -> list[Finding]:
        """Return findings in texts that no page holds."""
        stored, terms, top, languages = self.stored, self.terms, self.top, self.languages
        with self.memos.of("texts", MAIN) as memo:
            found = check_templates(stored, terms, self.sources.snippets, memo)
            found += check_outside_pages(top, terms, languages, stored.sent_files, memo)
            try:
                found += check_status_text(stored, terms, self.sources.docs, languages, memo)
            except BadInput as error:
                found.append(Finding.of(error.message, "unreadable-page"))
        return found

    def history(self, reference: str) -> list[Finding]:
        """Return findings against a commit."""
        counts = {str(one.page.path): one.page.blocks for one in self.summaries[0]}
        now, today = self.sources.now, self.today
        return check_history(self.stored, self.assessments, counts, self.top, reference, now, today)

    @property
    def severities(self) -> dict[str, Severity]:
        """The policy's severities of rules; none where the status file is not valid."""
        try:
            return self.stored.status.policy.severities
        except BadStatus:
            return {}

    def run(self, *, against: str | None = None, fails_stale: bool = False) -> list[Finding]:
        """Return findings in the repository, without building it.

        With a status file that is not valid, only its own problems and possible keys are reported,
        since all else is compared with it. `against` is a commit whose evidence must still exist;
        with `fails_stale`, evidence that is no longer fresh is a finding.
        """
        found = self.keys()
        try:
            found += self.published()
            if fails_stale:
                found += check_age(self.stored, self.assessments, self.today)
            if against is not None:
                found += self.history(against)
        except BadStatus as error:
            return [*found, *(Finding.of(one, "bad-status") for one in error.messages)]
        return found
