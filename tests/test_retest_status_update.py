"""The changes that receipts make: the status file, their files, and the report to readers."""

import json
import os
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import hostile, json_values, paragraphs
from test_retest import (
    ERROR,
    GOOD,
    IMAGE,
    IMAGES,
    LATER,
    NATIVE,
    NOW,
    SILENT,
    STATUS,
    STORED,
    TEXT,
    UNBILLED,
    UNKNOWN_NAME,
    attempt,
    receipt_of,
    stored_of,
)

from trueup.check.retest_receipts import check_receipts
from trueup.evidence import assess, mapping_of
from trueup.model import Mapping as Sighting
from trueup.model import Observation
from trueup.receipts import Attempt, RetestReceipt, row_of
from trueup.request import request_of
from trueup.retest.report import changes, drift, summary
from trueup.retest.status_update import update_status, write_update
from trueup.status_file import load_status, parse_status


def made_at(hours: int, *attempts: Attempt, **more: Any) -> RetestReceipt:
    moved = [one.model_copy(update={"at": NOW + timedelta(hours=hours)}) for one in attempts]
    return receipt_of(*moved, **more)


def test_a_receipt_makes_a_row_at_the_end_of_an_unchanged_file() -> None:
    made = update_status(STORED, [made_at(0, attempt("output", "aligned"))], LATER)
    assert made.stored.text.startswith(TEXT)
    (path,) = made.files
    row = made.stored.status.observations[-1]
    assert row.source and row.source.receipt == path
    assert sha256(made.files[path].encode()).hexdigest() == row.source.sha256


def test_an_equal_sighting_extends_its_row_and_names_the_one_before() -> None:
    stored, files = STORED, dict[str, str]()
    for hours in range(3):
        made = update_status(stored, [made_at(hours, attempt("output", "aligned"))], LATER)
        stored, files = made.stored, files | dict(made.files)
    row = stored.status.observations[-1]
    assert len(stored.status.observations) == len(STATUS.observations) + 1
    assert (row.times, row.first, row.last) == (3, NOW, NOW + timedelta(hours=2))
    assert assess(stored.status)[NATIVE].standing == "recommended"
    source, chain = row.source, []
    while source is not None and source.receipt is not None:
        text = files[source.receipt]
        assert sha256(text.encode()).hexdigest() == source.sha256
        chain.append(source.receipt)
        source = RetestReceipt.model_validate_json(text).previous
    assert chain == sorted(files, reverse=True) and len(chain) == 3


several = st.lists(
    st.tuples(
        st.sampled_from([NATIVE, UNBILLED, GOOD]),
        st.lists(st.sampled_from(["output", "error", "inconclusive"]), min_size=1, max_size=2),
        st.sampled_from([None, "aligned", "mismatch"]),
        paragraphs,
        st.dictionaries(hostile, json_values, max_size=2),
        st.none() | st.text("abc-.:&*'\"!", min_size=1, max_size=9),
        st.integers(1, 2),
    ),
    max_size=3,
)
"""Retests of endpoints; the last figure is how often each was made with the same result."""


