"""The command `audit`, which reports contradictions in docs that have no status file."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from trueup.audit import audit_tree, needed_causes
from trueup.check import AUDIT_NAME, apply_baseline, load_baseline
from trueup.cli.group import cli, print_messages
from trueup.cli.reporting import (
    format_option,
    last_day,
    output_option,
    report_baseline,
    until_option,
    write_baseline_option,
    write_report,
)


@cli.command()
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--since", metavar="REF", help="Only findings with a place on a page changed after a commit."
)
@click.option(
    "--openapi",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="OpenAPI 3.0 or 3.1 document, JSON or YAML, with which the pages are compared.",
)
@format_option
@output_option
@write_baseline_option
@until_option
@click.pass_obj
def audit(
    top: Path,
    folder: Path | None,
    since: str | None,
    openapi: Path | None,
    form: str,
    output: Path | None,
    write_baseline: bool,
    until: date | timedelta | None,
) -> None:
    """Report what contradicts what in Markdown pages and their history, without a status file.

    DIR is the folder of the docs. Default: the top. Nothing of it is executed or changed.
    """
    openapi = None if openapi is None else top / openapi
    top = top if folder is None else top / folder
    today = datetime.now(UTC).date()
    last = last_day(until, today, write_baseline)
    done = audit_tree(top, since, openapi)
    if last is not None:
        report_baseline(top, done.findings, last, AUDIT_NAME)
        print_messages(done.left_out)
        return
    known = load_baseline(top, AUDIT_NAME)
    kept = needed_causes(apply_baseline(done.findings, known, top, today, AUDIT_NAME))
    write_report(kept, form, output)
    print_messages(done.left_out)
    if any(finding.severity == "error" for finding in kept):
        sys.exit(1)
    if form == "text":
        read = f"in {done.pages} pages and {done.commits} commits"
        click.echo(f"warnings: {len(kept)} {read}" if kept else f"nothing found {read}")
