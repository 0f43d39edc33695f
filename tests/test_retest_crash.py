"""A retest that is interrupted anywhere loses no result, sends nothing twice and spoils no file."""

import hashlib
import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import is_long_run
from crash import Ended, Process
from crash_beds import CALL, Bed, Gateway, Image, Moment

from trueup.mock import serving
from trueup.receipts import Attempt
from trueup.relay import PLACEHOLDER
from trueup.retest.status_update import StatusUpdate, write_update
from trueup.status_file import save

pytestmark = pytest.mark.no_cover

IMAGE, FAILING = "nano-banana/generate-content", "nano-banana/images-generations"
PLANNED = {"/v1beta/models/gemini-2.5-flash-image:generateContent": 1, "/v1/images/generations": 2}
"""The first makes an image, the second fails and is tried once more."""
LOCAL = ("retest", "--target", "local", "--endpoint", "nano-banana/*")
RETEST = (*LOCAL, "--max-calls", "3", "--write")
RESUME = (*RETEST, "--resume")
INTERRUPTED = "interrupted: the retest ended before the response was recorded"
SEED, MOMENTS = 4, 25


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Bed:
    return Bed(tmp_path_factory.mktemp("simulated") / "top")


@pytest.fixture
def bed(simulated: Bed) -> Bed:
    simulated.renew()
    return simulated


@pytest.fixture(scope="module")
def moments(simulated: Bed) -> list[Moment]:
    """The moments of a whole retest."""
    simulated.renew()
    return simulated.moments(*RETEST)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    gateway = Gateway()
    with serving(gateway) as url:
        yield Bed(tmp_path_factory.mktemp("served") / "top", gateway, url)
        gateway.open.set()


@pytest.fixture
def real(served: Bed, monkeypatch: pytest.MonkeyPatch) -> Bed:
    """A bed whose gateway processes reach too."""
    for target in ("LOCAL", "PRODUCTION"):
        monkeypatch.setenv(f"TRUEUP_{target}_API_KEY", PLACEHOLDER)
    served.renew()
    return served


def entries(journalled: bytes, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in map(json.loads, journalled.splitlines()) if entry["kind"] == kind]


def interrupted(journalled: bytes) -> list[dict[str, Any]]:
    """The intents whose answer was not kept."""
    kept = {entry["receipt"]["ordinal"] for entry in entries(journalled, "receipt")}
    return [entry for entry in entries(journalled, "intent") if entry["ordinal"] not in kept]


def is_grown(old: bytes, new: bytes) -> bool:
    """Return whether the new bytes are the old ones with an insertion at one place."""
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
    """A killed retest that was resumed, by what its journal held when it was killed."""
    assert ended.code == 0, ended.output
    assert_sound(bed)
    assert [row.endpoint for row in bed.rows()] == [IMAGE, FAILING]
    assert sorted(bed.receipts()) == sorted(str(r.source.receipt) for r in bed.rows() if r.source)
    assert not list(bed.top.glob(".status.yml*"))
    after = bed.journalled()
    assert after.startswith(killed) and not bed.journal.exists()
    assert bed.gateway.got.keys() <= PLANNED.keys() and bed.gateway.got <= Counter(PLANNED)
    assert bed.gateway.got.total() <= len(entries(after, "intent")) <= 3
    for entry in entries(after, "receipt"):
        endpoint = endpoint_of(entry["receipt"])
        attempt = Attempt.model_validate(entry["receipt"]["attempt"]).model_dump(
            mode="json", exclude_none=True
        )
        assert any(attempt.items() <= kept.items() for kept in bed.attempts(endpoint))
    for lost in interrupted(killed):
        attempts = bed.attempts(endpoint_of(lost))
        assert ("inconclusive", INTERRUPTED) in [(a["outcome"], a.get("reason")) for a in attempts]
    assert bed.check() == "nothing found\n"


