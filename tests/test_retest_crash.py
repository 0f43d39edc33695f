"""A retest that is cut off anywhere loses no answer, sends nothing twice and spoils no file."""

import asyncio
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import copy_repository
from crash import Ended, Nursery
from starlette.types import Receive, Scope, Send

from trueup.mock import create_app, create_server, listen
from trueup.model import Observation
from trueup.store import load_status

pytestmark = pytest.mark.no_cover

IMAGE, FAILING = "nano-banana/generate-content", "nano-banana/images-generations"
PLANNED = {"/v1beta/models/gemini-2.5-flash-image:generateContent": 1, "/v1/images/generations": 2}
"""The first gives an image, the second fails and is asked once more."""
ASK = ("retest", "--target", "local", "--endpoint", "nano-banana/*", "--max-calls", "3", "--write")
RESUME = (*ASK, "--resume")
KEYS = {"TRUEUP_LOCAL_API_KEY": "YOUR_API_KEY", "TRUEUP_PRODUCTION_API_KEY": "YOUR_API_KEY"}
JOURNAL = Path(".cache", "retest", "journal.jsonl")
INTERRUPTED = "interrupted: the retest ended before the answer was written down"
KILLED_AT = ("before fsync", "before pwrite", "amid pwrite", "after fsync", "before replace")
SEED, MOMENTS = 4, 25


class Gateway:
    """The mock on a port of loopback; it counts its calls, and answers none while it is shut."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()
        self.open = threading.Event()
        self.open.set()

    @contextmanager
    def serving(self, top: Path) -> Iterator[str]:
        status = load_status(top / "status.yml", datetime.now(UTC)).status
        app = create_app(status, target="production")

        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] == "POST":
                self.got[scope["path"]] += 1
                while not self.open.is_set():
                    await asyncio.sleep(0.01)
            await app(scope, receive, send)

        listener = listen(0)
        server = create_server(counting)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            self.open.set()
            server.should_exit = True
            thread.join()
            listener.close()


class Bed:
    """A repository whose target `local` is the gateway, and a nursery of commands over it."""

    def __init__(self, top: Path, gateway: Gateway, url: str, nursery: Nursery) -> None:
        self.top, self.gateway, self._url, self.nursery = top, gateway, url, nursery
        self.run, self.start = nursery.run, nursery.start
        self.begun: list[subprocess.Popen[str]] = []
        self.status, self.journal = top / "status.yml", top / JOURNAL
        self.renew()

    def renew(self) -> None:
        """A new copy of the repository, in which nothing was ever asked."""
        shutil.rmtree(self.top, ignore_errors=True)
        self.top.mkdir()
        copy_repository(self.top)
        text = self.status.read_text().replace("http://localhost:4000", self._url)
        self.status.write_text(text)
        self.old = self.status.read_bytes()
        self.gateway.got.clear()

    def cli(self, *arguments: str) -> subprocess.Popen[str]:
        """A command of its own, as a person starts it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "trueup.cli", "--top", str(self.top), *arguments],
            env={**os.environ, **KEYS},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.begun.append(process)
        return process

    def stop(self) -> None:
        """Lets every command come to its end."""
        self.gateway.open.set()
        for process in self.begun:
            if process.returncode is None:
                process.communicate()

    def rows(self) -> list[Observation]:
        """The rows of the status file that have a receipt."""
        rows = load_status(self.status, datetime.now(UTC)).status.observations
        return [row for row in rows if row.source and row.source.receipt]

    def receipts(self) -> dict[str, bytes]:
        """Every file in the folder of receipts, by its path."""
        files = sorted((self.top / "docs" / "evidence").glob("*"))
        return {str(file.relative_to(self.top)): file.read_bytes() for file in files}

    def attempts(self, endpoint: str) -> list[dict[str, Any]]:
        """What the receipts of an endpoint hold."""
        proofs = [json.loads(content) for content in self.receipts().values()]
        return [
            one for proof in proofs if proof["endpoint"] == endpoint for one in proof["attempts"]
        ]

    def journalled(self) -> bytes:
        """The whole lines of the journal, wherever it is by now."""
        files = sorted(self.journal.parent.glob("*.jsonl"))
        content = b"".join(file.read_bytes() for file in files)
        return content[: content.rfind(b"\n") + 1]


@contextmanager
def made(folder: Path) -> Iterator[Bed]:
    gateway, source = Gateway(), folder / "source"
    source.mkdir(parents=True)
    copy_repository(source)
    with (
        gateway.serving(source) as url,
        Nursery(folder / "top", KEYS) as nursery,
    ):
        bed = Bed(folder / "top", gateway, url, nursery)
        try:
            yield bed
        finally:
            bed.stop()


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    with made(tmp_path / "bed") as bed:
        yield bed


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
        assert row.source and row.source.receipt
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
        assert ("cannot-tell", INTERRUPTED) in told
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


