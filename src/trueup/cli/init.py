"""The command that writes the first files of a site."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from trueup.draft import Draft


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
@click.option(
    "--from-pages",
    "pages",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of Markdown pages to draft routes and dated rows from.",
)
@click.option(
    "--despite-rewritten",
    is_flag=True,
    help="Draft a claim that was rewritten after its date too, in the words of that date.",
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
    pages: Path | None,
    despite_rewritten: bool,
    only: str | None,
) -> None:
    """Write a small working site for another gateway into DIR, a new or an empty folder.

    With --from-openapi, its routes are those of a document, each unverified; what the document does
    not say, and what no status file can say, is listed. With --from-pages, they are those that
    pages call, and each dated claim of the pages is a reported row.
    """
    day = day or datetime.now(UTC).date()
    given = {"title": title, "base_url": base_url, "model": model, "protocol": protocol}
    stated = {name: value for name, value in given.items() if value is not None}
    answers = SiteAnswers(day=day, **stated)
    origin = find_install_source()
    source = "--from-openapi" if document else "--from-pages"
    if document and pages:
        raise BadInput("--from-pages", "is not for --from-openapi", "Give one of both.")
    if only is not None and document is None:
        raise BadInput("--only", "is for --from-openapi", "Give both, or none.")
    if despite_rewritten and pages is None:
        raise BadInput("--despite-rewritten", "is for --from-pages", "Give both, or none.")
    if document is None and pages is None:
        write_starter(folder, answers, origin)
        click.echo(f"{folder}: a site with one observation, a sample to be replaced.")
    else:
        for name in ("model", "protocol"):
            if name in stated:
                problem = f"is not for {source}, which has it from there"
                raise BadInput(f"--{name}", problem, "Leave it out.")
        # Imported here: they need the check and the mock, for which no other command of init waits.
        from trueup.draft import draft_openapi, draft_pages

        require_empty(folder)
        if document:
            draft = draft_openapi(document, day, base_url, title, only or "/")
        else:
            assert pages is not None
            draft = draft_pages(pages, day, base_url, title, despite_rewritten=despite_rewritten)
        _write_draft(folder, draft, origin)
    if origin.is_local:
        problem = f"{origin.lines[-1]!r} exists only on this machine"
        fix = "For CI, replace it with a wheel or a repository."
        click.echo(str(Message(Place(str(folder / "requirements.txt")), problem, fix)), err=True)
    click.echo("Next: run scripts/docs in it to build, to run every block and to serve the pages.")


def _write_draft(folder: Path, draft: "Draft", origin: InstallSource) -> None:
    from trueup.draft import draft_files

    write_site(folder, draft_files(draft, origin))
    for note in draft.notes:
        click.echo(str(note))
    skipped = sum(one.skip is not None for one in draft.endpoints.values())
    counts = f"{len(draft.routes)} routes, {len(draft.endpoints)} endpoints"
    rows = f", {len(draft.rows)} rows" if draft.rows else ""
    click.echo(f"{folder}: {counts} ({skipped} to be filled in), {len(draft.models)} models{rows}.")
    click.echo(f"{len(draft.notes)} notes above: what was left out, or is for a person.")
