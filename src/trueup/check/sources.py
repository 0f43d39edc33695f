"""Sources: everything that a check reads before anything is built, and all that it finds there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from trueup.check.built import check_built
from trueup.check.hidden import check_hidden
from trueup.check.history import check_history
from trueup.check.keys import check_keys
from trueup.check.links import check_links
from trueup.check.prose import check_prose
from trueup.check.record import check_age, check_record
from trueup.check.repository import Repository
from trueup.check.settings import check_settings
from trueup.check.status_text import check_status_text
from trueup.check.templates import check_templates
from trueup.check.translations import check_translations
from trueup.errors import BadInput, BadStatus
from trueup.finding import Finding
from trueup.site import Page, languages_in, load_pages, read_blocks
from trueup.snippet import render_snippets
from trueup.store import Stored, load_status
from trueup.wording import load_catalogue, standing_words


@dataclass(frozen=True)
class Sources:
    """The status file, the pages and the templates of the repository at `top`.

    `refused` tells why pages were left out.
    """

    top: Path
    stored: Stored
    pages: Sequence[Page]
    languages: tuple[str, ...]
    refused: Sequence[BadInput] = ()

    @classmethod
    def load(cls, top: Path, now: datetime) -> "Sources":
        """What is at `top`; pages that cannot be used are left out. Raises BadStatus."""
        stored, docs = load_status(top / "status.yml", now), top / "docs"
        refused: list[BadInput] = []
        languages = languages_in(docs)
        pages = [page for one in languages for page in load_pages(docs / one, one, refused)]
        return cls(top, stored, pages, languages, refused)

    def check(self, today: date) -> list[Finding]:
        """Findings in all that is published, and in nothing beside it."""
        status, docs = self.stored.status, self.top / "docs"
        found = [Finding.told(str(error), "unreadable-page") for error in self.refused]
        found += check_record(self.stored, self.top, today)
        for language in self.languages:
            words = standing_words(load_catalogue(language)).values()
            pages = [page for page in self.pages if page.language == language]
            found += check_prose(status, pages, words)
        found += check_hidden(self.pages)
        found += check_links(status, self.pages)
        found += check_templates(status, self.top / "snippets")
        found += check_settings(self.top, self.languages)
        found += check_translations(docs, self.pages)
        return found + _careful(lambda: check_status_text(self.stored, docs, self.languages))


def check_sources(
    top: Path,
    now: datetime,
    today: date,
    *,
    against: str | None = None,
    fails_stale: bool = False,
    site: Path | None = None,
) -> list[Finding]:
    """Findings in the repository at `top`, without building it; all rules that can run do.

    `against` is a commit whose evidence must still be there. With `fails_stale`, evidence that is
    no longer fresh is a finding. With `site`, the site that was built there is looked at too.
    """
    found = check_keys(Repository(top))
    try:
        sources = Sources.load(top, now)
    except BadStatus as error:
        return [*found, *(Finding.told(one, "bad-status") for one in error.complaints)]
    found += sources.check(today)
    if fails_stale:
        found += check_age(sources.stored, today)
    if site is not None:
        found += _site(sources, site)
    if against is not None:
        found += check_history(sources.stored, sources.pages, top, against, now)
    return found


def _site(sources: Sources, site: Path) -> list[Finding]:
    if not site.is_dir():
        raise BadInput(f"{site}: no site is built there; one was expected. Build it first.")
    status, folder = sources.stored.status, sources.top / "snippets"
    try:
        snippets = render_snippets(status, folder)
    except BadInput:  # told of the templates already
        return []
    return check_built(status, sources.pages, read_blocks(site), snippets, site)


def _careful(check: Callable[[], list[Finding]]) -> list[Finding]:
    """What a check finds; a file that it cannot use is a finding too."""
    try:
        return check()
    except BadInput as error:
        return [Finding.told(str(error), "unreadable-page")]
