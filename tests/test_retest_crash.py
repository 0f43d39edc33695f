"""A retest that is cut off anywhere loses no answer, sends nothing twice and spoils no file."""

import hashlib
import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from crash import Ended
from crash_beds import CALL, Bed, Image, Moment, Real, Simulated, open_real

from trueup.retest.write import Update, write
from trueup.status_file import save

pytestmark = pytest.mark.no_cover

IMAGE, FAILING = "nano-banana/generate-content", "nano-banana/images-generations"
PLANNED = {"/v1beta/models/gemini-2.5-flash-image:generateContent": 1, "/v1/images/generations": 2}
"""The first gives an image, the second fails and is asked once more."""
ASK = ("retest", "--target", "local", "--endpoint", "nano-banana/*", "--max-calls", "3", "--write")
RESUME = (*ASK, "--resume")
INTERRUPTED = "interrupted: the retest ended before the answer was written down"
KILLED_AT = ("before fsync", "before pwrite", "amid pwrite", "after fsync", "before replace")
SEED, MOMENTS = 4, 25


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return Simulated(tmp_path_factory.mktemp("simulated") / "top")


@pytest.fixture
def bed(simulated: Simulated) -> Simulated:
    simulated.renew()
    return simulated


@pytest.fixture(scope="module")
def moments(simulated: Simulated) -> list[Moment]:
    """What each step of a whole retest leaves."""
    simulated.renew()
    return simulated.moments(*ASK)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with open_real(tmp_path_factory.mktemp("real")) as opened:
        yield opened


@pytest.fixture
def real(processes: Real) -> Iterator[Real]:
    processes.renew()
    yield processes
    processes.gateway.open.set()
    if processes.nursery.is_busy:
        processes.nursery.end()


def entries(journalled: bytes, kind: str) -> list[dict[str, Any]]:
    return [one for one in map(json.loads, journalled.splitlines()) if one["kind"] == kind]


def interrupted(journalled: bytes) -> list[dict[str, Any]]:
    """The intents whose answer was not kept."""
    kept = {one["receipt"]["ordinal"] for one in entries(journalled, "receipt")}
    return [one for one in entries(journalled, "intent") if one["ordinal"] not in kept]


def is_grown(old: bytes, new: bytes) -> bool:
    """Whether the new bytes are the old ones and something put in at one place."""
    before = len(os.path.commonprefix([old, new]))
    after = len(os.path.commonprefix([old[::-1], new[::-1]]))
    return len(new) > len(old) and before + after >= len(old)


def assert_sound(bed: Bed) -> None:
    """A killed retest: the status file is the old or the new one, and points to what is there."""
    now = bed.status.read_bytes()
    rows = bed.rows()
    if now == bed.old:
        assert rows == []
    else:
        assert is_grown(bed.old, now)
        assert [row.endpoint for row in rows] == [IMAGE, FAILING]
    found = bed.receipts()
    for row in rows:
        assert row.source and row.source.receipt in found
        assert hashlib.sha256(found[row.source.receipt]).hexdigest() == row.source.sha256


def assert_finished(bed: Bed, ended: Ended, killed: bytes) -> None:
    """A killed retest that was gone on with, by what its journal held when it was killed."""
    assert ended.code == 0, ended.said
    assert_sound(bed)
    assert [row.endpoint for row in bed.rows()] == [IMAGE, FAILING]
    assert sorted(bed.receipts()) == sorted(str(r.source.receipt) for r in bed.rows() if r.source)
    assert not list(bed.top.glob(".status.yml*"))
    after = bed.journalled()
    assert after.startswith(killed) and not bed.journal.exists()
    assert bed.gateway.got.keys() <= PLANNED.keys() and bed.gateway.got <= Counter(PLANNED)
    assert bed.gateway.got.total() <= len(entries(after, "intent")) <= 3
    for kept in entries(after, "receipt"):
        endpoint = kept["receipt"]["label"].split(" ")[1]
        attempt = {k: v for k, v in kept["receipt"]["attempt"].items() if v is not None}
        assert any(attempt.items() <= one.items() for one in bed.attempts(endpoint))
    for lost in interrupted(killed):
        told = [(one["outcome"], one.get("reason")) for one in bed.attempts(endpoint_of(lost))]
        assert ("inconclusive", INTERRUPTED) in told
    checked = bed.run("check")
    assert (checked.code, checked.said) == (0, "nothing found\n")


