"""The command that writes the first files of a site."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from trueup.cli.group import Day, cli
from trueup.errors import BadInput
from trueup.message import Message
from trueup.place import Place
from trueup.scaffold import (
    KINDS,
    InstallSource,
    SiteAnswers,
    find_install_source,
    require_empty,
    write_site,
    write_starter,
)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--title", help=f"Name of the site. Default: {SiteAnswers.title}.")
@click.option("--base-url", help=f"Base URL of the gateway. Default: {SiteAnswers.base_url}.")
@click.option("--model", help=f"Name of the first model. Default: {SiteAnswers.model}.")
@click.option(
    "--protocol",
    type=click.Choice(list(KINDS)),
    help=f"Protocol of the first route. Default: {SiteAnswers.protocol}.",
)
@click.option("--date", "day", type=Day(), help="Date of the sample. Default: today.")
@click.option(
    "--from-openapi",
    "document",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="OpenAPI 3.0 or 3.1 document, JSON or YAML, to draft the routes from.",
)
@click.option("--only", metavar="PATH", help="Start of the paths to draft from the document.")
def init(
    folder: Path,
    title: str | None,
    base_url: str | None,
    model: str | None,
    protocol: str | None,
    day: date | None,
    document: Path | None,
    only: str | None,
) -> None:
    """Write a small working site for another gateway into DIR, a new or an empty folder.

    With --from-openapi, its routes are those of a document, each unverified; what the document does
    not say, and what no status file can say, is listed.
    """
    day = day or datetime.now(UTC).date()
    given = {"title": title, "base_url": base_url, "model": model, "protocol": protocol}
    stated = {name: value for name, value in given.items() if value is not None}
    answers = SiteAnswers(day=day, **stated)
    origin = find_install_source()
    if document is None:
        if only is not None:
            raise BadInput("--only", "is for --from-openapi", "Give both, or none.")
        write_starter(folder, answers, origin)
        click.echo(f"{folder}: a site with one observation, a sample to be replaced.")
    else:
        for name in ("model", "protocol"):
            if name in stated:
                problem = "is not for --from-openapi, which has it from the document"
                raise BadInput(f"--{name}", problem, "Leave it out.")
        _draft(folder, document, day, base_url, title, only or "/", origin)
    if origin.is_local:
        problem = f"{origin.lines[-1]!r} exists only on this machine"
        fix = "For CI, replace it with a wheel or a repository."
        click.echo(str(Message(Place(str(folder / "requirements.txt")), problem, fix)), err=True)
    click.echo("Next: run scripts/docs in it to build, to run every block and to serve the pages.")


def _draft(
    folder: Path,
    document: Path,
    day: date,
    base_url: str | None,
    title: str | None,
    only: str,
    origin: InstallSource,
) -> None:
    # Imported here: it needs the check and the mock, for which no other command of init waits.
    from trueup.draft import draft_files, draft_openapi

    require_empty(folder)
    draft = draft_openapi(document, day, base_url, title, only)
    write_site(folder, draft_files(draft, origin))
    for note in draft.notes:
        click.echo(str(note))
    skipped = sum(one.skip is not None for one in draft.endpoints.values())
    counts = f"{len(draft.routes)} routes, {len(draft.endpoints)} endpoints"
    click.echo(f"{folder}: {counts} ({skipped} to be filled in), {len(draft.models)} models.")
    click.echo(f"{len(draft.notes)} notes above: what was left out, or is for a person.")
