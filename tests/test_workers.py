"""Workers: the same results from other processes, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trueup.errors import BadInput, BadStatus, Unreachable
from trueup.message import Message
from trueup.place import Place
from trueup.workers import Workers


def doubled(number: int) -> tuple[int, int]:
    return number * 2, os.getpid()


def refused(kind: str) -> None:
    if kind == "status":
        place = Place("status.yml", 3, 1)
        raise BadStatus([Message(place, "wrong", "Fix it."), Message(place, "odd", "Fix it.")])
    raise BadInput("page.md", "not readable", "Correct it.")


def killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_results_keep_the_order_of_their_items_in_other_processes() -> None:
    with Workers(2) as workers:
        found = workers.map(doubled, range(6))
    assert [number for number, _ in found] == [0, 2, 4, 6, 8, 10]
    assert os.getpid() not in {process for _, process in found}


def test_items_apart_have_a_process_each() -> None:
    with Workers(2) as workers:
        found = workers.map(doubled, range(4), apart=True)
        assert [number for number, _ in found] == [0, 2, 4, 6]
        assert len({process for _, process in found}) > 2
        assert [number for number, _ in workers.map(doubled, range(2))] == [0, 2]


def test_one_job_or_one_item_stays_in_this_process() -> None:
    with Workers(2) as many:
        found = [*Workers(1).map(doubled, range(3)), *many.map(doubled, [3])]
    assert {process for _, process in found} == {os.getpid()}


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("page", BadInput, "page.md: not readable. Correct it."),
        ("status", BadStatus, "status.yml:3:1: wrong. Fix it.\nstatus.yml:3:1: odd. Fix it."),
    ],
)
def test_an_error_of_another_process_is_raised_here(
    kind: str, error: type[Exception], text: str
) -> None:
    with Workers(2) as workers, pytest.raises(error) as raised:
        workers.map(refused, [kind, kind])
    assert str(raised.value) == text


def test_a_process_that_is_killed_is_no_result() -> None:
    with (
        Workers(2) as workers,
        pytest.raises(Unreachable, match="a process that makes them has ended"),
    ):
        workers.map(killed, [1, 2])


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_the_one_that_started_them(by: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "starts.py"
    script.write_text(
        "import os, time\nfrom trueup.workers import Workers\n"
        "def wait(_):\n    print(os.getpid(), flush=True)\n    time.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    with Workers(2) as workers:\n        workers.map(wait, [1, 2])\n"
    )
    started = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert started.stdout is not None
    processes = [int(started.stdout.readline()) for _ in range(2)]
    if by == signal.SIGINT:  # Ctrl-C reaches every process of the terminal
        os.killpg(started.pid, by)
    else:
        started.kill()
    started.communicate()
    while any(map(is_running, processes)):
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_failure_ends_the_other_work_at_once(tmp_path: Path) -> None:
    with Workers(2) as workers, pytest.raises(BadInput):
        workers.map(failing_or_long, [(tmp_path, False), (tmp_path, True)])
    process = int((tmp_path / "process").read_text())
    assert not is_running(process)


def failing_or_long(item: tuple[Path, bool]) -> None:
    folder, is_long = item
    if is_long:
        (folder / "process").write_text(str(os.getpid()))
        time.sleep(600)
    while not (folder / "process").exists():
        time.sleep(0.01)
    raise BadInput("page.md", "not readable", "Correct it.")


def test_work_is_done_here_where_no_process_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr("trueup.workers.ProcessPoolExecutor", refuse)
    with Workers(2) as workers:
        assert {process for _, process in workers.map(doubled, range(3))} == {os.getpid()}
