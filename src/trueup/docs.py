"""Docs: one repository's status file, pages, templates and site, and the steps over them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from trueup.check import Check, Sources, apply_baseline, load_baseline, refuse_errors
from trueup.check.built_site import BuiltSite
from trueup.check.site_comparison import check_file_kinds, compare_articles, compare_sites
from trueup.errors import BadInput
from trueup.feed import SiteFiles, StatusFeed
from trueup.finding import Finding, by_policy
from trueup.markdown_export import MarkdownLinks
from trueup.place import Place
from trueup.progress import Progress, no_progress
from trueup.shipped_files import shipped_folder
from trueup.site import (
    Banner,
    Block,
    Change,
    Page,
    TranslationLinks,
    build_site,
    export_files,
    link_files,
    secure_page,
    unwrap_parts,
)
from trueup.snippet import Snippet
from trueup.status_file import Stored
from trueup.steps import Steps
from trueup.verify.block_receipt import RECEIPTS, BlockReceipt, Report, no_observation
from trueup.verify.pool import Pool
from trueup.wording import receipt_lines

STATIC = (".css", ".js")
"""The ends of overrides that change no HTML of a page."""


@dataclass(frozen=True)
class Docs:
    """The docs of the repository at `top`, as of a date; `site` is the folder of the built pages.

    `address` is the URL of the published site, if known; `steps` says how the steps over its pages
    are done, and `progress` gets how far they are.
    """

    top: Path
    site: Path
    sources: Sources
    today: date
    address: str = ""
    steps: Steps = Steps()
    progress: Progress = no_progress

    @classmethod
    def load(
        cls, top: Path, now: datetime, today: date, site: Path | None = None, address: str = ""
    ) -> "Docs":
        """Return the docs at `top`, built into its `site` folder unless another is given.

        Raises BadStatus for the status file, BadInput for a page, and for code of the repository.
        """
        sources = Sources(top, now)
        refuse_errors(sources.code)
        refuse_errors(sources.pages[1])
        return cls(top, site or top / "site", sources, today, address)

    @property
    def stored(self) -> Stored:
        """The status file."""
        return self.sources.stored

    @property
    def pages(self) -> Sequence[Page]:
        """The pages of all languages."""
        return self.sources.pages[0]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the pages, the main one first."""
        return self.sources.languages

    @property
    def has_own_templates(self) -> bool:
        """Whether the policy lets the repository override a template of the theme."""
        return any(not name.endswith(STATIC) for name in self.stored.status.policy.overrides)

    @property
    def is_rehearsal(self) -> bool:
        """Whether these are a copy with observations of the mock."""
        return self.files.is_rehearsal

    @property
    def published_at(self) -> str:
        """The site's URL, empty for a rehearsal, which is not published."""
        return self.files.published_at

    @property
    def files(self) -> SiteFiles:
        """The files that the steps after MkDocs add to the site, as of now."""
        status = self.stored.status
        return SiteFiles(self.top, self.site, status, self.pages, self.today, self.address)

    def snippets(self) -> list[Snippet]:
        """Return every snippet that a page could publish. Raises BadInput for a template that
        cannot be rendered."""
        return self.sources.snippets.all()

    def check(self) -> list[Finding]:
        """Return findings in the status file and the pages as written."""
        return Check(self.sources, self.today, self.steps.memos).run()

    def judged(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings by policy and baseline, in the order of their places.

        Unused entries of the baseline are left to the check, which alone has all findings.
        """
        kept = apply_baseline(findings, load_baseline(self.top), self.top, self.today)
        kept = [finding for finding in kept if finding.rule != "unused-baseline"]
        return by_policy(kept, self.stored.status.policy.severities)

    def build(
        self,
        *,
        to_be_verified: bool = False,
        overrides: Path | None = None,
    ) -> None:
        """Build the pages, with other `overrides` than the repository's where they are given.
        Raises Unreachable when MkDocs fails.

        With `to_be_verified`, the Markdown export is left to `verify`, which adds the receipts.
        """
        self.snippets()  # raises BadInput for a template that cannot be rendered
        build_site(
            self.top,
            self.site,
            self.today,
            self.languages,
            self.published_at,
            overrides,
            self._changes(),
            self.steps.workers,
            self.steps.memos,
            self.progress,
            self.sources.snippets.made,
        )
        self.progress("writing the exports", 0, 0)
        export_files(self.top / "docs" / "evidence", self.stored.sent_files, self.site)
        self.files.write(self.files.data())
        if not to_be_verified:
            self.steps.write_markdown(self.files)

    def _changes(self) -> list[Change]:
        """Return what is changed in each page that MkDocs has made, in this order."""
        labels = {language: guide.labels for language, guide in self.files.guides.items()}
        pages = {page.html: labels[page.language] for page in self.pages}
        changes: list[Change] = [unwrap_parts, link_files]
        if len(self.languages) > 1:
            changes.append(TranslationLinks(pages, self.languages, self.published_at))
        changes.append(MarkdownLinks(pages))
        if self.files.mark:
            changes.append(Banner(self.files.mark))
        return [*changes, secure_page]

    def verify(self, pool: Pool) -> tuple[Report, list[Finding]]:
        """Run every block of the built site, write `receipts.json` and stamp the pages."""
        blocks = self.built_blocks()
        pool = replace(pool, progress=self.progress)
        report = pool.verify(blocks, self.stored, self.today)
        return report, self.add_receipts(blocks, report)

    def built_blocks(self) -> list[Block]:
        """Return every block of the built site. Raises BadInput where it is not built."""
        self._require_site()
        self.progress("reading the pages", 0, 0)
        return self.steps.read_blocks(self.site, self.languages)

    def add_receipts(self, blocks: list[Block], report: Report) -> list[Finding]:
        """Write the report of the site's blocks into it, stamp the pages and export them as
        Markdown. Return findings in the site, and the blocks that failed."""
        self.progress("stamping and checking the pages", 0, 0)
        report.write(self.site)
        findings: list[Finding] = []
        if (lost := self._stamp(blocks, report)) > 0:
            problem = f"blocks without a place for their receipt: {lost}"
            fix = "Publish them with the macros, and build again."
            findings.append(Finding(Place(str(self.site)), problem, fix, "lost-stamp"))
        if report.receipts and not report.counts["run"]:
            problem = f"no block is run: all {len(report.receipts)} are skipped"
            fix = "Let one at least be run: end a skip, or install the program that it needs."
            findings.append(Finding(Place(str(self.site)), problem, fix, "no-blocks"))
        self.steps.write_markdown(replace(self, today=self.built_on()).files)
        return findings + self.check_site(blocks) + self.failures(blocks, report)

    def failures(self, blocks: Iterable[Block], report: Report) -> list[Finding]:
        """Return a finding for each reason why a block of a report did not pass."""
        if all(receipt.passed for receipt in report.receipts):
            return []
        templates = {snippet.id: snippet.template for snippet in self.snippets()}
        ids = {(block.sha256, block.endpoint): block.id for block in blocks}
        return [
            finding
            for receipt in report.receipts
            for finding in _failures(
                receipt, templates.get(ids[receipt.sha256, receipt.endpoint] or "", "")
            )
        ]

    def check_site(self, blocks: Sequence[Block] | None = None) -> list[Finding]:
        """Return findings in the built site by itself; `blocks` are its own, if they were read."""
        blocks, status = blocks or self.built_blocks(), self.stored.status
        pages = self.steps.read_pages(self.site, self.languages)
        return BuiltSite(self.site, status, self.pages, pages, blocks, self.snippets()).check()

    def check_built(self) -> list[Finding]:
        """Return findings in a site that was built before: it is compared with one that is built
        anew, as of the same day, and stamped by the same receipts."""
        self._require_site()
        if found := check_file_kinds(self.site):
            return found
        blocks = self.built_blocks()
        with TemporaryDirectory(prefix="trueup-site-") as folder:
            fresh = replace(self, site=Path(folder, "fresh"), today=self.built_on())
            fresh.build(to_be_verified=True)
            fresh._stamp_as(self.site, blocks)
            fresh.steps.write_markdown(fresh.files)
            found += compare_sites(self.site, fresh.site)
            if self.has_own_templates:
                plain = replace(fresh, site=Path(folder, "plain"))
                plain.build(to_be_verified=True, overrides=shipped_folder() / "overrides")
                plain._stamp_as(self.site, blocks)
                found += compare_articles(fresh.site, plain.site)
        return found + self.check_site(blocks)

    def _require_site(self) -> None:
        if not self.site.is_dir():
            raise BadInput(self.site, "the site is not built", "Build it first.")

    def built_on(self) -> date:
        """Return the date as of which the site was built; today where its feed names none."""
        try:
            feed = (self.site / "status.json").read_bytes()
            return StatusFeed.model_validate_json(feed).as_of
        except (OSError, ValidationError):
            return self.today

    def _stamp_as(self, site: Path, blocks: list[Block]) -> None:
        """Stamp the pages by the blocks and receipts of another site, if those are valid."""
        try:
            report = Report.parse((site / RECEIPTS).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._stamp(blocks, report)

    def _stamp(self, blocks: list[Block], report: Report) -> int:
        """Stamp the pages; return the number of blocks without a marker for it."""
        lines = receipt_lines(blocks, report.receipts, self.stored.status, self.languages)
        return len(lines) - self.steps.stamp(self.site, self.languages, lines)


def _failures(receipt: BlockReceipt, template: str) -> list[Finding]:
    where = Place(template or f"site/{receipt.pages[0]}")
    name = f"{receipt.endpoint} ({receipt.language})"
    if receipt.inconclusive is not None:
        problem = f"{name} is inconclusive: {receipt.inconclusive}"
        return [Finding(where, problem, "Run it again.", "inconclusive-block")]
    place = f" (observation at {receipt.record})" if receipt.record else ""
    fix = f"Fix the template or the status file{place}, or retest."
    fixes = {no_observation(receipt.target): "Retest it, or add a skip with a reason and a date."}
    return [
        Finding(where, f"{name} failed: {reason}", fixes.get(reason, fix), "failed-block")
        for reason in receipt.reasons
    ]
