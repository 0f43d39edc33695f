"""Retests of a gateway with every named fault, and the evidence that each leaves."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import TOP
from crash_beds import Curl
from drawn import decode_here
from starlette.types import ASGIApp, Receive, Scope, Send
from test_retest_billing import few_polls

from trueup.evidence import assess
from trueup.exchange import Exchange
from trueup.mock import (
    EXPIRED_CERTIFICATE,
    FAULTS,
    Fault,
    Faulty,
    GatewayLedger,
    Options,
    Refused,
    Token,
    User,
    create_app,
    create_tls,
    serving,
)
from trueup.model import Standing
from trueup.receipts import RetestReceipt, row_of
from trueup.relay import Budget, Deadlines, Journal, KeySearch, Reservation, create_relay
from trueup.retest.plan import Probe, plan
from trueup.retest.session import Session
from trueup.retest.status_update import update_status
from trueup.retest.target import Credentials, RetestTarget, find_account
from trueup.snippet import render_snippet
from trueup.status_file import Stored, parse_status
from trueup.verify.run import ExchangeLog, Harness

__all__ = ["few_polls"]
pytestmark = pytest.mark.usefixtures("few_polls")
TEXT = (Path(__file__).parent / "record.yml").read_text("utf-8")
NOW = datetime(2026, 4, 20, tzinfo=UTC)
STORED = parse_status(TEXT, "status.yml", NOW)
KEY = "sk-only-the-relay-knows-this-key"
SECRETS = Credentials(KEY, "YOUR_ACCESS_TOKEN", 1)
GOOD = "nano-banana-2/generate-content"
NATIVE = "nano-banana/generate-content"
IMAGES = "nano-banana/images-generations"
AMPLE = Deadlines(total_s=60.0, idle_s=60.0)
SOON = Deadlines(total_s=1.0, idle_s=0.2)


class Time:
    """A clock of seconds that moves by itself, and when someone waits."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def clock(self) -> float:
        return time.time() + self.slept_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


class Purse(Budget):
    """The budget of the retest that is going on, for a relay that outlives it."""

    own: Budget

    def __init__(self) -> None:
        super().__init__(0)

    def reserve(self, what: str, label: str, method: str, path: str) -> Reservation | str:
        return self.own.reserve(what, label, method, path)

    def answered(
        self, ordinal: int, status: int, request_id: str | None = None, reason: str | None = None
    ) -> None:
        self.own.answered(ordinal, status, request_id, reason)


@dataclass
class Desk:
    """A server that plays one gateway after the other, and two relays to it, of which one gives up
    soon. They are shared, because to open them takes longer than a retest."""

    purse: Purse = field(default_factory=Purse)
    label: Callable[[], str] = str
    url: str = ""
    app: ASGIApp | None = None
    patient: Harness | None = None
    quick: Harness | None = None

    async def play(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)

    @contextmanager
    def relay(self, url: str, deadlines: Deadlines) -> Iterator[Harness]:
        """A relay of the desk's to an address, as the way to production, in front of what a curl
        block sends. The sandbox has tests of its own, and takes longer than a retest."""
        live, log = STORED.status.targets["production"], ExchangeLog[Exchange]()
        relay = create_relay(
            live.model_copy(update={"base_url": url}),
            key=KEY,
            on_exchange=log.append,
            budget=self.purse,
            label=lambda: self.label(),
            deadlines=deadlines,
        )
        sandbox = Curl(httpx.ASGITransport(log.around(relay), raise_app_exceptions=False))
        host = urlsplit(live.base_url).netloc
        yield Harness(
            "production", live.base_url, host, False, sandbox, log=log, decode=decode_here
        )


