import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trueup.errors import BadInput
from trueup.lock import hold_lock

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
HOLDER = """
import sys
from datetime import datetime
from pathlib import Path
from trueup.lock import hold_lock

with hold_lock(Path(sys.argv[1]), datetime(2026, 5, 3, 12)):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until its standard input ends, or until it is killed."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "a" / "lock")]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_the_first_named(
    other: subprocess.Popen[str], tmp_path: Path
) -> None:
    file = tmp_path / "a" / "lock"
    with pytest.raises(BadInput) as refused, hold_lock(file, NOON):
        raise AssertionError("it is held")
    other.communicate()
    assert str(refused.value) == (
        f"{file}: held by process {other.pid} since 2026-05-03 12:00:00Z. Wait until it has"
        " finished, then run this again."
    )
    with hold_lock(file, NOON):
        assert file.read_text() == f"process {os.getpid()} since 2026-05-03 12:00:00Z"


def test_a_killed_holder_holds_nothing(other: subprocess.Popen[str], tmp_path: Path) -> None:
    other.kill()
    other.communicate()
    with hold_lock(tmp_path / "a" / "lock", NOON):
        pass


@pytest.mark.parametrize("note", [b"", b"\xff"])
def test_a_holder_with_an_unreadable_note_is_another_process(note: bytes, tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with hold_lock(file, NOON):
        file.write_bytes(note)
        with pytest.raises(BadInput, match="held by another process"), hold_lock(file, NOON):
            raise AssertionError("it is held")


def test_a_lock_is_released_by_an_error_and_leaves_no_handle(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyError), hold_lock(tmp_path / "lock", NOON):
        raise KeyError
    with hold_lock(tmp_path / "lock", NOON):
        pass
    assert len(os.listdir("/proc/self/fd")) == before
