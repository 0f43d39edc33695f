"""The commands for a site of one's own: its first files."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from trueup.cli.group import Day, cli
from trueup.starter import KINDS, Gateway, find_origin, write_starter


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--title", default=Gateway.title, show_default=True, help="What the site is called.")
@click.option(
    "--base-url", default=Gateway.base_url, show_default=True, help="Where its requests go."
)
@click.option("--model", default=Gateway.model, show_default=True, help="The name that calls it.")
@click.option(
    "--protocol",
    type=click.Choice(list(KINDS)),
    default=Gateway.protocol,
    show_default=True,
    help="How it is called.",
)
@click.option("--date", "day", type=Day(), help="The day of the sample; today by default.")
def init(
    folder: Path, title: str, base_url: str, model: str, protocol: str, day: date | None
) -> None:
    """Write a small working site for another gateway into DIR, a new or an empty folder."""
    day = day or datetime.now(UTC).date()
    gateway = Gateway(day=day, title=title, base_url=base_url, model=model, protocol=protocol)
    origin = find_origin()
    write_starter(folder, gateway, origin)
    click.echo(f"{folder}: a site with one observation, a sample that is to be replaced.")
    if origin.is_local:
        line = origin.lines[-1]
        click.echo(
            f"{folder / 'requirements.txt'}: {line!r} is on this machine alone; for CI give a wheel"
            " or a repository there.",
            err=True,
        )
    click.echo("Next: scripts/docs in it builds, runs every block and serves the pages.")
