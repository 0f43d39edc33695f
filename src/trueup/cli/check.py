"""The command that only looks: what is wrong in a repository, in the form that its reader wants."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from trueup.check import Check, forgive, load_baseline, write_baseline
from trueup.cli.group import as_of_option, cli
from trueup.errors import BadInput, BadStatus
from trueup.finding import FORMATS, Finding, by_policy, render_findings
from trueup.model import Days

DAYS = TypeAdapter(Days)


class DayOrDays(click.ParamType[date | timedelta]):
    """A date such as 2026-04-14, or a number of days such as 90d."""

    name = "date"

    def convert(self, value: object, param: object, ctx: object) -> date | timedelta:
        with suppress(ValidationError):
            return DAYS.validate_python(value)
        with suppress(ValueError):
            return date.fromisoformat(str(value))
        wanted = "a date such as 2026-04-14, or days such as 90d, was expected"
        self.fail(f"{value!r} was found; {wanted}.")


@cli.command()
@as_of_option
@click.option("--against", metavar="REF", help="Commit to compare evidence and policy with.")
@click.option("--built", is_flag=True, help="Check the built site too.")
@click.option("--fail-stale", is_flag=True, help="Report evidence that is no longer fresh.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", help="Output format."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the findings to this file.",
)
@click.option("--write-baseline", is_flag=True, help="Suppress the current findings until a date.")
@click.option("--until", type=DayOrDays(), help="Last date of the baseline, or 90d from now.")
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
    """Check the status file, the pages, the templates and the history, without a build."""
    now = datetime.now(UTC)
    today = as_of or now.date()
    if isinstance(until, timedelta):
        until = today + until
    if write_baseline != (until is not None) or (until is not None and until < today):
        given = f"--until is {until}" if until else "one of the two was given"
        raise BadInput(
            f"--write-baseline: {given}; it goes with --until and a day to come. Give both."
        )
    site = top / "site" if built else None
    checked = Check(top, now, today)
    found = checked.run(against=against, fails_stale=fail_stale, site=site)
    if until is not None:
        _write_baseline(top, by_policy(found, checked.severities), until)
        return
    kept = by_policy(forgive(found, load_baseline(top), top, today), checked.severities)
    _tell(kept, form, output)
    if any(finding.rule == "bad-status" for finding in found):
        sys.exit(BadStatus.exit_code)
    if any(finding.severity == "error" for finding in kept):
        sys.exit(1)
    if form == "text":
        click.echo("nothing found" if not kept else f"{len(kept)} warnings")


def _write_baseline(top: Path, found: Sequence[Finding], until: date) -> None:
    count = write_baseline(found, top, until)
    errors = [one for one in found if one.severity == "error"]
    click.echo(f"{count} of {len(errors)} findings are forgiven until {until}")


def _tell(findings: Sequence[Finding], form: str, output: Path | None) -> None:
    text = render_findings(findings, form)
    if output is not None:
        try:
            output.write_text(text + "\n" if text else "", encoding="utf-8")
        except OSError as error:
            told = f"{output}: it cannot be written ({error.strerror}); a place for a file"
            raise BadInput(f"{told} was expected. Name another.") from error
    elif text:
        click.echo(text, err=form == "text")
