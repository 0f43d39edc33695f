"""Workers: one function over several items, in processes of their own where there are several."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, Self, TypeVar

from trueup.errors import Unreachable

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """At most `jobs` processes, started on first use and ended with the context; with one job, all
    work is done in this process."""

    def __init__(self, jobs: int = 1) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._others: list[BaseProcess] = []

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        progress: Callable[[int], None] = lambda done: None,
        *,
        apart: bool = False,
    ) -> list[Result]:
        """Return the results in the order of the items. With several jobs, function, items and
        results are pickled. `progress` gets the number of results so far. With `apart`,
        processes end after each `jobs` items, and their memory with them. Raises what the function
        raises, and Unreachable if a process ends."""
        listed = list(items)
        if self._jobs == 1 or len(listed) < 2:
            return list(_counted(map(function, listed), progress))
        rounds = [listed[at : at + self._jobs] for at in range(0, len(listed), self._jobs)]
        made = list(_counted(self._results(function, rounds if apart else [listed]), progress))
        if apart:
            self._end()
        return made

    def _results(
        self, function: Callable[[Item], Result], rounds: Iterable[Sequence[Item]]
    ) -> Iterator[Result]:
        """Yield the results of several rounds, with other processes for each."""
        for number, items in enumerate(rounds):
            if number:
                self._end()
            try:
                results = self._started().map(function, items)
            except OSError:  # the system gives no more processes
                results = map(function, items)
            try:
                yield from results
            except BrokenProcessPool as error:
                fix = "Free memory, then run it again."
                raise Unreachable("pages", "a process that makes them has ended", fix) from error
            except BaseException:
                self._end(at_once=True)
                raise

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._others = active_children()
            context = get_context("spawn")  # a fork would take threads and locks along
            self._pool = ProcessPoolExecutor(self._jobs, context, initializer=_begin)
        return self._pool

    def _end(self, *, at_once: bool = False) -> None:
        """End the processes when they are done, or at once, whatever they do."""
        if self._pool is None:
            return
        for process in active_children() if at_once else ():
            if process not in self._others:
                process.terminate()
        self._pool.shutdown(cancel_futures=True)
        self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end(at_once=kind is not None)


ALONE = Workers()


def _counted(results: Iterable[Result], progress: Callable[[int], None]) -> Iterator[Result]:
    progress(0)
    for done, result in enumerate(results, 1):
        yield result
        progress(done)


def _begin() -> None:
    """Let a process end with the one that started it, and by Ctrl-C without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent: Any = parent_process()

    def follow() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=follow, daemon=True).start()
