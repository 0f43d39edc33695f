"""The commands that retest a live gateway and rehearse a retest."""

import contextlib
import os
import shutil
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from pathlib import Path

import click

from trueup.cli.group import (
    cli,
    containment_here,
    key_of,
    load_docs,
    search_here,
    site_lock,
    take_secret,
    weak_option,
)
from trueup.cli.retest_run import RetestOptions, plan_retest, prices_at, run_retest, show_plan
from trueup.errors import BadInput
from trueup.model import Status, secret_name
from trueup.receipts import load_signers
from trueup.relay import Budget, no_price
from trueup.retest.rehearsal import open_rehearsal
from trueup.retest.session import OpenTarget
from trueup.retest.signing import SigningKey, open_signing_key
from trueup.retest.target import Credentials, live_account, open_live
from trueup.sandbox import Containment
from trueup.snippet import LANGUAGES

# The files that a rehearsal copies: those that pages and blocks are made from.
COPIED = ("status.yml", "mkdocs*.yml", "docs", "overrides", "snippets")


class Usd(click.ParamType[Decimal]):
    """Amount in dollars, more than 0."""

    name = "usd"

    def convert(self, value: object, param: object, ctx: object) -> Decimal:
        with contextlib.suppress(InvalidOperation):
            amount = Decimal(str(value).removeprefix("$"))
            if amount.is_finite() and amount > 0:
                return amount
        self.fail(f"got {value!r}, expected dollars above 0, such as 0.50.")


endpoint_option = click.option(
    "--endpoint",
    "patterns",
    multiple=True,
    metavar="GLOB",
    help="Endpoints to test. Repeatable. Default: all.",
)
language_option = click.option(
    "--language",
    default="curl",
    type=click.Choice(list(LANGUAGES)),
    help="Language of the blocks to run.",
)


@cli.command()
@click.option(
    "--target",
    "targets",
    multiple=True,
    help="Target to test. Repeatable. Default: the reference target.",
)
@endpoint_option
@language_option
@click.option("--due", "only_due", is_flag=True, help="Test only endpoints that are due.")
@click.option(
    "--max-calls",
    type=click.IntRange(1),
    help="Maximum number of calls; required without --max-spend.",
)
@click.option("--max-spend", type=Usd(), help="Maximum spend in dollars.")
@click.option(
    "--without-bills", is_flag=True, help="Go on where the ledger is known to be unreadable."
)
@click.option("--dry-run", is_flag=True, help="Show the plan without sending anything.")
@click.option("--write", is_flag=True, help="Record the results in the status file.")
@click.option(
    "--resume", is_flag=True, help="Resume an interrupted retest, or one that was not recorded."
)
@click.option(
    "--sign",
    "key_file",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Sign the receipts with this SSH key, or with its .pub file by ssh-agent.",
)
@click.option(
    "--summary",
    "summary_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a summary in Markdown to this file.",
)
@weak_option
@click.pass_obj
def retest(
    top: Path,
    targets: tuple[str, ...],
    patterns: tuple[str, ...],
    language: str,
    only_due: bool,
    max_calls: int | None,
    max_spend: Decimal | None,
    without_bills: bool,
    dry_run: bool,
    write: bool,
    resume: bool,
    key_file: Path | None,
    summary_file: Path | None,
    allow_weak: bool,
) -> None:
    """Run the published blocks against a live gateway, check its billing, record the results."""
    site = load_docs(top, None)
    status = site.stored.status
    names = targets or (status.reference,)
    options = RetestOptions(
        names,
        patterns,
        language,
        only_due,
        max_calls,
        max_spend,
        write,
        resume,
        summary_file,
        without_bills,
        search_here(),
    )
    _require(options, status, dry_run)
    credentials = {
        name: _credentials(name, status)
        for name in names
        if not dry_run or secret_name(name, "API_KEY") in os.environ
    }
    account_of = cache(partial(live_account, status, credentials))
    prices = cache(partial(prices_at, status, account_of))
    if dry_run:
        show_plan(plan_retest(site, options, prices, set()), options)
        return
    containment = containment_here(allow_weak, is_live=True)
    options = replace(options, signing_key=_signing_key(key_file, top, status, containment, write))

    def open_target(budget: Budget) -> OpenTarget:
        return partial(open_live, site.stored, credentials, account_of, budget, containment)

    run_retest(site, options, prices, open_target)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@endpoint_option
