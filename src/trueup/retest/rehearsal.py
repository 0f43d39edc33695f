"""Rehearsal: the mock in a target's place, with a ledger whose bills are those on record."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.mock import MEDIA_HOST, Fault, GatewayLedger, Options, create_app, dialect_of, serving
from trueup.model import Billing, Status, Target
from trueup.relay import PLACEHOLDER, Budget
from trueup.retest.target import Credentials, RetestTarget, fetch_image, find_account
from trueup.sandbox import Containment
from trueup.status_file import Stored
from trueup.verify.run import open_relay

REHEARSED: Mapping[Billing, Fault] = {
    "mismatch": "settle-fault",
    "abnormal": "billed-error",
    "charged-on-failure": "billed-error",
    "charged-without-output": "blocked-prompt",
    "uncharged-success": "no-usage",
    "overcharged": "overcharge",
}
"""The fault of the mock's ledger that makes a bill like the recorded one."""
PUBLIC = Credentials(PLACEHOLDER, "YOUR_ACCESS_TOKEN", 1)


@contextmanager
def open_rehearsal(
    stored: Stored,
    budget: Budget,
    containment: Containment | None,
    is_aligned: bool,
    target: str,
    label: Callable[[], str],
) -> Iterator[RetestTarget]:
    """Open the mock in a target's place, in the dialect of its ledger.

    Bills are those on record; where none is, the ledger is unreadable. With `is_aligned` every bill
    is aligned. A target without a ledger has none.
    """
    status = stored.status
    options = Options(dialect_of(status.targets[target]))
    ledger = GatewayLedger.of([PLACEHOLDER], options)
    app = create_app(status, target=target, media_url=f"https://{MEDIA_HOST}", ledger=ledger)
    bills = None if is_aligned else _bills(status, target)
    with ExitStack() as stack:
        url = stack.enter_context(serving(_Billed(app, ledger, bills, label)))
        harness = stack.enter_context(
            open_relay(
                stored, target, PLACEHOLDER, None, containment, budget=budget, label=label, to=url
            )
        )

        def fetch(link: str) -> bytes | str:
            return fetch_image(link.replace(f"https://{MEDIA_HOST}", url), Target(base_url=url))

        timer = _Timer()
        account = None
        if options.dialect != "plain":
            account = find_account(url, PUBLIC, clock=timer.clock, sleep=timer.sleep)
        yield RetestTarget(harness, account, fetch)


class _Timer:
    """A clock that a wait moves forward at once: nothing of the mock is late."""

    def __init__(self) -> None:
        self._slept_s = 0.0

    def clock(self) -> float:
        return time.monotonic() + self._slept_s

    def sleep(self, seconds: float) -> None:
        self._slept_s += seconds


def _bills(status: Status, target: str) -> dict[str, Billing]:
    """Return the newest bill on record by endpoint."""
    return {
        row.endpoint: row.billing
        for row in status.observations
        if row.target == target and row.retracted is None and row.variant is None and row.billing
    }


@dataclass(frozen=True)
class _Billed:
    """The mock, whose ledger has the fault that the endpoint's record shows."""

    app: ASGIApp
    ledger: GatewayLedger
    bills: Mapping[str, Billing] | None
    label: Callable[[], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = (*self.label().split(" "), "")[1]
        bill: Billing | None = "aligned"
        if self.bills is not None and endpoint:
            bill = self.bills.get(endpoint)
        if bill is None and scope.get("path", "").startswith("/api/"):
            refusal = {"success": False, "message": "simulated: no bill on record"}
            await JSONResponse(refusal)(scope, receive, send)
            return
        fault = REHEARSED.get(bill) if bill else None
        faults = [fault] if fault else []
        self.ledger.options = replace(self.ledger.options, faults=faults)
        await self.app(scope, receive, send)