def shared(folder: Path, jobs: Sequence[int], do: Callable[[Bed, int], None]) -> None:
    """Does each job in a bed of one of two workers."""

    def work(name: str, share: Sequence[int]) -> None:
        with made(folder / name) as bed:
            for job in share:
                bed.renew()
                do(bed, job)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, "a", jobs[::2]), pool.submit(work, "b", jobs[1::2])]:
            done.result()


def steps_of(bed: Bed) -> tuple[str, ...]:
    """The steps of a whole retest. The record is on the disk before the journal is moved aside."""
    ended = bed.run(*ASK)
    assert_finished(bed, ended, b"")
    assert bed.gateway.got == PLANNED
    assert [step for step in ended.steps if step.startswith("before")][-4:-1] == [
        "before fsync of .status.yml.part",
        "before replace of status.yml",
        f"before fsync of {bed.top.name}",
    ]
    assert re.fullmatch(r"after replace of \d.*\.jsonl", ended.steps[-1])
    return ended.steps


def test_a_retest_killed_at_any_step_is_gone_on_with(bed: Bed, tmp_path: Path) -> None:
    steps = steps_of(bed)

    def kill(bed: Bed, number: int) -> None:
        ended = bed.run(*ASK, kill_at=number)
        assert (ended.code, len(ended.steps)) == (-signal.SIGKILL, number)
        try:
            recover(bed)
        except AssertionError as error:
            raise AssertionError(f"killed {ended.steps[-1]} ({number})") from error

    # After a step is before the next one, but for the call that goes out between two.
    told = [n for n, step in enumerate(steps, 1) if step.split(" of ")[0] in KILLED_AT]
    shared(tmp_path, [*told, len(steps)], kill)


def test_a_retest_killed_at_any_moment_is_gone_on_with(bed: Bed, tmp_path: Path) -> None:
    begun = time.monotonic()
    steps_of(bed)
    length, chance = time.monotonic() - begun, random.Random(SEED)
    delays = [chance.uniform(0, length) for _ in range(MOMENTS)]

    def kill(bed: Bed, number: int) -> None:
        process = bed.start(*ASK)
        time.sleep(delays[number])
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        assert bed.nursery.end().code in (0, -signal.SIGKILL)
        recover(bed)

    shared(tmp_path, range(MOMENTS), kill)


def test_a_second_sighting_cut_off_while_it_is_written_counts_once(
    bed: Bed, tmp_path: Path
) -> None:
    steps_of(bed)
    steps = bed.run(*ASK).steps
    first = next(n for n, step in enumerate(steps, 1) if "docs" in step or ".json.part" in step)
    told = [n for n, step in enumerate(steps, 1) if n >= first and step.startswith("before")]
    assert len(told) > 9

    def kill(bed: Bed, number: int) -> None:
        assert bed.run(*ASK).code == 0
        old = bed.status.read_bytes()
        assert bed.run(*ASK, kill_at=number).code == -signal.SIGKILL
        now = bed.status.read_bytes()
        assert {row.times for row in bed.rows()} == {1 if now == old else 2}
        ended = bed.run(*RESUME)
        assert (ended.code, [row.times for row in bed.rows()]) == (0, [2, 2]), ended.said
        assert now in (old, bed.status.read_bytes())
        assert bed.gateway.got == Counter({path: 2 * n for path, n in PLANNED.items()})
        assert len(bed.receipts()) == 4 and bed.run("check").code == 0

    shared(tmp_path, told, kill)


def test_an_interrupted_call_counts_against_the_cap_and_is_not_made_again(bed: Bed) -> None:
    steps = steps_of(bed)
    synced = steps.index(
        "after fsync of journal.jsonl", steps.index("before pwrite of journal.jsonl")
    )
    bed.renew()
    one = ("--max-calls", "1")
    assert bed.run(*ASK, *one, kill_at=synced + 1).code == -signal.SIGKILL
    ended = bed.run(*RESUME, *one)
    assert (ended.code, bed.gateway.got.total(), bed.status.read_bytes()) == (3, 0, bed.old)
    assert "the cap of 1 calls is reached; nothing was sent" in ended.said
    assert f"nothing was changed; an answer was expected. The first: {INTERRUPTED}." in ended.said
    assert len(entries(bed.journalled(), "intent")) == 1 and not bed.journal.exists()


MESSAGE = re.compile(r"(?m)^/[^ ]+: [^;]+; [^.]*expected\. [A-Z]")


