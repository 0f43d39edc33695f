"""Reply verdict: the result of a run's exchanges, before it is compared with a record."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from trueup.exchange import Exchange
from trueup.model import InconclusiveKind, Sent, Status, Task
from trueup.protocols import Protocol, Reply, TaskOutput, inconclusive_kind
from trueup.request import line_of, protocol_of, request_in
from trueup.sandbox.output_decoder import Decode, Facts, NoDecoder
from trueup.verify.run import Harness, Run

SUBJECTS: Mapping[InconclusiveKind, str] = {
    "refused-caller": "the key, its balance or its limits",
    "overloaded": "the load of the gateway",
}
"""What a live reply can be about instead of the route (rule 4)."""
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,60}")
NOT_DECODED = "the reply's {kind} does not decode"

Fetch = Callable[[str], bytes | str]
"""Returns an output's bytes by its address, or why there are none, as a clause."""


@dataclass(frozen=True)
class ReplyVerdict:
    """The result of a block's exchanges.

    `exchange` is the first with the gateway, None if no request arrived. `inconclusive` is why a
    live target's answer says nothing of the route, of the kind `kind`; the outcome is then
    `inconclusive`. `facts` are what the output's bytes prove, never those of a replay; `content` is
    the output itself.
    """

    exchange: Exchange | None
    reply: Reply
    outcome: Literal["output", "error", "inconclusive"]
    inconclusive: str | None
    signatures: tuple[str, ...]
    facts: Facts | None
    content: bytes | None = None
    kind: InconclusiveKind | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the gateway refused the call with a whole reply, so that it may be free."""
        exchange = self.exchange
        return exchange is not None and not exchange.failure and exchange.status >= 400


def exchanges_of(run: Run, harness: Harness) -> list[Exchange]:
    """Return the exchanges of a run without the fetching of images, which follows a call."""
    found = [exchange for exchange in run.exchanges if exchange.host not in harness.media_hosts]
    return found[:1] + [exchange for exchange in found[1:] if not harness.is_link(exchange)]


def fetches_of(run: Run, harness: Harness) -> list[Exchange]:
    """Return the exchanges of a run that fetched images."""
    calls = {id(exchange) for exchange in exchanges_of(run, harness)}
    return [exchange for exchange in run.exchanges if id(exchange) not in calls]


def polls_in(sent: Sequence[Exchange], protocol: Protocol) -> list[Exchange]:
    """Return the polls of the task that the first of the exchanges created."""
    return _following(sent, protocol, lambda task: task.poll)


def fetch_in(sent: Sequence[Exchange], protocol: Protocol) -> list[Exchange]:
    """Return what fetched the output of the task by the route's own request, once at most."""
    return _following(sent, protocol, lambda task: task.fetch)[:1]


def _following(
    sent: Sequence[Exchange], protocol: Protocol, of_task: Callable[[Task], str | None]
) -> list[Exchange]:
    """Return each repetition of a request about the task that the first exchange created."""
    if not sent or not isinstance(protocol, TaskOutput):
        return []
    request = of_task(protocol.task)
    task_id = protocol.task_id(sent[0].status, sent[0].response_body)
    if not request or not task_id:
        return []
    line = request.replace("{task_id}", task_id)
    return [e for e in sent[1:] if line_of(e) == line and e.auth == sent[0].auth]


def request_sent(run: Run, endpoint: str, status: Status, harness: Harness) -> Sent | None:
    """Return the request of a run as a record holds it, or None where none could."""
    sent = [e for e in exchanges_of(run, harness) if e.host == harness.gateway]
    request = request_in(sent[0], harness.base_url, status.route_of(endpoint).headers)
    protocol = protocol_of(status, endpoint)
    if request is None or not isinstance(protocol, TaskOutput) or not polls_in(sent, protocol):
        return request
    fetch = protocol.task.fetch if fetch_in(sent, protocol) else None
    return request.model_copy(update={"poll": protocol.task.poll, "fetch": fetch})


def _pending(protocol: Protocol, sent: Sequence[Exchange]) -> str | None:
    """Return why a task that was created has no end yet, or None."""
    if not isinstance(protocol, TaskOutput):
        return None
    polls = polls_in(sent, protocol)
    if not polls:
        is_created = protocol.task_id(sent[0].status, sent[0].response_body) is not None
        return "the task was created, and it was not polled" if is_created else None
    last = polls[-1]
    if protocol.task.fetch and protocol.is_done(last.status, last.response_body):
        is_fetched = fetch_in(sent, protocol)
        return None if is_fetched else "the task was done, and its output was not fetched"
    state = protocol.pending_state(last.status, last.response_body)
    return f"the task was still {state} at the last poll" if state is not None else None