def endpoint_of(labelled: dict[str, Any]) -> str:
    return str(labelled["label"]).split(" ")[1]


def recover(bed: Bed) -> None:
    """Resumes after a kill, and asserts what must hold before and after."""
    assert_sound(bed)
    killed, got = bed.journalled(), bed.gateway.got.copy()
    assert got.total() <= len(entries(killed, "intent"))
    was_begun, was_written = bed.journal.exists(), bed.status.read_bytes() != bed.old
    written = bed.status.read_bytes()
    ended = bed.run(*RESUME)
    if not was_begun:
        assert (ended.code, bed.gateway.got) == (0, got)
        assert "no retest was interrupted; nothing was sent" in ended.output
        if not was_written:
            ended = bed.run(*RETEST)
    assert_finished(bed, ended, killed)
    assert not was_written or bed.status.read_bytes() == written


def assert_at_each(bed: Bed, moments: Sequence[Moment], hold: Callable[[], None]) -> None:
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
    bed: Bed, moments: Sequence[Moment]
) -> None:
    assert_finished(bed, bed.run(*RETEST), b"")
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


def test_a_retest_killed_at_any_step_is_resumed(bed: Bed, moments: Sequence[Moment]) -> None:
    assert_at_each(bed, moments, lambda: recover(bed))


def status_first(top: Path, made: StatusUpdate, sign: object) -> None:
    save(made.stored)
    write_update(top, made)