def test_a_disk_that_fills_at_any_step_loses_nothing(bed: Bed, tmp_path: Path) -> None:
    steps = steps_of(bed)
    places = ("before pwrite", "before replace", "before fsync of .")
    told = [n for n, step in enumerate(steps, 1) if step.startswith(places)]
    assert len(told) > 14

    def fill(bed: Bed, number: int) -> None:
        ended = bed.run(*ASK, full_from=number)
        assert (ended.code, "Traceback" in ended.said) == (2, False), ended.said
        assert MESSAGE.search(ended.said) and "No space left on device" in ended.said, ended.said
        assert bed.journal.exists()
        recover(bed)

    shared(tmp_path, [1, *told], fill)


PLACES = ("docs/evidence", ".cache", ".cache/retest/journal.jsonl", ".status.yml.part")


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_taken_is_named_and_nothing_is_lost(place: str, bed: Bed) -> None:
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


def wait_for_a_call(bed: Bed) -> None:
    for _ in range(6000):
        if bed.gateway.got:
            return
        time.sleep(0.01)
    raise AssertionError("no call came")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How a command ended, and what it said."""
    said, _ = process.communicate()
    return process.returncode, said


def test_a_second_retest_names_the_first_and_changes_nothing(bed: Bed) -> None:
    bed.gateway.open.clear()
    first = bed.start(*ASK)
    wait_for_a_call(bed)
    journalled = bed.journalled()
    for options in (ASK, RESUME):
        code, said = ended(bed.cli(*options))
        assert (code, f"process {first} since " in said) == (2, True), said
        assert "a journal of one run was expected. Wait for its end." in said
    assert bed.journalled() == journalled and bed.gateway.got.total() == 1
    bed.gateway.open.set()
    assert_finished(bed, bed.nursery.end(), b"")
    assert ended(bed.cli(*ASK))[0] == 0
    assert [row.times for row in bed.rows()] == [2, 2]


def test_the_note_of_a_killed_holder_holds_nothing(bed: Bed) -> None:
    bed.gateway.open.clear()
    first = bed.start(*ASK)
    wait_for_a_call(bed)
    os.kill(first, signal.SIGKILL)
    assert bed.nursery.end().code == -signal.SIGKILL
    bed.gateway.open.set()
    assert f"process {first} " in bed.journal.with_name("journal.jsonl.holder").read_text()
    killed = bed.journalled()
    refused = bed.run(*ASK)
    assert refused.code == 2 and "--resume was expected. Use it" in refused.said
    assert_finished(bed, bed.run(*RESUME), killed)


def test_a_status_file_that_someone_edits_meanwhile_keeps_the_edit(bed: Bed) -> None:
    bed.gateway.open.clear()
    bed.start(*ASK)
    wait_for_a_call(bed)
    bed.old = b"# By another hand.\n" + bed.old
    bed.status.write_bytes(bed.old)
    bed.gateway.open.set()
    ended, killed = bed.nursery.end(), bed.journalled()
    assert (ended.code, bed.status.read_bytes()) == (2, bed.old)
    assert "it changed on disk since it was loaded; nothing was written" in ended.said
    assert "The answers are kept: use --resume --write." in ended.said
    assert_finished(bed, bed.run(*RESUME), killed)
    assert bed.status.read_bytes().startswith(b"# By another hand.\n")


def test_an_answer_is_put_on_record_for_the_block_that_was_sent_only(bed: Bed) -> None:
    bed.gateway.open.clear()
    process = bed.start(*ASK)
    wait_for_a_call(bed)
    os.kill(process, signal.SIGKILL)
    assert bed.nursery.end().code == -signal.SIGKILL
    bed.gateway.open.set()
    killed, got = bed.journalled(), bed.gateway.got.copy()
    body = "responseModalities: [TEXT, IMAGE]"
    assert body.encode() in bed.old
    bed.status.write_bytes(bed.old.replace(body.encode(), b"responseModalities: [IMAGE]", 1))
    for options in (RESUME, (*RESUME, "--language", "python"), (*RESUME, "--target", "production")):
        code, said = ended(bed.cli(*options))
        assert code == 2 and "the retest that was begun was expected" in said, said
    assert (bed.journalled(), bed.gateway.got) == (killed, got)
    bed.status.write_bytes(bed.old)
    assert_finished(bed, bed.run(*RESUME), killed)


def test_ctrl_c_keeps_the_journal(bed: Bed) -> None:
    bed.gateway.open.clear()
    process = bed.cli(*ASK)
    wait_for_a_call(bed)
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert (code, "Traceback" in said) == (130, False), said
    bed.gateway.open.set()
    assert bed.journal.exists()
    recover(bed)