def endpoint_of(intent: dict[str, Any]) -> str:
    return str(intent["label"]).split(" ")[1]


def recover(bed: Bed) -> None:
    """Goes on after a kill, and says what must hold before and after."""
    assert_sound(bed)
    killed, got = bed.journalled(), bed.gateway.got.copy()
    assert got.total() <= len(entries(killed, "intent"))
    was_begun, was_written = bed.journal.exists(), bed.status.read_bytes() != bed.old
    written = bed.status.read_bytes()
    ended = bed.run(*RESUME)
    if not was_begun:
        assert (ended.code, bed.gateway.got) == (0, got)
        assert "no retest was cut off; nothing was sent" in ended.said
        if not was_written:
            ended = bed.run(*ASK)
    assert_finished(bed, ended, killed)
    assert not was_written or bed.status.read_bytes() == written


def assert_at_each(bed: Simulated, moments: Sequence[Moment], hold: Callable[[], None]) -> None:
    """Kills at each moment, those left out that leave what the one before them left."""
    before = None
    for number, moment in enumerate(moments, 1):
        if before is None or moment[1:] != before[1:]:
            bed.kill(moment)
            try:
                hold()
            except Exception as error:
                raise AssertionError(f"killed {moment.step} ({number})") from error
        before = moment


def steps_of(moments: Sequence[Moment]) -> list[str]:
    """The steps of a retest, as a process of its own counts them, without its dates and ids."""
    return [undated(moment.step) for moment in moments if moment.step != CALL]


def undated(text: str) -> str:
    return re.sub(r"[0-9A-Fa-f.]*\d[0-9A-Fa-f.]*", "0", text)


def shape(image: Image) -> dict[str, tuple[int, bool]]:
    """The files that were left: how many lines each has, and whether the last one is whole."""
    return {
        undated(name): (content.count(b"\n"), content.endswith(b"\n"))
        for name, content in image.items()
    }


def test_each_line_is_on_the_disk_before_what_it_announces(
    bed: Simulated, moments: Sequence[Moment]
) -> None:
    assert_finished(bed, bed.run(*ASK), b"")
    assert bed.gateway.got == PLANNED
    steps = [moment.step for moment in moments]
    synced = ["after pwrite", "before fsync", "after fsync"]
    for place in (place for place, step in enumerate(steps) if step == CALL):
        assert steps[place - 3 : place] == [f"{step} of journal.jsonl" for step in synced]
        assert steps[place + 1] == "before pwrite of journal.jsonl"
    # The record is on the disk before the journal is moved aside.
    assert [step for step in steps if step.startswith("before")][-4:-1] == [
        "before fsync of .status.yml.part",
        "before replace of status.yml",
        f"before fsync of {bed.top.name}",
    ]
    assert re.fullmatch(r"after replace of \d.*\.jsonl", steps[-1])


def test_a_retest_killed_at_any_step_is_gone_on_with(
    bed: Simulated, moments: Sequence[Moment]
) -> None:
    assert_at_each(bed, moments, lambda: recover(bed))


def status_first(top: Path, made: Update) -> None:
    save(made.stored)
    write(top, made)


