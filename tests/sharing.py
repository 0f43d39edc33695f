"""Sharing: folders that one worker of a test run makes and all of them use."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import coverage
import pytest

from trueup.lock import wait_for_lock

FOLDER = pytest.StashKey[Path]()


def common(config: pytest.Config) -> Path:
    """Return the folder that the workers of a run have in common; without workers, the run's."""
    if hasattr(config, "workerinput"):
        return Path(config.getoption("basetemp")).parent
    if FOLDER not in config.stash:
        folder = Path(tempfile.mkdtemp(prefix="trueup-"))
        config.add_cleanup(lambda: shutil.rmtree(folder))
        config.stash[FOLDER] = folder
    return config.stash[FOLDER]


@contextmanager
def unmeasured() -> Iterator[None]:
    """Pause coverage: for work that other tests cover, and that its tracer would slow by half."""
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.stop()
    try:
        yield
    finally:
        if measuring is not None:
            measuring.start()


def once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Return a folder within `folder` that `make` fills, in the worker that calls this first."""
    folder.mkdir(exist_ok=True)
    content, mark = folder / "content", folder / "made"
    with wait_for_lock(folder), unmeasured():
        if not mark.exists():
            shutil.rmtree(content, ignore_errors=True)
            content.mkdir()
            make(content)
            mark.touch()
    return content
