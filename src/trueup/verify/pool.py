"""Pool: published blocks × a target → receipts in the order of the blocks, by several harnesses at
once. The command line, the retest and the tests run blocks by it."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

from trueup.errors import Unreachable
from trueup.progress import Progress, no_progress
from trueup.site import Block
from trueup.status_file import Stored
from trueup.verify.block_receipt import BlockReceipt, Report
from trueup.verify.cache import Cache
from trueup.verify.judge import PublishedBlock, distinct_blocks, verify_block
from trueup.verify.run import Harness

RUNNING = "running blocks"
"""The name of the step whose progress is reported."""


@dataclass(frozen=True)
class Pool:
    """`open_harness` opens a harness for each of at most `jobs` threads; a live target has one.
    `progress` gets how many blocks were run of those whose receipts no longer hold."""

    open_harness: Callable[[], AbstractContextManager[Harness]]
    jobs: int = 1
    cache: Cache | None = None
    progress: Progress = no_progress

    def verify(self, blocks: Sequence[Block], stored: Stored, today: date) -> Report:
        """Return a receipt of every distinct block, run now or kept from an earlier run.

        Raises the error of the first harness to fail, as soon as no other runs a block any more;
        and Unreachable if blocks were run and none was conclusive.
        """
        return require_conclusive(self.run(blocks, stored, today), stored)

    def run(self, blocks: Sequence[Block], stored: Stored, today: date) -> Report:
        """Return the report of `verify`, also where no block was conclusive."""
        published = distinct_blocks(blocks)
        kept = [self._kept(block, pages, stored, today) for block, pages in published]
        left = [pair for pair, receipt in zip(published, kept, strict=True) if receipt is None]
        fresh = iter(self._run(left, stored, today))
        receipts = tuple(receipt or next(fresh) for receipt in kept)
        if self.cache is not None:
            for (block, _), receipt in zip(published, receipts, strict=True):
                if not receipt.reused:
                    self.cache.keep(block, receipt)
            self.cache.save()
        return Report(receipts)

    def _kept(
        self, block: Block, pages: tuple[str, ...], stored: Stored, today: date
    ) -> BlockReceipt | None:
        endpoint = stored.status.endpoints.get(block.endpoint or "")
        if self.cache is None or endpoint is None:
            return None
        is_skipped = endpoint.skip is not None and endpoint.skip.until >= today
        return None if is_skipped else self.cache.find(block, pages)

    def _run(
        self, published: Sequence[PublishedBlock], stored: Stored, today: date
    ) -> list[BlockReceipt]:
        waiting = deque(enumerate(published))
        receipts: dict[int, BlockReceipt] = {}
        failed: list[BaseException] = []

        def run_blocks() -> None:
            with self.open_harness() as harness:
                while waiting:
                    try:
                        number, (block, pages) = waiting.popleft()
                    except IndexError:  # another thread took the last
                        return
                    receipts[number] = verify_block(block, pages, stored, harness, today)
                    self.progress(RUNNING, len(receipts), len(published))

        def work() -> None:
            """Run blocks; a failure ends the work of the other threads too."""
            try:
                if waiting:
                    run_blocks()
            except BaseException as error:
                waiting.clear()
                failed.append(error)

        self.progress(RUNNING, 0, len(published))
        jobs = min(self.jobs, len(published))
        if jobs <= 1:  # in this thread, so that Ctrl-C ends the block that runs
            work()
        else:
            with ThreadPoolExecutor(jobs, "trueup-job") as threads:
                workers = [threads.submit(work) for _ in range(jobs)]
                try:
                    wait(workers)
                finally:  # Ctrl-C too leaves nothing to them
                    waiting.clear()
        if failed:
            raise failed[0]
        return [receipt for _, receipt in sorted(receipts.items())]


def require_conclusive(report: Report, stored: Stored) -> Report:
    """Return the report. Raises Unreachable if blocks were run and none was conclusive."""
    inconclusive = [receipt for receipt in report.receipts if receipt.inconclusive]
    if inconclusive and len(inconclusive) == report.counts["run"]:
        target = inconclusive[0].target
        raise Unreachable(
            target,
            f"no conclusive run of any of {len(inconclusive)} blocks (first reason:"
            f" {inconclusive[0].inconclusive})",
            f"Check that {stored.status.targets[target].base_url} is up, the key and its balance,"
            " and the caps.",
        )
    return report
