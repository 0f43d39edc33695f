"""What the tests share: this repository, copies of it to break, and a bench to run blocks on."""

import gc
import os
import re
import shutil
import signal
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path

import hypothesis
import pytest
import yaml
from sharing import common, once

from trueup.cli import progress
from trueup.docs import Docs
from trueup.pytest_plugin import PUBLISHED, published_in
from trueup.pytest_plugin.published import Published
from trueup.scaffold import InstallSource, SiteAnswers, write_starter
from trueup.site import MAIN, Block, languages_in, load_pages
from trueup.status_file import Stored, load_status
from trueup.verify.block_receipt import Report
from trueup.verify.judge import distinct_blocks
from trueup.verify.pool import Pool
from trueup.verify.run import Harness, open_mock

TOP = Path(__file__).parent.parent
SOURCES = ("docs", "overrides", "snippets", "mkdocs.yml")
TESTED, OTHERS = "https://crazyrouter.com", ("https://one.example:8443", "https://other.example")


def copy_repository(top: Path, languages: Sequence[str] = (MAIN,)) -> Path:
    """A copy of the sources of this repository's docs in some of its languages, to be broken.

    Its status file is frozen, so that an observation can be added without touching a test.
    """
    left_out = [name for name in languages_in(TOP / "docs") if name not in languages]
    configs = [f"mkdocs.{name}.yml" for name in languages if name != MAIN]
    for name in (*SOURCES, *configs):
        source = TOP / name
        if source.is_dir():
            shutil.copytree(source, top / name, ignore=shutil.ignore_patterns(*left_out))
        else:
            shutil.copy(source, top / name)
    for name in left_out:
        settings = (top / "mkdocs.yml").read_text(encoding="utf-8")
        switch = re.compile(rf"^ *- \{{name: .*, lang: {name}\}}\n", re.MULTILINE)
        (top / "mkdocs.yml").write_text(switch.sub("", settings), encoding="utf-8")
    record = shutil.copy(TOP / "tests" / "record.yml", top / "status.yml")
    _leave_out_other_models(top, yaml.safe_load(Path(record).read_text("utf-8"))["models"])
    return top


def _leave_out_other_models(top: Path, models: Collection[str]) -> None:
    """Remove the pages of models that a status file does not have, those with links to them, and
    their places in the menu."""
    pages = [
        page
        for language in languages_in(top / "docs")
        for page in load_pages(top / "docs" / language)
    ]
    others = {page.source for page in pages if page.model and page.model not in models}
    others |= {page.source for page in pages if any(f"]({name}" in page.text for name in others)}
    for page in pages:
        if page.source in others:
            page.path.unlink()
    for file in top.glob("mkdocs*.yml"):
        settings, key, menu = file.read_text("utf-8").partition("\nnav:\n")
        for source in others:
            menu = re.sub(rf"^ +- {re.escape(source)}\n?", "", menu, flags=re.MULTILINE)
        menu = re.sub(r"^( +)- [^:\n]+:\n(?!\1 +- )", "", menu, flags=re.MULTILINE)
        file.write_text(settings + key + menu, "utf-8")


def load_docs(top: Path, site: Path | None = None) -> Docs:
    now = datetime.now(UTC)
    return Docs.load(top, now, now.date(), site)


signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell makes what it starts in the background deaf to Ctrl-C, and with it all that it starts."""

progress.EVERY_S = float("inf")
"""A slow machine adds no lines of progress to what a command prints."""

for profile, examples in {"gate": 15, "all": 500}.items():
    # Without a deadline, since no test fails because the machine is slow.
    hypothesis.settings.register_profile(profile, deadline=None, max_examples=examples)
hypothesis.settings.load_profile("gate")


def is_long_run() -> bool:
    """Whether this is `scripts/test --all`."""
    return hypothesis.settings.get_current_profile_name() == "all"


def languages_of_run() -> tuple[str, ...]:
    """The languages of this repository that this run shows: all of them in the long one."""
    return languages_in(TOP / "docs")[: None if is_long_run() else 2]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="Run the tests marked `long` too.")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a quarter of the time of the tests is waiting for servers,
    browsers and sandboxes."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests marked `long` to the long run."""
    if not config.getoption("--all"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]


class Shared(Published):
    """What this repository publishes, in a site that is built once for all workers of a run."""

    folder: Path

    @cached_property
    def site(self) -> Path:
        def build(folder: Path) -> None:
            replace(self.docs, site=folder / "site").build()

        return once(self.folder / "published", build) / "site"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Let no garbage collection go through what the run keeps: imports, and thousands of items."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--all"):
        hypothesis.settings.load_profile("all")
    if hasattr(config, "workerinput"):
        published = published_in(config)
        shared = Shared(published.top, published.target, published.max_calls)
        shared.folder = common(config)
        config.add_cleanup(shared.close)
        config.stash[PUBLISHED] = shared


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return copy_repository(tmp_path)


@pytest.fixture
def starter(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    """The site that `trueup init` writes, to be broken: one page of a model and three blocks."""

    def write(top: Path) -> None:
        write_starter(top, SiteAnswers(day=date(2026, 5, 2)), InstallSource(("trueup==0.1.0",)))

    return shutil.copytree(once(common(pytestconfig) / "starter", write), tmp_path / "starter")


@pytest.fixture(scope="session")
def stored() -> Stored:
    return load_status(TOP / "status.yml", datetime.now(UTC))


@pytest.fixture(scope="session")
def harness(trueup_harness: Harness) -> Harness:
    """The mock's bench: every module may run blocks on it."""
    return trueup_harness


CHANGES = {
    "    reference: true\n": f"    reference: true\n    also: [{', '.join(OTHERS)}]\n",
    "Generate an image of a clean banana icon on a white background.": (
        f'"\U0001f34c like {TESTED}/logo.png or {TESTED}, <b>\'s"'
    ),
}


@pytest.fixture(scope="session")
def made(pytestconfig: pytest.Config) -> tuple[Docs, Report]:
    """The docs of a copy of this repository, built and stamped at the date of their evidence.

    Its target has two further base URLs, and one of its prompts holds the tested one.
    """
    top = once(common(pytestconfig) / "browsed", _make)
    docs = _at_its_evidence(top)
    return docs, Report.parse((docs.site / "receipts.json").read_text("utf-8"))


class CurlPool(Pool):
    """A pool that runs the blocks in curl alone, and gives those in other languages of the same
    endpoint their receipts: `status.yml` as a test runs each."""

    def verify(self, blocks: Sequence[Block], stored: Stored, today: date) -> Report:
        curl = [block for block in blocks if block.language == "bash"]
        report = super().verify(curl, stored, today)
        run = {receipt.endpoint: receipt for receipt in report.receipts}
        receipts = list(report.receipts)
        for block, pages in distinct_blocks(blocks):
            if block.language != "bash":
                seen = run[block.endpoint]
                receipts.append(
                    replace(
                        seen,
                        language=block.language,
                        sha256=block.sha256,
                        pages=pages,
                        exit_code=int(seen.outcome == "error"),  # as curl does not
                    )
                )
        return Report(tuple(receipts))


def _make(top: Path) -> None:
    status = copy_repository(top, languages_of_run()) / "status.yml"
    text = status.read_text("utf-8")
    for old, new in CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    status.write_text(text, "utf-8")
    docs = _at_its_evidence(top)
    docs.build(to_be_verified=True)
    pool = Pool if is_long_run() else CurlPool
    _, findings = docs.verify(pool(partial(open_mock, docs.stored)))
    assert not findings


def _at_its_evidence(top: Path) -> Docs:
    return replace(load_docs(top), today=date(2026, 4, 14))
