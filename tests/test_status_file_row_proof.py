"""What no evidence backs: rows that raise nothing, and the finding that each of them has."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from trueup.check.retest_receipts import check_receipts
from trueup.evidence import assess
from trueup.model import Standing
from trueup.receipts import Attempt, Bill, RetestReceipt
from trueup.request import request_of
from trueup.retest.status_update import update_status, write_update
from trueup.status_file import Stored, load_status, parse_status

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
NATIVE, OTHER = "acorn/images", "walnut/images"
RECORD = """\
version: 2
policy: {fresh_for: 30d, confirm_after: 2, recover_after: 3, reported_until: 2026-05-01}
targets: {production: {base_url: https://api.example.com, reference: true}}
routes:
  images:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: {documented: bearer}
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
    """Return a retest with two attempts, which is conclusive also where it failed."""
    seen = {"shape": "url", "image": {"format": "PNG"}, "billing": ALIGNED}
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
