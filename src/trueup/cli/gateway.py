"""The commands that need no built site: the mock, and the schema of the status file."""

import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from trueup.cli.group import PORT, cli
from trueup.mock import (
    EXPIRED_CERTIFICATE,
    FAULTS,
    Dialect,
    Faulty,
    create_app,
    create_server,
    create_tls,
    ledger_with,
    listen,
)
from trueup.status_file import load_status, render_schema


@cli.command()
@click.option("--port", type=PORT, default=4000, help="Port on loopback; 0 for any free one.")
@click.option(
    "--target", help="Target whose observations are replayed. Default: the reference target."
)
@click.option(
    "--fault",
    "faults",
    metavar="NAME",
    type=click.Choice(list(FAULTS)),
    multiple=True,
    help=f"Fault to simulate. Repeatable. One of {', '.join(FAULTS)}.",
)
@click.option(
    "--dialect",
    metavar="NAME",
    type=click.Choice(list(get_args(Dialect))),
    default="plain",
    show_default=True,
    help=f"Dialect of errors, headers and ledger. One of {', '.join(get_args(Dialect))}.",
)
@click.option("--tls", is_flag=True, help="Serve over TLS, with a temporary CA.")
@click.pass_obj
def mock(
    top: Path,
    port: int,
    target: str | None,
    faults: tuple[str, ...],
    dialect: Dialect,
    tls: bool,
) -> None:
    """Serve the mock on loopback: it replays the observations. Its valid key is YOUR_API_KEY."""
    status = load_status(top / "status.yml", datetime.now(UTC)).status
    ledger = ledger_with(faults, ["YOUR_API_KEY"], dialect)
    app = create_app(status, target=target, ledger=ledger)
    with contextlib.closing(listen(port)) as listener, tempfile.TemporaryDirectory() as folder:
        place, ca, context = f"127.0.0.1:{listener.getsockname()[1]}", Path(folder) / "ca.pem", None
        if tls or EXPIRED_CERTIFICATE in faults:
            context = create_tls(ca, EXPIRED_CERTIFICATE in faults)
            place = f"https://{place} (its CA: {ca})"
        else:
            place = f"http://{place}"
        failing = f", with {', '.join(faults)}" if faults else ""
        says = f"{place}: a simulated gateway, {dialect} dialect{failing}; stop it with Ctrl-C"
        click.echo(says, err=True)
        with contextlib.suppress(KeyboardInterrupt):
            create_server(Faulty(app, faults), context).run(sockets=[listener])


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the status file."""
    click.echo(render_schema(), nl=False)
