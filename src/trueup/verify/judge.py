"""Judge: one published block, run in a harness → its receipt. It is judged by the exchange and,
except for curl, by the end of its program."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from trueup.exchange import Exchange
from trueup.finding import printable
from trueup.mock import DOCUMENTED
from trueup.model import Endpoint, Observation, Sent
from trueup.place import Place
from trueup.relay import BODY_LIMIT
from trueup.request import (
    Difference,
    differences,
    protocol_of,
    request_of,
    row_differences,
    without_prompt,
)
from trueup.sandbox import Limits
from trueup.site import Block
from trueup.snippet import PROGRAMS, language_of
from trueup.status_file import Stored
from trueup.verify.block_receipt import BLOCK_RECEIPT, BlockReceipt, no_observation
from trueup.verify.program_end import end_reasons, last_line
from trueup.verify.reply_verdict import (
    ReplyVerdict,
    exchanges_of,
    fetch_in,
    polls_in,
    read_run,
    request_sent,
    without_unserved_link,
)
from trueup.verify.run import Harness, Run

LIMITS = Limits(timeout_s=60)
"""A replay takes about a second; a minute is for a machine under load."""
LIVE_LIMITS = Limits(timeout_s=330, output_bytes=2 * BODY_LIMIT)
"""More than the relay's own deadline of 300 s, so that its reason arrives. A curl block prints its
reply, the image within: a body of the relay's limit must fit."""

LONGEST_REASON = 2000
"""Letters of a reason in a receipt: a page of text, where most are a sentence."""

NOT_COMPARED = (
    "the request cannot be compared: it is neither a JSON object nor a form, or it was sent with"
    " several auth methods"
)

PublishedBlock = tuple[Block, tuple[str, ...]]
"""A block with the pages that publish it."""


def distinct_blocks(blocks: Iterable[Block]) -> list[PublishedBlock]:
    """Return the blocks to run, each once, with the pages that publish it."""
    pages: dict[tuple[str, str, str | None], dict[str, None]] = {}
    first: dict[tuple[str, str, str | None], Block] = {}
    for block in blocks:
        if block.language in PROGRAMS:
            key = (block.sha256, block.language, block.endpoint)
            first.setdefault(key, block)
            pages.setdefault(key, {})[block.page] = None
    return [(block, tuple(pages[key])) for key, block in first.items()]


def verify_block(
    block: Block, pages: tuple[str, ...], stored: Stored, harness: Harness, today: date
) -> BlockReceipt:
    """Run one block and judge it. An inconclusive one neither passes nor fails."""
    receipt = partial(_receipt, block, pages, harness)
    endpoint = stored.status.endpoints.get(block.endpoint or "")
    if block.endpoint is None or endpoint is None:
        return receipt(reasons=("the block belongs to no endpoint: no macro made it",))
    if harness.replays and (skipped := skip_reason(endpoint, today)):
        return receipt(skipped=skipped)
    if not harness.replays and block.endpoint in stored.status.unobserved(harness.target):
        # A call that is paid for, and could not pass.
        return receipt(reasons=(no_observation(harness.target),))
    program = PROGRAMS[block.language]
    if lacking := harness.lacks(program.fence):
        may_skip = program.is_optional and not harness.complete
        return receipt(skipped=lacking) if may_skip else receipt(reasons=(lacking,))
    run = harness.run(program.fence, block.text, _limits_of(harness), block.endpoint)
    reply_verdict = read_run(run, block.endpoint, stored.status, harness)
    reply_verdict = without_unserved_link(reply_verdict, run, harness)
    receipt = partial(receipt, run=run, reply_verdict=reply_verdict)
    if reply_verdict.exchange is not None and reply_verdict.inconclusive:
        return receipt(outcome="inconclusive")
    judgement = _Judgement(block, block.endpoint, stored, harness, run, reply_verdict)
    row = judgement.judge()
    return receipt(
        passed=not judgement.reasons,
        outcome=reply_verdict.outcome if reply_verdict.exchange else None,
        row=row,
        record=stored.place_of(row) if row else None,
        unobserved=judgement.unobserved,
        documented=judgement.is_documented,
        reasons=judgement.reasons,
    )