def test_a_record_that_is_written_before_its_receipts_is_found(
    bed: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueup.cli.retest_run.write", status_first)
    written = [moment for moment in bed.moments(*ASK) if ".part" in moment.step]
    with pytest.raises(AssertionError, match="killed before fsync of .*json.part"):
        assert_at_each(bed, written, lambda: recover(bed))


def count_once(bed: Bed, old: bytes) -> None:
    """Goes on after a kill while a second sighting was written."""
    now = bed.status.read_bytes()
    assert {row.times for row in bed.rows()} == {1 if now == old else 2}
    ended = bed.run(*RESUME)
    assert [row.times for row in bed.rows()] == [2, 2], ended.said
    assert ended.code == 0 and now in (old, bed.status.read_bytes())
    assert bed.gateway.got == Counter({path: 2 * n for path, n in PLANNED.items()})
    assert len(bed.receipts()) == 4 and bed.run("check").code == 0


def is_of_the_record(step: str) -> bool:
    return "docs" in step or ".json.part" in step


def test_a_second_sighting_cut_off_while_it_is_written_counts_once(bed: Simulated) -> None:
    assert bed.run(*ASK).code == 0
    old, moments = bed.status.read_bytes(), bed.moments(*ASK)
    first = next(n for n, moment in enumerate(moments) if is_of_the_record(moment.step))
    assert len(moments[first:-1]) > 18
    assert_at_each(bed, moments[first:-1], lambda: count_once(bed, old))


def test_an_interrupted_call_counts_against_the_cap_and_is_not_made_again(
    bed: Simulated, moments: Sequence[Moment]
) -> None:
    bed.kill(next(moment for moment in moments if moment.step == CALL))
    got = bed.gateway.got.copy()
    ended = bed.run(*RESUME, "--max-calls", "1")
    assert (ended.code, bed.gateway.got, bed.status.read_bytes()) == (3, got, bed.old)
    assert "the cap of 1 calls is reached; nothing was sent" in ended.said
    assert f"nothing was changed; an answer was expected. The first: {INTERRUPTED}." in ended.said
    assert len(entries(bed.journalled(), "intent")) == 1 and not bed.journal.exists()


MESSAGE = re.compile(r"(?m)^(?:/\S+|the disk): .+\. [A-Z].*\.$")


def fill(bed: Bed, number: int) -> None:
    """Fills the disk from a step on."""
    ended = bed.run(*ASK, full_from=number)
    assert (ended.code, "Traceback" in ended.said) == (2, False), ended.said
    assert MESSAGE.search(ended.said) and "No space left on device" in ended.said, ended.said
    assert bed.journal.exists()


def test_a_disk_that_fills_at_any_step_loses_nothing(
    bed: Simulated, moments: Sequence[Moment]
) -> None:
    # What was done is reported as done: a disk does not fill after a step.
    told = [n for n, step in enumerate(steps_of(moments), 1) if not step.startswith("after")]
    assert len(told) > 30
    known = set()
    for number in told:
        bed.renew()
        fill(bed, number)
        # A line that could not be written leaves the same at each of its steps, save times and ids.
        left = undated(repr((bed.changes(), sorted(bed.gateway.got.items()))))
        if left not in known:
            known.add(left)
            recover(bed)
    assert len(known) > 12


PLACES = ("docs/evidence", ".cache", ".cache/retest/journal.jsonl", ".status.yml.part")


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_taken_is_named_and_nothing_is_lost(place: str, tmp_path: Path) -> None:
    bed = Simulated(tmp_path / "top")
    taken = bed.top / place
    if place.startswith("docs") or place == ".cache":
        taken.write_text("in the way")
    else:
        taken.mkdir(parents=True)
    ended = bed.run(*ASK)
    assert (ended.code, "Traceback" in ended.said) == (2, False)
    assert MESSAGE.search(ended.said), ended.said
    assert bed.status.read_bytes() == bed.old
    was_asked = bed.gateway.got.total() > 0
    assert was_asked == (place in ("docs/evidence", ".status.yml.part"))
    assert was_asked == ("use --resume --write" in ended.said)
    taken.rmdir() if taken.is_dir() else taken.unlink()
    killed = bed.journalled()
    assert_finished(bed, bed.run(*(RESUME if was_asked else ASK)), killed)


def test_a_status_file_that_someone_edits_meanwhile_keeps_the_edit(bed: Simulated) -> None:
    bed.old = b"# By another hand.\n" + bed.old
    bed.gateway.on_call = lambda: bed.status.write_bytes(bed.old)
    ended, killed = bed.run(*ASK), bed.journalled()
    assert (ended.code, bed.status.read_bytes()) == (2, bed.old)
    assert "changed on disk since it was loaded; nothing was written" in ended.said
    assert "The answers are kept: use --resume --write." in ended.said
    assert_finished(bed, bed.run(*RESUME), killed)
    assert bed.status.read_bytes().startswith(b"# By another hand.\n")


def test_an_answer_is_put_on_record_for_the_block_that_was_sent_only(
    bed: Simulated, moments: Sequence[Moment]
) -> None:
    bed.kill(next(moment for moment in moments if moment.step == CALL))
    killed, got = bed.journalled(), bed.gateway.got.copy()
    body = "responseModalities: [TEXT, IMAGE]"
    assert body.encode() in bed.old
    bed.status.write_bytes(bed.old.replace(body.encode(), b"responseModalities: [IMAGE]", 1))
    for options in (RESUME, (*RESUME, "--language", "python"), (*RESUME, "--target", "production")):
        ended = bed.run(*options)
        assert ended.code == 2 and "the retest that was begun was expected" in ended.said
    assert (bed.journalled(), bed.gateway.got) == (killed, got)
    bed.status.write_bytes(bed.old)
    assert_finished(bed, bed.run(*RESUME), killed)


# The step at which a process is killed, and which one of that name it is.
KILLS = {
    "between a call and its answer": ("before pwrite of journal.jsonl", 1),
    "in the middle of a line": ("amid pwrite of journal.jsonl", 2),
    "before the record is replaced": ("before replace of status.yml", 0),
}


def kill(real: Real, number: int) -> Ended:
    ended = real.run(*ASK, kill_at=number)
    assert (ended.code, len(ended.steps)) == (-signal.SIGKILL, number)
    return ended


@pytest.mark.parametrize("place", KILLS)
def test_a_killed_process_leaves_what_the_simulation_has(
    place: str, real: Real, moments: Sequence[Moment]
) -> None:
    step, which = KILLS[place]
    index = [n for n, moment in enumerate(moments) if moment.step == step][which]
    _, image, got = moments[index]
    number = index + 1 - got.total()  # a call is a moment and no step
    ended = kill(real, number)
    assert [undated(step) for step in ended.steps] == steps_of(moments)[:number]
    assert (shape(real.image()), real.gateway.got) == (shape(image), got)
    recover(real)


def start_and_kill(real: Real) -> int:
    """The number of a process that was killed while it waited for an answer."""
    real.gateway.open.clear()
    process = real.start(*ASK)
    assert real.gateway.called.wait(60)
    os.kill(process, signal.SIGKILL)
    assert real.nursery.end().code == -signal.SIGKILL
    real.gateway.open.set()
    return process


def test_a_retest_killed_during_a_call_is_gone_on_with(real: Real) -> None:
    start_and_kill(real)
    recover(real.here)


def test_the_note_of_a_killed_holder_holds_nothing(real: Real) -> None:
    process = start_and_kill(real)
    assert f"process {process} " in real.journal.with_name("journal.jsonl.holder").read_text()
    killed = real.journalled()
    refused = real.here.run(*ASK)
    assert refused.code == 2 and "--resume was expected. Use it" in refused.said
    assert_finished(real.here, real.here.run(*RESUME), killed)


def test_ctrl_c_keeps_the_journal(real: Real) -> None:
    real.gateway.open.clear()
    process = real.start(*ASK)
    assert real.gateway.called.wait(60)
    os.kill(process, signal.SIGINT)
    ended = real.nursery.end()
    assert (ended.code, "Traceback" in ended.said) == (130, False), ended.said
    real.gateway.open.set()
    assert real.journal.exists()
    recover(real.here)


@pytest.mark.parametrize("step", ["before pwrite of journal.jsonl", "before replace of status.yml"])
def test_a_process_whose_disk_is_full_loses_nothing(
    step: str, real: Real, moments: Sequence[Moment]
) -> None:
    fill(real, steps_of(moments).index(step) + 1)
    recover(real.here)


def test_a_second_retest_names_the_first_and_changes_nothing(real: Real) -> None:
    second: list[Ended] = []

    def call() -> None:
        if not second:
            journalled = real.journalled()
            second.extend([real.run(*ASK), real.run(*RESUME)])
            assert real.journalled() == journalled and real.gateway.got.total() == 1

    real.gateway.on_call = call
    assert_finished(real.here, real.here.run(*ASK), b"")
    for ended in second:
        assert (ended.code, f"process {os.getpid()} since " in ended.said) == (2, True), ended.said
        assert "writes to it. Wait for its end." in ended.said
    assert len(second) == 2
    assert real.here.run(*ASK).code == 0
    assert [row.times for row in real.rows()] == [2, 2]


def shared(folder: Path, jobs: Sequence[int], do: Callable[[Real, int], None]) -> None:
    """Does each job in a bed of one of two workers."""

    def work(name: str, share: Sequence[int]) -> None:
        with open_real(folder / name) as real:
            for job in share:
                real.renew()
                do(real, job)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, "a", jobs[::2]), pool.submit(work, "b", jobs[1::2])]:
            done.result()


