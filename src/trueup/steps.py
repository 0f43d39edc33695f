"""Steps: those over all pages of a built site, a language at a time, each page only where it has
changed."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trueup.check.built_site import BuiltPage, read_pages
from trueup.feed import SiteFiles
from trueup.memo import NO_MEMOS, Memos
from trueup.site import Block, language_at, pages_in, read_blocks, stamp_site
from trueup.workers import ALONE, Workers

FEW_PAGES = 200
"""So many are made before another process has started."""


def workers_for(pages: int, jobs: int | None = None) -> Workers:
    """Return the workers for a number of pages: as many as there are cores, or as `jobs` says."""
    return Workers((jobs or os.cpu_count() or 1) if pages > FEW_PAGES else 1)


@dataclass(frozen=True)
class Steps:
    """How the steps are done: `workers` have a language each, and `memos` keep what they make."""

    workers: Workers = ALONE
    memos: Memos = NO_MEMOS

    def read_blocks(self, site: Path, languages: Sequence[str]) -> list[Block]:
        """Return every block of a site, in the order of its pages."""
        found = self._map(read_blocks, "blocks", site, languages)
        return sorted(found, key=lambda block: block.page)

    def read_pages(self, site: Path, languages: Sequence[str]) -> list[BuiltPage]:
        """Return every page of a site as its checks need it, in their order."""
        found = self._map(read_pages, "checks", site, languages)
        return sorted(found, key=lambda page: page.name)

    def stamp(
        self, site: Path, languages: Sequence[str], lines: Mapping[tuple[str, str], str]
    ) -> int:
        """Insert lines as `stamp_site` does; return their number."""
        pages = _pages_of(site, languages).values()
        return sum(self.workers.map(partial(stamp_site, site, lines), pages))

    def write_markdown(self, files: SiteFiles) -> None:
        """Write the Markdown export. Raises BadInput for a page that changed after the build."""
        self.workers.map(partial(_write_markdown, files, self.memos), files.languages)

    def _map(
        self, read: Callable[..., list[Any]], step: str, site: Path, languages: Sequence[str]
    ) -> list[Any]:
        pages = _pages_of(site, languages).items()
        parts = self.workers.map(partial(_read, read, self.memos, step, site), pages)
        return [one for part in parts for one in part]


def _pages_of(site: Path, languages: Sequence[str]) -> dict[str, list[str]]:
    """Return the paths of the pages of a site, by language."""
    pages: dict[str, list[str]] = {language: [] for language in languages}
    for page in pages_in(site):
        pages[language_at(page, languages)].append(page)
    return pages


def _read(
    read: Callable[..., list[Any]],
    memos: Memos,
    step: str,
    site: Path,
    part: tuple[str, Sequence[str]],
) -> list[Any]:
    language, pages = part
    with memos.of(step, language) as memo:
        return read(site, pages, memo)


def _write_markdown(files: SiteFiles, memos: Memos, language: str) -> None:
    with memos.of("markdown", language) as memo:
        files.write(files.markdown(language, memo))
