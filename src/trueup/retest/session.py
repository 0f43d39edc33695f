"""Session: asks one endpoint after the other and writes each answer down at once; what was sent
before a crash is never sent again."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from itertools import groupby

from pydantic import TypeAdapter, ValidationError

from trueup.model import Sent, Status, Upstream, split
from trueup.relay import Budget, Journal
from trueup.request import request_in, request_of
from trueup.retest.billing import (
    Account,
    Bill,
    BilledCall,
    CallOutcome,
    Inconclusive,
    LedgerSnapshot,
    bill_of,
)
from trueup.retest.plan import Probe, called
from trueup.retest.receipt import Amounts, Attempt, RetestReceipt
from trueup.retest.target import RetestTarget
from trueup.verify.judge import LIVE_LIMITS
from trueup.verify.reply_verdict import ReplyVerdict, read_run, with_image
from trueup.verify.run import Run

INTERRUPTED = "interrupted: the retest ended before the answer was written down"
UNHELD = "the block's request is none that a record can hold"
LONGEST_ERROR = 2000
UPSTREAM: TypeAdapter[str] = TypeAdapter(Upstream)


OpenSite = Callable[[str, Callable[[], str]], AbstractContextManager[RetestTarget]]
"""Opens a target; the function that it is handed names the call that is being made."""


@dataclass
class Session:
    """One retest, from its first call to its proofs, over a journal that outlives a crash.

    `say` gets a line for each attempt.
    """

    status: Status
    probes: Sequence[Probe]
    open_site: OpenSite
    budget: Budget
    journal: Journal
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    is_rehearsal: bool = False
    _label: str = field(default="", init=False)

    def run(self) -> tuple[RetestReceipt, ...]:
        """Asks what was not asked yet, as far as the caps allow; the proofs of all that was."""
        for target, group in groupby(self.probes, key=lambda probe: probe.target):
            waiting = [probe for probe in group if self._waits(probe)]
            if waiting:
                with self.open_site(target, lambda: self._label) as site:
                    for probe in waiting:
                        self._ask(probe, site)
        return tuple(self._proofs())

    def _waits(self, probe: Probe) -> bool:
        """Whether another attempt is due: the first, or the one after a failure."""
        attempts = [attempt for _, attempt in self._attempts(probe)]
        failed_once = [attempt.outcome for attempt in attempts] == ["error"]
        if not (failed_once or not attempts):
            return False
        refused = self.budget.refusal(called(self.status, probe.endpoint))
        if refused:
            self.say(f"{probe.target} {probe.endpoint}: not asked: {refused}")
        return not refused

    def _ask(self, probe: Probe, site: RetestTarget) -> None:
        if lacking := site.harness.lacks(probe.snippet.language.fence):
            self.say(f"{probe.target} {probe.endpoint}: not asked: {lacking}")
            return
        while self._waits(probe):
            attempt, containment = self._attempt(probe, site), site.harness.containment
            if isinstance(attempt, str):
                self.say(f"{probe.target} {probe.endpoint}: not asked: {attempt}")
                return
            told = attempt.reason or attempt.error or attempt.shape or ""
            billed = f"; billing {attempt.billing.verdict}" if attempt.billing else ""
            self.say(f"{probe.target} {probe.endpoint}: {attempt.outcome} ({told}){billed}")
            calls = [n for n, one in self.journal.calls.items() if one.intent.label == probe.label]
            self.journal.keep(
                {
                    "label": probe.label,
                    "ordinal": max(calls, default=None),
                    "containment": containment,
                    "attempt": attempt.model_dump(mode="json"),
                }
            )

    def _attempt(self, probe: Probe, site: RetestTarget) -> Attempt | str:
        """Runs the block once, reads what came back, and then the books; or says why nothing was
        sent, which is no attempt."""
        self._label = probe.label
        before = site.account.before() if isinstance(site.account, Account) else None
        calls = set(self.journal.calls)
        run = site.harness.run(probe.snippet.language.fence, probe.snippet.text, LIVE_LIMITS)
        at = self.clock()
        made = sorted(set(self.journal.calls) - calls)
        reading, sent = self._read(run, probe, site)
        if not made:
            return reading.inconclusive or "the block sent nothing"
        bill = None
        if reading.outcome != "inconclusive":
            bill = self._bill(site.account, before, self._call(probe, reading))
            self._settle(made, bill)
        exchange = reading.exchange
        return Attempt(
            at=at,
            outcome=reading.outcome,
            reason=_line(reading.inconclusive),
            status=exchange.status if exchange and exchange.is_whole else None,
            request_id=exchange.request_id if exchange else None,
            shape=reading.reply.shape if reading.outcome == "output" else None,
            image=dict(reading.image) if reading.image else None,
            error=_line(reading.reply.error),
            signatures=reading.signatures,
            upstream=self._upstream(probe, reading, bill, sent),
            sent=sent or request_of(self.status, probe.endpoint, probe.target),
            duration_ms=run.ran.duration_ms,
            exit_code=run.ran.exit_code,
            billing=Amounts.model_validate(bill, from_attributes=True) if bill else None,
        )

    def _read(self, run: Run, probe: Probe, site: RetestTarget) -> tuple[ReplyVerdict, Sent | None]:
        """What came back, and what was sent: where the record cannot hold that, nothing is told."""
        reading = with_image(read_run(run, probe.endpoint, self.status, site.harness), site.fetch)
        if reading.exchange is None:
            stopped = f"the block was stopped at its {run.ran.stopped} limit before an answer came"
            return (replace(reading, inconclusive=stopped) if run.ran.stopped else reading), None
        with suppress(ValidationError):
            sent = request_in(reading.exchange, site.harness.base_url)
            if sent is not None:
                return reading, Sent.model_validate(sent.model_dump())
        return replace(
            reading, outcome="inconclusive", inconclusive=reading.inconclusive or UNHELD
        ), None

    def _bill(
        self,
        account: Account | Inconclusive | None,
        before: LedgerSnapshot | Inconclusive | None,
        call: BilledCall,
    ) -> Bill | None:
        if account is None or isinstance(account, Inconclusive):
            return bill_of(account) if account else None
        return account.bill(before, call) if before else None

    def _call(self, probe: Probe, reading: ReplyVerdict) -> BilledCall:
        model, _ = split(probe.endpoint)
        exchange = reading.exchange
        assert exchange is not None and reading.outcome != "inconclusive"
        outcome: CallOutcome = "output" if reading.outcome == "output" else "error"
        if reading.outcome == "error" and exchange.status == 200 and not reading.reply.is_refusal:
            outcome = "no-output"
        return BilledCall(
            outcome=outcome,
            http_status=exchange.status,
            model=model,
            request_id=exchange.request_id,
            upstream=self.status.upstream(model),
            price_usd=probe.price_usd,
        )

    def _upstream(
        self, probe: Probe, reading: ReplyVerdict, bill: Bill | None, sent: Sent | None
    ) -> str | None:
        """The model behind the alias, where the call was made by the alias and something told."""
        model, _ = split(probe.endpoint)
        if sent is None or self.status.models[model].upstream is None:
            return None
        by_alias = sent.body.get("model") == model or f"/{model}:" in sent.request
        told = (bill.upstream if bill else None) or reading.reply.model
        return told if by_alias and told != model and _is_name(told) else None

    def _settle(self, made: Sequence[int], bill: Bill | None) -> None:
        if bill is None:
            return
        known = [usd for usd in (bill.log_usd, bill.used_delta_usd) if usd is not None]
        if made and known:
            self.budget.settle(made[-1], max(Decimal(0), *known))

    def _attempts(self, probe: Probe) -> list[tuple[str, Attempt]]:
        """What the journal holds of a probe: each attempt with its containment; a call without an
        attempt was interrupted."""
        kept = [one for one in self.journal.receipts if one["label"] == probe.label]
        ordinals = {one["ordinal"] for one in kept}
        attempts = [
            (str(one["containment"]), Attempt.model_validate(one["attempt"])) for one in kept
        ]
        for ordinal, call in self.journal.calls.items():
            if call.intent.label == probe.label and ordinal not in ordinals:
                sent = request_of(self.status, probe.endpoint, probe.target)
                lost = Attempt(
                    at=call.intent.at, outcome="inconclusive", reason=INTERRUPTED, sent=sent
                )
                attempts.append(("none", lost))
        return sorted(attempts, key=lambda one: one[1].at)

    def _proofs(self) -> Iterator[RetestReceipt]:
        found = [(probe, attempts) for probe in self.probes if (attempts := self._attempts(probe))]
        told = {
            (probe.target, probe.endpoint)
            for probe, attempts in found
            if any(attempt.outcome != "inconclusive" for _, attempt in attempts)
        }
        for probe, attempts in found:
            yield RetestReceipt(
                endpoint=probe.endpoint,
                target=probe.target,
                language=probe.snippet.language.name,
                block=probe.snippet.text,
                sha256=sha256(probe.snippet.text.encode()).hexdigest(),
                containment=attempts[-1][0],
                rehearsal=self.is_rehearsal,
                others_conclusive=self._others_conclusive(probe, attempts, told),
                attempts=tuple(attempt for _, attempt in attempts),
            )

    def _others_conclusive(
        self,
        probe: Probe,
        attempts: Sequence[tuple[str, Attempt]],
        told: Collection[tuple[str, str]],
    ) -> bool:
        """Whether the target told elsewhere; of no use where it was us who broke off."""
        is_ours = any(attempt.reason == INTERRUPTED for _, attempt in attempts)
        others = (target == probe.target and name != probe.endpoint for target, name in told)
        return any(others) and not is_ours


def _line(text: str | None) -> str | None:
    """A stranger's text in one line that can be shown and written down anywhere."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(shown.split())[:LONGEST_ERROR] or None


def _is_name(told: str | None) -> bool:
    """Whether the status file can hold it as a model's name."""
    with suppress(ValidationError):
        return bool(UPSTREAM.validate_python(told))
    return False
