"""The journal: a crash at any byte loses no call that was made, and resends none."""

import fcntl
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import hostile, json_values

from trueup.errors import BadInput
from trueup.relay import INTERRUPTED, Journal

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
Open = Callable[[], Journal]


def opened(path: Path) -> Journal:
    return Journal(path, lambda: NOW)


def written(path: Path) -> bytes:
    """A journal of two calls with their ends and a receipt."""
    with opened(path) as journal:
        for label in ("a/x", "é/y"):
            call = journal.intend(label, "POST", "/v1/x", Decimal("0.04"))
            journal.answer(call.ordinal, 200, f"id-{call.ordinal}")
            journal.settle(call.ordinal, Decimal("0.039"))
        journal.keep({"sha256": "a" * 64, "passed": True, "reasons": ["é"]})
    return path.read_bytes()


def test_a_journal_is_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    content = written(path)
    assert content.count(b"\n") == 7 and content.endswith(b"\n")
    with opened(path) as journal:
        assert list(journal.calls) == [1, 2]
        first = journal.calls[1]
        assert (first.intent.label, first.intent.reserved_usd) == ("a/x", Decimal("0.04"))
        assert first.answer and (first.answer.status, first.answer.request_id) == (200, "id-1")
        assert (first.inconclusive, first.spent_usd) == (None, Decimal("0.039"))
        assert list(journal.receipts) == [{"sha256": "a" * 64, "passed": True, "reasons": ["é"]}]
        assert journal.intend("b", "GET", "/").ordinal == 3
    assert path.read_bytes().startswith(content)


dollars = st.decimals(0, 10**6, places=9)
calls = st.tuples(
    hostile,
    st.sampled_from(["GET", "POST"]),
    hostile,
    st.none() | dollars,
    st.none() | st.tuples(st.integers(100, 599), st.none() | hostile, st.none() | hostile),
    st.none() | dollars,
    st.none() | st.dictionaries(hostile, json_values, max_size=3),
)


@given(st.lists(calls, max_size=5))
def test_any_entries_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    several: list[tuple[Any, ...]],
) -> None:
    path = tmp_path_factory.getbasetemp() / "several.jsonl"
    path.unlink(missing_ok=True)
    with opened(path) as journal:
        for label, method, place, reserved, answer, actual, receipt in several:
            ordinal = journal.intend(label, method, place, reserved).ordinal
            if answer is not None:
                journal.answer(ordinal, *answer)
            if actual is not None:
                journal.settle(ordinal, actual)
            if receipt is not None:
                journal.keep(receipt)
        written = journal.calls, journal.receipts
    with opened(path) as again:
        assert (again.calls, again.receipts) == written
        assert [state.intent.label for state in again.calls.values()] == [c[0] for c in several]
        assert again.receipts == [call[-1] for call in several if call[-1] is not None]


def test_a_call_without_an_answer_was_interrupted_and_counts(tmp_path: Path) -> None:
    with opened(tmp_path / "run.jsonl") as journal:
        journal.intend("a", "POST", "/", Decimal("0.04"))
        journal.intend("b", "POST", "/")
    with opened(tmp_path / "run.jsonl") as journal:
        calls = list(journal.calls.values())
        assert [call.inconclusive for call in calls] == [INTERRUPTED] * 2
        assert [call.spent_usd for call in calls] == [Decimal("0.04"), 0]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2000), st.sampled_from([b"", b"\0" * 40, b'{"kind":', b"\xff\xfe"]))
def test_a_crash_at_any_byte_leaves_a_journal_that_can_go_on(
    tmp_path_factory: pytest.TempPathFactory, length: int, torn: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "run.jsonl"
    content = written(path)[:length]
    whole = content[: content.rfind(b"\n") + 1]
    path.write_bytes(content + torn)
    with opened(path) as journal:
        calls = len(journal.calls)
        assert calls == whole.count(b'"kind":"intent"')
        assert journal.intend("next", "POST", "/").ordinal == calls + 1
    after = path.read_bytes()
    assert after.startswith(whole) and all(json.loads(line) for line in after.splitlines())


INTENT = (
    '{"kind":"intent","ordinal":1,"at":"2026-04-20T12:00:00Z","label":"","method":"GET","path":"/"}'
)
CORRUPT = {
    "": "Invalid JSON",
    "[]": "not an entry of a journal: Input should be an object",
    "\0\0": "Invalid JSON",
    '{"kind":"guess"}': "'guess'",
    '{"ordinal":1}': "Unable to extract tag",
    INTENT: "got call 1, expected call 2",
    INTENT.replace('"ordinal":1', '"ordinal":0'): "ordinal: Input should be greater",
    INTENT.replace(',"path":"/"', ""): "path: Field required",
    INTENT.replace('"label":""', '"label":"","key":"sk-secret"'): "key: Extra inputs",
    INTENT.replace("Z", ""): "at: Input should have timezone info",
    '{"kind":"answer","ordinal":2,"at":"2026-04-20T12:00:00Z","status":200}': "without an intent",
    '{"kind":"settled","ordinal":1,"at":"2026-04-20T12:00:00Z","actual_usd":"-1"}': "actual_usd",
    '{"kind":"receipt","at":"2026-04-20T12:00:00Z"}': "receipt: Field required",
}


@pytest.mark.parametrize("line", CORRUPT)
def test_an_invalid_line_is_reported_with_its_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(f"{INTENT}\n{line}\n")
    with pytest.raises(BadInput) as error:
        opened(path)
    assert str(error.value).startswith(f"{path}:2: ")
    assert CORRUPT[line] in str(error.value)
    assert str(error.value).endswith("Restore the file, or move it away and start anew.")
    assert "secret" not in str(error.value)
    assert path.read_text() == f"{INTENT}\n{line}\n"


def test_a_second_answer_is_refused_when_written_and_when_read(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with opened(path) as journal:
        journal.intend("", "GET", "/")
        journal.answer(1, 200)
        with pytest.raises(ValueError, match="a second answer of call 1"):
            journal.answer(1, 200)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]))
    with pytest.raises(BadInput, match=":3: a second answer of call 1. Restore"):
        opened(path)


def test_two_runs_do_not_share_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with opened(path), pytest.raises(BadInput, match=r"in use by process \d+ since .*\. Wait"):
        opened(path)
    opened(path).__exit__()


def test_a_journal_that_is_moved_aside_while_it_is_opened_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, aside = tmp_path / "run.jsonl", tmp_path / "aside.jsonl"
    content = written(path)
    lock = fcntl.flock

    def late(handle: int, how: int) -> None:
        path.rename(aside)
        lock(handle, how)

    monkeypatch.setattr("fcntl.flock", late)
    with pytest.raises(BadInput, match="the earlier run has just ended and moved this file"):
        opened(path)
    assert aside.read_bytes() == content and not path.exists()


def test_a_lock_holds_without_the_note_of_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    (tmp_path / "run.jsonl.holder").mkdir()
    with opened(path), pytest.raises(BadInput, match="in use by another process"):
        opened(path)


def test_a_journal_that_cannot_be_opened_is_bad_input(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere" / "run.jsonl", tmp_path):
        with pytest.raises(BadInput, match=": not readable and writable: .* Use another path"):
            opened(path)


def test_a_new_journal_is_private_and_its_folder_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def noted(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        sync(handle)

    monkeypatch.setattr("os.fsync", noted)
    path = tmp_path / "run.jsonl"
    with opened(path) as journal:
        journal.intend("", "GET", "/")
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(tmp_path) in synced and synced[-1] == str(path)
