"""Errand: one retest as a command runs it: its journal, its plan, and what becomes of both."""

import contextlib
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from trueup.docs import Docs
from trueup.errors import BadInput, Unreachable
from trueup.model import Status
from trueup.relay import Budget, Journal, no_price
from trueup.retest.billing import Inconclusive, LedgerClient
from trueup.retest.plan import PriceOf, Probe, plan
from trueup.retest.receipt import RetestReceipt, row_of
from trueup.retest.report import changes, plan_rows, summary
from trueup.retest.session import OpenSite, Session
from trueup.retest.write import update, write

JOURNAL = Path(".cache", "retest", "journal.jsonl")
HEADS = ("Target", "Endpoint", "Language", "Why", "A call")


@dataclass(frozen=True)
class RetestOptions:
    """What the options of a retest ask for."""

    targets: tuple[str, ...]
    patterns: tuple[str, ...]
    language: str
    only_due: bool
    max_calls: int | None
    max_spend: Decimal | None
    writes: bool
    resumes: bool
    summary: Path | None


def prices_at(status: Status, target: str) -> PriceOf:
    """What a call of a model costs at a target: what it tells everyone, else the status file."""
    with LedgerClient(status.targets[target].base_url, access_token=None, user_id=0) as client:
        told = client.prices()
    listed = {} if isinstance(told, Inconclusive) else told

    def price_of(what: str) -> Decimal | None:
        for name, model in status.models.items():
            if what in (name, status.upstream(name)):
                price = listed.get(what, listed.get(name))
                return model.price if price is None else price
        return None

    return price_of


def plan_retest(
    site: Docs, asked: RetestOptions, prices: Callable[[str], PriceOf], journalled: Collection[str]
) -> tuple[Probe, ...]:
    """What is asked for, and what an earlier run of the same retest has asked already."""
    whole = partial(
        plan, site.stored.status, site.snippets(), language=asked.language, today=site.today
    )
    wanted = whole(asked.targets, asked.patterns, only_due=asked.only_due, price_of=prices)
    everything = whole(asked.targets, (), only_due=False, price_of=lambda _: no_price)
    labels = {probe.label for probe in wanted}
    known = {probe.label for probe in everything}
    if lost := [label for label in journalled if label not in known]:
        name = lost[0].rpartition(" ")[0]
        raise BadInput(
            f"{site.top / JOURNAL}: it holds {name}, a block that is not asked like this today; the"
            " retest that was begun was expected. Use the same --target and --language, and set"
            " the status file and the template back to what was sent."
        )
    begun = [one for one in everything if one.label in journalled and one.label not in labels]
    return (*wanted, *begun)


def show_plan(probes: Sequence[Probe], asked: RetestOptions) -> None:
    table = Table(*HEADS)
    for row in plan_rows(probes):
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    known = [probe.price_usd for probe in probes if probe.price_usd is not None]
    unknown = len(probes) - len(known)
    caps = [f"{asked.max_calls} calls"] if asked.max_calls else []
    caps += [f"${asked.max_spend}"] if asked.max_spend else []
    click.echo(
        f"{len(probes)} calls and one more for each failure; ${sum(known, Decimal(0))} expected"
        f" for {len(known)} of them, the price of {unknown} unknown; the cap is"
        f" {' and '.join(caps) or 'not given yet'}. Nothing was sent."
    )


def run_retest(
    site: Docs,
    asked: RetestOptions,
    prices: Callable[[str], PriceOf],
    open_site: Callable[[Budget], OpenSite],
) -> None:
    file = site.top / JOURNAL
    if asked.resumes and not file.exists():
        click.echo("no retest was cut off; nothing was sent. Without --resume one is begun.")
        return
    _make(file.parent)
    with Journal(file, _now) as journal:
        labels = {call.intent.label for call in journal.calls.values()}
        labels |= {str(one["label"]) for one in journal.receipts}
        if labels and not asked.resumes:
            raise BadInput(
                f"{file}: a retest that was begun and not put on record; --resume was expected."
                " Use it, with --write to put it on record, or move the file away."
            )
        probes = plan_retest(site, asked, prices, labels)
        budget = Budget(asked.max_calls, asked.max_spend, _dearest(asked.targets, prices), journal)
        console = Console()
        session = Session(
            status=site.stored.status,
            probes=probes,
            open_site=open_site(budget),
            budget=budget,
            journal=journal,
            clock=_now,
            say=lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
            is_rehearsal=site.is_rehearsal,
        )
        with console.status("asking") if console.is_terminal else contextlib.nullcontext():
            proofs = session.run()
        _finish(site, asked, probes, proofs, budget, file)


def _dearest(targets: Sequence[str], prices: Callable[[str], PriceOf]) -> PriceOf:
    """The highest price that any of the targets tells."""

    def price_of(what: str) -> Decimal | None:
        return max((p for name in targets if (p := prices(name)(what)) is not None), default=None)

    return price_of


def _finish(
    site: Docs,
    asked: RetestOptions,
    probes: Sequence[Probe],
    proofs: Sequence[RetestReceipt],
    budget: Budget,
    file: Path,
) -> None:
    """Says what changes, puts it on record where that was asked for, and closes the journal."""
    if not probes:
        click.echo("nothing is due; nothing was sent")
        return
    rows = [row_of(proof) for proof in proofs]
    if all(row.outcome == "inconclusive" for row in rows):
        _close(file)
        first = f"The first: {rows[0].reason}." if rows else "No call was made."
        raise Unreachable(
            f"{', '.join(asked.targets)}: nothing could be told of {len(probes)} endpoints, and"
            f" nothing was changed; an answer was expected. {first}"
        )
    before, made = site.stored.status, update(site.stored, proofs, _now())
    spent = f"{budget.calls} calls, ${budget.spent_usd} spent or reserved"
    for line in changes(before, made.stored.status, proofs):
        click.echo(line)
    if asked.summary is not None:
        text = summary(before, made.stored.status, probes, proofs, spent)
        _put(asked.summary, text)
    if not asked.writes:
        click.echo(f"{spent}. Nothing was put on record: --resume --write does it, without a call.")
        return
    write(site.top, made)
    _close(file)
    click.echo(f"{spent}. On record in {site.top / 'status.yml'}, {len(made.files)} receipts.")


def _put(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"--summary {file}: {error.strerror}; a file that can be written was expected."
            " The answers are kept: use --resume."
        ) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"{folder}: {error.strerror}; a folder for the journal was expected. Make place for it."
        ) from error


def _close(file: Path) -> None:
    """Moves a finished journal aside."""
    try:
        file.replace(file.with_name(f"{_now():%Y-%m-%dT%H%M%S.%f}.jsonl"))
    except OSError as error:
        raise BadInput(
            f"{file}: {error.strerror}; a place beside it was expected. Its retest is over: move it"
            " away."
        ) from error


def _now() -> datetime:
    """Now, to the millisecond: what is written down must read as it was meant."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
