"""Sharing: a shared folder is made once and whole, by any number of workers at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import coverage
import pytest
from sharing import common, once, unmeasured

from trueup.lock import wait_for_lock


def test_one_of_many_workers_makes_the_folder(tmp_path: Path) -> None:
    made = list[Path]()

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "page").write_text("whole")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: once(tmp_path / "site", make), range(8)))
    assert made == [found[0]] and len(set(found)) == 1
    assert (found[0] / "page").read_text() == "whole"


def test_an_unfinished_folder_is_made_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        once(tmp_path / "site", fail)
    folder = once(tmp_path / "site", lambda folder: (folder / "whole").touch())
    assert [file.name for file in folder.iterdir()] == ["whole"]


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    held, is_waiting = list[str](), Event()

    def wait() -> None:
        is_waiting.set()
        with wait_for_lock(tmp_path):
            held.append("the second")

    with ThreadPoolExecutor() as pool:
        with wait_for_lock(tmp_path):
            second = pool.submit(wait)
            is_waiting.wait()
            held.append("the first")
        second.result()
    assert held == ["the first", "the second"]


def test_all_workers_of_a_run_have_the_same_folder(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = common(pytestconfig)
    assert folder == common(pytestconfig) and folder.is_dir()
    if hasattr(pytestconfig, "workerinput"):
        assert folder == tmp_path_factory.getbasetemp().parent


def test_unmeasured_code_leaves_no_line_and_later_code_does(tmp_path: Path) -> None:
    before = coverage.Coverage.current()
    if before is not None:
        before.stop()
    measuring = coverage.Coverage(
        data_file=None, config_file=False, include=[__file__], branch=True
    )
    try:
        measuring.start()
        with unmeasured():
            _slow()
        _quick()
    finally:
        measuring.stop()
        if before is not None:
            before.start()
    lines = measuring.get_data().lines(__file__) or []
    slow, quick = (function.__code__.co_firstlineno + 1 for function in (_slow, _quick))
    assert quick in lines and slow not in lines


def _slow() -> int:
    return 1


def _quick() -> int:
    return 2