def test_a_record_that_is_written_before_its_receipts_is_found(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueup.cli.retest_run.write_update", status_first)
    written = [moment for moment in bed.moments(*RETEST) if ".part" in moment.step]
    with pytest.raises(AssertionError, match="killed before fsync of .*json.part"):
        assert_at_each(bed, written, lambda: recover(bed))


def count_once(bed: Bed, old: bytes) -> None:
    """Resumes after a kill while an equal result was written."""
    now = bed.status.read_bytes()
    assert {row.times for row in bed.rows()} == {1 if now == old else 2}
    ended = bed.run(*RESUME)
    assert [row.times for row in bed.rows()] == [2, 2], ended.output
    assert ended.code == 0 and now in (old, bed.status.read_bytes())
    assert bed.gateway.got == Counter({path: 2 * n for path, n in PLANNED.items()})
    assert len(bed.receipts()) == 4 and bed.check() == "nothing found\n"


def is_of_the_record(step: str) -> bool:
    return "docs" in step or ".json.part" in step


def test_an_equal_result_interrupted_while_it_is_written_counts_once(bed: Bed) -> None:
    assert bed.run(*RETEST).code == 0
    old, moments = bed.status.read_bytes(), bed.moments(*RETEST)
    first = next(n for n, moment in enumerate(moments) if is_of_the_record(moment.step))
    assert len(moments[first:-1]) > 18
    assert_at_each(bed, moments[first:-1], lambda: count_once(bed, old))


def test_an_interrupted_call_counts_against_the_cap_and_is_not_made_again(
    bed: Bed, moments: Sequence[Moment]
) -> None:
    bed.kill(next(moment for moment in moments if moment.step == CALL))
    got = bed.gateway.got.copy()
    ended = bed.run(*RESUME, "--max-calls", "1")
    assert (ended.code, bed.gateway.got, bed.status.read_bytes()) == (3, got, bed.old)
    assert "the cap on calls (1) is reached; nothing was sent" in ended.output
    assert f"(first reason: {INTERRUPTED}); nothing was recorded." in ended.output
    assert len(entries(bed.journalled(), "intent")) == 1 and not bed.journal.exists()


MESSAGE = re.compile(r"(?m)^(?:/\S+|the disk): .+\. [A-Z].*\.$")


def assert_full(bed: Bed, ended: Ended) -> None:
    """A retest whose disk was full from a step on."""
    assert (ended.code, "Traceback" in ended.output) == (2, False), ended.output
    assert MESSAGE.search(ended.output) and "No space left on device" in ended.output, ended.output
    assert bed.journal.exists()


def test_a_disk_that_fills_at_any_step_loses_nothing(bed: Bed, moments: Sequence[Moment]) -> None:
    # After a step all of it is on the disk, which fills at the next one.
    # Before a line and in its middle the same is left; the gate has one of them.
    same = ("after",) if is_long_run() else ("after", "before pwrite")
    numbers = [n for n, step in enumerate(steps_of(moments), 1) if not step.startswith(same)]
    assert len(numbers) > 25
    known = set()
    for number in numbers:
        bed.renew()
        assert_full(bed, bed.run(*RETEST, full_from=number))
        # A line that could not be written leaves the same at each of its steps, save times and ids.
        left = undated(repr((bed.changes(), sorted(bed.gateway.got.items()))))
        if left not in known:
            known.add(left)
            recover(bed)
    assert len(known) > 12


PLACES = ("docs/evidence", ".cache", ".cache/retest/journal.jsonl", ".status.yml.part")


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_taken_is_named_and_nothing_is_lost(place: str, tmp_path: Path) -> None:
    bed = Bed(tmp_path / "top")
    taken = bed.top / place
    if place.startswith("docs") or place == ".cache":
        taken.write_text("in the way")
    else:
        taken.mkdir(parents=True)
    ended = bed.run(*RETEST)
    assert (ended.code, "Traceback" in ended.output) == (2, False)
    assert MESSAGE.search(ended.output), ended.output
    assert bed.status.read_bytes() == bed.old
    was_called = bed.gateway.got.total() > 0
    assert was_called == (place in ("docs/evidence", ".status.yml.part"))
    assert was_called == ("continue with --resume" in ended.output)
    taken.rmdir() if taken.is_dir() else taken.unlink()
    killed = bed.journalled()
    assert_finished(bed, bed.run(*(RESUME if was_called else RETEST)), killed)


def test_a_status_file_that_someone_edits_meanwhile_keeps_the_edit(bed: Bed) -> None:
    bed.old = b"# By another hand.\n" + bed.old
    bed.gateway.on_call = lambda: bed.status.write_bytes(bed.old)
    ended, killed = bed.run(*RETEST), bed.journalled()
    assert (ended.code, bed.status.read_bytes()) == (2, bed.old)
    assert "changed on disk since it was loaded" in ended.output
    assert "The results are kept; continue with --resume." in ended.output
    assert_finished(bed, bed.run(*RESUME), killed)
    assert bed.status.read_bytes().startswith(b"# By another hand.\n")


def test_a_result_is_recorded_for_the_block_that_was_sent_only(
    bed: Bed, moments: Sequence[Moment]
) -> None:
    bed.kill(next(moment for moment in moments if moment.step == CALL))
    killed, got = bed.journalled(), bed.gateway.got.copy()
    body = "responseModalities: [TEXT, IMAGE]"
    assert body.encode() in bed.old
    bed.status.write_bytes(bed.old.replace(body.encode(), b"responseModalities: [IMAGE]", 1))
    for options in (RESUME, (*RESUME, "--language", "python"), (*RESUME, "--target", "production")):
        ended = bed.run(*options)
        assert (ended.code, ended.output) == (
            2,
            f"{bed.journal}: it holds local {IMAGE} curl, whose block differs from today's."
            " Use the same --target and --language, and restore the status file and the template"
            " that were used.\n",
        )
    assert (bed.journalled(), bed.gateway.got) == (killed, got)
    bed.status.write_bytes(bed.old)
    assert_finished(bed, bed.run(*RESUME), killed)


# The step at which a process is killed, and which one of that name it is.
KILLS = {
    "between a call and its answer": ("before pwrite of journal.jsonl", 1),
    "in the middle of a line": ("amid pwrite of journal.jsonl", 2),
    "before the record is replaced": ("before replace of status.yml", 0),
}


@pytest.mark.long
@pytest.mark.parametrize("place", KILLS)
def test_a_killed_process_leaves_what_the_simulation_has(
    place: str, real: Bed, moments: Sequence[Moment]
) -> None:
    step, which = KILLS[place]
    index = [n for n, moment in enumerate(moments) if moment.step == step][which]
    _, image, got = moments[index]
    number = index + 1 - got.total()  # a call is a moment and no step
    ended = Process(real.top, *RETEST, kill_at=number).end()
    assert ended.code == -signal.SIGKILL
    assert [undated(step) for step in ended.steps] == steps_of(moments)[:number]
    assert (shape(real.image()), real.gateway.got) == (shape(image), got)
    recover(real)


def stop_in_a_call(real: Bed, number: int) -> tuple[int, Ended]:
    """Sends a signal to a process that waits for a response; its number and its end."""
    real.gateway.open.clear()
    process = Process(real.top, *RETEST)
    assert real.gateway.called.wait(60)
    process.send(number)
    ended = process.end()
    real.gateway.open.set()
    return process.pid, ended


def test_a_retest_killed_during_a_call_is_refused_and_resumed(
    bed: Bed, moments: Sequence[Moment]
) -> None:
    bed.kill(next(moment for moment in moments if moment.step == CALL))
    assert f"process {os.getpid()} " in bed.journal.with_name("journal.jsonl.holder").read_text()
    refused = bed.run(*RETEST)
    assert refused.code == 2
    assert "an earlier retest was interrupted or not recorded" in refused.output
    recover(bed)


@pytest.mark.long
def test_a_process_killed_during_a_call_is_resumed_whatever_the_note_of_its_holder(
    real: Bed,
) -> None:
    pid, ended = stop_in_a_call(real, signal.SIGKILL)
    assert ended.code == -signal.SIGKILL
    assert f"process {pid} " in real.journal.with_name("journal.jsonl.holder").read_text()
    refused = real.run(*RETEST)
    assert refused.code == 2
    assert "an earlier retest was interrupted or not recorded" in refused.output
    recover(real)


def test_ctrl_c_keeps_the_journal(real: Bed) -> None:
    _, ended = stop_in_a_call(real, signal.SIGINT)
    assert (ended.code, "Traceback" in ended.output) == (130, False), ended.output
    assert real.journal.exists()
    recover(real)


@pytest.mark.long
def test_a_process_whose_disk_is_full_loses_nothing(real: Bed, moments: Sequence[Moment]) -> None:
    number = steps_of(moments).index("before replace of status.yml") + 1
    assert_full(real, Process(real.top, *RETEST, full_from=number).end())
    recover(real)


def test_a_second_retest_names_the_first_and_changes_nothing(bed: Bed) -> None:
    second: list[Ended] = []

    def call() -> None:
        if not second:
            journalled = bed.journalled()
            second.append(bed.run(*RETEST))
            assert bed.journalled() == journalled and bed.gateway.got.total() == 1

    bed.gateway.on_call = call
    assert_finished(bed, bed.run(*RETEST), b"")
    (refused,) = second
    assert refused.code == 2
    assert f"process {os.getpid()} since " in refused.output, refused.output
    bed.gateway.on_call = lambda: None
    assert bed.run(*RETEST).code == 0
    assert [row.times for row in bed.rows()] == [2, 2]


@pytest.mark.long
def test_a_process_killed_at_any_moment_is_resumed(real: Bed) -> None:
    begun = time.monotonic()
    assert Process(real.top, *RETEST).end().code == 0
    length, chance = time.monotonic() - begun, random.Random(SEED)
    for _ in range(MOMENTS):
        real.renew()
        process = Process(real.top, *RETEST)
        time.sleep(chance.uniform(0, length))
        process.send(signal.SIGKILL)
        assert process.end().code in (0, -signal.SIGKILL)
        recover(real)
