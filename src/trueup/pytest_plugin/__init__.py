"""The door for pytest. pytest imports it in every repository where Trueup is installed, and before
coverage starts: so it holds the hooks alone, and loads the engine only where one is used.
"""

import argparse
import contextlib
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
    "target": {"default": "mock", "help": "mock (the default), or a target of the status file"},
    "max-calls": {"type": int, "help": "most calls to a live target; needed for one"},
}
T = TypeVar("T")
PUBLISHED = pytest.StashKey["Published"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("trueup", "published blocks of docs")
    told = "repository whose published blocks are tests, by its top; relative to the root directory"
    group.addoption("--trueup-top", metavar="DIR", help=told)
    for name, settings in OPTIONS.items():
        group.addoption(f"--trueup-{name}", **settings)
    parser.addini("trueup_top", f"{told}; none by default")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    """Where Trueup is used, its options have short names too, if nobody else has taken them."""
    result = yield
    if _asked_top(early_config):
        for name, settings in OPTIONS.items():
            with contextlib.suppress(argparse.ArgumentError):
                parser.getgroup("trueup").addoption(
                    f"--{name}", dest=f"trueup_{name.replace('-', '_')}", **settings
                )
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Adds the status file to what is collected, unless something else was asked for by name."""
    if not _asked_top(config):
        return
    file = _status_file(config)
    if not file.is_file():
        raise pytest.UsageError(
            f"trueup_top: {file} was not found; the status file of a repository was expected."
            " Correct --trueup-top, or trueup_top in the settings of pytest."
        )
    is_by_name = config.args_source is pytest.Config.ArgsSource.ARGS
    if not is_by_name and not _is_collected(config, file):
        config.args.append(str(file))


def pytest_report_header(config: pytest.Config) -> str | None:
    if not _asked_top(config):
        return None
    file = _status_file(config)
    if _is_collected(config, file):
        return f"trueup: published blocks of {file.parent}"
    return f"trueup: no published block was asked for; name {file} to run them"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not _asked_top(parent.config) or file_path != _status_file(parent.config):
        return None
    from trueup.pytest_plugin.published import StatusFile

    file: StatusFile = StatusFile.from_parent(parent, path=file_path)
    return file


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with `trueup_block` runs once for each block; what was lost is a failure of it."""
    if "trueup_block" in metafunc.fixturenames:
        cases = published_in(metafunc.config).cases
        names = [case.name for case in cases]
        metafunc.parametrize("trueup_block", cases, ids=names, indirect=True)


def published_in(config: pytest.Config) -> "Published":
    """What the repository publishes; built and opened as it is asked for, once in a session."""
    if PUBLISHED not in config.stash:
        from trueup.pytest_plugin.published import Published

        published = Published(
            _status_file(config).parent,
            config.getoption("--trueup-target"),
            config.getoption("--trueup-max-calls"),
        )
        config.add_cleanup(published.close)
        config.stash[PUBLISHED] = published
    return config.stash[PUBLISHED]


@pytest.fixture(scope="session")
def trueup_docs(pytestconfig: pytest.Config) -> "Docs":
    """The repository's docs, read and not yet built."""
    return _ask(pytestconfig, lambda published: published.docs)


@pytest.fixture(scope="session")
def trueup_site(pytestconfig: pytest.Config) -> Path:
    """The folder of the built site."""
    return _ask(pytestconfig, lambda published: published.site)


@pytest.fixture(scope="session")
def trueup_harness(pytestconfig: pytest.Config) -> "Harness":
    """A sandbox in front of the mock, for blocks of one's own."""
    return _ask(pytestconfig, lambda published: published.mock)


@pytest.fixture
def trueup_block(request: pytest.FixtureRequest) -> "Block":
    """A published block; the test runs once for each."""
    block: Block = request.param.block()
    return block


def _ask(config: pytest.Config, what: Callable[["Published"], T]) -> T:
    from trueup.errors import TrueupError

    try:
        return what(published_in(config))
    except TrueupError as error:
        pytest.fail(str(error), pytrace=False)


def _asked_top(config: pytest.Config) -> str:
    asked = getattr(config.known_args_namespace, "trueup_top", None)  # before all are parsed, too
    return str(asked or config.getini("trueup_top") or "")


def _status_file(config: pytest.Config) -> Path:
    return (config.rootpath / _asked_top(config)).resolve() / "status.yml"


def _is_collected(config: pytest.Config, file: Path) -> bool:
    return any(place in (file, *file.parents) for place in _places(config))


def _places(config: pytest.Config) -> Iterable[Path]:
    for argument in config.args:
        yield (config.invocation_params.dir / argument.partition("::")[0]).resolve()