@contextmanager
def open_desk() -> Iterator[Desk]:
    desk = Desk()
    with serving(desk.play) as url, ExitStack() as stack:
        desk.url = url
        desk.patient = stack.enter_context(desk.relay(url, AMPLE))
        desk.quick = stack.enter_context(desk.relay(url, SOON))
        yield desk


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one CA: a client reads all that a machine trusts in 30 ms of processor."""
    folder = tmp_path_factory.mktemp("authority")
    create_tls(folder / "ca.pem")
    return folder


@dataclass
class Gateway:
    """The mock as a stranger's gateway with faults, and a journal for the retests of it."""

    folder: Path
    desk: Desk
    names: Sequence[str] = ()
    stored: Stored = STORED
    now: datetime = NOW
    wrap: Callable[[ASGIApp], ASGIApp] | None = None
    is_billing: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    gives_up: bool = False
    is_behind_tls: bool = False
    calls: int = 0
    spent_usd: Decimal = Decimal(0)
    shown: str = ""
    passed: Time = field(default_factory=Time)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = (*get_args(Fault), *get_args(Refused))
        faults = [name for name in known if name in self.names]
        token = Token(KEY, 1, name="own", unlimited_quota="unlimited" in self.names)
        options = Options("new-api-b", faults, **self.options)
        ledger = GatewayLedger(User(), [token], options, self.passed.clock)
        inner = create_app(self.stored.status, ledger=ledger)
        self.app = Faulty(self.wrap(inner) if self.wrap else inner, self.names)

    async def count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += scope.get("method") == "POST"
        await self.app(scope, receive, send)

    @contextmanager
    def open_harness(self) -> Iterator[tuple[str, Harness]]:
        """Yield its address, and a harness before it."""
        self.desk.app = self.count
        harness = self.desk.quick if self.gives_up else self.desk.patient
        assert harness is not None
        is_expired = EXPIRED_CERTIFICATE in self.names
        if not (is_expired or self.is_behind_tls):
            yield self.desk.url, harness
            return
        tls = create_tls(self.folder / "ca.pem", is_expired)
        with serving(self.count, tls) as url, self.desk.relay(url, AMPLE) as harness:
            yield url, harness

    @contextmanager
    def open_target(self, target: str, label: Callable[[], str]) -> Iterator[RetestTarget]:
        with ExitStack() as stack:
            url, harness = stack.enter_context(self.open_harness())
            passed, account = self.passed, None
            if self.is_billing:
                account = find_account(url, SECRETS, passed.clock, passed.sleep)
            self.desk.label = label
            retest_target = RetestTarget(harness, account, lambda link: "the link is not fetched")
            yield retest_target
            self.shown += repr([retest_target, account, vars(account) if account else None])

    def retest(
        self,
        *endpoints: str,
        max_calls: int | None = 20,
        max_spend: Decimal | None = None,
        price: Decimal | None = None,
        block: str | None = None,
    ) -> tuple[RetestReceipt, ...]:
        """The receipts of the endpoints, called by their curl blocks, or by `block`."""
        with Journal(self.folder / "journal.jsonl", self.clock) as journal:
            budget = Budget(max_calls, max_spend, lambda _: price, journal)
            self.desk.purse.own = budget
            session = Session(
                self.stored.status,
                probes(self.stored, *endpoints, price=price, block=block),
                self.open_target,
                budget,
                journal,
                self.clock,
                self.lines.append,
                without_bills=True,
                search=KeySearch([KEY]),
            )
            receipts = session.run()
        self.spent_usd = budget.spent_usd
        self.shown += repr([session, budget, vars(budget), SECRETS])
        return receipts

    def clock(self) -> datetime:
        return self.now


def probes(
    stored: Stored, *endpoints: str, price: Decimal | None = None, block: str | None = None
) -> tuple[Probe, ...]:
    snippets = [
        render_snippet(stored.status, endpoint, "curl", TOP / "snippets") for endpoint in endpoints
    ]
    if block is not None:
        snippets = [replace(snippet, text=block) for snippet in snippets]
    return plan(
        stored.status,
        snippets,
        ["production"],
        endpoints,
        "curl",
        NOW.date(),
        only_due=False,
        price_of=lambda _: lambda _: price,
    )


IMAGE_ALIGNED = ("output", "aligned", None)
ERROR_ALIGNED = ("error", "aligned", None)
Expected = tuple[str, str | None, str | None]
"""Outcome, billing, and a piece of the reason."""


def inconclusive(reason: str) -> tuple[Expected, Expected]:
    return ("inconclusive", None, reason), ("inconclusive", None, reason)


def failed(billing: str) -> tuple[Expected, Expected]:
    return ("error", billing, None), ERROR_ALIGNED


