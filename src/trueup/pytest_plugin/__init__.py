"""Pytest plugin: the hooks and fixtures. pytest imports it in every repository where Trueup is
installed, and before coverage starts: the engine is loaded only where a repository uses it."""

import argparse
import contextlib
import os
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from trueup.docs import Docs
    from trueup.pytest_plugin.published import Published
    from trueup.site import Block
    from trueup.verify.run import Harness

__all__ = ["published_in"]

OPTIONS: dict[str, dict[str, Any]] = {
    "target": {"default": "mock", "help": "target of the blocks: mock (the default) or a live one"},
    "max-calls": {"type": int, "help": "maximum number of calls; required for a live target"},
    "allow-weak-sandbox": {
        "action": "store_true",
        "help": "run blocks without bubblewrap as root or in CI too",
    },
}
T = TypeVar("T")
PUBLISHED = pytest.StashKey["Published"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("trueup", "published blocks of docs")
    about = "top of the repository whose published blocks are tests, relative to the root directory"
    group.addoption("--trueup-top", metavar="DIR", help=about)
    recorded = "folder of docs whose recorded blocks are tests, relative to the root directory"
    group.addoption("--trueup-recorded", metavar="DIR", help=recorded)
    parser.addini("trueup_recorded", f"{recorded}; none by default")
    for name, settings in OPTIONS.items():
        group.addoption(f"--trueup-{name}", **settings)
    parser.addini("trueup_top", f"{about}; none by default")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    """Add the short names of the options, if Trueup is used and no other plugin has these."""
    result = yield
    is_recorded = bool(_recorded_option(early_config))
    for name, settings in OPTIONS.items():
        if _top_option(early_config) or (is_recorded and name == "allow-weak-sandbox"):
            with contextlib.suppress(argparse.ArgumentError):
                parser.getgroup("trueup").addoption(
                    f"--{name}", dest=f"trueup_{name.replace('-', '_')}", **settings
                )
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Add the status file, and the folder of recorded blocks, to the collected paths, unless other
    paths are named."""
    if _recorded_option(config):
        _add_recorded(config)
    if not _top_option(config):
        return
    file = _status_file(config)
    if not file.is_file():
        raise pytest.UsageError(
            f"trueup_top: {file} was not found. Correct --trueup-top, or trueup_top in the"
            " settings of pytest."
        )
    is_by_name = config.args_source is pytest.Config.ArgsSource.ARGS
    if not is_by_name and not _is_collected(config, file):
        config.args.append(str(file))


def _add_recorded(config: pytest.Config) -> None:
    folder = Path(os.path.abspath(config.rootpath / _recorded_option(config)))
    if not folder.is_dir():
        raise pytest.UsageError(
            f"trueup_recorded: {folder} is no folder. Correct --trueup-recorded, or"
            " trueup_recorded in the settings of pytest."
        )
    from trueup.pytest_plugin.recorded import RecordedDocs, Selected

    real = folder.resolve()
    is_by_name = config.args_source is pytest.Config.ArgsSource.ARGS
    is_added = bool(config.getoption("--trueup-recorded")) or not is_by_name
    selected: Selected = "none"
    if _is_collected(config, real):
        selected = "all"
    elif any(real in place.parents for place in _places(config)):
        selected = "some"
    elif is_added:
        config.args.append(str(folder))
        selected = "all"
    allow_weak = config.getoption("--trueup-allow-weak-sandbox")
    docs = RecordedDocs(config, folder, selected, allow_weak)
    config.pluginmanager.register(docs, "trueup-recorded")


def pytest_report_header(config: pytest.Config) -> str | None:
    if not _top_option(config):
        return None
    file = _status_file(config)
    if _is_collected(config, file):
        return f"trueup: published blocks of {file.parent}"
    return f"trueup: no published block is selected; name {file} to run them"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not _top_option(parent.config) or file_path != _status_file(parent.config):
        return None
    from trueup.pytest_plugin.published import StatusFile

    file: StatusFile = StatusFile.from_parent(parent, path=file_path)
    return file


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with `trueup_block` once for each block; a lost block fails it."""
    if "trueup_block" in metafunc.fixturenames:
        cases = published_in(metafunc.config).cases
        names = [case.name for case in cases]
        metafunc.parametrize("trueup_block", cases, ids=names, indirect=True)


def published_in(config: pytest.Config) -> "Published":
    """Return the published docs of the session; they are built and opened at their first use."""
    if PUBLISHED not in config.stash:
        from trueup.pytest_plugin.published import Published

        published = Published(
            _status_file(config).parent,
            config.getoption("--trueup-target"),
            config.getoption("--trueup-max-calls"),
            config.getoption("--trueup-allow-weak-sandbox"),
        )
        config.add_cleanup(published.close)
        config.stash[PUBLISHED] = published
    return config.stash[PUBLISHED]


@pytest.fixture(scope="session")
def trueup_docs(pytestconfig: pytest.Config) -> "Docs":
    """The repository's docs, read and not yet built."""
    return _part(pytestconfig, lambda published: published.docs)


@pytest.fixture(scope="session")
def trueup_site(pytestconfig: pytest.Config) -> Path:
    """The folder of the built site."""
    return _part(pytestconfig, lambda published: published.site)


@pytest.fixture(scope="session")
def trueup_harness(pytestconfig: pytest.Config) -> "Harness":
    """A sandbox in front of the mock, for blocks of one's own."""
    return _part(pytestconfig, lambda published: published.mock)


@pytest.fixture
def trueup_block(request: pytest.FixtureRequest) -> "Block":
    """A published block; the test runs once for each."""
    block: Block = request.param.block()
    return block


def _part(config: pytest.Config, get: Callable[["Published"], T]) -> T:
    from trueup.errors import TrueupError

    try:
        return get(published_in(config))
    except TrueupError as error:
        pytest.fail(str(error), pytrace=False)


def _top_option(config: pytest.Config) -> str:
    return _option(config, "trueup_top")


def _recorded_option(config: pytest.Config) -> str:
    return _option(config, "trueup_recorded")


def _option(config: pytest.Config, name: str) -> str:
    given = getattr(config.known_args_namespace, name, None)  # before all are parsed, too
    return str(given or config.getini(name) or "")


def _status_file(config: pytest.Config) -> Path:
    return (config.rootpath / _top_option(config)).resolve() / "status.yml"


def _is_collected(config: pytest.Config, file: Path) -> bool:
    return any(place in (file, *file.parents) for place in _places(config))


def _places(config: pytest.Config) -> Iterable[Path]:
    for argument in config.args:
        yield (config.invocation_params.dir / argument.partition("::")[0]).resolve()
