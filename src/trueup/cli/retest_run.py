"""Retest run: one retest as a command runs it, with its journal, its plan and its report."""

import contextlib
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from trueup.cli.group import disk_error
from trueup.docs import Docs
from trueup.errors import BadInput, TrueupError, Unreachable
from trueup.model import Status
from trueup.receipts import RetestReceipt, row_of
from trueup.relay import Budget, Journal, KeySearch, no_price
from trueup.retest.billing.client import LedgerClient
from trueup.retest.billing.records import Inconclusive
from trueup.retest.billing.settlement import LedgerAccount
from trueup.retest.plan import PriceOf, Probe, plan
from trueup.retest.report import changes, plan_rows, summary
from trueup.retest.session import OpenTarget, Session
from trueup.retest.signing import SigningKey
from trueup.retest.status_update import update_status, write_update
from trueup.retest.target import AccountOf
from trueup.status_file import require_lists

JOURNAL = Path(".cache", "retest", "journal.jsonl")
HEADS = ("Target", "Endpoint", "Language", "Reason", "Price")


@dataclass(frozen=True)
class RetestOptions:
    """The options of a retest."""

    targets: tuple[str, ...]
    patterns: tuple[str, ...]
    language: str
    only_due: bool = False
    max_calls: int | None = None
    max_spend: Decimal | None = None
    write: bool = False
    resume: bool = False
    summary: Path | None = None
    without_bills: bool = False
    search: KeySearch = field(default_factory=KeySearch)
    """Finds the secrets of the retest in what the journal keeps, which is all that is shown."""
    signing_key: SigningKey | None = None


def prices_at(status: Status, account_of: AccountOf, target: str) -> PriceOf:
    """Return the price of a call by model: the dearer of the gateway's and the status file's, since
    what a gateway reports may be too low. The gateway's is that of the token's group, or else of
    its dearest one; without a ledger that is new-api, there is none."""
    listed = dict[str, Decimal | None]()
    if status.targets[target].ledger == "new-api":
        client = LedgerClient(status.targets[target].base_url, access_token=None, user_id=0)
        prices, account = client.prices(), account_of(target)
        listed = {} if isinstance(prices, Inconclusive) else prices
        if isinstance(account, LedgerAccount):
            own = {name: usd for name, usd in account.prices.items() if usd is not None}
            listed = {**listed, **own}

    def price_of(what: str) -> Decimal | None:
        for name, model in status.models.items():
            if what in (name, status.upstream(name)):
                both = (listed.get(what, listed.get(name)), model.price)
                return max((price for price in both if price is not None), default=None)
        return None

    return price_of


def plan_retest(
    site: Docs,
    options: RetestOptions,
    prices: Callable[[str], PriceOf],
    journalled: Collection[str],
) -> tuple[Probe, ...]:
    """Return the probes of the options, and those that the same retest has called before."""
    make_plan = partial(
        plan, site.stored.status, site.snippets(), language=options.language, today=site.today
    )
    probes = make_plan(
        options.targets, options.patterns, only_due=options.only_due, price_of=prices
    )
    known = make_plan(options.targets, (), only_due=False, price_of=lambda _: no_price)
    if lost := sorted(set(journalled) - {probe.label for probe in known}):
        name = lost[0].rpartition(" ")[0]
        raise BadInput(
            site.top / JOURNAL,
            f"it holds {name}, whose block differs from today's",
            "Use the same --target and --language, and restore the status file and the template"
            " that were used.",
        )
    labels = {probe.label for probe in probes}
    return (*probes, *(probe for probe in known if probe.label in set(journalled) - labels))


def show_plan(probes: Sequence[Probe], options: RetestOptions) -> None:
    table = Table(*HEADS)
    for row in plan_rows(probes):
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    known = [probe.price_usd for probe in probes if probe.price_usd is not None]
    caps = [f"{options.max_calls} on calls"] if options.max_calls else []
    caps += [f"${options.max_spend} on spend"] if options.max_spend else []
    click.echo(
        f"Calls: {len(probes)}, and one more for each failure. Expected: ${sum(known, Decimal(0))}"
        f" for {len(known)} of them; the price of {len(probes) - len(known)} is unknown."
        f" Cap: {' and '.join(caps) or 'not given yet'}. Nothing was sent."
    )