@pytest.mark.long
def test_a_process_killed_at_any_step_is_gone_on_with(
    tmp_path: Path, moments: Sequence[Moment]
) -> None:
    steps = steps_of(moments)

    def do(real: Real, number: int) -> None:
        kill(real, number)
        try:
            recover(real)
        except AssertionError as error:
            raise AssertionError(f"killed {steps[number - 1]} ({number})") from error

    # After a step is before the next one, but for the call that goes out between two.
    told = [n for n, step in enumerate(steps, 1) if step.split(" of ")[0] in KILLED_AT]
    shared(tmp_path, [*told, len(steps)], do)


@pytest.mark.long
def test_a_process_killed_at_any_moment_is_gone_on_with(real: Real, tmp_path: Path) -> None:
    begun = time.monotonic()
    assert real.run(*ASK).code == 0
    length, chance = time.monotonic() - begun, random.Random(SEED)
    delays = [chance.uniform(0, length) for _ in range(MOMENTS)]

    def do(real: Real, number: int) -> None:
        process = real.start(*ASK)
        time.sleep(delays[number])
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        assert real.nursery.end().code in (0, -signal.SIGKILL)
        recover(real)

    shared(tmp_path, range(MOMENTS), do)


@pytest.mark.long
def test_a_process_killed_while_it_writes_a_second_sighting_counts_it_once(
    bed: Simulated, tmp_path: Path
) -> None:
    assert bed.run(*ASK).code == 0
    steps = steps_of(bed.moments(*ASK))
    first = next(n for n, step in enumerate(steps) if is_of_the_record(step))
    told = [n for n, step in enumerate(steps, 1) if n > first and step.startswith("before")]
    assert len(told) > 9

    def do(real: Real, number: int) -> None:
        assert real.run(*ASK).code == 0
        old = real.status.read_bytes()
        kill(real, number)
        count_once(real, old)

    shared(tmp_path, told, do)


@pytest.mark.long
def test_a_process_whose_disk_fills_at_any_step_loses_nothing(
    tmp_path: Path, moments: Sequence[Moment]
) -> None:
    places = ("before pwrite", "before replace", "before fsync of .")
    told = [n for n, step in enumerate(steps_of(moments), 1) if step.startswith(places)]
    assert len(told) >= 14

    def do(real: Real, number: int) -> None:
        fill(real, number)
        recover(real)

    shared(tmp_path, [1, *told], do)