@pytest.mark.no_cover
@settings(max_examples=settings().max_examples // 3)  # each a third of a second
@given(several=several, crlf=st.booleans(), tail=st.sampled_from(["", "\n# the end\n"]))
def test_whatever_a_retest_writes_is_read_back_and_agrees_with_its_receipts(
    tmp_path_factory: pytest.TempPathFactory, several: list[Any], crlf: bool, tail: str
) -> None:
    top = tmp_path_factory.mktemp("retest")
    before = (TEXT + tail).replace("\n", "\r\n" if crlf else "\n")
    (top / "status.yml").write_bytes(before.encode())
    receipts: list[RetestReceipt] = []
    for name, outcomes, verdict, text, body, upstream, times in several:
        for _ in range(times):
            more = {
                "sent": request_of(STATUS, name, "production").model_copy(update={"body": body})
            }
            tried = [
                attempt(one, verdict, **more, reason=text, error=text, upstream=upstream)
                for one in outcomes
            ]
            receipts.append(made_at(len(receipts), *tried, endpoint=name))
    made = update_status(load_status(top / "status.yml", LATER), receipts, LATER)
    write_update(top, made)
    loaded = load_status(top / "status.yml", LATER)
    assert loaded.status == made.stored.status
    assert check_receipts(loaded, top) == []
    lines = iter(loaded.text.splitlines(keepends=True))
    assert all(line in lines for line in before.splitlines(keepends=True))
    assert loaded.status.observations[: len(STATUS.observations)] == STATUS.observations
    kept = {receipt.path: receipt.attempts for receipt in receipts}
    files = [RetestReceipt.model_validate_json(file.read_bytes()) for file in evidence_in(top)]
    assert {receipt.path: receipt.attempts for receipt in files} == kept
    rows = [row_of(receipt) for receipt in receipts]
    latest = {(row.endpoint, row.outcome): row for row in rows}
    for row in latest.values():
        seen = loaded.status.seen(row.endpoint)
        (found,) = [other for other in seen if other.newest == row.newest]
        assert (found.sent, found.reason, found.billing) == (row.sent, row.reason, row.billing)


def evidence_in(top: Path) -> list[Path]:
    return [Path(folder, name) for folder, _, names in os.walk(top / "docs") for name in names]


APART: dict[str, tuple[RetestReceipt, RetestReceipt]] = {
    "another bill": (
        made_at(0, attempt("output", "aligned")),
        made_at(1, attempt("output", "mismatch")),
    ),
    "another outcome": (made_at(0, IMAGE), made_at(1, ERROR, ERROR)),
    "another shape": (made_at(0, IMAGE), made_at(1, attempt("output", shape="inline-data"))),
    "silence": (made_at(0, SILENT), made_at(1, SILENT)),
    "an inconclusive bill": (
        made_at(0, attempt("output", "inconclusive")),
        made_at(1, attempt("output", "inconclusive")),
    ),
    "another target": (made_at(0, IMAGE), made_at(1, IMAGE, target="local")),
    "another request": (
        made_at(0, IMAGE),
        made_at(1, attempt("output", endpoint=GOOD)),
    ),
}


@pytest.mark.parametrize("what", APART)
def test_a_different_result_gets_a_row_of_its_own(what: str) -> None:
    made = update_status(STORED, APART[what], LATER)
    assert [row.times for row in made.stored.status.observations[-2:]] == [1, 1]
    assert len(made.stored.status.observations) == len(STATUS.observations) + 2
    for text in made.files.values():
        assert json.loads(text).get("previous") is None


def test_a_row_that_was_only_reported_is_never_extended() -> None:
    sent = STATUS.seen(NATIVE, "production")[0].sent
    again = attempt("output", "mismatch", sent=sent.model_dump())
    made = update_status(STORED, [made_at(0, again)], LATER)
    assert made.stored.status.observations[: len(STATUS.observations)] == STATUS.observations
    assert made.stored.status.observations[-1].times == 1


def test_an_update_made_twice_adds_nothing() -> None:
    receipts = [made_at(0, IMAGE), made_at(1, attempt("error", endpoint=IMAGES), endpoint=IMAGES)]
    once = update_status(STORED, receipts, LATER)
    twice = update_status(once.stored, receipts, LATER)
    assert twice.stored.text == once.stored.text and twice.files == {}
    extended = update_status(once.stored, [made_at(2, IMAGE)], LATER)
    assert update_status(extended.stored, [made_at(2, IMAGE)], LATER).files == {}


SEEN: dict[str, tuple[str | None, list[str]]] = {
    "nothing": (None, []),
    "the one that is known": ("gemini-2.5-flash-image", []),
    "another": ("gemini-9", ["gemini-9"]),
}


@pytest.mark.parametrize("what", SEEN)
def test_the_model_behind_an_alias_is_recorded_where_it_is_new(what: str) -> None:
    upstream, added = SEEN[what]
    of_it = attempt("output", endpoint=IMAGES, upstream=upstream, shape="url")
    made = update_status(STORED, [made_at(0, of_it, endpoint=IMAGES)], LATER)
    new = made.stored.status.mappings[len(STATUS.mappings) :]
    assert [(row.upstream, row.how) for row in new] == [(name, "seen") for name in added]
    if added:
        state = mapping_of(made.stored.status, "nano-banana")
        assert state is not None and state.word == "contradicted"
        assert new[0].source == made.stored.status.observations[-1].source


def test_a_model_that_was_only_stated_is_confirmed_when_it_is_seen() -> None:
    endpoint, name = UNBILLED, "gemini-3-pro-image-preview"
    made = update_status(
        STORED,
        [made_at(0, attempt("output", endpoint=endpoint, upstream=name), endpoint=endpoint)],
        LATER,
    )
    assert isinstance(made.stored.status.mappings[-1], Sighting)
    state = mapping_of(made.stored.status, "nano-banana-pro")
    assert state is not None and state.word == "confirmed"


def test_receipts_are_on_disk_before_the_file_that_points_to_them(tmp_path: Path) -> None:
    path = tmp_path / "status.yml"
    path.write_text(TEXT)
    stored = parse_status(TEXT, str(path), LATER)
    made = update_status(stored, [made_at(0, IMAGE)], LATER)
    (tmp_path / "docs").write_text("a file in the way")
    with pytest.raises(OSError, match="docs"):
        write_update(tmp_path, made)
    assert path.read_text() == TEXT
    (tmp_path / "docs").unlink()
    write_update(tmp_path, made)
    assert path.read_text() == made.stored.text
    for name, text in made.files.items():
        assert (tmp_path / name).read_text() == text
        assert [one.name for one in (tmp_path / name).parent.iterdir()] == [Path(name).name]


LINES: dict[str, tuple[RetestReceipt, str]] = {
    "clean": (
        made_at(0, attempt("output", "aligned")),
        f"{NATIVE}: controlled-testing (billing aligned, 1 of 3);"
        " was controlled-testing (billing mismatch, 0 of 3)",
    ),
    "failed": (
        made_at(0, ERROR, ERROR),
        f"{NATIVE}: not-recommended (error); was controlled-testing (billing mismatch, 0 of 3)",
    ),
    "inconclusive": (
        made_at(0, SILENT),
        f"{NATIVE}: controlled-testing (billing mismatch, 0 of 3); unchanged",
    ),
}


@pytest.mark.parametrize("what", LINES)
def test_a_change_for_readers_is_one_line(what: str) -> None:
    made, line = LINES[what]
    after = update_status(STORED, [made], LATER).stored.status
    assert changes(STATUS, after, [made]) == [line]
    elsewhere = made.model_copy(update={"target": "local"})
    assert changes(STATUS, STATUS, [elsewhere]) == []


def test_a_hold_is_in_the_line() -> None:
    held = stored_of(
        (
            "\nmappings:",
            "\nholds:\n  - endpoint: nano-banana/*\n    to: not-recommended\n    reason: we wait\n"
            "    by: a\n    on: 2026-04-15\n\nmappings:",
        ),
    )
    made = made_at(0, IMAGE)
    after = update_status(held, [made], LATER).stored.status
    (line,) = changes(held.status, after, [made])
    assert line.startswith(f"{NATIVE}: not-recommended (billing ") and "held back" in line


def seen_as(outcome: str, **more: Any) -> Observation:
    made = receipt_of(*[attempt(outcome, **more)] * (2 if outcome == "error" else 1))
    return row_of(made)


DOCS = seen_as("output")
FAILED = seen_as("error")
DRIFTS: dict[str, tuple[Observation | None, dict[str, Observation]]] = {
    "inconclusive": (DOCS, {"production": seen_as("inconclusive")}),
    "no earlier record": (None, {"production": DOCS}),
    "all agree": (DOCS, {"production": DOCS, "local": DOCS, "other": seen_as("inconclusive")}),
    "production differs from the docs; local agrees": (DOCS, {"production": FAILED, "local": DOCS}),
    "production and local differ from the docs in the same way": (
        DOCS,
        {"production": FAILED, "local": FAILED},
    ),
    "production and local differ from the docs": (
        DOCS,
        {"production": FAILED, "local": seen_as("output", shape="inline-data")},
    ),
    "production differs from the docs": (
        seen_as("error", signatures=[UNKNOWN_NAME]),
        {"production": seen_as("error", signatures=["get-channel-failed"])},
    ),
    "production fails otherwise than the docs say": (
        seen_as("error", signatures=[UNKNOWN_NAME]),
        {"production": FAILED},
    ),
    "production differs from the docs; local fails otherwise than the docs say": (
        seen_as("error", signatures=[UNKNOWN_NAME]),
        {"production": DOCS, "local": FAILED},
    ),
    "production fails too, with a text that the docs do not have": (
        FAILED,
        {"production": seen_as("error", signatures=[UNKNOWN_NAME])},
    ),
}


@pytest.mark.parametrize("text", DRIFTS)
def test_targets_are_compared_with_the_docs(text: str) -> None:
    assert drift(*DRIFTS[text]) == text


def test_two_unknown_failures_are_not_the_same_way() -> None:
    rows = {"production": FAILED, "local": FAILED}
    different = drift(DOCS, rows, {"production": "no access", "local": "no credit"})
    assert different == "production and local differ from the docs"


def test_a_summary_has_all_results_and_proposes_signatures() -> None:
    error = 'bad "quote" at field (request id: 2026042000000012345678) \\ and | more'
    failed = attempt("error", "charged-on-failure", error=error, request_id="2026042")
    receipts = [
        made_at(0, failed, failed),
        made_at(0, attempt("output", "aligned", endpoint=GOOD), endpoint=GOOD),
        made_at(0, attempt("inconclusive", endpoint=IMAGES), endpoint=IMAGES),
    ]
    after = update_status(STORED, receipts, LATER).stored.status
    text = summary(STATUS, after, [], receipts, "4 calls, $0.08 spent")
    assert text.startswith("3 of 0 planned endpoints were called; 4 calls, $0.08 spent.")
    assert f"- {NATIVE}: not-recommended (error); was" in text
    assert '| error, `bad "quote" at field \\ and \\u007c more`, billing charged-on-fail' in text
    assert f"| `{GOOD}` | output, inline-data, image/png, billing aligned | output, " in text
    assert f"- production `{IMAGES}`: `no answer" in text
    assert f"- production `{NATIVE}`: charged-on-failure. `the amounts of" in text
    assert 'match: "bad \\"quote\\" at field \\\\ and \\u007c more"' in text
    assert "request id" not in text and "2026042" not in text.partition("## Unknown")[2]
    assert "Rehearsal" not in text
    rehearsed = [one.model_copy(update={"rehearsal": True}) for one in receipts]
    assert summary(STATUS, after, [], rehearsed, "").startswith("**Rehearsal: the mock answered")
