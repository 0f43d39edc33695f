"""Beds: a repository, a gateway, and retests in this process or in one that can be killed."""

import asyncio
import io
import json
import re
import shlex
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click
import httpx
from conftest import TOP, copy_repository, is_long_run, load_docs
from crash import Ended, stepwise
from drawn import decode_here
from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.check.status_claims import check_status
from trueup.cli import main
from trueup.cli.group import disk_error
from trueup.cli.retest import retest
from trueup.cli.retest_run import JOURNAL, RetestOptions, run_retest
from trueup.docs import Docs
from trueup.errors import TrueupError
from trueup.evidence import assess
from trueup.exchange import Exchange
from trueup.mock import create_app
from trueup.model import Observation
from trueup.relay import PLACEHOLDER, Budget, create_relay, no_price
from trueup.retest.session import OpenTarget
from trueup.retest.target import RetestTarget
from trueup.sandbox import CompletedBlock, Limits, Sandbox
from trueup.sandbox.contract import NOTHING
from trueup.snippet import Fence
from trueup.status_file import load_status, parse_status
from trueup.verify.judge import LIVE_LIMITS
from trueup.verify.run import ExchangeLog, Harness

CALL = "at a call"
CALLED = "nano-banana/"
"""The endpoints that are called; the gate has the rows of these alone."""
ROW = re.compile(r"(?m)^  - at: .*\n    endpoint: (.*)\n(?:    .*\n)*")
Image = Mapping[str, bytes]
"""Every file of a folder, by its path."""


class Moment(NamedTuple):
    """The files and calls that a process killed at a step leaves behind."""

    step: str
    image: Image
    got: Counter[str]


class Gateway:
    """The mock; it counts its calls, and answers none while it is shut."""

    def __init__(self) -> None:
        status = load_status(TOP / "tests" / "record.yml", datetime.now(UTC)).status
        self._app = create_app(status, target="production")
        self.got: Counter[str] = Counter()
        self.called, self.open = threading.Event(), threading.Event()
        self.open.set()
        self.on_call: Callable[[], object] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            self.got[scope["path"]] += 1
            self.called.set()
            self.on_call()
            if not self.open.is_set():
                await asyncio.to_thread(self.open.wait)
        await self._app(scope, receive, send)

    def renew(self) -> None:
        self.got.clear()
        self.called.clear()
        self.open.set()
        self.on_call = lambda: None


class Curl(Sandbox):
    """A sandbox that sends what a curl block sends, and starts no process."""

    containment = "none"

    def __init__(self, transport: httpx.ASGITransport) -> None:
        self._transport = transport

    def run(
        self,
        language: Fence,
        source: bytes,
        limits: Limits = LIVE_LIMITS,
        given: Mapping[str, bytes] = NOTHING,
    ) -> CompletedBlock:
        command, _, _ = source.decode().partition(" \\\n  -o ")  # prints, and saves nothing
        curl, *rest = shlex.split(command.replace("\\\n", ""))
        if curl == "true":
            return CompletedBlock(0, None, b"", b"", 1, {}, ())
        url, *options = rest
        values: dict[str, list[str]] = {"-H": [], "-d": []}
        for option, value in zip(options[::2], options[1::2], strict=True):
            values[option].append(value)
        assert (language, curl, len(values["-d"])) == ("bash", "curl", 1)
        headers = [(line.split(": ")[0], line.split(": ")[1]) for line in values["-H"]]
        reply = asyncio.run(self._send(url, headers, values["-d"][0]))
        return CompletedBlock(0, None, reply, b"", 1, {}, ())

    async def _send(self, url: str, headers: list[tuple[str, str]], body: str) -> bytes:
        async with httpx.AsyncClient(transport=self._transport) as client:
            try:
                return (await client.post(url, headers=headers, content=body)).content
            except AssertionError:  # of the transport: the reply broke off
                return b""


@contextmanager
def open_curl(app: ASGIApp, *_: object, **__: object) -> Iterator[Sandbox]:
    """Open such a sandbox where a harness opens one."""
    yield Curl(httpx.ASGITransport(app))


