"""Crew: published blocks × a target → receipts, over several benches at once. The one way
behind the docs command, the tests and a retest. Receipts come in the order of the blocks."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

from trueup.errors import Unreachable
from trueup.site import Block
from trueup.store import Stored
from trueup.verify.cache import Cache
from trueup.verify.judge import distinct, verify_block
from trueup.verify.receipt import Receipt, Report
from trueup.verify.run import Bench

Told = tuple[Block, tuple[str, ...]]


@dataclass(frozen=True)
class Crew:
    """`open_bench` gives each of at most `jobs` benches; a live target is asked by one alone."""

    open_bench: Callable[[], AbstractContextManager[Bench]]
    jobs: int = 1
    cache: Cache | None = None

    def verify(self, blocks: Sequence[Block], stored: Stored, today: date) -> Report:
        """A receipt of every distinct block, run now or kept from an earlier run.

        Raises what the first bench to fail raised, as soon as no other runs a block any more; and
        Unreachable when blocks were run and none of them told anything.
        """
        told = distinct(blocks)
        kept = [self._kept(block, pages, stored, today) for block, pages in told]
        left = [one for one, receipt in zip(told, kept, strict=True) if receipt is None]
        fresh = iter(_Shift(left, stored, today, self.open_bench).work(self.jobs))
        receipts = tuple(receipt or next(fresh) for receipt in kept)
        if self.cache is not None:
            for (block, _), receipt in zip(told, receipts, strict=True):
                if not receipt.reused:
                    self.cache.keep(block, receipt)
            self.cache.save()
        return _told(Report(receipts), stored)

    def _kept(
        self, block: Block, pages: tuple[str, ...], stored: Stored, today: date
    ) -> Receipt | None:
        endpoint = stored.status.endpoints.get(block.endpoint or "")
        if self.cache is None or endpoint is None:
            return None
        is_skipped = endpoint.skip is not None and endpoint.skip.until >= today
        return None if is_skipped else self.cache.find(block, pages)


def _told(report: Report, stored: Stored) -> Report:
    untold = [receipt for receipt in report.receipts if receipt.untold]
    if untold and len(untold) == report.counts["run"]:
        target = untold[0].target
        raise Unreachable(
            f"{target}: {len(untold)} blocks were run and none told anything; an answer of"
            f" {stored.status.targets[target].base_url} was expected. The first:"
            f" {untold[0].untold}. Check that it is up, the key and its balance, and the caps."
        )
    return report


class _Shift:
    """Blocks on their way through the benches."""

    def __init__(
        self,
        told: Sequence[Told],
        stored: Stored,
        today: date,
        open_bench: Callable[[], AbstractContextManager[Bench]],
    ) -> None:
        self._told, self._stored, self._today = told, stored, today
        self._open_bench = open_bench
        self._waiting = deque(range(len(told)))
        self._receipts: dict[int, Receipt] = {}
        self._failed: list[BaseException] = []

    def work(self, jobs: int) -> list[Receipt]:
        others = [
            threading.Thread(target=self._bench, name=f"trueup-job-{number}")
            for number in range(1, min(jobs, len(self._told)))
        ]
        for other in others:
            other.start()
        try:
            self._bench()
        finally:
            self._waiting.clear()
            for other in others:
                other.join()
        if self._failed:
            raise self._failed[0]
        return [receipt for _, receipt in sorted(self._receipts.items())]

    def _bench(self) -> None:
        """Takes blocks until none waits; a failure leaves none to the other benches."""
        try:
            if self._waiting:
                with self._open_bench() as bench:
                    while self._waiting:
                        self._run_next(bench)
        except BaseException as error:
            self._waiting.clear()
            self._failed.append(error)

    def _run_next(self, bench: Bench) -> None:
        try:
            number = self._waiting.popleft()
        except IndexError:  # another bench took the last
            return
        block, pages = self._told[number]
        receipt = verify_block(block, pages, self._stored, bench, self._today)
        self._receipts[number] = receipt
