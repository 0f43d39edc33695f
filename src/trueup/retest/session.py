"""Session: calls one endpoint after the other and keeps each result at once; a call that was sent
before a crash is never sent again."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from pydantic import TypeAdapter, ValidationError

from trueup.errors import BadInput, Unreachable
from trueup.model import Sent, Status, Upstream, split
from trueup.receipts import Attempt, Bill, RetestReceipt
from trueup.relay import Budget, Journal, KeySearch
from trueup.request import request_of
from trueup.retest.billing.records import BilledCall, CallOutcome, Inconclusive
from trueup.retest.billing.settlement import LedgerAccount, bill_call, cost_of
from trueup.retest.journalled_attempts import JournalledAttempt, attempts_of, keep_bills
from trueup.retest.plan import Probe, billed_model
from trueup.retest.target import RetestTarget
from trueup.verify.judge import LIVE_LIMITS
from trueup.verify.reply_verdict import ReplyVerdict, read_run, request_sent, with_linked
from trueup.verify.run import Run

UNRECORDABLE = "the block's request has no form that a record can hold"
LONGEST_ERROR = 2000
"""Letters of a failure text in a receipt: a page of text, where most are a sentence."""
LONGEST_ID = 200
"""Letters of a request id: a gateway's has about forty."""
UPSTREAM: TypeAdapter[str] = TypeAdapter(Upstream)


OpenTarget = Callable[[str, Callable[[], str]], AbstractContextManager[RetestTarget]]
"""Opens a target by name; the function that it is given returns the label of the current call."""


