"""Receipts of retests compared with their rows, each problem with its own rule."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import TOP
from git_repository import git

from trueup.check.status_claims import check_status
from trueup.evidence import assess
from trueup.model import Sent
from trueup.receipts import Attempt, RetestReceipt
from trueup.request import request_of
from trueup.retest.status_update import update_status, write_update
from trueup.status_file import Stored, load_status

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"


def sent_of(stored: Stored, endpoint: str) -> Sent:
    return request_of(stored.status, endpoint, "production")


def proof_of(stored: Stored, endpoint: str, at: datetime, **changed: object) -> RetestReceipt:
    """Return a retest that returned an image."""
    facts: dict[str, object] = {"outcome": "output", "shape": "data-uri"}
    if endpoint == IMAGES:
        facts["shape"] = "url"
    attempt = Attempt(at=at, sent=sent_of(stored, endpoint), **{**facts, **changed})
    block = "curl"
    return RetestReceipt(
        endpoint=endpoint,
        target="production",
        language="curl",
        block=block,
        sha256=sha256(block.encode()).hexdigest(),
        containment="namespace",
        attempts=(attempt,),
    )


def rules(top: Path) -> list[str]:
    stored = load_status(top / "status.yml", NOW)
    return [one.rule for one in check_status(stored, assess(stored.status), top, NOW.date())]


def retested(top: Path, times: int = 1, **changed: object) -> list[Path]:
    """Record equal retests; return their files, oldest first."""
    (top / "status.yml").write_bytes((TOP / "tests" / "record.yml").read_bytes())
    files = []
    for number in range(times):
        stored = load_status(top / "status.yml", NOW)
        at = NOW - timedelta(hours=5 - number)
        made = update_status(stored, [proof_of(stored, NATIVE, at, **changed)], NOW)
        write_update(top, made)
        files += [top / name for name in made.files]
    return files


@pytest.mark.parametrize("times", [1, 3])
def test_receipts_of_a_retest_have_no_finding(times: int, tmp_path: Path) -> None:
    files = retested(tmp_path, times, upstream="gemini-2.5-flash-image")
    assert len(files) == times
    assert rules(tmp_path) == []


def swap(old: str, new: str) -> Callable[[Path, list[Path]], None]:
    def change(top: Path, files: list[Path]) -> None:
        text = (top / "status.yml").read_text()
        place = text.rindex(old)
        (top / "status.yml").write_text(text[:place] + text[place:].replace(old, new, 1))

    return change


def edited(old: str, new: str) -> Callable[[Path, list[Path]], None]:
    """Change the newest file, and its hash in the row as well."""

    def change(top: Path, files: list[Path]) -> None:
        before = files[-1].read_bytes()
        after = before.replace(old.encode(), new.encode())
        assert after != before
        files[-1].write_bytes(after)
        swap(sha256(before).hexdigest(), sha256(after).hexdigest())(top, files)

    return change


rehearsed = edited('"rehearsal": false', '"rehearsal": true')


WRONG: dict[str, tuple[Callable[[Path, list[Path]], object], list[str]]] = {
    "a file that is gone": (lambda top, files: files[-1].unlink(), ["missing-receipt"]),
    "an earlier one gone": (lambda top, files: files[0].unlink(), ["missing-receipt"]),
    "a file that was changed": (lambda t, files: files[-1].write_text("{}"), ["changed-receipt"]),
    "an earlier one changed": (lambda t, files: files[0].write_text("{}"), ["changed-receipt"]),
    "a repetition too many": (swap("times: 3", "times: 4"), ["receipt-mismatch"]),
    "another outcome": (swap("outcome: output\n    shape: data-uri", "outcome: error"),
                        ["receipt-mismatch"] * 2),
    "another shape": (swap("shape: data-uri", "shape: inline-data"), ["receipt-mismatch"]),
    "a bill that is not in the receipt": (swap("outcome: output\n    shape: data-uri",
                                     "outcome: output\n    billing: aligned\n    shape: data-uri"),
                                ["receipt-mismatch"]),
    "another body": (swap("Return image output.", "Return it."), ["drift", "receipt-mismatch"]),
    "a file and its hash changed": (edited('"data-uri"', '"inline-data"'), ["receipt-mismatch"]),
    "a rehearsal": (rehearsed, ["rehearsed-receipt"]),
    "a file of no row": (lambda top, files: (files[0].parent / "x.json").write_text("{}"),
                         ["unused-receipt"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def thrice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("thrice")
    retested(top, 3)
    return top


@pytest.mark.parametrize("what", WRONG)
def test_a_receipt_that_differs_from_its_row_is_found(
    what: str, thrice: Path, tmp_path: Path
) -> None:
    shutil.copytree(thrice, tmp_path, dirs_exist_ok=True)
    files = sorted((tmp_path / "docs" / "evidence").iterdir())
    change, expected = WRONG[what]
    change(tmp_path, files)
    assert [rule for rule in rules(tmp_path) if rule != "drift"] == [
        rule for rule in expected if rule != "drift"
    ]


def test_a_copy_for_a_rehearsal_may_have_its_receipt(tmp_path: Path) -> None:
    rehearsed(tmp_path, retested(tmp_path))
    (tmp_path / "REHEARSAL").write_text("")
    assert rules(tmp_path) == []
    git(tmp_path, "init", "--quiet", "--template=")
    assert rules(tmp_path) == []  # a copy inside a repository
    for name in ("status.yml", "REHEARSAL"):
        git(tmp_path, "add", name)
        assert rules(tmp_path) == ["rehearsed-receipt"]
        git(tmp_path, "rm", "--quiet", "--cached", name)


def test_a_mapping_that_its_receipt_does_not_show_is_found(tmp_path: Path) -> None:
    retested(tmp_path, upstream="gemini-3-x")
    assert rules(tmp_path) == ["contradicted-mapping"]
    text = (tmp_path / "status.yml").read_text()
    assert text.count("upstream: gemini-3-x") == 1
    changed = text.replace("upstream: gemini-3-x", "upstream: gemini-2.5-flash-image")
    (tmp_path / "status.yml").write_text(changed)
    assert rules(tmp_path) == ["receipt-mismatch"]


def test_a_target_without_a_ledger_has_no_bills(tmp_path: Path) -> None:
    text = (TOP / "tests" / "record.yml").read_text()
    text = text.replace("ledger: new-api", "ledger: {none: the operator has none}", 1)
    (tmp_path / "status.yml").write_text(text)
    with pytest.raises(Exception, match=r"production has .*, but .* with a billing verdict \(\d\)"):
        load_status(tmp_path / "status.yml", NOW)
