"""Rows of a commit that a change altered, moved or removed, one part at a time."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from git_repository import commit, git
from signing import KEY, STRANGER, public

from trueup.check.status_changes import check_history
from trueup.evidence import assess
from trueup.finding import Finding
from trueup.status_file import load_status

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
SENT = """\
    sent: {base_url: https://api.example.com, request: POST /v1/images/generations, auth: bearer,
      body: {model: acorn, prompt: A red cube}}
"""
RECORD = f"""\
version: 2
policy: {{fresh_for: 30d, confirm_after: 2, recover_after: 3, reported_until: 2026-05-01}}
targets: {{production: {{base_url: https://api.example.com, reference: true}}}}
routes:
  images:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: bearer
models: {{acorn: {{title: Acorn, upstream: oak}}}}
endpoints: {{acorn/images: {{body: {{prompt: A red cube}}}}}}
signatures:
  none-free:
    match: no free channel
    cause: it is full
    replay: {{status: 503, message: there is no free channel}}
mappings:
  - {{alias: acorn, upstream: oak, at: 2026-04-01, how: stated, source: {{reported: docs}}}}
observations:
  - at: 2026-04-01
    endpoint: acorn/images
    target: production
{SENT}\
    outcome: error
    signatures: [none-free]
    source: {{reported: page 1}}
  - at: 2026-04-02
    endpoint: acorn/images
    target: production
{SENT}\
    outcome: output
    billing: mismatch
    source: {{reported: page 2}}
    retracted: the key was wrong
  - first: 2026-05-03T08:00:00Z
    last: 2026-05-04T08:00:00Z
    times: 2
    endpoint: acorn/images
    target: production
{SENT}\
    outcome: output
    billing: aligned
    source: {{receipt: docs/evidence/b.json, sha256: {"b" * 64}}}
"""
OTHER_SOURCE = f"sha256: {'c' * 64}"
SOURCE = f"sha256: {'b' * 64}"
SERIES = "first: 2026-05-03T08:00:00Z\n    last: 2026-05-04T08:00:00Z\n    times: 2"
ONE, TWO, THREE = (
    f"  - {part}" for part in RECORD.partition("observations:\n")[2].split("  - ")[1:]
)


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("altered") / "site"
    folder.mkdir()
    (folder / "status.yml").write_text(RECORD, "utf-8")
    commit(folder)
    return folder


def found_in(top: Path, text: str, **counts: int) -> list[Finding]:
    (top / "status.yml").write_text(text, "utf-8")
    stored = load_status(top / "status.yml", NOW)
    blocks = {str(top / "docs" / f"{name}.md"): count for name, count in counts.items()}
    return check_history(stored, assess(stored.status), blocks, top, "main", NOW, NOW.date())


def series(first: str, last: str, times: int) -> str:
    return f"first: 2026-05-{first}:00:00Z\n    last: 2026-05-{last}:00:00Z\n    times: {times}"


ALTERED, REMOVED = ["altered-observation"], ["removed-observation"]
CHANGES: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "nothing": ([], []),
    "a row at the end": ([(THREE, THREE + ONE.replace("page 1", "page 3"))], []),
    "a retraction": ([("page 1}\n", "page 1}\n    retracted: x\n")], ["retracted-observation"]),
    "a retraction of a good row": ([(f"{SOURCE}}}\n", f"{SOURCE}}}\n    retracted: x\n")], []),
    "a field": ([("billing: aligned", "billing: mismatch")], ALTERED),
    "a field that is left out": ([("    signatures: [none-free]\n", "")], ALTERED),
    "a date": ([("at: 2026-04-01\n", "at: 2026-04-02\n")], ALTERED),
    "the source of a report": ([("page 1", "page 3")], ALTERED),
    "a receipt": ([(SOURCE, OTHER_SOURCE)], ALTERED),
    "no retraction any more": ([("    retracted: the key was wrong\n", "")], ALTERED),
    "a report of more times": (
        [("at: 2026-04-01\n", "first: 2026-04-01\n    last: 2026-04-01\n    times: 2\n")], ALTERED),
    "a further receipt": (
        [(SERIES, series("03T08", "05T08", 3)), (SOURCE, OTHER_SOURCE)], []),
    "a further receipt and another begin": (
        [(SERIES, series("02T08", "05T08", 3)), (SOURCE, OTHER_SOURCE)], ALTERED),
    "a further receipt of an earlier time": (
        [(SERIES, series("03T08", "03T09", 3)), (SOURCE, OTHER_SOURCE)], ALTERED),
    "a later time, as often": (
        [(SERIES, series("03T08", "05T08", 2)), (SOURCE, OTHER_SOURCE)], ALTERED),
    "more times at the same end": ([(SERIES, series("03T08", "04T08", 3))], []),
    "another begin alone": ([(SERIES, series("02T08", "04T08", 2))], ALTERED),
    "another end alone": ([(SERIES, series("03T08", "05T08", 2))], ALTERED),
    "fewer times": ([(SERIES, series("03T08", "04T08", 1))], ALTERED),
    "a row removed": ([(ONE, "")], REMOVED),
    "two rows swapped": ([(ONE + TWO, TWO + ONE)], ALTERED),
    "another model behind an alias": (
        [("upstream: oak, at", "upstream: elm, at")], ALTERED),
    "another text of a failure": (
        [("match: no free channel", "match: free channel")], ALTERED),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_row_stays_as_it_was_but_for_a_further_receipt_or_a_retraction(
    what: str, top: Path
) -> None:
    edits, expected = CHANGES[what]
    text = RECORD
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    assert [one.rule for one in found_in(top, text)] == expected


def test_a_mapping_that_is_removed_is_found(top: Path) -> None:
    start, end = RECORD.index("mappings:"), RECORD.index("observations:")
    (finding,) = found_in(top, RECORD[:start] + RECORD[end:])
    assert finding.rule == "removed-observation"


def test_a_bad_bill_that_is_retracted_is_shown(top: Path) -> None:
    text = RECORD.replace("    retracted: the key was wrong\n", "")
    (top / "status.yml").write_text(text, "utf-8")
    commit(top)
    rules = [one.rule for one in found_in(top, RECORD)]
    assert rules == ["retracted-observation"]
    commit(top)


def test_changed_signers_are_found_in_the_file_beside_the_status_file(top: Path) -> None:
    text = RECORD.replace("policy: {", "policy: {site: docs.example.com, signers: signers, ")
    (top / "signers").write_text(f"a@b {public(KEY)}\n")
    assert found_in(top, text) == []
    commit(top)
    (top / "signers").write_text(f"a@b {public(STRANGER)}\n")
    found = found_in(top, text)
    assert [one.rule for one in found] == ["loosened-policy"] * 2
    assert {one.where.path for one in found} == {str(top / "signers")}
    (top / "signers").write_text(f"a@b {public(KEY)}\n")
    assert found_in(top, text) == []


def test_a_page_keeps_its_blocks(top: Path) -> None:
    page = top / "docs" / "a.md"
    page.parent.mkdir()
    page.write_text("---\nblocks: 2\n---\n# A\n")
    found_in(top, RECORD)
    commit(top)
    assert found_in(top, RECORD, a=1) == []  # the page is as it was
    page.write_text("---\nblocks: 1\n---\n# A\n")
    (finding,) = found_in(top, RECORD, a=1)
    assert (finding.rule, finding.problem) == (
        "fewer-blocks", "blocks is 1, expected 2 as committed")  # fmt: skip
    assert found_in(top, RECORD, a=2) == []


def test_a_commit_whose_files_git_cannot_list_is_no_empty_one(top: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(top, copy)
    tree = git(copy, "rev-parse", "main^{tree}").strip()
    (copy / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    (finding,) = found_in(copy, RECORD)
    assert finding.rule == "no-history" and "cannot be listed" in finding.problem