def skip_reason(endpoint: Endpoint, today: date) -> str | None:
    """Return why the blocks of an endpoint are not run against the mock today, or None."""
    skip = endpoint.skip
    return f"{skip.reason} (until {skip.until})" if skip and skip.until >= today else None


def _limits_of(harness: Harness) -> Limits:
    return LIMITS if harness.replays else LIVE_LIMITS


def _receipt(
    block: Block,
    pages: tuple[str, ...],
    harness: Harness,
    *,
    passed: bool = False,
    skipped: str | None = None,
    reasons: Sequence[str] = (),
    run: Run | None = None,
    reply_verdict: ReplyVerdict | None = None,
    outcome: str | None = None,
    row: Observation | None = None,
    record: Place | None = None,
    unobserved: tuple[Difference, ...] = (),
    documented: bool = False,
) -> BlockReceipt:
    exchange = reply_verdict.exchange if reply_verdict else None
    facts = reply_verdict.facts if reply_verdict and not harness.replays else None
    receipt = BlockReceipt(
        sha256=block.sha256,
        language=block.language,
        endpoint=block.endpoint,
        pages=pages,
        target=harness.target,
        replayed=harness.replays,
        containment=harness.containment,
        passed=passed,
        status=exchange.status if exchange else None,
        outcome=outcome,
        shape=reply_verdict.reply.shape if reply_verdict else None,
        signatures=reply_verdict.signatures if reply_verdict else (),
        duration_ms=run.ran.duration_ms if run else 0,
        exit_code=run.ran.exit_code if run else None,
        request_id=_shown(exchange.request_id) if exchange else None,
        evidence=row.day if row else None,
        record=str(record) if record else None,
        sample=row is not None and row.sample,
        output=dict(facts) if facts else None,
        skipped=skipped,
        inconclusive=_shown(reply_verdict.inconclusive) if reply_verdict and exchange else None,
        unobserved=unobserved,
        documented=documented,
        reasons=tuple(text for text in map(_shown, reasons) if text),
    )
    fields = BLOCK_RECEIPT.dump_python(receipt, mode="json", exclude_defaults=True)
    return BLOCK_RECEIPT.validate_python(harness.search.withhold(fields))


def _shown(text: str | None) -> str | None:
    """Return a text that quotes what a gateway said in one line, cut to a page."""
    return text and printable(text)[:LONGEST_REASON]


