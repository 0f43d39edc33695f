"""Published: the docs of one pytest session, built once, and their blocks as tests."""

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from trueup.check.published_blocks import check_published
from trueup.cli.group import containment_here, hidden_secrets, is_ci, key_of, load_docs
from trueup.docs import Docs
from trueup.errors import BadInput, TrueupError
from trueup.finding import Finding
from trueup.pytest_plugin import published_in
from trueup.site import Block, place_of, read_blocks
from trueup.verify.judge import distinct, verify_block
from trueup.verify.run import Harness, open_mock, open_relay


@dataclass(frozen=True)
class Case:
    """One test: a block with the pages that publish it, or what was found wrong with them."""

    name: str
    found: Block | Finding
    pages: tuple[str, ...] = ()

    def block(self) -> Block:
        """The block; a test that asks for one that was lost fails here."""
        if isinstance(self.found, Finding):
            pytest.fail(str(self.found), pytrace=False)
        return self.found


class Published:
    """What a repository publishes. The site is built, and a bench opened, at its first use."""

    def __init__(self, top: Path, target: str, max_calls: int | None) -> None:
        self.top, self.target, self.max_calls = top, target, max_calls
        self._open = ExitStack()

    def close(self) -> None:
        """Ends what was opened, and takes the site away."""
        self._open.close()

    @cached_property
    def docs(self) -> Docs:
        """The docs, to be built into a folder that goes with the session."""
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="trueup-site-"))
        return replace(load_docs(self.top, None), site=Path(folder, "site"))

    @cached_property
    def site(self) -> Path:
        """The built site. Raises TrueupError where it cannot be built."""
        with hidden_secrets():
            self.docs.build()
        return self.docs.site

    @cached_property
    def cases(self) -> list[Case]:
        """A case of each distinct block and of each error in the site, so never none.

        Raises CollectError where the site cannot be built.
        """
        try:
            blocks, docs = read_blocks(self.site), self.docs
            found = check_published(docs.stored.status, docs.pages, blocks, docs.snippets())
        except TrueupError as error:
            raise pytest.Collector.CollectError(str(error)) from error
        wrong = [one for one in found if one.severity == "error"]
        return [
            *(Case(f"{one.rule}:{_within(str(one.where), self.top)}", one) for one in wrong),
            *(Case(_address(block, pages), block, pages) for block, pages in distinct(blocks)),
        ]

    @cached_property
    def mock(self) -> Harness:
        """A sandbox in front of the mock."""
        harness = open_mock(self.docs.stored, containment_here(), complete=is_ci())
        return self._open.enter_context(harness)

    @cached_property
    def harness(self) -> Harness:
        """The bench of the target that was asked for."""
        if self.target == "mock":
            return self.mock
        stored = self.docs.stored
        key = key_of(self.target, stored.status)
        if not self.max_calls:
            raise BadInput(
                f"--target {self.target}: no cap was given; --max-calls N was expected. Give it."
            )
        relay = open_relay(
            stored, self.target, key, self.max_calls, containment_here(), complete=is_ci()
        )
        return self._open.enter_context(relay)

    def run(self, case: Case) -> None:
        """Runs a block, and fails or skips the test that does so."""
        block, docs = case.block(), self.docs
        receipt = verify_block(block, case.pages, docs.stored, self.harness, docs.today)
        if receipt.skipped:
            pytest.skip(receipt.skipped)
        if not receipt.passed:
            record = f" (recorded at {receipt.record})" if receipt.record else ""
            told = [receipt.inconclusive] if receipt.inconclusive else receipt.reasons
            lines = [f"{block.endpoint} ({block.language}): {one}{record}." for one in told]
            pytest.fail("\n".join([*lines, f"Published on: {', '.join(case.pages)}"]), False)


class StatusFile(pytest.File):
    """The status file as a collector: the blocks that follow from it are its tests."""

    def collect(self) -> Iterable[pytest.Item]:
        for case in published_in(self.config).cases:
            yield BlockItem.from_parent(self, name=case.name, case=case)


class BlockItem(pytest.Item):
    """A published block, or what is wrong with one, as a test."""

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
    """Where the block stands in the site; of several pages, that with the shortest address."""
    return f"{place_of(min(pages, key=len))}#{block.id}"


def _within(where: str, top: Path) -> str:
    return where.removeprefix(f"{top}/")
