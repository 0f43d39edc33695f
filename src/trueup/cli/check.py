"""The command `check`, which reports findings in a repository and changes nothing."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from trueup.check import Check, Sources, apply_baseline, load_baseline
from trueup.cli.group import as_of_option, cli, is_ci
from trueup.cli.progress import shown_progress
from trueup.cli.reporting import (
    format_option,
    last_day,
    output_option,
    report_baseline,
    until_option,
    write_baseline_option,
    write_report,
)
from trueup.code_mark import code_mark
from trueup.errors import BadStatus, TrueupError
from trueup.finding import Finding, by_policy
from trueup.memo import NO_MEMOS, Memos
from trueup.site import VARIABLE, parse_address


@cli.command()
@as_of_option
@click.option(
    "--against",
    metavar="REF",
    help="Commit to compare with; REF... for the merge base.",
)
@click.option("--built", is_flag=True, help="Compare the built site with a new build too.")
@click.option("--fail-stale", is_flag=True, help="Report evidence that is no longer fresh.")
@format_option
@output_option
@write_baseline_option
@until_option
@click.pass_obj
def check(
    top: Path,
    as_of: date | None,
    against: str | None,
    built: bool,
    fail_stale: bool,
    form: str,
    output: Path | None,
    write_baseline: bool,
    until: date | timedelta | None,
) -> None:
    """Check the status file, the pages, the templates and the history; nothing is changed."""
    now = datetime.now(UTC)
    today = as_of or now.date()
    last = last_day(until, today, write_baseline)
    checked = Check(Sources(top, now), today, _memos(top))
    found = checked.run(against=against, fails_stale=fail_stale)
    if built and not _is_bad(found):
        try:
            found += _check_built(top, now, today)
        except TrueupError:  # the sources cannot be built, perhaps for one of the findings
            write_report(by_policy(found, checked.severities), form, output)
            raise
    if last is not None:
        report_baseline(top, by_policy(found, checked.severities), last)
        return
    suppressed = apply_baseline(found, load_baseline(top), top, today)
    kept = by_policy(suppressed, checked.severities)
    write_report(kept, form, output)
    if _is_bad(found):
        sys.exit(BadStatus.exit_code)
    if any(finding.severity == "error" for finding in kept):
        sys.exit(1)
    if form == "text":
        click.echo("nothing found" if not kept else f"warnings: {len(kept)}")


def _memos(top: Path) -> Memos:
    """Return what earlier checks have kept; nothing in CI, which trusts nothing checked out."""
    return NO_MEMOS if is_ci() else Memos((top / ".cache" / "check").absolute(), (code_mark(),))


def _is_bad(found: Sequence[Finding]) -> bool:
    return any(finding.rule == "bad-status" for finding in found)


def _check_built(top: Path, now: datetime, today: date) -> list[Finding]:
    from trueup.docs import Docs  # imported here: without it a check does not wait for the mock
    from trueup.steps import Steps, workers_for

    address = parse_address(os.environ.get(VARIABLE, ""))
    docs = Docs.load(top, now, today, address=address)
    with workers_for(len(docs.pages)) as workers, shown_progress() as progress:
        return replace(docs, steps=Steps(workers), progress=progress).check_built()
