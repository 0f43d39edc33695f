"""The command `check`, which reports findings in a repository and changes nothing."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from trueup.check import Check, apply_baseline, load_baseline, write_baseline
from trueup.check.baseline import LONGEST
from trueup.cli.group import as_of_option, cli
from trueup.cli.progress import shown_progress
from trueup.errors import BadInput, BadStatus, TrueupError
from trueup.finding import FORMATS, RULES, Finding, by_policy, render_findings
from trueup.model import Days
from trueup.site import VARIABLE, parse_address

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


@cli.command()
@as_of_option
@click.option(
    "--against",
    metavar="REF",
    help="Commit to compare with; REF... for the merge base.",
)
@click.option("--built", is_flag=True, help="Compare the built site with a new build too.")
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
    """Check the status file, the pages, the templates and the history; nothing is changed."""
    now = datetime.now(UTC)
    today = as_of or now.date()
    last = _last_day(until, today, write_baseline)
    checked = Check(top, now, today)
    found = checked.run(against=against, fails_stale=fail_stale)
    if built and not _is_bad(found):
        try:
            found += _check_built(top, now, today)
        except TrueupError:  # the sources cannot be built, perhaps for one of the findings
            _report(by_policy(found, checked.severities), form, output)
            raise
    if last is not None:
        _write_baseline(top, by_policy(found, checked.severities), last)
        return
    suppressed = apply_baseline(found, load_baseline(top), top, today)
    kept = by_policy(suppressed, checked.severities)
    _report(kept, form, output)
    if _is_bad(found):
        sys.exit(BadStatus.exit_code)
    if any(finding.severity == "error" for finding in kept):
        sys.exit(1)
    if form == "text":
        click.echo("nothing found" if not kept else f"warnings: {len(kept)}")


def _last_day(until: date | timedelta | None, today: date, is_written: bool) -> date | None:
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


def _is_bad(found: Sequence[Finding]) -> bool:
    return any(finding.rule == "bad-status" for finding in found)


def _check_built(top: Path, now: datetime, today: date) -> list[Finding]:
    from trueup.docs import Docs  # imported here: without it a check does not wait for the mock
    from trueup.steps import Steps, workers_for

    address = parse_address(os.environ.get(VARIABLE, ""))
    docs = Docs.load(top, now, today, address=address)
    with workers_for(len(docs.pages)) as workers, shown_progress() as progress:
        return replace(docs, steps=Steps(workers), progress=progress).check_built()


def _write_baseline(top: Path, found: Sequence[Finding], until: date) -> None:
    count = write_baseline(found, top, until)
    errors = [finding for finding in found if finding.severity == "error"]
    click.echo(f"{count} of {len(errors)} findings are suppressed until {until}")
    left = sorted({one.rule for one in errors if not RULES[one.rule].is_suppressible})
    if left:
        click.echo(
            f"{len(errors) - count} are not, as no baseline hides what is wrong with the evidence,"
            f" a key or the settings. Fix them: {', '.join(left)}",
            err=True,
        )


def _report(findings: Sequence[Finding], form: str, output: Path | None) -> None:
    text = render_findings(findings, form)
    if output is not None:
        try:
            output.write_text(text + "\n" if text else "", encoding="utf-8")
        except OSError as error:
            problem = f"the file cannot be written ({error.strerror})"
            raise BadInput(output, problem, "Name another.") from error
    elif text:
        click.echo(text, err=form == "text")
