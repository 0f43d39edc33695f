"""The cache: a receipt is used again only while nothing differs that it depends on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import differences, hostile, paragraphs

from trueup.site import Block
from trueup.status_file import Stored, parse_status
from trueup.verify import cache
from trueup.verify.block_receipt import BlockReceipt
from trueup.verify.cache import Cache, engine_mark

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
STORED = parse_status(TEXT, "status.yml", NOW)
CONDITIONS = ("engine", "namespace")
BLOCK = Block("a/index.html", 1, "bash", "curl -d x", "id", "nano-banana/images-generations")
PAGES = ("a/index.html", "b/index.html")
ROW = STORED.status.seen("nano-banana/images-generations", "production")[0]


def receipt_of(block: Block, **fields: Any) -> BlockReceipt:
    """The receipt of a replay that passed."""
    return BlockReceipt(
        **{
            "sha256": block.sha256,
            "language": block.language,
            "endpoint": block.endpoint,
            "pages": (block.page,),
            "target": "production",
            "replayed": True,
            "containment": "namespace",
            "passed": True,
            "status": 400,
            "outcome": "error",
            "request_id": "20260420é",
            "evidence": ROW.day,
            "record": str(STORED.place_of(ROW)),
            **fields,
        }
    )


def opened(
    file: Path,
    stored: Stored = STORED,
    conditions: tuple[str, ...] = CONDITIONS,
    fresh: bool = False,
) -> Cache:
    return Cache(file, stored, conditions, fresh)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the receipt of BLOCK."""
    found = tmp_path / ".cache" / "receipts.json"
    keep(found, receipt_of(BLOCK))
    return found


def keep(file: Path, receipt: BlockReceipt, fresh: bool = False) -> None:
    kept = opened(file, fresh=fresh)
    kept.keep(BLOCK, receipt)
    kept.save()


def test_an_unchanged_block_gets_the_receipt_of_its_run_marked_as_reused(file: Path) -> None:
    kept = replace(receipt_of(BLOCK), pages=PAGES, reused=True)
    assert opened(file).find(BLOCK, PAGES) == kept


fields = {
    "request_id": st.none() | hostile,
    "signatures": st.lists(hostile, max_size=2).map(tuple),
    "unobserved": st.lists(differences, max_size=2).map(tuple),
    "duration_ms": st.integers(0, 10**6),
}
kept_blocks = st.tuples(
    paragraphs, st.sampled_from(["bash", "python"]), st.fixed_dictionaries(fields)
)


@given(st.lists(kept_blocks, max_size=4, unique_by=lambda block: block[:2]))
def test_every_receipt_is_found_as_it_was_kept(
    tmp_path_factory: pytest.TempPathFactory, several: list[tuple[str, str, dict[str, Any]]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "receipts.json"
    blocks = [replace(BLOCK, text=text, language=language) for text, language, _ in several]
    receipts = [receipt_of(b, **made) for b, (_, _, made) in zip(blocks, several, strict=True)]
    kept = opened(file, fresh=True)
    for block, receipt in zip(blocks, receipts, strict=True):
        kept.keep(block, receipt)
    kept.save()
    found = opened(file)
    assert [found.find(block, PAGES) for block in blocks] == [
        replace(receipt, pages=PAGES, reused=True) for receipt in receipts
    ]


@pytest.mark.parametrize(
    "change",
    [{"text": "curl -d y"}, {"language": "python"}, {"endpoint": "nano-banana/generate-content"}],
)
def test_another_block_has_no_receipt(change: dict[str, Any], file: Path) -> None:
    assert opened(file).find(replace(BLOCK, **change), PAGES) is None


@pytest.mark.parametrize("conditions", [("other", "namespace"), ("engine", "none"), ("engine",)])
def test_another_engine_or_containment_makes_a_block_run_again(
    conditions: tuple[str, ...], file: Path
) -> None:
    assert opened(file, conditions=conditions).find(BLOCK, PAGES) is None


def test_a_receipt_that_is_used_again_has_the_place_and_the_date_of_its_row_as_it_is_now(
    file: Path,
) -> None:
    moved = "# a line\n" * 10 + TEXT.replace("at: 2026-04-14", "at: 2026-04-13")
    stored = parse_status(moved, "other/status.yml", NOW)
    row = stored.status.seen("nano-banana/images-generations", "production")[0]
    found = opened(file, stored).find(BLOCK, PAGES)
    assert row.day != ROW.day
    assert found and (found.record, found.evidence) == (str(stored.place_of(row)), row.day)
    assert found.record == f"other/status.yml:{STORED.place_of(ROW).line + 10}:5"


@pytest.mark.parametrize(
    "change",
    [
        {"passed": False, "reasons": ("it failed",)},
        {"passed": False, "skipped": "no key (until 2026-04-20)"},
        {"replayed": False, "target": "local"},
    ],
)
def test_only_a_replay_that_passed_is_kept(change: dict[str, Any], file: Path) -> None:
    keep(file, receipt_of(BLOCK, **change), fresh=True)
    assert opened(file).find(BLOCK, PAGES) is None


OTHER_CONTENT: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "half of it": lambda content: content[: len(content) // 2],
    "another status": lambda content: content.replace(b'"status":400', b'"status":200'),
    "no mark": lambda content: content.partition(b"\n")[2],
    "no receipts": lambda content: cache._mark(b"[1]") + b"\n[1]",
    "bytes": lambda content: b"\xff\xfe\x00",
    "deep": lambda content: cache._mark(b"[" * 10**5) + b"\n" + b"[" * 10**5,
}


@pytest.mark.parametrize("name", OTHER_CONTENT)
def test_a_file_that_is_not_as_it_was_written_holds_nothing_and_is_replaced(
    name: str, file: Path
) -> None:
    before = file.read_bytes()
    file.write_bytes(OTHER_CONTENT[name](before))
    assert file.read_bytes() != before
    assert opened(file).find(BLOCK, PAGES) is None
    keep(file, receipt_of(BLOCK))
    assert file.read_bytes() == before


def test_a_folder_in_place_of_the_file_holds_nothing(tmp_path: Path) -> None:
    assert opened(tmp_path).find(BLOCK, PAGES) is None


def test_a_fresh_run_finds_nothing_and_keeps_its_receipts(file: Path) -> None:
    assert opened(file, fresh=True).find(BLOCK, PAGES) is None
    keep(file, receipt_of(BLOCK, status=500), fresh=True)
    found = opened(file).find(BLOCK, PAGES)
    assert found and found.status == 500


def test_a_receipt_that_was_used_stays_and_any_other_goes(file: Path) -> None:
    other = replace(BLOCK, text="another")
    both = opened(file)
    both.find(BLOCK, PAGES)
    both.keep(other, receipt_of(other))
    both.save()
    again = opened(file)
    assert again.find(other, PAGES) is not None
    again.save()
    assert opened(file).find(BLOCK, PAGES) is None
    assert opened(file).find(other, PAGES) is not None


def test_another_python_package_or_program_has_another_mark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marks = engine_mark.__wrapped__
    found = [marks()]
    monkeypatch.setattr("sys.version", "3.99")
    found.append(marks())
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    found.append(marks())
    (tmp_path / "httpx-9.9.dist-info").mkdir()
    found.append(marks())
    (tmp_path / "curl").write_text("#!/bin/sh\necho curl 99\n")
    (tmp_path / "curl").chmod(0o755)
    monkeypatch.setattr(cache, "BLOCK_PATH", str(tmp_path))
    found.append(marks())
    (tmp_path / "curl").write_text("#!/bin/sh\necho curl 98\n")
    found.append(marks())
    assert len(set(found)) == len(found)
