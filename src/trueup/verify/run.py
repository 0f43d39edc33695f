"""Run: one execution of one block, and the exchanges that the mock or the relay saw meanwhile."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Condition
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.exchange import Exchange
from trueup.mock import MEDIA_HOST, create_app
from trueup.relay import Budget, Deadlines, KeySearch, create_relay
from trueup.sandbox import CompletedBlock, Containment, Limits, Sandbox, open_sandbox
from trueup.sandbox.output_decoder import Decode, NoDecoder, open_output_decoder
from trueup.snippet import Fence
from trueup.status_file import Contents, Stored

T = TypeVar("T")
PATIENCE_S = 5.0
"""For a reply that outlives its block: the rest of a stream, not a new answer."""


@dataclass(frozen=True)
class Run:
    """A block's process, and its requests with their replies."""

    ran: CompletedBlock
    exchanges: tuple[Exchange, ...]


class ExchangeLog(Generic[T]):
    """The exchanges of the current run. A request of an earlier block that is answered late, after
    its block was stopped, is kept out of the next block's run."""

    def __init__(self) -> None:
        self.exchanges: list[T] = []
        self._own: ContextVar[list[T]] = ContextVar("own")
        self.under_way: list[list[T]] = []
        self._changed = Condition()

    def append(self, exchange: T) -> None:
        """Add an exchange to the run in which its request was sent."""
        self._own.get(self.exchanges).append(exchange)

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the app with each request tied to the run in which it was sent."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            own = self.exchanges
            self._own.set(own)
            with self._changed:
                self.under_way.append(own)
            try:
                await app(scope, receive, send)
            finally:
                with self._changed:
                    # By identity: two runs without an exchange have equal lists.
                    self.under_way.pop([run is own for run in self.under_way].index(True))
                    self._changed.notify_all()

        return call

    def wait(self, exchanges: list[T], timeout_s: float) -> None:
        """Wait until each request of a run is answered: a block that has read its part of a stream
        can end before its reply does."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(run is not exchanges for run in self.under_way), timeout_s
            )


@dataclass(frozen=True)
class Harness:
    """A sandbox in front of the mock or the relay, where blocks run against one target.

    `replays` is true if replies come from the record, not from a live gateway. `gateway` is the
    host in published blocks, `base_url` the address to which their requests go, `media_hosts` are
    the hosts of linked images. `complete` is true if every block must run: one whose program is
    not installed then fails, and is not skipped. `search` finds the secrets that no receipt holds,
    `decode` decodes an output in a sandbox. `form_files` has the files that blocks send.
    """

    target: str
    base_url: str
    gateway: str
    replays: bool
    sandbox: Sandbox
    media_hosts: frozenset[str] = frozenset()
    complete: bool = False
    search: KeySearch = field(default_factory=KeySearch)
    log: ExchangeLog[Exchange] = field(default_factory=lambda: ExchangeLog[Exchange]())
    decode: Decode = lambda *_: NoDecoder("there is no decoder")
    form_files: Mapping[str, Contents] = field(default_factory=dict)

    @property
    def base_host(self) -> str:
        """Host of the address to which requests go; another than `gateway` at a local target."""
        return urlsplit(self.base_url).netloc

    def is_link(self, exchange: Exchange) -> bool:
        """Return whether an exchange may have fetched a linked output, as a GET without a key does
        from a media host or from the target itself."""
        if exchange.host in self.media_hosts:
            return True
        is_keyless = exchange.method == "GET" and not exchange.auth
        return is_keyless and not self.replays and exchange.host in (self.gateway, self.base_host)

    @property
    def containment(self) -> Containment:
        """The isolation of a block."""
        return self.sandbox.containment

    def lacks(self, language: Fence) -> str | None:
        """Return why no block of this language can run here, or None."""
        return self.sandbox.lacks(language)

    def run(self, language: Fence, source: str, limits: Limits, endpoint: str = "") -> Run:
        """Run a block byte for byte, beside the files that its endpoint sends. Raises Unreachable
        if the sandbox itself breaks."""
        self.log.exchanges = exchanges = list[Exchange]()
        ran = self.sandbox.run(language, source.encode(), limits, self.form_files.get(endpoint, {}))
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
    """Open a harness that replays the reference target's observations; nothing is sent out."""
    status, log = stored.status, ExchangeLog[Exchange]()
    app = create_app(
        status,
        media_url=f"https://{MEDIA_HOST}",
        on_exchange=log.append,
        place_of=lambda row: str(stored.place_of(row)),
    )
    hosts = frozenset({MEDIA_HOST})
    with (
        _sandbox(stored, log.around(app), hosts, containment) as sandbox,
        open_output_decoder(sandbox.containment) as decode,
    ):
        name, url = status.reference, status.targets[status.reference].base_url
        yield Harness(
            name,
            url,
            _gateway(stored),
            True,
            sandbox,
            hosts,
            complete,
            log=log,
            decode=decode,
            form_files=stored.form_files,
        )


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
    search: KeySearch | None = None,
) -> Iterator[Harness]:
    """Open a harness that forwards to a live target with the key added, under caps: those of
    `budget`, or else `max_calls`. `label` is the purpose of a call in the budget's journal. `to`
    is an address in place of the target's own, as in a rehearsal. `search` is the harness's."""
    live, log = stored.status.targets[target], ExchangeLog[Exchange]()
    search = search or KeySearch()
    tasks = [route.task for route in stored.status.routes.values() if route.task]
    app = create_relay(
        live.model_copy(update={"base_url": to}) if to else live,
        key=key,
        max_calls=max_calls,
        on_exchange=log.append,
        budget=budget,
        label=label,
        deadlines=deadlines,
        polls=[line for task in tasks for line in (task.poll, task.fetch) if line],
    )
    hosts = frozenset(live.media_hosts)
    own = urlsplit(live.base_url)
    is_other = own.netloc != _gateway(stored)
    plain = [own.netloc] if is_other and own.scheme == "http" else []
    served = [*hosts, own.netloc] if is_other and not plain else hosts
    with (
        _sandbox(stored, log.around(app), served, containment, plain) as sandbox,
        open_output_decoder(sandbox.containment) as decode,
    ):
        yield Harness(
            target,
            live.base_url,
            _gateway(stored),
            False,
            sandbox,
            hosts,
            complete,
            search,
            log,
            decode,
            stored.form_files,
        )


def _gateway(stored: Stored) -> str:
    status = stored.status
    return urlsplit(status.targets[status.reference].base_url).netloc


def _sandbox(
    stored: Stored,
    app: ASGIApp,
    media_hosts: Collection[str],
    containment: Containment | None,
    plain_hosts: Sequence[str] = (),
) -> AbstractContextManager[Sandbox]:
    hosts = [_gateway(stored), *media_hosts]
    return open_sandbox(app, hosts, containment, plain_hosts=plain_hosts)