EXPECTED: Mapping[str, tuple[Expected, Expected]] = {
    "batch-lag": (IMAGE_ALIGNED, ERROR_ALIGNED),
    "lost-flush": (("output", "mismatch", None), ERROR_ALIGNED),
    "settle-fault": (("output", "mismatch", None), ERROR_ALIGNED),
    "token-fault": (("output", "mismatch", None), ERROR_ALIGNED),
    "no-usage": (("output", "uncharged-success", None), ERROR_ALIGNED),
    "billed-error": (IMAGE_ALIGNED, ("error", "charged-on-failure", None)),
    "blocked-prompt": failed("charged-without-output"),
    "log-off": (("output", "inconclusive", "without a row of its charge"), ERROR_ALIGNED),
    "overcharge": (("output", "overcharged", None), ERROR_ALIGNED),
    "owner-edit": (
        ("output", "inconclusive", "was changed from outside"),
        ERROR_ALIGNED,
    ),
    "unlimited": (IMAGE_ALIGNED, ERROR_ALIGNED),
    "overloaded": inconclusive("is about the load of the gateway"),
    "no-channel": (("error", "aligned", None), ERROR_ALIGNED),
    "upstream-401": (("error", "aligned", None), ERROR_ALIGNED),
    "upstream-429": (("error", "aligned", None), ERROR_ALIGNED),
    "upstream-quota": (("error", "aligned", None), ERROR_ALIGNED),
    "upstream-html": (("error", "aligned", None), ERROR_ALIGNED),
    "slow-drip": inconclusive("stalled for 0.2 s"),
    "stall": inconclusive("stalled for 0.2 s"),
    "reset-mid-body": inconclusive("broke off after"),
    "truncated-json": inconclusive("without a JSON body, so not a reply of the gateway itself"),
    "wrong-content-type": (IMAGE_ALIGNED, ERROR_ALIGNED),
    "html-502": inconclusive("HTTP 502 without a JSON body"),
    "empty-429": inconclusive("HTTP 429 is about the key"),
    "empty-429-retry-after": inconclusive("HTTP 429 is about the key"),
    "error-in-200": failed("charged-on-failure"),
    "no-output": (
        ("error", "charged-without-output", None),
        ("error", "inconclusive", "HTTP 200 without a row of its charge"),
    ),
    "broken-image": failed("charged-without-output"),
    "big-body": (IMAGE_ALIGNED, ERROR_ALIGNED),
    "redirect-elsewhere": inconclusive("redirects to elsewhere.example, which is not a known host"),
    EXPIRED_CERTIFICATE: inconclusive("certificate has expired"),
}
"""The rows of a good endpoint, and of one that fails, at each fault."""
REFUSING = set(get_args(Refused)) - {"overloaded"}
FAILING = {*REFUSING, "blocked-prompt", "error-in-200", "no-output", "broken-image"}
MISBILLED = {"lost-flush", "settle-fault", "token-fault", "no-usage", "overcharge"}
LOWERING = FAILING | MISBILLED
"""The gateway's own failure, twice, or a bill that is not aligned: nothing else lowers."""


POLLED = ("batch-lag", "log-off", "owner-edit", "settle-fault", "token-fault", "big-body")
"""Their ledger is read for minutes, or their reply is searched for the key for seconds;
tests/test_retest_billing.py and tests/test_mock_faults.py have the same verdicts."""
LONG = {*POLLED, *REFUSING}
"""Of the calls that are refused tests/test_protocols_error_body.py reads the bodies."""


def test_a_gateway_behind_tls_is_called_and_its_ledger_is_read(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    gateway = Gateway(tmp_path, desk, is_behind_tls=True)
    (receipt,) = gateway.retest(GOOD)
    assert (row_of(receipt).outcome, row_of(receipt).billing) == ("output", "aligned")


@pytest.mark.parametrize(
    "fault", [pytest.param(f, marks=[pytest.mark.long] * (f in LONG)) for f in FAULTS]
)
def test_a_fault_makes_the_rows_that_a_careful_person_would_write(
    fault: str, tmp_path: Path, authority: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = (tmp_path if fault == EXPIRED_CERTIFICATE else authority) / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    gateway = Gateway(tmp_path, desk, [fault], gives_up=fault in ("slow-drip", "stall"))
    called = (GOOD,) if fault == "big-body" else (GOOD, IMAGES)
    receipts = gateway.retest(*called)
    for receipt, (outcome, billing, reason) in zip(receipts, EXPECTED[fault], strict=False):
        row = row_of(receipt)
        assert (row.outcome, row.billing) == (outcome, billing)
        assert (reason or "") in (row.reason or "") and (row.reason is None) == (reason is None)
        # Only a failure is tried once more.
        assert len(receipt.attempts) == (2 if outcome == "error" else 1)
    assert (
        gateway.calls == sum(len(receipt.attempts) for receipt in receipts)
        or "certificate" in fault
    )
    after = update_status(STORED, receipts, NOW).stored.status
    assessed = assess(STORED.status), assess(after)
    for endpoint in STORED.status.endpoints:
        was, now = (found[endpoint].standing for found in assessed)
        assert now.rank >= was.rank, "no fault improves a standing"
        assert now == was or (endpoint == GOOD and fault in LOWERING)
    assert (assess(after)[GOOD].standing == Standing.RECOMMENDED) is (fault not in LOWERING)
    journal = (tmp_path / "journal.jsonl").read_text()
    kept = "".join([repr(receipts), gateway.shown, *gateway.lines, journal])
    assert KEY not in kept and "YOUR_ACCESS_TOKEN" not in kept


def test_every_named_fault_has_its_expected_rows() -> None:
    assert set(EXPECTED) == set(FAULTS) and set(FAULTS) > LOWERING
    inconclusive = {name for name, rows in EXPECTED.items() if rows[0][0] == "inconclusive"}
    assert not inconclusive & LOWERING