def run_retest(
    site: Docs,
    options: RetestOptions,
    prices: Callable[[str], PriceOf],
    open_target: Callable[[Budget], OpenTarget],
) -> None:
    file = site.top / JOURNAL
    if options.write:
        require_lists(site.stored)
    if options.resume and not file.exists():
        click.echo("no retest was interrupted; nothing was sent. Start one without --resume.")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with Journal(file, _now, options.search) as journal:
        labels = {call.intent.label for call in journal.calls.values()}
        labels |= {str(kept["label"]) for kept in journal.receipts}
        if labels and not options.resume:
            raise BadInput(
                file,
                "an earlier retest was interrupted or not recorded",
                "Use --resume, with --write to record it, or move the file away.",
            )
        probes = plan_retest(site, options, prices, labels)
        highest = _highest_price(options.targets, prices)
        budget = Budget(options.max_calls, options.max_spend, highest, journal)
        console = Console()
        session = Session(
            status=site.stored.status,
            probes=probes,
            open_target=open_target(budget),
            budget=budget,
            journal=journal,
            clock=_now,
            say=partial(console.print, markup=False, highlight=False, soft_wrap=True),
            is_rehearsal=site.is_rehearsal,
            without_bills=options.without_bills,
            search=options.search,
        )
        with console.status("calling") if console.is_terminal else contextlib.nullcontext():
            receipts = session.run()
        _report(site, options, probes, receipts, budget, file)


def _highest_price(targets: Sequence[str], prices: Callable[[str], PriceOf]) -> PriceOf:
    """Return the highest price of a call at any of the targets."""

    def price_of(what: str) -> Decimal | None:
        return max((p for name in targets if (p := prices(name)(what)) is not None), default=None)

    return price_of


def _report(
    site: Docs,
    options: RetestOptions,
    probes: Sequence[Probe],
    receipts: Sequence[RetestReceipt],
    budget: Budget,
    file: Path,
) -> None:
    """Print the changes, record them where --write is given, and close the journal."""
    if not probes:
        click.echo("nothing is due; nothing was sent")
        return
    rows = [row_of(receipt) for receipt in receipts]
    if all(row.outcome == "inconclusive" for row in rows):
        _close(file)
        first = (
            f"first reason: {(rows[0].reason or '').rstrip('.')}" if rows else "no call was made"
        )
        raise Unreachable(
            ", ".join(options.targets),
            f"no conclusive result for any of {len(probes)} endpoints ({first}); nothing was"
            " recorded",
            "Check the key, its balance, the network and the caps.",
        )
    before, made = site.stored.status, update_status(site.stored, receipts, _now())
    spent = f"calls: {budget.calls}, spent or reserved: ${budget.spent_usd}"
    for line in changes(before, made.stored.status, receipts):
        click.echo(line)
    try:
        if options.summary is not None:
            text = summary(before, made.stored.status, probes, receipts, spent)
            options.summary.write_text(text, encoding="utf-8")
        if not options.write:
            click.echo(
                f"{spent}. Nothing was recorded. To record the results without another call, use"
                " --resume --write."
            )
            return
        key = options.signing_key
        write_update(site.top, made, key.sign if key else None)
    except OSError as error:
        raise disk_error(error, "then continue with --resume: the results are kept") from error
    except TrueupError:
        click.echo("The results are kept; continue with --resume.", err=True)
        raise
    _close(file)
    status_file = site.top / "status.yml"
    click.echo(f"{spent}. Recorded in {status_file}; receipts: {len(made.files)}.")


def _close(file: Path) -> None:
    """Move a finished journal aside."""
    try:
        file.replace(file.with_name(f"{_now():%Y-%m-%dT%H%M%S.%f}.jsonl"))
    except OSError as error:
        raise disk_error(error, f"and move {file} away: its retest is over") from error


def _now() -> datetime:
    """Return the time to the millisecond, which the file of a receipt has in its name."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
