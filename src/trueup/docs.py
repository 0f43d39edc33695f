"""Docs: one repository's status file, pages, templates and site, and the steps over them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from trueup.check import check_prose, check_published, check_record
from trueup.crew import Crew
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.model import Standing
from trueup.receipt import Receipt, Report
from trueup.site import (
    Block,
    Page,
    build_site,
    export_receipts,
    load_pages,
    mark_pages,
    read_blocks,
    stamp_site,
)
from trueup.snippet import Snippet, languages_of, render_snippet
from trueup.store import Stored, load_status
from trueup.wording import load_catalogue, receipt_line

LANGUAGE = "en"
REHEARSAL = "REHEARSAL: the mock stood in for the gateway. Build on nothing here."


@dataclass(frozen=True)
class Docs:
    """The docs of the repository at `top`, as of a day; `site` is where the built pages are."""

    top: Path
    site: Path
    stored: Stored
    pages: tuple[Page, ...]
    today: date

    @classmethod
    def load(cls, top: Path, now: datetime, today: date, site: Path | None = None) -> "Docs":
        """The docs at `top`, built into its `site` folder unless another is given.

        Raises BadStatus or BadInput for what cannot be read.
        """
        stored = load_status(top / "status.yml", now)
        pages = tuple(load_pages(top / "docs" / LANGUAGE))
        return cls(top, site or top / "site", stored, pages, today)

    @property
    def is_rehearsal(self) -> bool:
        """Whether these are a copy whose record the mock has made."""
        return (self.top / "REHEARSAL").exists()

    def snippets(self) -> list[Snippet]:
        """Every snippet that a page could publish."""
        status, folder = self.stored.status, self.top / "snippets"
        return [
            render_snippet(status, endpoint, language.name, folder)
            for endpoint in status.endpoints
            for language in languages_of(status.route_of(endpoint).protocol, folder)
        ]

    def check(self) -> list[Finding]:
        """Findings in the status file and the pages as written."""
        words = [standing.replace("-", " ") for standing in Standing]
        return [
            *check_record(self.stored, self.top, self.today),
            *check_prose(self.stored.status, self.pages, words),
        ]

    def build(self, environment: Mapping[str, str]) -> None:
        """Builds the pages. Raises Unreachable when MkDocs does not end well."""
        self.snippets()  # a template that cannot be rendered is bad input, and told as such
        build_site(self.top, self.site, {**environment, "TRUEUP_AS_OF": self.today.isoformat()})
        export_receipts(self.top / "docs" / "evidence", self.site)
        if self.is_rehearsal:
            mark_pages(self.site, REHEARSAL)

    def verify(self, crew: Crew) -> tuple[Report, list[Finding]]:
        """Runs every block of the built site, writes `receipts.json` and stamps the pages."""
        if not self.site.is_dir():
            raise BadInput(
                f"{self.site}: no site is built there; one was expected. Build it first."
            )
        blocks, snippets = read_blocks(self.site), self.snippets()
        findings = check_published(self.stored.status, self.pages, blocks, snippets)
        report = crew.verify(blocks, self.stored, self.today)
        (self.site / "receipts.json").write_text(report.render(), encoding="utf-8")
        if (lost := self._stamp(blocks, report)) > 0:
            text = f"{lost} blocks have no place for their receipt; one each was expected."
            findings.append(Finding(str(self.site), "lost-stamp", f"{text} Call the macros again."))
        templates = {snippet.id: snippet.template for snippet in snippets}
        ids = {(block.sha256, block.endpoint): block.id for block in blocks}
        for receipt in report.receipts:
            template = templates.get(ids[receipt.sha256, receipt.endpoint] or "", "")
            findings += _failures(receipt, template)
        return report, findings

    def _stamp(self, blocks: list[Block], report: Report) -> int:
        """Stamps the pages; the number of blocks that lack their marker."""
        receipts = {(r.sha256, r.language, r.endpoint): r for r in report.receipts}
        catalogue = load_catalogue(LANGUAGE)
        lines = {}
        for block in blocks:
            receipt = receipts.get((block.sha256, block.language, block.endpoint))
            if receipt is not None and block.id is not None:
                line = receipt_line(receipt, self.stored.status, catalogue, block.page)
                lines[block.page, block.id] = line
        return len(lines) - stamp_site(self.site, lines)


def _failures(receipt: Receipt, template: str) -> list[Finding]:
    where = template or f"site/{receipt.pages[0]}"
    if receipt.untold is not None:
        text = f"{receipt.endpoint} ({receipt.language}): {receipt.untold}; an answer that tells of"
        return [Finding(where, "untold-block", f"{text} the route was expected. Run it again.")]
    record = f" (recorded at {receipt.record})" if receipt.record else ""
    return [
        Finding(
            where,
            "failed-block",
            f"{receipt.endpoint} ({receipt.language}): {reason}{record}. Mend the template or the"
            " status file, or retest.",
        )
        for reason in receipt.reasons
    ]
