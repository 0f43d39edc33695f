"""Rehearsal: the mock in a target's place, with a ledger whose bills come out as on record."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from trueup.mock import MEDIA_HOST, Fault, GatewayLedger, create_app, serving
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
}
"""The fault of the mock's ledger that brings about a bill like the recorded one."""
ACCESS = Credentials(PLACEHOLDER, "YOUR_ACCESS_TOKEN", 1)


@contextmanager
def open_rehearsal(
    stored: Stored,
    budget: Budget,
    containment: Containment | None,
    is_aligned: bool,
    target: str,
    label: Callable[[], str],
) -> Iterator[RetestTarget]:
    """The mock in a target's place: bills come out as they are on record, and those that are not
    cannot be read. With `is_aligned` every bill lines up.
    """
    status, ledger = stored.status, GatewayLedger.of([PLACEHOLDER])
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
            here = link.replace(f"https://{MEDIA_HOST}", url)
            return fetch_image(here, Target(base_url=url))

        passed = _Time()
        account = find_account(stack, url, ACCESS, clock=passed.clock, sleep=passed.sleep)
        yield RetestTarget(harness, account, fetch)


class _Time:
    """A clock that moves when someone waits: nothing of the mock is late."""

    def __init__(self) -> None:
        self._slept_s = 0.0

    def clock(self) -> float:
        return time.monotonic() + self._slept_s

    def sleep(self, seconds: float) -> None:
        self._slept_s += seconds


def _bills(status: Status, target: str) -> dict[str, Billing]:
    """By endpoint, the newest bill on record."""
    return {
        row.endpoint: row.billing
        for row in status.observations
        if row.target == target and row.retracted is None and row.variant is None and row.billing
    }


@dataclass(frozen=True)
class _Billed:
    """The mock, its ledger at fault as the record of the endpoint has it."""

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
            said = {"success": False, "message": "simulated: no bill of it is on record"}
            await JSONResponse(said)(scope, receive, send)
            return
        fault = REHEARSED.get(bill) if bill else None
        faults = [fault] if fault else []
        self.ledger.options = replace(self.ledger.options, faults=faults)
        await self.app(scope, receive, send)
