"""Receipts: the counts of a verification, and the file of receipts."""

import json
from dataclasses import fields
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strategies import differences, hostile, json_values, paragraphs

from trueup import __version__
from trueup.verify.block_receipt import BlockReceipt, Report


def receipt(**fields: Any) -> BlockReceipt:
    return BlockReceipt(
        **{
            "sha256": "a" * 64,
            "language": "python",
            "endpoint": "acorn/native",
            "pages": ("index.html", "acorn/index.html"),
            "target": "production",
            "replayed": True,
            "containment": "namespace",
            "passed": True,
            **fields,
        }
    )


PASSED, FAILED = receipt(), receipt(passed=False, reasons=("it failed",))
INCONCLUSIVE = receipt(passed=False, outcome="inconclusive", inconclusive="no whole answer came")
SKIPPED = receipt(passed=False, skipped="the upstream is down (until 2026-05-01)")


def test_an_inconclusive_block_counts_as_run_and_neither_as_passed_nor_as_failed() -> None:
    report = Report((PASSED, INCONCLUSIVE, FAILED, SKIPPED))
    assert str(report) == "found 4, run 3, passed 1, failed 1, skipped 1, inconclusive 1"


def test_an_empty_report_has_no_counts_but_zeros() -> None:
    assert str(Report(())) == "found 0, run 0, passed 0, failed 0, skipped 0"


@given(st.lists(st.sampled_from((PASSED, FAILED, SKIPPED, INCONCLUSIVE))))
def test_the_counts_always_add_up(receipts: list[BlockReceipt]) -> None:
    counts = Report(tuple(receipts)).counts
    assert counts["found"] == len(receipts) == counts["run"] + counts["skipped"]
    assert counts["run"] == counts["passed"] + counts["failed"] + counts["inconclusive"]


def test_a_report_is_written_as_json_with_every_field() -> None:
    one = receipt(evidence=date(2026, 4, 14), status=200, shape="data-uri", request_id="é")
    text = Report((one, FAILED)).render()
    data = json.loads(text)
    assert text.endswith("}\n") and "é" in text
    assert (data["version"], data["counts"]["found"]) == (1, 2)
    written, failed = data["receipts"]
    assert (written["evidence"], written["engine"]) == ("2026-04-14", __version__)
    assert written["pages"] == ["index.html", "acorn/index.html"]
    assert failed["reasons"] == ["it failed"]
    assert set(written) == {field.name for field in fields(BlockReceipt)}


receipts = st.builds(
    receipt,
    endpoint=st.none() | hostile,
    pages=st.lists(hostile, max_size=2).map(tuple),
    passed=st.booleans(),
    status=st.none() | st.integers(100, 599),
    signatures=st.lists(hostile, max_size=2).map(tuple),
    exit_code=st.none() | st.integers(-64, 255),
    request_id=st.none() | hostile,
    evidence=st.none() | st.dates(),
    record=st.none() | hostile,
    output=st.none() | st.dictionaries(hostile, json_values, max_size=3),
    skipped=st.none() | hostile,
    inconclusive=st.none() | hostile,
    unobserved=st.lists(differences, max_size=2).map(tuple),
    reasons=st.lists(paragraphs, max_size=2).map(tuple),
    reused=st.booleans(),
)


@given(st.lists(receipts, max_size=4).map(tuple))
def test_a_report_is_read_back_as_it_was_written(several: tuple[BlockReceipt, ...]) -> None:
    report = Report(several)
    again = Report.parse(report.render())
    assert (again, again.counts, again.reused) == (report, report.counts, report.reused)
