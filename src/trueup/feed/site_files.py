"""Site files: what the steps after MkDocs add to a built site, each file by its path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from trueup.feed.files import feed_files
from trueup.markdown_export import MarkdownFiles
from trueup.memo import NO_MEMO, Memo
from trueup.model import Status, anchor, split
from trueup.site import (
    MAIN,
    Page,
    languages_in,
    load_outline,
    place_of,
    sitemap_files,
)
from trueup.wording import AssistantLabels, load_catalogue

REHEARSAL = "REHEARSAL: the mock stood in for the gateway. Build on nothing here."


@dataclass(frozen=True)
class SiteFiles:
    """The files for programs of the repository at `top`, as of a date.

    `site` is the folder of the built pages, `pages` are their sources; `address` is the URL of the
    published site, if known.
    """

    top: Path
    site: Path
    status: Status
    pages: Sequence[Page]
    today: date
    address: str = ""

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the pages, the main one first."""
        return languages_in(self.top / "docs")

    @cached_property
    def guides(self) -> dict[str, AssistantLabels]:
        """The words of the Markdown export, by language."""
        return {language: AssistantLabels(load_catalogue(language)) for language in self.languages}

    @cached_property
    def is_rehearsal(self) -> bool:
        """Whether the docs are a copy with observations of the mock."""
        return (self.top / "REHEARSAL").exists()

    @property
    def mark(self) -> str | None:
        """The sentence at the top of every page of a rehearsal."""
        return REHEARSAL if self.is_rehearsal else None

    @property
    def published_at(self) -> str:
        """The site's URL, empty for a rehearsal, which is not published."""
        return "" if self.is_rehearsal else self.address

    def data(self) -> dict[str, str]:
        """Return the standings, feeds and badges, and with an address the sitemap."""
        files = feed_files(
            self.status, self.today, self.is_rehearsal, self.published_at, self._places()
        )
        if self.published_at:
            pages = {page.html: page for page in self.pages}
            files |= sitemap_files(self.languages, pages, self.published_at)
        return files

    def markdown(self, language: str, memo: Memo = NO_MEMO) -> dict[str, str]:
        """Return the Markdown export of a language for assistants, with the receipts that the pages
        have by now.

        Raises BadInput for a page that changed since it was built.
        """
        return MarkdownFiles(
            site=self.site,
            language=language,
            outline=load_outline(self.top, language),
            pages=[page for page in self.pages if page.language == language],
            guide=self.guides[language],
            today=self.today,
            address=self.published_at,
            mark=self.mark,
            memo=memo,
        ).render(self.guides)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by their paths in the site."""
        for name, text in files.items():
            (self.site / name).parent.mkdir(exist_ok=True)
            (self.site / name).write_text(text, encoding="utf-8")

    def _places(self) -> dict[str, str]:
        """Return the place in the site that documents each endpoint, in the main language."""
        pages = [page for page in self.pages if page.language == MAIN and page.model]
        homes = {page.model: place_of(page.html) for page in pages}
        return {
            name: f"{homes.get(split(name)[0], 'status/')}#{anchor(name)}"
            for name in self.status.endpoints
        }
