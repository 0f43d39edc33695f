"""Recorded blocks of docs in one pytest session: each is a test, replayed offline."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Literal

import pytest

from trueup.audit.tree import read_tree
from trueup.cli.group import containment_here, is_ci
from trueup.errors import TrueupError
from trueup.finding import Finding
from trueup.recording import Replayer, find_blocks, load_recordings, units_of
from trueup.recording.replay import Unit, lost_records, nothing_replayed

Selected = Literal["all", "some", "none"]
MARK = ("trueup", "recorded block")
"""User property by which the process that counts the results knows a block."""


class RecordedDocs:
    """The plugin for the pages of a folder, of which `selected` says how much is collected. They
    are read at their first use; each process with tests to run opens a sandbox of its own."""

    def __init__(
        self, config: pytest.Config, folder: Path, selected: Selected, allow_weak: bool
    ) -> None:
        self.config, self.folder, self.selected = config, folder, selected
        self.is_whole, self.allow_weak = selected == "all", allow_weak
        self.shown = os.path.relpath(folder, config.invocation_params.dir)
        self.error: TrueupError | None = None
        self.notes: list[Finding] = []
        self.found = self.collected = 0
        self.results: Counter[str] = Counter()

    @cached_property
    def pages(self) -> dict[Path, list[Unit]]:
        """The blocks by page. There are none where the docs cannot be read: `error` says why."""
        pages: dict[Path, list[Unit]] = {}
        try:
            tree, unread = read_tree(self.folder)
            recordings = load_recordings(self.folder)
        except TrueupError as error:
            self.error = error
            return pages
        found = find_blocks(replace(tree, top=Path(self.shown)), datetime.now(UTC).date())
        units = units_of(found, recordings)
        for unit in units:
            pages.setdefault(self.folder / unit[0].page, []).append(unit)
        self.found = found.counted
        self.notes = [*unread, *lost_records(found, units, recordings, self.folder)]
        return pages

    @cached_property
    def replayer(self) -> Replayer:
        """What replays the blocks. Raises BadInput where the sandbox is too weak."""
        units = [unit for page in self.pages.values() for unit in page]
        replayer = Replayer(units, containment_here(self.allow_weak), is_ci())
        self.config.add_cleanup(replayer.close)
        return replayer

    def pytest_report_header(self) -> str:
        if self.selected == "none":
            return f"trueup: no recorded block is selected; name {self.shown} to run them"
        return f"trueup: recorded blocks of {self.shown}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Go into a folder of pages such as `build`, into which pytest does not go by itself."""
        is_usual = not any(
            fnmatch(collection_path.name, pattern)
            for pattern in self.config.getini("norecursedirs")
        )
        if is_usual or self.folder not in (collection_path, *collection_path.parents):
            return None
        return False if any(collection_path in page.parents for page in self.pages) else None

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        if self.folder not in file_path.parents or file_path not in self.pages:
            return None
        page: RecordedPage = RecordedPage.from_parent(parent, path=file_path, docs=self)
        return page

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add a failing test where the docs could not be read or have no block, last, so that no
        selection by name leaves it out."""
        problem = None
        if self.is_whole and not (self.pages and self.collected):
            problem = str(nothing_replayed(self.shown, self.found))
        if self.error is not None:
            problem = str(self.error)
        if problem is not None:
            items.append(Problem.from_parent(session, name=self.shown, problem=problem))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if MARK in map(tuple, report.user_properties) and (report.skipped or report.when == "call"):
            self.results["skipped" if report.skipped else "run"] += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run in which every block was skipped."""
        if self.is_all_skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.is_whole and self.pages:
            for finding in self.notes:
                terminalreporter.write_line(str(finding), yellow=True)
        if self.is_all_skipped:
            finding = nothing_replayed(self.shown, self.results["skipped"])
            terminalreporter.write_line(str(finding), red=True)

    @property
    def is_all_skipped(self) -> bool:
        """Whether blocks were to be replayed, and none was."""
        return bool(self.results["skipped"] and not self.results["run"])


class RecordedPage(pytest.File):
    """A page as a collector of its blocks."""

    def __init__(self, *, docs: RecordedDocs, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.docs = docs

    def collect(self) -> Iterable[pytest.Item]:
        units: Sequence[Unit] = self.docs.pages[self.path]
        self.docs.collected += len(units)
        for unit in units:
            name = str(unit[0].place.line)
            yield RecordedBlock.from_parent(self, name=name, docs=self.docs, unit=unit)


class RecordedBlock(pytest.Item):
    """A block of a page as a test."""

    def __init__(self, *, docs: RecordedDocs, unit: Unit, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.docs, self.unit = docs, unit
        self.user_properties.append(MARK)

    def runtest(self) -> None:
        try:
            result = self.docs.replayer.replay(*self.unit)
        except TrueupError as error:
            if hasattr(self.config, "workerinput"):  # of xdist, which takes no exit from a worker
                raise pytest.fail.Exception(str(error), pytrace=False) from None
            pytest.exit(str(error), error.exit_code)
        if result.skipped is not None:
            pytest.skip(f"{self.unit[0].place}: {result.skipped}")
        if result.findings:
            pytest.fail("\n".join(map(str, result.findings)), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        place = self.unit[0].place
        return self.path, place.line - 1, str(place)


class Problem(pytest.Item):
    """A test that fails with a problem of the docs as a whole."""

    def __init__(self, *, problem: str, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.problem = problem

    def runtest(self) -> None:
        pytest.fail(self.problem, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name
