"""The command that writes the first files of a site."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from trueup.cli.group import Day, cli
from trueup.message import Message
from trueup.place import Place
from trueup.scaffold import KINDS, SiteAnswers, find_install_source, write_starter


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--title", default=SiteAnswers.title, show_default=True, help="Name of the site.")
@click.option(
    "--base-url", default=SiteAnswers.base_url, show_default=True, help="Base URL of the gateway."
)
@click.option(
    "--model", default=SiteAnswers.model, show_default=True, help="Name of the first model."
)
@click.option(
    "--protocol",
    type=click.Choice(list(KINDS)),
    default=SiteAnswers.protocol,
    show_default=True,
    help="Protocol of the first route.",
)
@click.option("--date", "day", type=Day(), help="Date of the sample. Default: today.")
def init(
    folder: Path, title: str, base_url: str, model: str, protocol: str, day: date | None
) -> None:
    """Write a small working site for another gateway into DIR, a new or an empty folder."""
    day = day or datetime.now(UTC).date()
    answers = SiteAnswers(day=day, title=title, base_url=base_url, model=model, protocol=protocol)
    origin = find_install_source()
    write_starter(folder, answers, origin)
    click.echo(f"{folder}: a site with one observation, a sample to be replaced.")
    if origin.is_local:
        problem = f"{origin.lines[-1]!r} exists only on this machine"
        fix = "For CI, replace it with a wheel or a repository."
        click.echo(str(Message(Place(str(folder / "requirements.txt")), problem, fix)), err=True)
    click.echo("Next: run scripts/docs in it to build, to run every block and to serve the pages.")
