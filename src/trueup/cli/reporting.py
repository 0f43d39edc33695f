"""Reporting: the options and the output of the commands that report findings."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from trueup.check import write_baseline
from trueup.check.baseline import LONGEST
from trueup.check.baseline import NAME as BASELINE
from trueup.errors import BadInput
from trueup.finding import CATALOGUE, FORMATS, Finding, render_findings
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
        self.fail(f"got {value!r}, expected a date such as 2026-04-14 or days such as 90d.")


format_option = click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", help="Output format."
)
output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the findings to this file.",
)
write_baseline_option = click.option(
    "--write-baseline",
    is_flag=True,
    help="Suppress the current findings until a date; --until is required.",
)
until_option = click.option(
    "--until",
    type=DayOrDays(),
    help="Last date of the baseline, such as 2026-04-14, or 90d for 90 days from now.",
)


def last_day(until: date | timedelta | None, today: date, is_written: bool) -> date | None:
    """Return the last date of a baseline that is written. Raises BadInput for another or none."""
    last = today + until if isinstance(until, timedelta) else until
    if is_written != (last is not None) or (last is not None and last < today):
        problem = f"--until is {last}" if last else "--until is missing"
        if not is_written:
            problem = "--until is given without it"
        raise BadInput("--write-baseline", problem, "Give both, --until with a future date.")
    if last is not None and last > today + LONGEST:
        problem = f"--until is {last}, more than a year away"
        raise BadInput("--write-baseline", problem, "Give at most 366d.")
    return last


def report_baseline(top: Path, found: Sequence[Finding], until: date, name: str = BASELINE) -> None:
    """Write the baseline at `top`, and print what it suppresses and what it cannot."""
    count = write_baseline(found, top, until, name)
    errors = [finding for finding in found if finding.severity == "error"]
    click.echo(f"{count} of {len(errors)} findings are suppressed until {until}")
    left = sorted({one.rule for one in errors if not CATALOGUE[one.rule].is_suppressible})
    if left:
        click.echo(
            f"{len(errors) - count} are not, as no baseline hides what is wrong with the evidence,"
            f" a key or the settings. Fix them: {', '.join(left)}",
            err=True,
        )


def write_report(findings: Sequence[Finding], form: str, output: Path | None) -> None:
    """Print the findings in a format, or write them to a file. Raises BadInput for a bad one."""
    text = render_findings(findings, form)
    if output is not None:
        try:
            output.write_text(text + "\n" if text else "", encoding="utf-8")
        except OSError as error:
            problem = f"the file cannot be written ({error.strerror})"
            raise BadInput(output, problem, "Name another.") from error
    elif text:
        click.echo(text, err=form == "text")
