"""The commands for a site of one's own: its first files, and the pieces that it grows by."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import click

from trueup.cli.group import Day, cli, load_docs
from trueup.model import AuthKind
from trueup.scaffold import (
    KINDS,
    Addition,
    SiteAnswers,
    find_origin,
    model_of,
    new_language,
    new_model,
    new_protocol,
    new_route,
    route_of,
    write_addition,
    write_starter,
)


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
    gateway = SiteAnswers(day=day, title=title, base_url=base_url, model=model, protocol=protocol)
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


@cli.group()
def new() -> None:
    """Add a model, a route, a language or a protocol to the repository."""


@new.command("model")
@click.argument("name")
@click.option("--title", help="Title for readers. Default: from the name.")
@click.option("--upstream", help="Upstream model, if the name is an alias.")
@click.option("--family", help="Family of models that can replace each other.")
@click.option("--route", "routes", multiple=True, help="Route of the model. Repeatable.")
@click.pass_obj
def new_model_command(
    top: Path,
    name: str,
    title: str | None,
    upstream: str | None,
    family: str | None,
    routes: tuple[str, ...],
) -> None:
    """Add the model NAME with its endpoints, its page and its line in the menu."""
    fields = model_of(name, title, upstream, family)
    _add(top, new_model(load_docs(top, None), datetime.now(UTC), name, routes, fields))


@new.command("route")
@click.argument("name")
@click.option(
    "--protocol", default=SiteAnswers.protocol, show_default=True, help="Protocol of the route."
)
@click.option("--request", help="Method and path, such as 'POST /v1/things'.")
@click.option("--auth", type=click.Choice(get_args(AuthKind)), help="Auth method.")
@click.option("--title", help="Title for readers. Default: the name.")
@click.option("--model", "models", multiple=True, help="Model on the route. Repeatable.")
@click.pass_obj
def new_route_command(
    top: Path,
    name: str,
    protocol: str,
    request: str | None,
    auth: AuthKind | None,
    title: str | None,
    models: tuple[str, ...],
) -> None:
    """Add the route NAME, and an endpoint on it for each model."""
    route = route_of(protocol, request, auth, title)
    _add(top, new_route(load_docs(top, None), datetime.now(UTC), name, route, models))


@new.command("language")
@click.argument("code")
@click.pass_obj
def new_language_command(top: Path, code: str) -> None:
    """Add the language CODE: its settings, and copies of the pages to be translated."""
    _add(top, new_language(load_docs(top, None), code))


@new.command("protocol")
@click.argument("name")
@click.pass_obj
def new_protocol_command(top: Path, name: str) -> None:
    """Add a protocol NAME for this site alone: its code and its templates."""
    _add(top, new_protocol(load_docs(top, None).top, name))


def _add(top: Path, made: Addition) -> None:
    write_addition(top, made)
    for place in made.places:
        click.echo(place)
    click.echo("What is left to do:")
    for todo in made.todo:
        click.echo(f"- {todo}")
