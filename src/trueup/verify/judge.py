"""Judge: one published block on a bench → its receipt. Judges by the exchange, and but for curl by
how the program ended too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from trueup.exchange import Exchange
from trueup.finding import printable
from trueup.message import Place
from trueup.model import Observation, Sent, split
from trueup.relay import BODY_LIMIT
from trueup.request import Difference, differences, request_in
from trueup.sandbox import Limits
from trueup.site import Block
from trueup.snippet import PROGRAMS, language_of
from trueup.status_file import Stored
from trueup.verify.receipt import BlockReceipt
from trueup.verify.reply_verdict import ReplyVerdict, decode, exchanges_of, read_run
from trueup.verify.run import Harness, Run

LIMITS = Limits(timeout_s=60)
LIVE_LIMITS = Limits(timeout_s=330, output_bytes=2 * BODY_LIMIT)
"""A curl block prints its reply, the image within: what the relay lets through must fit."""


OnPages = tuple[Block, tuple[str, ...]]
"""A block with the pages that publish it."""


def distinct(blocks: Iterable[Block]) -> list[OnPages]:
    """The blocks that are run, each once, with the pages that publish it."""
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
    """Runs one block and judges it; one of which nothing can be told neither passes nor fails."""
    receipt = partial(_receipt, block, pages, harness)
    endpoint = stored.status.endpoints.get(block.endpoint or "")
    if block.endpoint is None or endpoint is None:
        why = "the block belongs to no endpoint; a block that a macro made was expected"
        return receipt(reasons=(why,))
    if endpoint.skip and endpoint.skip.until >= today and harness.replays:
        return receipt(skipped=f"{endpoint.skip.reason} (until {endpoint.skip.until})")
    program = PROGRAMS[block.language]
    if lacking := harness.lacks(program.fence):
        may_skip = program.may_lack and not harness.complete
        return receipt(skipped=lacking) if may_skip else receipt(reasons=(lacking,))
    run = harness.run(program.fence, block.text, LIMITS if harness.replays else LIVE_LIMITS)
    return _Trial(block, block.endpoint, pages, stored, harness, run).receipt()


def _receipt(
    block: Block,
    pages: tuple[str, ...],
    harness: Harness,
    *,
    passed: bool = False,
    skipped: str | None = None,
    reasons: Sequence[str] = (),
    run: Run | None = None,
    reading: ReplyVerdict | None = None,
    outcome: str | None = None,
    row: Observation | None = None,
    record: Place | None = None,
    unobserved: tuple[Difference, ...] = (),
) -> BlockReceipt:
    exchange = reading.exchange if reading else None
    image = reading.image if reading and not harness.replays else None
    return BlockReceipt(
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
        shape=reading.reply.shape if reading else None,
        signatures=reading.signatures if reading else (),
        duration_ms=run.ran.duration_ms if run else 0,
        exit_code=run.ran.exit_code if run else None,
        request_id=exchange.request_id if exchange else None,
        evidence=row.day if row else None,
        record=str(record) if record else None,
        image=dict(image) if image else None,
        skipped=skipped,
        inconclusive=reading.inconclusive if reading and exchange else None,
        unobserved=unobserved,
        reasons=tuple(map(printable, reasons)),  # they quote what a gateway said
    )


@dataclass
class _Trial:
    """One run before its judge: collects reasons against it."""

    block: Block
    endpoint: str
    pages: tuple[str, ...]
    stored: Stored
    harness: Harness
    run: Run
    reasons: list[str] = field(default_factory=list)
    unobserved: tuple[Difference, ...] = ()

    def receipt(self) -> BlockReceipt:
        reading = read_run(self.run, self.endpoint, self.stored.status, self.harness)
        receipt = partial(
            _receipt, self.block, self.pages, self.harness, run=self.run, reading=reading
        )
        self._reached()
        exchange = reading.exchange
        if exchange is not None and reading.inconclusive:
            return receipt(outcome="inconclusive")
        row = self._recorded(exchange)
        if row is not None and exchange is not None:
            self._compare(row, reading)
        outcome = reading.outcome if exchange else None
        self._ended(outcome, reading.content)
        return receipt(
            passed=not self.reasons,
            outcome=outcome,
            row=row,
            record=self.stored.place_of(row) if row else None,
            unobserved=self.unobserved,
            reasons=self.reasons,
        )

    def _reached(self) -> None:
        """One request to the gateway, and none elsewhere but to the hosts of its images."""
        ran, harness = self.run.ran, self.harness
        exchanges = exchanges_of(self.run, harness)
        sent = [exchange for exchange in exchanges if exchange.host == harness.gateway]
        other = sorted({e.host for e in exchanges if e.host != harness.gateway} | {*ran.refused})
        if ran.stopped:
            self.reasons.append(f"the block was stopped at its {ran.stopped} limit")
        if other:
            self.reasons.append(f"the block asked for other hosts: {', '.join(other)}")
        if len(sent) != 1:
            self.reasons.append(
                f"{len(sent)} requests reached {harness.gateway}; one was expected."
                f" {self._last_words()}"
            )

    def _recorded(self, exchange: Exchange | None) -> Observation | None:
        """The newest row that told and that recorded this very request.

        A target without observations of its own is compared with the reference's. Only the way of
        the key may be another, where the block's client has a way of its own.
        """
        status = self.stored.status
        told, moved = self._told(self.harness.target), {}
        if not told:
            told, moved = self._told(status.reference), {"base_url": self.harness.base_url}
        if not told:
            self.reasons.append(
                f"no observation of it at {self.harness.target} is on record; one was expected."
                " Retest it, or give the endpoint a skip with a reason and a date"
            )
            return None
        if exchange is None:
            return told[0]
        request = request_in(exchange, self.harness.base_url)
        if request is None:
            self.reasons.append("the request was not JSON with one key, as every record is")
            return told[0]
        if self._has_own_way(request):
            moved["auth"] = request.auth
        sent = {id(row): row.sent.model_copy(update=moved) for row in told}
        parted = {id(row): differences(sent[id(row)], request) for row in told}
        match = next((row for row in told if not parted[id(row)]), None)
        if match is not None and match.sent.auth != request.auth:
            self.unobserved = (
                Difference(path=("auth",), recorded=match.sent.auth, now=request.auth),
            )
        if match is None:
            self.reasons += [
                f"the block does not send what was recorded at {self.stored.place_of(told[0])}:"
                f" {difference}"
                for difference in parted[id(told[0])]
            ]
        return match or told[0]

    def _has_own_way(self, request: Sent) -> bool:
        """Whether the key came as the block's client always sends it, and the route accepts it."""
        language = language_of(self.block.id)
        accepted = self.stored.status.route_of(self.endpoint).auth.accepted
        return language is not None and language.auth == request.auth in accepted

    def _told(self, target: str) -> list[Observation]:
        rows = self.stored.status.seen(self.endpoint, target)
        return [row for row in rows if row.outcome != "inconclusive"]

    def _compare(self, row: Observation, reading: ReplyVerdict) -> None:
        reply, outcome, signatures = reading.reply, reading.outcome, reading.signatures
        if row.outcome not in (outcome, "mixed"):
            got = f" ({reply.error})" if reply.error else ""
            self.reasons.append(f"the reply was an {outcome}{got}; an {row.outcome} is on record")
        elif outcome == "output" and row.shape not in (None, reply.shape):
            self.reasons.append(f"the image came as {reply.shape}; {row.shape} is on record")
        elif outcome == "error" and row.signatures and not set(signatures) & set(row.signatures):
            self.reasons.append(
                f"it failed with {reply.error!r}; {' or '.join(row.signatures)} is on record"
            )

    def _ended(self, outcome: str | None, image: bytes | None) -> None:
        """How the program ended: curl knows only of transport, the others tell their reader."""
        ran = self.run.ran
        if ran.stopped or outcome is None:
            return
        if not PROGRAMS[self.block.language].exit_code_tells:
            if ran.exit_code != 0:
                self.reasons.append(f"curl ended with {ran.exit_code}; 0 was expected")
        elif outcome == "output":
            self._saved(image)
        else:
            lines = ran.stderr.decode(errors="replace").strip().splitlines()
            if (ran.exit_code or 0) <= 0 or len(lines) != 1:
                self.reasons.append(
                    f"the failed call ended with exit code {ran.exit_code} and {len(lines)} lines;"
                    " another code than 0 and one readable line were expected"
                )
            if ran.files:
                self.reasons.append(
                    f"the failed call left {', '.join(ran.files)}; no file was expected"
                )

    def _saved(self, image: bytes | None) -> None:
        ran, model = self.run.ran, split(self.endpoint)[0]
        if ran.exit_code != 0:
            self.reasons.append(
                f"an image came back, yet the program ended with {ran.exit_code}; it was expected"
                f" to save it. {self._last_words()}"
            )
            return
        names = [name for name in ran.files if name.rpartition(".")[0] == model]
        if len(ran.files) != 1 or not names or decode(ran.files[names[0]]) is None:
            self.reasons.append(
                f"it left {', '.join(ran.files) or 'no file'}; one image that decodes, named"
                f" {model}.*, was expected"
            )
        elif image is not None and ran.files[names[0]] != image:
            self.reasons.append(f"{names[0]} is not the image that came back; that was expected")
        elif names[0] not in ran.stdout.decode(errors="replace"):
            self.reasons.append(f"it saved {names[0]} without saying so; its name was expected")

    def _last_words(self) -> str:
        lines = self.run.ran.stderr.decode(errors="replace").strip().splitlines()
        if not lines:
            return "It said nothing."
        words = lines[-1][max(lines[-1].find("curl: ("), 0) :]  # curl's meter ends in no newline
        return f"Its last words: {words[:200]}"
