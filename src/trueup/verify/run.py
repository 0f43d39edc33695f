"""Run: one execution of one block, and the exchanges that our gateway saw meanwhile."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Condition
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.exchange import Exchange
from trueup.mock import MEDIA_HOST, create_app
from trueup.relay import Budget, Deadlines, create_relay
from trueup.sandbox import Containment, Limits, Ran, Sandbox, open_sandbox
from trueup.snippet import Fence
from trueup.status_file import Stored

PATIENCE_S = 5.0


@dataclass(frozen=True)
class Run:
    """What a block did: its process, and its requests with their replies."""

    ran: Ran
    exchanges: tuple[Exchange, ...]


class Log:
    """The exchanges of the run that is going on. A request of an earlier block that is answered
    late, after its block was stopped, is kept out of the next block's run."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._asked: ContextVar[list[Exchange]] = ContextVar("asked")
        self.under_way: list[list[Exchange]] = []
        self._changed = Condition()

    def append(self, exchange: Exchange) -> None:
        """Keeps an exchange for the run in which it was asked."""
        self._asked.get(self.exchanges).append(exchange)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The app, each of its requests tied to the run in which it came."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            asked = self.exchanges
            self._asked.set(asked)
            with self._changed:
                self.under_way.append(asked)
            try:
                await app(scope, receive, send)
            finally:
                with self._changed:
                    # By identity: two runs without an exchange have equal lists.
                    places = [i for i, one in enumerate(self.under_way) if one is asked]
                    self.under_way.pop(places[0])
                    self._changed.notify_all()

        return call

    def wait(self, exchanges: list[Exchange], patience_s: float) -> None:
        """Waits until each request of a run is answered: a block that read all it wanted of a
        stream can end before its reply does."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(one is not exchanges for one in self.under_way), patience_s
            )


@dataclass(frozen=True)
class Harness:
    """Where blocks run against one target: a sandbox in front of the mock or the relay.

    `replays` tells whether replies come from the record instead of a live gateway. `gateway` is
    the host that published blocks name, `base_url` where their requests end up; `media_hosts` are
    where linked images live. `complete` is true where every block must run: one whose program is
    not installed then fails, and is not skipped.
    """

    target: str
    base_url: str
    gateway: str
    replays: bool
    sandbox: Sandbox
    media_hosts: frozenset[str] = frozenset()
    complete: bool = False
    log: Log = field(default_factory=Log)

    @property
    def containment(self) -> Containment:
        """What keeps a block from reaching anything else."""
        return self.sandbox.containment

    def lacks(self, language: Fence) -> str | None:
        """Why no block of this language can run here, or None when one can."""
        return self.sandbox.lacks(language)

    def run(self, language: Fence, source: str, limits: Limits) -> Run:
        """Runs a block byte for byte. Raises Unreachable when the sandbox itself breaks."""
        self.log.exchanges = exchanges = list[Exchange]()
        ran = self.sandbox.run(language, source.encode(), limits)
        if not ran.stopped:
            self.log.wait(exchanges, PATIENCE_S)
        return Run(ran, tuple(exchanges))


@contextmanager
def open_mock(
    stored: Stored,
    containment: Containment | None = None,
    *,
    complete: bool = False,
) -> Iterator[Harness]:
    """A bench that replays the reference target's observations; nothing leaves the machine.

    `complete`, here and below, is the bench's.
    """
    status, log = stored.status, Log()
    app = create_app(
        status,
        media_url=f"https://{MEDIA_HOST}",
        on_exchange=log.append,
        place_of=lambda row: str(stored.place_of(row)),
    )
    facts, hosts = status.targets[status.reference], frozenset({MEDIA_HOST})
    with _sandbox(stored, log.around(app), hosts, containment) as sandbox:
        name, url = status.reference, facts.base_url
        yield Harness(name, url, _gateway(stored), True, sandbox, hosts, complete, log)


@contextmanager
def open_relay(
    stored: Stored,
    target: str,
    key: str,
    max_calls: int | None = None,
    containment: Containment | None = None,
    *,
    budget: Budget | None = None,
    label: Callable[[], str] = str,
    deadlines: Deadlines | None = None,
    complete: bool = False,
    to: str | None = None,
) -> Iterator[Harness]:
    """A bench that forwards to a live target with the key put in on the wire, under caps: those of
    `budget`, or else `max_calls`. `label` names what a call is made for in the budget's journal.
    `to` is an address that stands in for the target's own, as in a rehearsal."""
    facts, log = stored.status.targets[target], Log()
    app = create_relay(
        facts.model_copy(update={"base_url": to}) if to else facts,
        key=key,
        max_calls=max_calls,
        on_exchange=log.append,
        budget=budget,
        label=label,
        deadlines=deadlines,
    )
    hosts = frozenset(facts.media_hosts)
    with _sandbox(stored, log.around(app), hosts, containment) as sandbox:
        yield Harness(
            target, facts.base_url, _gateway(stored), False, sandbox, hosts, complete, log
        )


def _gateway(stored: Stored) -> str:
    status = stored.status
    return urlsplit(status.targets[status.reference].base_url).netloc


def _sandbox(
    stored: Stored,
    app: ASGIApp,
    media_hosts: Collection[str],
    containment: Containment | None,
) -> AbstractContextManager[Sandbox]:
    return open_sandbox(app, [_gateway(stored), *media_hosts], containment)
