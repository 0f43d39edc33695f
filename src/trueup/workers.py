"""Workers: one function over several items, in processes of their own where there are several."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
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
        results are pickled. `progress` gets the number of results so far. With `apart`, each item
        has a process of its own, whose memory ends with it. Raises what the function raises, and
        Unreachable if a process ends."""
        listed = list(items)
        if self._jobs == 1 or len(listed) < 2:
            return list(_counted(map(function, listed), progress))
        if apart:
            self._end()
        try:
            results = self._started(1 if apart else None).map(function, listed)
        except OSError:  # the system gives no more processes
            return list(_counted(map(function, listed), progress))
        try:
            made = list(_counted(results, progress))
        except BrokenProcessPool as error:
            fix = "Free memory, then run it again."
            raise Unreachable("pages", "a process that makes them has ended", fix) from error
        except BaseException:
            self._end()
            raise
        if apart:
            self._end()
        return made

    def _started(self, most_items: int | None) -> ProcessPoolExecutor:
        """Return the processes, of which each does at most a number of items."""
        if self._pool is None:
            self._others = active_children()
            context = get_context("spawn")  # a fork would take threads and locks along
            self._pool = ProcessPoolExecutor(
                self._jobs, context, initializer=_begin, max_tasks_per_child=most_items
            )
        return self._pool

    def _end(self) -> None:
        """End the processes, whatever they do: of several failures the first counts."""
        if self._pool is not None:
            for process in active_children():
                if process not in self._others:
                    process.terminate()
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()


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
