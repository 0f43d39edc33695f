"""The chain of a row: its receipts on disk, newest first, up to the first that cannot be read."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from trueup.model import Sent, Source
from trueup.receipts import Attempt, RetestReceipt, read_chain

AT = datetime(2026, 4, 20, 12, tzinfo=UTC)
SENT = Sent(base_url="https://api.example.com", request="GET /v1/x", auth="bearer", body={})


def kept(top: Path, hour: int, previous: Source | None = None) -> Source:
    """Write a receipt; return the source that names it."""
    receipt = RetestReceipt(
        endpoint="acorn/images",
        target="production",
        language="curl",
        block="curl",
        sha256=sha256(b"curl").hexdigest(),
        containment="namespace",
        attempts=(Attempt(at=AT.replace(hour=hour), outcome="output", sent=SENT),),
        previous=previous,
    )
    file = top / receipt.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(receipt.render())
    return named(top, file)


def named(top: Path, file: Path) -> Source:
    hash = sha256(file.read_bytes()).hexdigest()
    return Source(receipt=str(file.relative_to(top)), sha256=hash)


def test_a_chain_is_read_newest_first(tmp_path: Path) -> None:
    newest = kept(tmp_path, 11, kept(tmp_path, 10))
    links = list(read_chain(newest, tmp_path))
    assert [link.receipt.at.hour for link in links if link.receipt] == [11, 10]
    assert [link.file for link in links] == sorted(tmp_path.rglob("*.json"), reverse=True)


def moved(to: Callable[[Path], Path]) -> Callable[[Path], None]:
    """Put a link to another path in the place of a file, which moves there."""

    def change(file: Path) -> None:
        file.rename(file.with_suffix(".own"))
        file.symlink_to(to(file))
        file.with_suffix(".own").replace(file.parents[3] / "own.json")

    return change


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (Path.unlink, "missing"),
    "a loop of links": (moved(lambda file: file), "missing"),
    "outside": (moved(lambda file: file.parents[3] / "own.json"), "missing"),
    "a folder": (moved(lambda file: file.parent), "missing"),
    "changed": (lambda file: file.write_text("{}"), "changed"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_chain_ends_at_a_receipt_that_cannot_be_read(what: str, tmp_path: Path) -> None:
    top = tmp_path / "site"
    oldest = kept(top, 10)
    newest = kept(top, 11, oldest)
    change, fault = BROKEN[what]
    change(top / (oldest.receipt or ""))
    assert [link.fault for link in read_chain(newest, top)] == [None, fault]


def test_a_file_that_is_no_receipt_is_invalid(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for text in ("{}", kept(tmp_path, 10).model_dump_json(), "[" * 100_000):
        file.write_text(text)
        assert [link.fault for link in read_chain(named(tmp_path, file), tmp_path)] == ["invalid"]
