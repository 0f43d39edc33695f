"""The door for people: reads the arguments, the environment and the clock; prints; exits."""

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import click

from trueup import __version__
from trueup.cache import Cache, Keys, engine_mark
from trueup.crew import Crew
from trueup.docs import Docs
from trueup.errors import BadInput, TrueupError
from trueup.finding import Finding
from trueup.run import open_mock, open_relay
from trueup.sandbox import Containment, best_containment
from trueup.store import load_status, render_schema

NEEDED = ("bash", "curl")


class Day(click.ParamType[date]):
    """A date such as 2026-04-14."""

    name = "date"

    def convert(self, value: object, param: object, ctx: object) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} was found; a date such as 2026-04-14 was expected.")


as_of_option = click.option(
    "--as-of", type=Day(), help="The day on which the pages must hold; today by default."
)
target_option = click.option(
    "--target", default="mock", help="mock (the default), or a target of the status file."
)
calls_option = click.option(
    "--max-calls", type=click.IntRange(1), help="Most calls to a live target; needed for one."
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1), help="Blocks run at a time; as many as cores by default."
)
fresh_option = click.option(
    "--fresh", is_flag=True, help="Run every block, even where an earlier receipt still holds."
)
spawn_option = click.option(
    "--spawn", is_flag=True, help="Start a new interpreter for each Python block."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--top",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("."),
    help="The repository's top; the current folder by default.",
)
@click.pass_context
def cli(context: click.Context, top: Path) -> None:
    """Docs for API routes that cannot say more than the evidence does."""
    context.obj = top


@cli.command()
@as_of_option
@target_option
@calls_option
@jobs_option
@fresh_option
@spawn_option
@click.option("--serve/--no-serve", default=True, help="Serve the site when all is well.")
@click.option("--port", default=8000, help="Where to serve; on loopback only.")
@click.pass_obj
def docs(
    top: Path,
    as_of: date | None,
    target: str,
    max_calls: int | None,
    jobs: int | None,
    fresh: bool,
    spawn: bool,
    serve: bool,
    port: int,
) -> None:
    """Check, build, run every block, stamp the pages, and serve them on loopback."""
    site = _docs(top, as_of)
    findings = site.check()
    _build(site)
    findings += _verify(site, target, max_calls, jobs, fresh, spawn)
    _end(findings)
    if serve:
        _serve(site.site, port)


@cli.command()
@as_of_option
@click.pass_obj
def build(top: Path, as_of: date | None) -> None:
    """Build the pages into site/; nothing is run and nothing is stamped."""
    _build(_docs(top, as_of))


@cli.command()
@as_of_option
@target_option
@calls_option
@jobs_option
@fresh_option
@spawn_option
@click.pass_obj
def verify(
    top: Path,
    as_of: date | None,
    target: str,
    max_calls: int | None,
    jobs: int | None,
    fresh: bool,
    spawn: bool,
) -> None:
    """Run every block of the built site, write receipts, stamp the pages."""
    _end(_verify(_docs(top, as_of), target, max_calls, jobs, fresh, spawn))


@cli.command()
@click.pass_obj
def check(top: Path) -> None:
    """Say what is wrong in the status file and the pages, without building."""
    findings = _docs(top, None).check()
    _end(findings)
    click.echo("nothing found")


@cli.command()
@click.option("--port", default=4000, help="On loopback only.")
@click.option("--target", help="Whose observations are replayed; the reference by default.")
@click.pass_obj
def mock(top: Path, port: int, target: str | None) -> None:
    """Answer as the record does, on loopback; the valid key is YOUR_API_KEY."""
    import uvicorn

    from trueup.mock import create_app

    app = create_app(load_status(top / "status.yml", datetime.now(UTC)).status, target=target)
    click.echo(f"http://127.0.0.1:{port}: a simulated gateway; stop it with Ctrl-C", err=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the status file."""
    click.echo(render_schema(), nl=False)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Ends with 0 clean, 1 findings, 2 bad input, 3 when nothing could be told."""
    try:
        cli.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except TrueupError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    sys.exit(0)


def _docs(top: Path, as_of: date | None) -> Docs:
    for tool in NEEDED:
        if shutil.which(tool) is None:
            raise BadInput(f"{tool}: not found; it runs the blocks. Install it.")
    now = datetime.now(UTC)
    return Docs.load(top, now, as_of or now.date())


def _build(site: Docs) -> None:
    site.build(os.environ)


def _verify(
    site: Docs, target: str, max_calls: int | None, jobs: int | None, fresh: bool, spawn: bool
) -> list[Finding]:
    if target == "mock":
        crew = _replaying(site, jobs or os.cpu_count() or 1, fresh, spawn)
    else:
        crew = _live(site, target, max_calls)
    report, findings = site.verify(crew)
    if report.reused:
        click.echo(f"({report.reused} reused)")
    click.echo(str(report))
    return findings


def _replaying(site: Docs, jobs: int, fresh: bool, spawn: bool) -> Crew:
    containment = _containment()
    conditions = [engine_mark(), containment, "spawn" if spawn else "warm"]
    cache = Cache(site.top / ".cache" / "receipts.json", Keys(site.stored, conditions), fresh)
    open_bench = partial(open_mock, site.stored, containment, spawn=spawn, complete=_is_ci())
    return Crew(open_bench, jobs, cache)


def _live(site: Docs, target: str, max_calls: int | None) -> Crew:
    name = f"TRUEUP_{target.upper().replace('-', '_')}_API_KEY"
    key = os.environ.get(name, "")
    if target not in site.stored.status.targets:
        known = ", ".join(["mock", *site.stored.status.targets])
        raise BadInput(f"--target {target}: no such target; one of {known} was expected.")
    if not key:
        raise BadInput(f"{name} is not set; a run at {target} needs it. Export it, or use mock.")
    if max_calls is None:
        raise BadInput(f"--target {target}: no cap was given; --max-calls N was expected. Give it.")
    containment = _containment()
    return Crew(
        partial(open_relay, site.stored, target, key, max_calls, containment, complete=_is_ci())
    )


def _containment() -> Containment:
    containment, why = best_containment()
    if why:
        click.echo(f"sandbox: {why}", err=True)
    return containment


def _is_ci() -> bool:
    return os.environ.get("CI") == "true"


def _end(findings: Sequence[Finding]) -> None:
    for finding in sorted(findings):
        click.echo(str(finding), err=True)
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)


def _serve(site: Path, port: int) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise BadInput(
            f"port {port}: {error.strerror}; a free one was expected. Use --port."
        ) from error
    with server:
        click.echo(f"http://127.0.0.1:{port}/ (stop it with Ctrl-C)")
        server.serve_forever()


if __name__ == "__main__":
    main()
