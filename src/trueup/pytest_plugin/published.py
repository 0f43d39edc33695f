"""Published docs of one pytest session: built once, with their blocks as tests."""

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from trueup.check.published_blocks import check_published
from trueup.cli.group import (
    containment_here,
    is_ci,
    key_of,
    load_docs,
    search_here,
)
from trueup.docs import Docs
from trueup.errors import BadInput, TrueupError
from trueup.finding import Finding
from trueup.pytest_plugin import published_in
from trueup.site import Block, place_of
from trueup.verify.judge import distinct_blocks, verify_block
from trueup.verify.run import Harness, open_mock, open_relay


@dataclass(frozen=True)
class Case:
    """A test: a block with the pages that publish it, or a finding in the site."""

    name: str
    found: Block | Finding
    pages: tuple[str, ...] = ()

    def block(self) -> Block:
        """Return the block; fail the test for a finding."""
        if isinstance(self.found, Finding):
            pytest.fail(str(self.found), pytrace=False)
        return self.found


class Published:
    """The docs of a repository. The site is built, and a harness opened, at its first use."""

    def __init__(
        self, top: Path, target: str, max_calls: int | None, allow_weak: bool = False
    ) -> None:
        self.top, self.target, self.max_calls = top, target, max_calls
        self.allow_weak = allow_weak
        self._open = ExitStack()

    def close(self) -> None:
        """Close the harnesses and remove the site."""
        self._open.close()

    @cached_property
    def docs(self) -> Docs:
        """The docs, to be built into a folder that lasts as long as the session."""
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="trueup-site-"))
        return replace(load_docs(self.top, None), site=Path(folder, "site"))

    @cached_property
    def site(self) -> Path:
        """The built site. Raises TrueupError where it cannot be built."""
        self.docs.build()
        return self.docs.site

    @cached_property
    def cases(self) -> list[Case]:
        """A case for each distinct block and each error in the site, so never none.

        Raises CollectError if the site cannot be built.
        """
        try:
            docs = replace(self.docs, site=self.site)
            blocks = docs.built_blocks()
            found = check_published(docs.stored.status, docs.pages, blocks, docs.snippets())
        except TrueupError as error:
            raise pytest.Collector.CollectError(str(error)) from error
        errors = [finding for finding in found if finding.severity == "error"]
        return [
            *(
                Case(f"{error.rule}:{_within(str(error.where), self.top)}", error)
                for error in errors
            ),
            *(
                Case(_address(block, pages), block, pages)
                for block, pages in distinct_blocks(blocks)
            ),
        ]

    @cached_property
    def mock(self) -> Harness:
        """A sandbox in front of the mock."""
        harness = open_mock(self.docs.stored, containment_here(self.allow_weak), complete=is_ci())
        return self._open.enter_context(harness)

    @cached_property
    def harness(self) -> Harness:
        """The harness of the session's target."""
        if self.target == "mock":
            return self.mock
        stored = self.docs.stored
        search = search_here()
        key = key_of(self.target, stored.status)
        if not self.max_calls:
            raise BadInput(f"--target {self.target}", "no cap on the calls", "Give --max-calls N.")
        containment, calls = containment_here(self.allow_weak, is_live=True), self.max_calls
        relay = open_relay(
            stored, self.target, key, calls, containment, complete=is_ci(), search=search
        )
        return self._open.enter_context(relay)

    def run(self, case: Case) -> None:
        """Run a block, and fail or skip its test."""
        block, docs = case.block(), self.docs
        receipt = verify_block(block, case.pages, docs.stored, self.harness, docs.today)
        if receipt.skipped:
            pytest.skip(receipt.skipped)
        if not receipt.passed:
            record = f" (recorded at {receipt.record})" if receipt.record else ""
            reasons = [receipt.inconclusive] if receipt.inconclusive else receipt.reasons
            called = f"{block.endpoint} ({block.language})"
            lines = [f"{called}: {reason}{record}." for reason in reasons]
            pytest.fail("\n".join([*lines, f"Published on: {', '.join(case.pages)}"]), False)


class StatusFile(pytest.File):
    """The status file as a collector of the published blocks."""

    def collect(self) -> Iterable[pytest.Item]:
        for case in published_in(self.config).cases:
            yield BlockItem.from_parent(self, name=case.name, case=case)


class BlockItem(pytest.Item):
    """A published block, or a finding, as a test."""

    def __init__(self, *, case: Case, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.case = case

    def runtest(self) -> None:
        try:
            published_in(self.config).run(self.case)
        except TrueupError as error:
            pytest.exit(str(error), error.exit_code)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


def _address(block: Block, pages: tuple[str, ...]) -> str:
    """Return the block's address in the site; of several pages, the shortest."""
    return f"{place_of(min(pages, key=len))}#{block.id}"


def _within(where: str, top: Path) -> str:
    return where.removeprefix(f"{top}/")