def read_run(run: Run, endpoint: str, status: Status, harness: Harness) -> ReplyVerdict:
    """Return the verdict on a run of an endpoint's block in a harness."""
    sent = [e for e in exchanges_of(run, harness) if e.host == harness.gateway]
    if not sent:
        lost = ReplyVerdict(None, Reply(), "inconclusive", "no request arrived", (), None)
        return replace(lost, kind="no-answer")
    exchange = answer = sent[0]
    protocol = protocol_of(status, endpoint, harness.target)
    if not isinstance(protocol, TaskOutput):
        reply = protocol.read(exchange.status, exchange.response_body, exchange.content_type)
    elif fetched := fetch_in(sent, protocol):
        answer = fetched[0]
        reply = protocol.read_fetched(answer.status, answer.response_body, answer.content_type)
    elif polls := polls_in(sent, protocol):
        answer = polls[-1]
        reply = protocol.read(answer.status, answer.response_body)
    else:
        reply = protocol.read_created(exchange.status, exchange.response_body)
    if pending := _pending(protocol, sent):
        lost = ReplyVerdict(exchange, Reply(), "inconclusive", pending, (), None)
        return replace(lost, kind="no-answer")
    is_new_api = not harness.replays and status.targets[harness.target].ledger == "new-api"
    found = _inconclusive(answer, reply, run, harness, is_new_api)
    if found is not None:
        kind, reason = found
        return ReplyVerdict(exchange, Reply(), "inconclusive", reason, (), None, kind=kind)
    content, facts = _output_in(reply, run, harness)
    if isinstance(facts, NoDecoder):
        lost = ReplyVerdict(exchange, Reply(), "inconclusive", facts.reason, (), None)
        return replace(lost, kind="unreadable")
    if reply.content is not None and content is None:
        reply = replace(reply, error=NOT_DECODED.format(kind=reply.kind))
    error = reply.error or ""
    known = status.signatures.items()
    signatures = tuple(name for name, signature in known if error and signature.match in error)
    outcome: Literal["output", "error"] = "error" if reply.error else "output"
    return ReplyVerdict(exchange, reply, outcome, None, signatures, facts, content)


def without_unserved_link(verdict: ReplyVerdict, run: Run, harness: Harness) -> ReplyVerdict:
    """Return the verdict, inconclusive where the block failed at a link to the target's own address
    that its sandbox does not serve: only a namespace does, and none that of another machine."""
    with suppress(ValueError):
        host = urlsplit(verdict.reply.url or "").netloc
        is_own = host == harness.base_host != harness.gateway
        if is_own and run.ran.exit_code != 0 and not fetches_of(run, harness):
            reason = f"the {verdict.reply.kind} is at {host}, which this sandbox does not serve"
            return replace(verdict, inconclusive=reason, kind="unreadable")
    return verdict


def with_linked(verdict: ReplyVerdict, fetch: Fetch, decode: Decode) -> ReplyVerdict:
    """Return the verdict with the output that the reply links to, if the block did not fetch it."""
    kind, url = verdict.reply.kind, verdict.reply.url
    if verdict.outcome != "output" or verdict.facts is not None or url is None or kind is None:
        return verdict
    content = fetch(url)
    facts = NoDecoder(content) if isinstance(content, str) else decode(kind, content)
    if isinstance(facts, NoDecoder):
        lost = replace(verdict, outcome="inconclusive", inconclusive=facts.reason)
        return replace(lost, kind="unreadable")
    if isinstance(facts, str):
        reply = replace(verdict.reply, error=f"the linked {kind} does not decode: {facts}")
        return replace(verdict, outcome="error", reply=reply)
    return replace(verdict, facts=facts, content=content if isinstance(content, bytes) else None)


def _inconclusive(
    exchange: Exchange, reply: Reply, run: Run, harness: Harness, is_new_api: bool
) -> tuple[InconclusiveKind, str] | None:
    """Return kind and reason of a live answer that is about the caller or the network, or None."""
    if exchange.failure is not None:
        return exchange.failure.kind, f"no whole answer came ({exchange.failure.reason})"
    if harness.replays:
        return None
    status, error = exchange.status, reply.error_body
    kind = inconclusive_kind(status, error, is_new_api=is_new_api)
    if kind is not None:
        code = f" ({error.code})" if error and CODE.fullmatch(error.code) else ""
        return kind, f"HTTP {status}{code} is about {SUBJECTS[kind]}, not about the route"
    if not reply.is_readable:
        return "unreadable", f"{reply.error}, so not a reply of the gateway itself"
    for media in fetches_of(run, harness):
        if media.failure is not None:
            reason = f"{media.host} did not return the {reply.kind} ({media.failure.reason})"
            return "unreadable", reason
    return None


def _output_in(
    reply: Reply, run: Run, harness: Harness
) -> tuple[bytes | None, Facts | NoDecoder | None]:
    """Return the first output that decodes, of the reply itself or fetched by the block, or that it
    cannot be decoded here.

    What the mock made has no facts of its own, so a replay is not decoded.
    """
    kind = reply.kind
    fetched = [exchange.response_body for exchange in fetches_of(run, harness)]
    found = fetched if reply.content is None else [reply.content]
    if harness.replays:
        return next(iter(found), None), None
    for content in found:
        facts = harness.decode(kind or "file", content)
        if not isinstance(facts, str):
            return content, facts
    return None, None
