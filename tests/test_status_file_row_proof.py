"""What no evidence backs: rows that raise nothing, and the finding that each of them has."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.check.retest_receipts import check_receipts
from trueup.evidence import assess, mapping_of
from trueup.model import Body, Observation, Source, Standing, Status
from trueup.place import Place
from trueup.receipts import Attempt, Bill, Link, RetestReceipt, row_of
from trueup.request import request_of
from trueup.retest.status_update import update_status, write_update
from trueup.status_file import Stored, load_status, parse_status
from trueup.status_file.row_proof import prove

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
NATIVE, OTHER = "acorn/images", "walnut/images"
RECORD = """\
version: 2
policy: {fresh_for: 30d, confirm_after: 2, recover_after: 3, reported_until: 2026-05-01}
targets:
  production: {base_url: https://api.example.com, reference: true, ledger: new-api}
routes:
  images:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: bearer
models:
  acorn: {title: Acorn, upstream: oak}
  walnut: {title: Walnut}
  clover: {title: Clover}
endpoints:
  acorn/images: {body: {prompt: A red cube}, variants: {v: {title: Two, body: {n: 2}}}}
  walnut/images: {body: {prompt: A red cube}}
  clover/images: {body: {prompt: A red cube}}
mappings:
  - {alias: acorn, upstream: oak, at: 2026-04-01, how: stated, source: {reported: docs}}
observations:
  - at: 2026-04-01
    endpoint: clover/images
    target: production
    sent: {base_url: https://api.example.com, request: POST /v1/images/generations, auth: bearer,
      body: {model: clover, prompt: A red cube}}
    outcome: error
"""
STATUS = parse_status(RECORD, "status.yml", NOW).status
FIRST = len(STATUS.observations)
ALIGNED = Bill(verdict="aligned", cause="agreed", reason="they agree")


def receipt_of(endpoint: str, at: datetime, outcome: str, **changed: object) -> RetestReceipt:
    """Return a retest with two attempts, since a lone failure is inconclusive."""
    seen = {"shape": "url", "output": {"format": "PNG"}, "billing": ALIGNED}
    facts: dict[str, object] = {
        "outcome": outcome,
        "sent": request_of(STATUS, endpoint, "production"),
    }
    facts |= (seen if outcome == "output" else {}) | changed
    attempts = tuple(
        Attempt.model_validate({"at": at + timedelta(seconds=second), **facts}) for second in (0, 1)
    )
    return RetestReceipt(
        endpoint=endpoint,
        target="production",
        language="curl",
        block="curl",
        sha256=sha256(b"curl").hexdigest(),
        containment="namespace",
        attempts=attempts,
    )


def record(top: Path, *results: tuple[str, str]) -> Stored:
    """Write the site of retests, one each day, of endpoints with their outcomes."""
    (top / "status.yml").write_text(RECORD, "utf-8")
    for day, (endpoint, outcome) in enumerate(results):
        at = NOW - timedelta(days=len(results) - day, hours=1)
        extra = {"upstream": "oak"} if endpoint == NATIVE else {}
        made = update_status(load(top), [receipt_of(endpoint, at, outcome, **extra)], NOW)
        write_update(top, made)
    return load(top)


def load(top: Path) -> Stored:
    return load_status(top / "status.yml", NOW)


def standing(stored: Stored, endpoint: str = NATIVE) -> Standing:
    return assess(stored.status)[endpoint].supported


Change = Callable[[Path, str, list[str]], str]
"""An attack: from the top, the text before the new rows, and the new rows, to the text."""


def row(number: int, old: str, new: str) -> Change:
    def change(top: Path, head: str, rows: list[str]) -> str:
        found, count = re.subn(old, new, rows[number], count=1)
        assert count, rows[number]
        rows[number] = found
        return head + "".join(rows)

    return change


def pasted(*numbers: int, then: Change | None = None) -> Change:
    def change(top: Path, head: str, rows: list[str]) -> str:
        rows += [rows[number] for number in numbers]
        return then(top, head, rows) if then else head + "".join(rows)

    return change


def moved(number: int, to: int) -> Change:
    def change(top: Path, head: str, rows: list[str]) -> str:
        rows.insert(to, rows.pop(number))
        return head + "".join(rows)

    return change


def in_file(old: str, new: str) -> Change:
    """Edit the newest receipt, and its hash in the row."""

    def change(top: Path, head: str, rows: list[str]) -> str:
        file = sorted((top / "docs" / "evidence").iterdir())[-1]
        before = file.read_text("utf-8")
        after, count = re.subn(old, new, before, count=1, flags=re.DOTALL)
        assert count, before
        file.write_text(after, "utf-8")
        old_hash, new_hash = (sha256(text.encode()).hexdigest() for text in (before, after))
        return (head + "".join(rows)).replace(old_hash, new_hash)

    return change


def gone(top: Path, head: str, rows: list[str]) -> str:
    sorted((top / "docs" / "evidence").iterdir())[0].unlink()
    return head + "".join(rows)


GOOD, BAD = (NATIVE, "output"), (NATIVE, "error")
FELL = (GOOD, BAD)
NOTE = "    note: at night\n    source:"
MISMATCH = {"receipt-mismatch"}
TWICE = (GOOD, GOOD)
RETRACTED = "    retracted: the key was wrong\n    source:"
ATTACKS: dict[str, tuple[tuple[tuple[str, str], ...], Change, set[str], str]] = {
    "nothing": (TWICE, pasted(), set(), "recommended"),
    "another time": ((GOOD,), row(0, "at: 2026-05-19", "at: 2026-05-20"), MISMATCH, "unverified"),
    "another type of image": ((GOOD,), row(0, "image/png", "image/webp"), MISMATCH, "unverified"),
    "another endpoint": ((GOOD,), row(0, NATIVE, OTHER), MISMATCH, "unverified"),
    "a variant": ((GOOD,), row(0, "    target:", "    variant: v\n    target:"), MISMATCH,
                  "unverified"),
    "the receipt of another": ((GOOD, (OTHER, "output")), row(1, OTHER, NATIVE), MISMATCH,
                               "controlled-testing"),
    "more times": (TWICE, row(0, "times: 2", "times: 3"), MISMATCH, "unverified"),
    "fewer times": (TWICE, row(0, "first: .*\n    last: (.*)\n    times: 2", r"at: \1"), MISMATCH,
                    "unverified"),
    "another first": (TWICE, row(0, "first: 2026-05-18", "first: 2026-05-17"), MISMATCH,
                      "unverified"),
    "another last": (TWICE, row(0, "last: 2026-05-19", "last: 2026-05-20"), MISMATCH,
                     "unverified"),
    "the first one gone": (TWICE, gone, {"missing-receipt"}, "unverified"),
    "no attempts": ((GOOD,), in_file(r'"attempts": \[.*\]', '"attempts": []'), MISMATCH,
                    "unverified"),
    "a receipt of a rehearsal": ((GOOD,), in_file('"rehearsal": false', '"rehearsal": true'),
                                 {"rehearsed-receipt"}, "unverified"),
    "pasted": ((GOOD,), pasted(0, 0), {"reused-receipt"}, "controlled-testing"),
    "pasted as newer": ((GOOD,), pasted(0, then=row(1, "at: 2026-05-19", "at: 2026-05-20")),
                        {*MISMATCH, "reused-receipt"}, "controlled-testing"),
    "a fall under old rows": (FELL, pasted(0, 0, 0), {"reused-receipt", "row-order"},
                              "not-recommended"),
    "a fall made the oldest": (FELL, moved(1, 0), {"row-order"}, "not-recommended"),
    "a fall written as a success": (FELL, row(1, "outcome: error", "outcome: output"), MISMATCH,
                                    "not-recommended"),
    "a fall written as a success, and retracted": (
        FELL, row(1, r"outcome: error((?:.|\n)*?)    source:", rf"outcome: output\1{RETRACTED}"),
        MISMATCH, "controlled-testing"),
    "a fall of another endpoint": (FELL, row(1, NATIVE, OTHER), MISMATCH, "not-recommended"),
    "a note": (TWICE, row(0, "    source:", NOTE), set(), "recommended"),
    "a retraction": ((GOOD, BAD, GOOD, GOOD), row(1, "    source:", RETRACTED), set(),
                     "controlled-testing"),
    "a retraction after which it recovered": (
        (BAD, GOOD, GOOD, GOOD), row(0, "    source:", RETRACTED), set(), "recommended"),
}  # fmt: skip


def split_rows(stored: Stored) -> tuple[str, list[str]]:
    lines = stored.text.splitlines(keepends=True)
    count = len(stored.status.observations)
    starts = [stored.place("observations", index).line - 1 for index in range(FIRST, count)]
    ends = [*starts[1:], len(lines)]
    rows = ["".join(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    return "".join(lines[: starts[0]]), rows


@pytest.mark.parametrize("what", ATTACKS)
def test_a_row_that_its_evidence_does_not_back_raises_nothing(what: str, tmp_path: Path) -> None:
    results, change, rules, expected = ATTACKS[what]
    stored = record(tmp_path, *results)
    text = change(tmp_path, *split_rows(stored))
    (tmp_path / "status.yml").write_text(text, "utf-8")
    found = load(tmp_path)
    assert {finding.rule for finding in check_receipts(found, tmp_path)} == rules
    assert standing(found) == expected


def rows_of(*changes: dict[str, object]) -> Status:
    """Return the status with reported outputs of one request."""
    row = {
        "at": date(2026, 4, 10),
        "endpoint": NATIVE,
        "target": "production",
        "sent": request_of(STATUS, NATIVE, "production"),
        "outcome": "output",
        "billing": "aligned",
        "source": {"reported": "a page"},
    }
    rows = tuple(Observation.model_validate(row | change) for change in changes)
    return STATUS.model_copy(update={"observations": rows})


def of_body(body: Body) -> dict[str, object]:
    return {"sent": request_of(STATUS, NATIVE, "production").model_copy(update={"body": body})}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "recommended"),
        ({"sample": True}, "unverified"),
        (of_body({"*": None}), "unverified"),
        (of_body({"prompt": None, "*": None}), "unverified"),
        (of_body({"model": "acorn", "*": None}), "unverified"),
        (of_body({"*": None}) | {"outcome": "error", "billing": None}, "not-recommended"),
    ],
)
def test_a_row_of_which_nothing_is_known_only_lowers(
    change: dict[str, object], expected: str
) -> None:
    assert assess(rows_of(change, change))[NATIVE].supported == expected


def test_a_sample_has_no_receipt() -> None:
    source = {"receipt": "docs/evidence/x.json", "sha256": "0" * 64}
    with pytest.raises(ValueError, match="a sample requires the source reported"):
        rows_of({"at": NOW, "source": source, "sample": True})


DAY = date(2026, 4, 10)
NOON, ONE = (datetime(2026, 4, 10, hour, tzinfo=UTC) for hour in (12, 13))


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        (({"at": DAY}, {"at": DAY}), []),
        (({"at": ONE}, {"at": DAY}, {"at": NOON}), ["2"]),
        (({"at": DAY}, {"at": date(2026, 4, 9)}, {"at": DAY}), ["1"]),
        (({"at": ONE}, {"at": NOON, "variant": "v"}, {"at": NOON, "target": "local"}), []),
        (({"at": ONE}, {"at": NOON, "retracted": "x"}), ["1"]),
        (({"at": ONE}, {"at": NOON, "sample": True}), []),
        (({"at": DAY}, {"at": None, "first": date(2026, 4, 9), "last": DAY, "times": 2}), ["1"]),
    ],
)
def test_rows_stand_in_the_order_of_their_times(
    changes: tuple[dict[str, object], ...], places: list[str]
) -> None:
    status = rows_of(*changes)
    proofs = prove(status, lambda name, index: Place(str(index)), lambda source: [])
    found = [one for each in proofs.found.values() for one in each if one.rule == "row-order"]
    assert [str(one.where) for one in found] == places


def test_a_report_counts_once() -> None:
    fallen = rows_of({"at": DAY, "outcome": "error", "billing": None}, {"at": ONE})
    status = rows_of({"at": DAY}, {"at": DAY, "note": "again"}, {"at": DAY, "times": 1})
    proofs = prove(status, lambda name, index: Place(str(index)), lambda source: [])
    rules = {str(each[0].where): [one.rule for one in each] for each in proofs.found.values()}
    assert rules == {"1": ["reused-receipt"], "2": ["reused-receipt"]}
    assert not prove(fallen, lambda name, index: Place(str(index)), lambda source: []).found


def test_a_mapping_is_what_its_receipt_shows(tmp_path: Path) -> None:
    stored = record(tmp_path, GOOD)
    for old, new in {"at: 2026-05-19": "at: 2026-05-18", "upstream: oak": "upstream: elm"}.items():
        start = stored.text.index("how: seen") - 120
        text = stored.text[:start] + stored.text[start:].replace(old, new, 1)
        assert text != stored.text
        (tmp_path / "status.yml").write_text(text, "utf-8")
        found = load(tmp_path)
        assert {one.rule for one in check_receipts(found, tmp_path)} == MISMATCH
        state = mapping_of(found.status, "acorn")
        assert state and state.word == ("contradicted" if "elm" in new else "stated")


RECEIPTS = [
    receipt_of(NATIVE, NOW - timedelta(days=9 - day), outcome, **changed)
    for day, (outcome, changed) in enumerate(
        [("output", {}), ("error", {}), ("output", {}), ("output", {}), ("output", {})]
        + [("output", {"billing": ALIGNED.model_copy(update={"verdict": "mismatch"})})]
    )
]
CHAIN = {row_of(one).source.sha256: one for one in RECEIPTS}  # type: ignore[union-attr]


def read(source: Source) -> list[Link]:
    return [Link(source, receipt=CHAIN[source.sha256 or ""])]


def judged(rows: list[Observation]) -> Standing:
    status = STATUS.model_copy(update={"observations": tuple(rows)})
    proofs = prove(status, lambda *keys: Place("status.yml"), read)
    stored = Stored(status, DOCUMENT, "").proven_by(proofs)
    return standing(stored)


DOCUMENT = parse_status(RECORD, "status.yml", NOW).document
EDITS: list[dict[str, object]] = [
    {"outcome": "output", "signatures": ()},
    {"billing": "aligned"},
    {"billing": None},
    {"at": NOW},
    {"endpoint": OTHER},
    {"variant": "v"},
    {"times": 3, "at": None, "first": NOW, "last": NOW},
]


def test_a_fall_given_to_another_endpoint_and_moved_first_is_no_past() -> None:
    good, bad = map(row_of, RECEIPTS[:2])
    moved = bad.model_copy(update={"endpoint": OTHER})
    assert judged([moved, good]) == judged([good, bad]) == Standing.NOT_RECOMMENDED


@given(data=st.data(), count=st.integers(1, len(RECEIPTS)))
def test_no_copy_move_or_edit_of_rows_raises_a_standing(data: st.DataObject, count: int) -> None:
    honest = [row_of(one) for one in RECEIPTS[:count]]
    rows = data.draw(st.permutations(honest))
    rows += data.draw(st.lists(st.sampled_from(honest), max_size=3))
    for index in data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=3)):
        rows[index] = rows[index].model_copy(update=data.draw(st.sampled_from(EDITS)))
    assert judged(rows).rank >= judged(honest).rank
