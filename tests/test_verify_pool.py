"""The pool: every block once, in the order of the blocks, by any number of harnesses."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from conftest import TOP, is_long_run

from trueup.errors import Unreachable
from trueup.sandbox import CompletedBlock, Limits, Sandbox
from trueup.sandbox.contract import NOTHING
from trueup.site import Block
from trueup.snippet import Fence, languages_of, render_snippet
from trueup.status_file import parse_status
from trueup.verify.block_receipt import Report
from trueup.verify.cache import Cache
from trueup.verify.pool import Pool
from trueup.verify.run import Harness, open_mock

TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
STORED = parse_status(TEXT, "status.yml", NOW)
TODAY = NOW.date()
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"
LIMITS = Limits()
BLOCKS = [Block("a", n, "bash", f"block {n}", endpoint=IMAGES) for n in range(200)]


class Watched(Sandbox):
    """A sandbox in which nothing runs: each group of `together` blocks is begun before one of it
    ends. The block `wrong` breaks it, and then no more groups are waited for."""

    containment = "none"

    def __init__(self, together: int = 1, wrong: str = "") -> None:
        self.began: list[str] = []
        self.open = 0
        self.wrong = wrong
        self.barrier = threading.Barrier(together)

    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = LIMITS,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        name = source.decode()
        self.began.append(name)
        if not self.wrong or name in ("block 0", "block 1"):
            self.barrier.wait(10)
        if name == self.wrong:
            raise Unreachable("sandbox", f"{name} broke it", "")
        time.sleep(0.002)
        return CompletedBlock(0, None, b"", b"", 1, {}, ())

    @contextmanager
    def harness(self) -> Iterator[Harness]:
        self.open += 1
        yield Harness("production", "https://crazyrouter.com", "crazyrouter.com", True, self)
        self.open -= 1


def hashes(blocks: list[Block]) -> list[str]:
    return [block.sha256 for block in blocks]


@pytest.mark.parametrize("jobs", [1, 2, 6])
def test_receipts_come_in_the_order_of_the_blocks(jobs: int) -> None:
    sandbox = Watched(together=jobs)
    report = Pool(sandbox.harness, jobs).verify(BLOCKS[:6], STORED, TODAY)
    assert [receipt.sha256 for receipt in report.receipts] == hashes(BLOCKS[:6])
    assert sorted(sandbox.began) == [block.text for block in BLOCKS[:6]]
    assert sandbox.open == 0


def test_there_are_no_more_harnesses_than_blocks() -> None:
    opened = []

    @contextmanager
    def harness() -> Iterator[Harness]:
        opened.append(1)
        with Watched().harness() as watched:
            yield watched

    assert Pool(harness, 9).verify([], STORED, TODAY).counts["found"] == 0
    assert not opened
    Pool(harness, 9).verify(BLOCKS[:1], STORED, TODAY)
    assert len(opened) == 1


@pytest.mark.parametrize("wrong", ["block 0", "block 1"])
def test_a_harness_that_breaks_stops_the_others_and_raises(wrong: str) -> None:
    before = threading.active_count()
    sandbox = Watched(together=2, wrong=wrong)
    with pytest.raises(Unreachable, match=f"{wrong} broke it"):
        Pool(sandbox.harness, 2).verify(BLOCKS, STORED, TODAY)
    assert len(sandbox.began) < len(BLOCKS) / 2
    assert threading.active_count() == before


def test_a_harness_that_does_not_open_raises() -> None:
    @contextmanager
    def harness() -> Iterator[Harness]:
        raise Unreachable("sandbox", "not installed", "Install it.")
        yield

    with pytest.raises(Unreachable, match="not installed"):
        Pool(harness, 3).verify(BLOCKS, STORED, TODAY)


def published() -> list[Block]:
    """Real snippets, each with a comment of its own too, so that there are several of a kind.

    In the gate those in curl alone, the quickest: items of status.yml run the others.
    """
    found = []
    for endpoint in (NATIVE, IMAGES):
        languages = languages_of(STORED.status.route_of(endpoint), TOP / "snippets")
        for language in languages if is_long_run() else languages[:1]:
            snippet = render_snippet(STORED.status, endpoint, language.name, TOP / "snippets")
            block = Block("a", 1, language.fence, snippet.text, snippet.id, endpoint)
            again = "\n// again" if language.fence == "javascript" else "\n# again"
            found += [block, replace(block, text=snippet.text + again, page="b")]
    return found


def pool(file: Path, jobs: int = 2, containment: str = "namespace") -> Pool:
    cache = Cache(file, STORED, ["engine", containment])
    return Pool(partial(open_mock, STORED), jobs, cache)


def test_real_blocks_pass_in_two_harnesses_and_are_not_run_again(tmp_path: Path) -> None:
    file, blocks = tmp_path / "receipts.json", published()[:: 3 if is_long_run() else 1]
    first = pool(file).verify(blocks, STORED, TODAY)
    assert first.counts["passed"] == len(blocks) and first.reused == 0
    assert [receipt.sha256 for receipt in first.receipts] == hashes(blocks)
    moved = [replace(block, page="moved") for block in blocks]
    never = Pool(Watched(wrong="x").harness, 2, pool(file).cache).verify(moved, STORED, TODAY)
    assert never.reused == len(blocks)
    assert str(never) == str(first)
    for old, new in zip(first.receipts, never.receipts, strict=True):
        assert new == replace(old, reused=True, pages=("moved",))


def test_only_a_changed_block_is_run_again(tmp_path: Path) -> None:
    file, blocks = tmp_path / "receipts.json", published()[:3]
    pool(file).verify(blocks, STORED, TODAY)
    blocks[1] = replace(blocks[1], text="curl --no-such-option")
    again = pool(file).verify(blocks, STORED, TODAY)
    assert [receipt.reused for receipt in again.receipts] == [True, False, True]
    assert [receipt.passed for receipt in again.receipts] == [True, False, True]
    third = pool(file).verify(blocks, STORED, TODAY)
    assert [receipt.reused for receipt in third.receipts] == [True, False, True]


def test_a_block_with_a_receipt_is_skipped_while_its_skip_holds(tmp_path: Path) -> None:
    place = TEXT.index("    body: {prompt: A")
    skip = "    skip: {reason: no key, until: 2026-04-19}\n"
    stored = parse_status(TEXT[:place] + skip + TEXT[place:], "status.yml", NOW)
    blocks = [block for block in published() if block.endpoint == IMAGES][:1]

    def verify(today: date) -> Report:
        cache = Cache(tmp_path / "receipts.json", stored, ["engine"])
        return Pool(partial(open_mock, stored), 1, cache).verify(blocks, stored, today)

    assert verify(date(2026, 4, 20)).counts["passed"] == 1
    assert verify(date(2026, 4, 20)).reused == 1
    assert str(verify(date(2026, 4, 19))) == "found 1, run 0, passed 0, failed 0, skipped 1"
