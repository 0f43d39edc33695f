"""Bench: the sandbox in which the blocks of pages run, in front of the relay or of a recording."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.responses import Response as Reply
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trueup.exchange import Exchange
from trueup.mock.incoming_request import read_body
from trueup.recording.blocks import Block
from trueup.recording.call import Call, Change, differences, request_of
from trueup.recording.har import Entry, Request, Response
from trueup.recording.send_rules import SendRules, with_placeholder
from trueup.relay import PLACEHOLDER
from trueup.sandbox import CompletedBlock, Containment, Limits, Sandbox, is_variable, open_sandbox
from trueup.verify.run import PATIENCE_S, ExchangeLog

ADDRESS = re.compile(
    r"\b(https?)://([A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(?::\d{1,5})?)(?=[/?#\s'\"`),;\\]|$)"
)
VARIABLE = re.compile(
    r"\$\{?([A-Za-z_]\w*)|environ(?:\.get\(|\[)\s*[\"'](\w+)|getenv\(\s*[\"'](\w+)"
    r"|process\.env(?:\.|\[[\"'])(\w+)"
)
SECRET_NAME = re.compile(r".*(?:KEY|TOKEN|SECRET)", re.IGNORECASE)
UNKNOWN = Request(method="GET", url="https://unknown/")
"""In the place of a request that is not shown."""


@dataclass
class Gate:
    """The app that blocks meet: it forwards to `relay` what `rules` allow, or replies from
    `waiting`, the entries of a record, if there is no relay. To `unanswered` of the requests `sent`
    the gateway gave no whole answer."""

    log: ExchangeLog[Call]
    rules: SendRules
    relay: ASGIApp | None = None
    sent: int = 0
    unanswered: int = 0
    waiting: list[Entry] | None = None
    concurrent: bool = False
    surprises: list[tuple[Request, list[Change] | None]] = field(default_factory=list)
    _seen: ContextVar[list[Exchange]] = field(default_factory=lambda: ContextVar("seen"))

    def note(self, exchange: Exchange) -> None:
        """Get the exchange of the relay for the request that is under way."""
        self._seen.get([]).append(exchange)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        others = sum(one is self.log.exchanges for one in self.log.under_way) > 1
        try:
            body = await read_body(receive)
        except ClientDisconnect:
            return
        made = with_placeholder(scope)
        if made is None or body is None:
            reason = "it has what looks like a real key" if body is not None else "it is too large"
            self.log.append(Call(UNKNOWN, failure=reason))
            await _refuse(reason)(scope, receive, send)
            return
        try:
            request = request_of(made, body)
        except ValidationError:
            self.log.append(Call(UNKNOWN, failure="it has a form that no recording can hold"))
            await _refuse("it cannot be recorded")(scope, receive, send)
            return
        if self.waiting is not None:
            await self._replay(request)(scope, receive, send)
            return
        reason = self.rules.obstacle(request, self.sent) or ""
        if reason or self.relay is None:
            self.log.append(Call(request, failure=reason or "nothing is sent without --route"))
            await _refuse(reason)(scope, receive, send)
            return
        self.sent += 1
        seen: list[Exchange] = []
        self._seen.set(seen)
        await self.relay(self.rules.on_the_wire(made), _again(body), send)
        failures = [one.failure for one in seen[:1] if one.failure is not None]
        self.unanswered += any(failure.kind == "no-answer" for failure in failures)
        self.log.append(_call(request, seen, others))

    def _replay(self, request: Request) -> Reply:
        """Return the recorded reply to a request, or an error where it has none."""
        assert self.waiting is not None
        self.log.append(Call(request))
        nearest: list[Change] | None = None
        for entry in self.waiting if self.concurrent else self.waiting[:1]:
            found = differences(entry.request, request)
            if not found:
                self.waiting.remove(entry)
                recorded = entry.response
                headers = {one.name: one.value for one in recorded.headers}
                return Reply(recorded.content.content(), recorded.status, headers)
            if nearest is None or len(found) < len(nearest):
                nearest = found
        self.surprises.append((request, nearest))
        return _refuse("the recording has no such request")


def _call(request: Request, seen: Sequence[Exchange], others: bool) -> Call:
    if not seen:
        return Call(request, failure="the reply broke off")
    one = seen[0]
    if one.failure is not None:
        return Call(request, failure=one.failure.reason)
    if not 200 <= one.status <= 599:
        return Call(request, failure=f"got HTTP {one.status}")
    try:
        response = Response.of(one.status, one.content_type, one.response_body, one.location or "")
    except ValidationError:
        return Call(request, failure="the reply has a form that no recording can hold")
    return Call(request, response, others=others)


def _refuse(reason: str) -> Reply:
    return JSONResponse({"error": {"message": f"trueup: {reason or 'nothing is sent'}"}}, 503)


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


@dataclass(frozen=True)
class Bench:
    """A sandbox with its gate."""

    sandbox: Sandbox
    gate: Gate

    def run(self, block: Block, limits: Limits) -> tuple[CompletedBlock, list[Call]]:
        """Run a block byte for byte; return its end and its requests."""
        log = self.gate.log
        log.exchanges = calls = list[Call]()
        ran = self.sandbox.run(block.language, block.text.encode(), limits)
        if not ran.stopped:
            log.wait(calls, PATIENCE_S)
        return ran, calls


@contextmanager
def open_bench(
    gate: Gate,
    blocks: Iterable[Block],
    urls: Iterable[str],
    variables: Mapping[str, str],
    containment: Containment | None,
) -> Iterator[Bench]:
    """Open a bench where the addresses in blocks, and `urls`, lead to the gate. A variable that a
    block reads and whose name ends as a key's has the placeholder, unless `variables` has it."""
    texts = [block.text for block in blocks]
    found = addresses_in([*texts, *variables.values(), *urls])
    names = {name for text in texts for one in VARIABLE.findall(text) for name in one if name}
    keys = {name for name in names if SECRET_NAME.fullmatch(name) and is_variable(name)}
    environment = {**dict.fromkeys(sorted(keys), PLACEHOLDER), **variables}
    hosts = sorted({host for scheme, host in found if scheme == "https"}) or ["sandbox.invalid"]
    plain = sorted({host for scheme, host in found if scheme == "http"})
    app = gate.log.around(gate)
    with open_sandbox(
        app, hosts, containment, plain_hosts=plain, environment=environment
    ) as sandbox:
        yield Bench(sandbox, gate)


def addresses_in(texts: Iterable[str]) -> set[tuple[str, str]]:
    """Return the scheme and the host, in small letters, of the addresses in some texts."""
    found = {(one[1], one[2].lower()) for text in texts for one in ADDRESS.finditer(text)}
    return {
        (scheme, host)
        for scheme, host in found
        if ".." not in host
        and all(len(label) < 64 for label in host.split("."))
        and 0 < int(host.partition(":")[2] or 443) < 65536
    }