@language_option
@click.option("--aligned", is_flag=True, help="Simulate aligned bills, whatever is on record.")
@click.option(
    "--max-calls",
    type=click.IntRange(1),
    default=100,
    help="Maximum number of calls.",
)
@weak_option
@click.pass_obj
def rehearse(
    top: Path,
    folder: Path,
    patterns: tuple[str, ...],
    language: str,
    aligned: bool,
    max_calls: int,
    allow_weak: bool,
) -> None:
    """Run a whole retest on a copy in FOLDER, against the mock, of what was observed unless
    --endpoint names more. No key is needed."""
    if not (folder / "status.yml").exists():
        load_docs(top, None)  # refuses links out of the repository, which a copy would follow
        _copy(top, folder)
    elif not (folder / "REHEARSAL").exists():
        raise BadInput(
            folder,
            "contains a site that is not a rehearsal",
            "Give a new folder, or that of a rehearsal.",
        )
    site = load_docs(folder, None)
    status = site.stored.status
    target = status.reference
    unseen = status.unobserved(target)
    seen = tuple(name for name in status.endpoints if name not in unseen)
    options = RetestOptions(
        (target,),
        patterns or seen,
        language,
        max_calls=max_calls,
        write=True,
        summary=folder / "summary.md",
    )
    containment = containment_here(allow_weak)

    def open_target(budget: Budget) -> OpenTarget:
        return partial(open_rehearsal, site.stored, budget, containment, aligned)

    run_retest(site, options, lambda _: no_price, open_target)
    with site_lock(folder):
        load_docs(folder, None).build()
    click.echo(f"{folder / 'site' / 'index.html'}: built; every page is marked as a rehearsal")


def _require(options: RetestOptions, status: Status, dry_run: bool) -> None:
    for name in options.targets:
        if name not in status.targets:
            known = ", ".join(status.targets)
            fix = f"Give one of {known}; for the mock, use rehearse."
            raise BadInput(f"--target {name}", "not a live target", fix)
    if options.max_calls is None and options.max_spend is None and not dry_run:
        raise BadInput("retest", "a cap is missing", "Give --max-calls N or --max-spend USD.")


def _signing_key(
    file: Path | None, top: Path, status: Status, containment: Containment, write: bool
) -> SigningKey | None:
    """Return the key that signs the receipts; print that they raise nothing without one."""
    signers = load_signers(top, status.policy)
    if file is not None and signers is None:
        fix = "Name the file of allowed signers there, or leave out --sign."
        raise BadInput(f"--sign {file}", "signers of the policy is not set", fix)
    if signers is None or file is None:
        if signers is not None and write:
            click.echo("without --sign KEY, the receipts raise no standing", err=True)
        return None
    return open_signing_key(file, top, signers, containment)


def _credentials(target: str, status: Status) -> Credentials:
    """Return the secrets of a target; print which are missing where the ledger is unreadable."""
    key = key_of(target, status)
    token, user = take_secret(target, "ACCESS_TOKEN"), take_secret(target, "USER_ID")
    if user is not None and not user.isdecimal():
        name = secret_name(target, "USER_ID")
        raise BadInput(name, f"got {user!r}, expected a number", "Export it again.")
    facts = status.targets[target]
    if facts.ledger is None:
        click.echo(
            f"{target}: no ledger in the status file, so billing is not checked; write ledger:"
            " new-api at the target, or ledger: {none: REASON} for a gateway of another family",
            err=True,
        )
    elif facts.ledger == "new-api" and (token is None or user is None):
        names = " and ".join(secret_name(target, kind) for kind in ("ACCESS_TOKEN", "USER_ID"))
        click.echo(
            f"{target}: without {names}, billing is not checked; images and failures are still"
            " checked",
            err=True,
        )
    return Credentials(key, token, None if user is None else int(user))


def _copy(top: Path, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(folder, "not empty", "Give a new folder.")
    if folder.resolve().is_relative_to((top / "docs").resolve()):
        raise BadInput(folder, "inside the docs", "Give a folder elsewhere.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "REHEARSAL").write_text("Nothing here was seen at a gateway.\n", encoding="utf-8")
    for source in (path for pattern in COPIED for path in sorted(top.glob(pattern))):
        if source.is_dir():
            shutil.copytree(source, folder / source.name)
        else:
            shutil.copy(source, folder)