@dataclass
class Session:
    """A retest, from its first call to its receipts, over a journal that outlives a crash.

    `say` gets a line for each attempt, as the journal keeps it: without the texts that hold a
    secret. `without_bills` goes on where the ledger is known to be unreadable before the first
    call. `search` refuses what cannot be kept in part: a request, and the name of a model.
    """

    status: Status
    probes: Sequence[Probe]
    open_target: OpenTarget
    budget: Budget
    journal: Journal
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    is_rehearsal: bool = False
    without_bills: bool = False
    search: KeySearch = field(default_factory=KeySearch)
    _label: str = field(default="", init=False)

    def run(self) -> tuple[RetestReceipt, ...]:
        """Call what was not called yet, as far as the caps allow; return the receipts of all."""
        for name, group in groupby(self.probes, key=lambda probe: probe.target):
            waiting = [probe for probe in group if self._is_waiting(probe)]
            if waiting:
                with self.open_target(name, lambda: self._label) as retest_target:
                    self._require_bills(name, retest_target)
                    for probe in waiting:
                        self._call(probe, retest_target)
                    self._revise(retest_target.account, is_last=True)
        return tuple(self._receipts())

    def _require_bills(self, target: str, retest_target: RetestTarget) -> None:
        """Raise before the first call where its bill could not be read: Unreachable where the
        gateway gave no answer, otherwise BadInput."""
        account = retest_target.account
        if isinstance(account, Inconclusive):
            reason = self.search.withhold(_line(account.reason) or "").rstrip(".")
            problem = f"no bill can be read ({reason})"
            if account.is_unavailable and not self.without_bills:
                fix = "Check the network, the address and its certificate, or try again later."
                raise Unreachable(target, f"{problem}; nothing was sent to it", fix)
            if not self.without_bills:
                fix = "Correct the access token and the user id, or give --without-bills."
                raise BadInput(target, f"{problem}; nothing was sent to it", fix)
            self.say(f"{target}: {problem}")

    def _is_waiting(self, probe: Probe) -> bool:
        """Return whether another attempt is due: the first, or the one after a failure."""
        attempts = [kept.attempt for kept in attempts_of(probe, self.journal, self.status)]
        if [attempt.outcome for attempt in attempts] not in ([], ["error"]):
            return False
        if any(attempt.has_task for attempt in attempts):
            return False  # an accepted task is never submitted again
        refusal = self.budget.refusal(billed_model(self.status, probe.endpoint))
        if refusal:
            self.say(f"{probe.name}: not called: {refusal}")
        return not refusal

    def _call(self, probe: Probe, retest_target: RetestTarget) -> None:
        if lacking := retest_target.harness.lacks(probe.snippet.language.fence):
            self.say(f"{probe.name}: not called: {lacking}")
            return
        while self._is_waiting(probe):
            attempt = self._attempt(probe, retest_target)
            if isinstance(attempt, str):
                self.say(f"{probe.name}: not called: {attempt}")
                return
            made = [
                ordinal
                for ordinal, call in self.journal.calls.items()
                if call.intent.label == probe.label
            ]
            self.journal.keep(
                {
                    "label": probe.label,
                    "ordinal": max(made, default=None),
                    "containment": retest_target.harness.containment,
                    "attempt": attempt.model_dump(mode="json"),
                }
            )
            kept = Attempt.model_validate(self.journal.receipts[-1]["attempt"])
            details = kept.reason or kept.error or kept.shape or ""
            billing = f"; billing {kept.billing.verdict}" if kept.billing else ""
            self.say(f"{probe.name}: {kept.outcome} ({details}){billing}")

    def _revise(
        self, account: LedgerAccount | Inconclusive | None, *, is_last: bool = False
    ) -> None:
        """Replace the bills that a later reading of the ledger has shown to be right."""
        revised = account.revised(is_last=is_last) if isinstance(account, LedgerAccount) else {}
        for name, bill in keep_bills(self.journal, revised):
            self.say(f"{name}: billing {bill.verdict}, booked late")

    def _attempt(self, probe: Probe, retest_target: RetestTarget) -> Attempt | str:
        """Run the block once, read its response and then the ledger; return the attempt, or why
        nothing was sent, which is no attempt."""
        self._label = probe.label
        account, harness, snippet = retest_target.account, retest_target.harness, probe.snippet
        before = account.before() if isinstance(account, LedgerAccount) else None
        self._revise(account)
        earlier = set(self.journal.calls)
        run = harness.run(snippet.language.fence, snippet.text, LIVE_LIMITS, probe.endpoint)
        at = self.clock()
        made = sorted(set(self.journal.calls) - earlier)
        verdict, sent = self._read(run, probe, retest_target)
        if not made:
            return verdict.inconclusive or "the block sent nothing"
        bill, is_conclusive = None, verdict.outcome != "inconclusive"
        if is_conclusive or (self.budget.max_spend_usd is not None and verdict.is_refused):
            bill = bill_call(account, before, self._billed_call(probe, verdict, made[-1]))
            self._settle(made[-1], bill)
        exchange = verdict.exchange
        return Attempt(
            at=at,
            outcome=verdict.outcome,
            kind=verdict.kind,
            reason=_line(verdict.inconclusive),
            status=exchange.status if exchange and not exchange.failure else None,
            request_id=_line(exchange.request_id, LONGEST_ID) if exchange else None,
            shape=verdict.reply.shape if verdict.outcome == "output" else None,
            output=dict(verdict.facts) if verdict.facts else None,
            error=_line(verdict.reply.error),
            signatures=verdict.signatures,
            group=verdict.reply.error_body.group if verdict.reply.error_body else None,
            upstream=self._upstream(probe, verdict, bill, sent),
            sent=sent or request_of(self.status, probe.endpoint, probe.target),
            duration_ms=run.ran.duration_ms,
            exit_code=run.ran.exit_code,
            billing=bill if is_conclusive else None,
        )

    def _read(
        self, run: Run, probe: Probe, retest_target: RetestTarget
    ) -> tuple[ReplyVerdict, Sent | None]:
        """Return the verdict on the response, and the request that was sent if it can be kept."""
        harness = retest_target.harness
        verdict = read_run(run, probe.endpoint, self.status, harness)
        verdict = with_linked(verdict, retest_target.fetch, harness.decode)
        if verdict.exchange is None:
            if run.ran.stopped:
                stopped = f"the block {LIVE_LIMITS.exceeded(run.ran.stopped)} before an answer came"
                verdict = replace(verdict, inconclusive=stopped)
            return verdict, None
        with suppress(ValidationError):
            sent = request_sent(run, probe.endpoint, self.status, harness)
            if sent is not None and not self.search.holds(sent.model_dump_json()):
                return verdict, Sent.model_validate(sent.model_dump())
        if verdict.inconclusive is None:
            verdict = replace(
                verdict, outcome="inconclusive", inconclusive=UNRECORDABLE, kind="unreadable"
            )
        return verdict, None

    def _billed_call(self, probe: Probe, verdict: ReplyVerdict, ordinal: int) -> BilledCall:
        model, _ = split(probe.endpoint)
        exchange = verdict.exchange
        assert exchange is not None
        outcome: CallOutcome = "output" if verdict.outcome == "output" else "error"
        is_refused = verdict.reply.error_body is not None
        if verdict.outcome != "output" and exchange.status == 200 and not is_refused:
            outcome = "no-output"
        count = (self.status.endpoints[probe.endpoint].body or {}).get("n")
        return BilledCall(
            outcome=outcome,
            http_status=exchange.status,
            model=model,
            request_id=exchange.request_id,
            upstream=self.status.upstream(model),
            called=billed_model(self.status, probe.endpoint),
            count=count if isinstance(count, int) and count > 1 else 1,
            ordinal=ordinal,
        )

    def _upstream(
        self, probe: Probe, verdict: ReplyVerdict, bill: Bill | None, sent: Sent | None
    ) -> str | None:
        """Return the model behind the alias, if the call was made by the alias and it is shown."""
        model, _ = split(probe.endpoint)
        if sent is None or self.status.upstream(model) == model:
            return None
        by_alias = (sent.content or {}).get("model") == model or f"/{model}:" in sent.request
        name = (bill.upstream if bill else None) or verdict.reply.model
        is_usable = _is_upstream(name) and not self.search.holds(name or "")
        return name if by_alias and name != model and is_usable else None

    def _settle(self, ordinal: int, bill: Bill | None) -> None:
        """Replace the price reserved for a call with its cost, where that is known."""
        cost = cost_of(bill, self.budget.price_of_call(ordinal)) if bill else None
        if cost is not None:
            self.budget.settle(ordinal, cost)

    def _receipts(self) -> Iterator[RetestReceipt]:
        found = [
            (probe, attempts)
            for probe in self.probes
            if (attempts := attempts_of(probe, self.journal, self.status))
        ]
        conclusive = {
            (probe.target, probe.endpoint)
            for probe, attempts in found
            if any(kept.attempt.outcome != "inconclusive" for kept in attempts)
        }
        for probe, attempts in found:
            yield RetestReceipt(
                site=self.status.policy.site,
                endpoint=probe.endpoint,
                target=probe.target,
                language=probe.snippet.language.name,
                block=probe.snippet.text,
                sha256=sha256(probe.snippet.text.encode()).hexdigest(),
                containment=attempts[-1].containment,
                rehearsal=self.is_rehearsal,
                others_conclusive=_others_conclusive(probe, attempts, conclusive),
                attempts=tuple(kept.attempt for kept in attempts),
            )


def _others_conclusive(
    probe: Probe,
    attempts: Sequence[JournalledAttempt],
    conclusive: Collection[tuple[str, str]],
) -> bool:
    """Return whether another endpoint of the target was conclusive. That is no evidence against
    the route where the retest itself was interrupted."""
    others = any(
        target == probe.target and endpoint != probe.endpoint for target, endpoint in conclusive
    )
    return others and not any(kept.is_interrupted for kept in attempts)


def _line(text: str | None, longest: int = LONGEST_ERROR) -> str | None:
    """Return a stranger's text in one line that is safe to show and to write."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(shown.split())[:longest] or None


def _is_upstream(name: str | None) -> bool:
    """Return whether the status file can hold it as the name of a model."""
    with suppress(ValidationError):
        return bool(UPSTREAM.validate_python(name))
    return False