class Bed:
    """A repository whose target `local` is the gateway, and retests of it in this process, without
    sandbox, curl and sockets.

    A kill is not simulated by an exception, after which handlers and `finally` would still run and
    could write: one retest runs to its end, and at each step its folder is copied. Such a copy is
    what a process killed at that step leaves, since a kill runs nothing of the process any more,
    what the process had handed to the system stays, and its locks are dropped. What it had not
    handed over, such as text in a buffer of Python's, is in no copy either. All that a retest
    writes is written by this one thread, so nothing is under way while a copy is made.
    """

    def __init__(
        self, top: Path, gateway: Gateway | None = None, url: str = "http://localhost:4000"
    ) -> None:
        self.top, self.gateway, self.is_served = top, gateway or Gateway(), gateway is not None
        self.status, self.journal = top / "status.yml", top / JOURNAL
        top.mkdir(parents=True)
        copy_repository(top)
        text = self.status.read_text().replace("http://localhost:4000", url)
        if not is_long_run():  # A retest reads the file several times.
            text = ROW.sub(lambda row: row[0] if row[1].startswith(CALLED) else "", text)
        self.status.write_text(text)
        self.old = self.status.read_bytes()
        self._new = self.image()
        self._docs: dict[bytes, Docs] = {}

    def renew(self) -> None:
        """The repository as it was when nothing was ever called."""
        self.put(self._new)
        self.old = self.status.read_bytes()
        self.gateway.renew()

    def image(self) -> Image:
        return {str(path.relative_to(self.top)): path.read_bytes() for path in self._files()}

    def changes(self) -> Image:
        """The files that are not as they were when nothing was ever called."""
        return {n: one for n, one in self.image().items() if self._new.get(n) != one}

    def _files(self) -> list[Path]:
        return [path for path in sorted(self.top.rglob("*")) if path.is_file()]

    def put(self, image: Image) -> None:
        """Makes the folder hold these files and no others."""
        for path in self._files():
            if str(path.relative_to(self.top)) not in image:
                path.unlink()
        for folder in (self.top / "docs" / "evidence", self.journal.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        for name, content in image.items():
            path = self.top / name
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def rows(self) -> list[Observation]:
        """The rows of the status file that have a receipt."""
        rows = _rows(self.status.read_text())
        return [row for row in rows if row.source and row.source.receipt]

    def receipts(self) -> dict[str, bytes]:
        """Every file in the folder of receipts, by its path."""
        files = sorted((self.top / "docs" / "evidence").glob("*"))
        return {str(file.relative_to(self.top)): file.read_bytes() for file in files}

    def attempts(self, endpoint: str) -> list[dict[str, Any]]:
        """The attempts in the receipts of an endpoint."""
        receipts = [json.loads(content) for content in self.receipts().values()]
        of_it = [receipt for receipt in receipts if receipt["endpoint"] == endpoint]
        return [attempt for receipt in of_it for attempt in receipt["attempts"]]

    def journalled(self) -> bytes:
        """The whole lines of the journal, also when it was moved aside."""
        files = sorted(self.journal.parent.glob("*.jsonl"))
        content = b"".join(file.read_bytes() for file in files)
        return content[: content.rfind(b"\n") + 1]

    def run(
        self,
        *arguments: str,
        full_from: int = 0,
        on_step: Callable[[str], None] = lambda step: None,
    ) -> Ended:
        """The end of a command; from its step `full_from` on, from 1, the disk is full."""
        steps: list[str] = []

        def reach(number: int, step: str) -> None:
            steps.append(step)
            on_step(step)

        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(output), stepwise(reach, full_from):
            code = self._code(arguments)
        return Ended(code, output.getvalue(), tuple(steps))

    def check(self) -> str:
        """Return what the check prints: of all where processes run, elsewhere of the record and its
        receipts, since a retest writes nothing else."""
        if self.is_served:
            return self.run("check").output
        now = datetime.now(UTC)
        stored = load_status(self.status, now)
        found = check_status(stored, assess(stored.status), self.top, now.date())
        return "".join(f"{one}\n" for one in found) or "nothing found\n"

    def moments(self, *arguments: str) -> list[Moment]:
        """The moments at each step of a command, and at each call that it makes."""
        found: list[Moment] = []

        def keep(step: str) -> None:
            image = self.image()
            if found and found[-1].image == image:
                image = found[-1].image
            found.append(Moment(step, image, self.gateway.got.copy()))

        self.gateway.on_call = lambda: keep(CALL)
        ended = self.run(*arguments, on_step=keep)
        self.gateway.on_call = lambda: None
        assert ended.code == 0, ended.output
        return found

    def kill(self, moment: Moment) -> None:
        """Puts back what a process killed at a moment leaves."""
        self.put(moment.image)
        self.gateway.got = moment.got.copy()

    def _code(self, arguments: tuple[str, ...]) -> int:
        """The exit code of a command; a retest is run below the door, which has its errors."""
        if arguments[0] != retest.name:
            try:
                main(["--top", str(self.top), *arguments])
            except SystemExit as end:
                return int(end.code or 0)
        given = retest.make_context("retest", list(arguments[1:])).params
        options = RetestOptions(
            given["targets"],
            given["patterns"],
            given["language"],
            max_calls=given["max_calls"],
            write=given["write"],
            resume=given["resume"],
        )
        site = self._load()
        try:
            run_retest(site, options, lambda _: no_price, lambda budget: self._open(site, budget))
        except TrueupError as error:
            click.echo(str(error), err=True)
            return error.exit_code
        except OSError as error:
            click.echo(str(disk_error(error, "then run this again")), err=True)
            return 2
        return 0

    def _load(self) -> Docs:
        """The docs as a new process reads them; the pages are always the same."""
        content = self.status.read_bytes()
        if content not in self._docs:
            self._docs[content] = load_docs(self.top)
        return self._docs[content]

    def _open(self, site: Docs, budget: Budget) -> OpenTarget:
        status = site.stored.status

        @contextmanager
        def open_target(target: str, label: Callable[[], str]) -> Iterator[RetestTarget]:
            facts, log = status.targets[target], ExchangeLog[Exchange]()
            relay = create_relay(
                facts,
                key=PLACEHOLDER,
                on_exchange=log.append,
                transport=httpx.ASGITransport(self.gateway),
                budget=budget,
                label=label,
            )
            host = urlsplit(status.targets[status.reference].base_url).netloc
            sandbox = Curl(httpx.ASGITransport(log.around(relay)))
            harness = Harness(
                target, facts.base_url, host, False, sandbox, log=log, decode=decode_here
            )
            yield RetestTarget(harness, None, lambda link: "no reply has a link")

        return open_target


@cache
def _rows(text: str) -> tuple[Observation, ...]:
    return parse_status(text, "status.yml", datetime.now(UTC)).status.observations