@dataclass
class _Judgement:
    """The comparison of one run with the record. `reasons` holds why the block does not pass."""

    block: Block
    endpoint: str
    stored: Stored
    harness: Harness
    run: Run
    reply_verdict: ReplyVerdict
    reasons: list[str] = field(default_factory=list)
    unobserved: tuple[Difference, ...] = ()
    is_documented: bool = False

    def judge(self) -> Observation | None:
        """Collect the reasons. Return the observation with which the run was compared."""
        self._check_requests()
        exchange = self.reply_verdict.exchange
        row = self._recorded(exchange)
        if exchange is not None:
            if row is not None:
                self._compare(row)
            self.reasons += end_reasons(
                self.run.ran,
                self.block.language,
                self.endpoint,
                self.reply_verdict,
                self.harness.decode,
            )
        return row

    def _check_requests(self) -> None:
        """Check for one request to the gateway and the polls of its task, and no other except to
        its image hosts."""
        ran, harness = self.run.ran, self.harness
        exchanges = exchanges_of(self.run, harness)
        sent = [exchange for exchange in exchanges if exchange.host == harness.gateway]
        other = sorted({e.host for e in exchanges if e.host != harness.gateway} | {*ran.refused})
        if ran.stopped:
            limits = _limits_of(harness)
            self.reasons.append(f"the block was stopped: it {limits.exceeded(ran.stopped)}")
        if other:
            self.reasons.append(f"the block sent requests to other hosts: {', '.join(other)}")
        protocol = protocol_of(self.stored.status, self.endpoint)
        polls = polls_in(sent, protocol)
        calls = len(sent) - len(polls) - len(fetch_in(sent, protocol))
        if calls != 1:
            beside = f" beside {len(polls)} polls" if polls else ""
            self.reasons.append(
                f"{calls} requests reached {harness.gateway}{beside}, expected one"
                f" ({last_line(self.run.ran)})"
            )

    def _recorded(self, exchange: Exchange | None) -> Observation | None:
        """Return the newest conclusive row of this request, or else the newest conclusive row.

        A target without observations of its own is compared with the reference's. Only the auth
        method may differ, where the block's client has one of its own.
        """
        status = self.stored.status
        rows, moved = status.conclusive(self.endpoint, self.harness.target), {}
        if not rows:
            rows = status.conclusive(self.endpoint, status.reference)
            moved = {"base_url": self.harness.base_url}
        if not rows:
            if self.harness.replays and exchange is not None:
                self.is_documented = exchange.answered_from == DOCUMENTED
                self._compare_documented()
            if not self.is_documented:
                self.reasons.append(no_observation(self.harness.target))
            return None
        if exchange is None:
            return rows[0]
        request = request_sent(self.run, self.endpoint, status, self.harness)
        if request is None:
            self.reasons.append(NOT_COMPARED)
            return rows[0]
        if self._has_own_auth(request):
            moved["auth"] = request.auth
        found = [
            row_differences(
                row.model_copy(update={"sent": row.sent.model_copy(update=moved)}), request
            )
            for row in rows
        ]
        match = next((row for row, parts in zip(rows, found, strict=True) if not parts), None)
        if match is None:
            place = self.stored.place_of(rows[0])
            self.reasons += [
                f"the request differs from the one recorded at {place}: {difference}"
                for difference in found[0]
            ]
            return rows[0]
        if match.sent.auth != request.auth:
            self.unobserved = (
                Difference(path=("auth",), recorded=match.sent.auth, now=request.auth),
            )
        return match

    def _compare_documented(self) -> None:
        """Compare the request with the endpoint's own one of today, whatever its prompt: the mock
        answers that of any endpoint without a row. It has checked the auth method."""
        status, harness = self.stored.status, self.harness
        request = request_sent(self.run, self.endpoint, status, harness)
        if request is None:
            self.reasons.append(NOT_COMPARED)
            return
        own = request_of(status, self.endpoint, harness.target)
        own = without_prompt(protocol_of(status, self.endpoint), own)
        sent = {name: getattr(request, name) for name in ("auth", "poll", "fetch")}
        self.reasons += [
            f"the request differs from the endpoint's own, which nobody has observed: {difference}"
            for difference in differences(own.model_copy(update=sent), request)
        ]

    def _has_own_auth(self, request: Sent) -> bool:
        """Return True if the block's client always uses this auth method, which is accepted."""
        language = language_of(self.block.id)
        accepted = self.stored.status.route_of(self.endpoint).accepted_auth
        return language is not None and language.auth == request.auth in accepted

    def _compare(self, row: Observation) -> None:
        reply, outcome = self.reply_verdict.reply, self.reply_verdict.outcome
        known = set(self.reply_verdict.signatures) & set(row.signatures)
        if row.outcome not in (outcome, "mixed"):
            error = f" ({reply.error})" if reply.error else ""
            self.reasons.append(f"got an {outcome}{error}, expected the recorded {row.outcome}")
        elif outcome == "output" and row.shape not in (None, reply.shape):
            self.reasons.append(f"got the shape {reply.shape}, expected the recorded {row.shape}")
        elif outcome == "error" and row.signatures and not known:
            expected = " or ".join(row.signatures)
            self.reasons.append(f"got the error {reply.error!r}, expected the recorded {expected}")
