"""Group: what the commands share: their group, their options, and what they read around them."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueup import __version__
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.lock import hold
from trueup.model import Status
from trueup.site import VARIABLE, parse_address

if TYPE_CHECKING:
    from trueup.docs import Docs
    from trueup.sandbox import Containment

PORT = click.IntRange(0, 65535)
SHORTEST_KEY = 8
SECRETS = ("_API_KEY", "_ACCESS_TOKEN")


class Day(click.ParamType[date]):
    """A date such as 2026-04-14."""

    name = "date"

    def convert(self, value: object, param: object, ctx: object) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} was found; a date such as 2026-04-14 was expected.")


as_of_option = click.option(
    "--as-of", type=Day(), help="Date at which the evidence is assessed. Default: today."
)
target_option = click.option(
    "--target", default="mock", help="Target of the status file, or mock (the default)."
)
calls_option = click.option(
    "--max-calls",
    type=click.IntRange(1),
    help="Maximum number of calls. Required for a live target.",
)


class Commands(click.Group):
    """Commands whose modules are read when one is asked for: a check waits for no mock."""

    modules = {
        **dict.fromkeys(("build", "docs", "translated", "verify"), "site"),
        **dict.fromkeys(("mock", "schema"), "gateway"),
        **dict.fromkeys(("rehearse", "retest"), "retest"),
        "check": "check",
        "init": "init",
    }
    """The module of `trueup.cli` that adds a command, by the command's name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.modules:
            import_module(f"trueup.cli.{self.modules[cmd_name]}")
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--top",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("."),
    help="Top of the repository. Default: the current folder.",
)
@click.pass_context
def cli(context: click.Context, top: Path) -> None:
    """Docs for API routes that cannot say more than the evidence does."""
    context.obj = top


def load_docs(top: Path, as_of: date | None) -> "Docs":
    from trueup.docs import Docs
    from trueup.snippet import PROGRAMS

    needed = [tool for one in PROGRAMS.values() if not one.may_lack for tool in one.tools]
    for tool in needed:
        if shutil.which(tool) is None:
            raise BadInput(f"{tool}: not found; it runs the blocks. Install it.")
    now = datetime.now(UTC)
    address = parse_address(os.environ.get(VARIABLE, ""))
    return Docs.load(top, now, as_of or now.date(), address=address)


def held(top: Path) -> AbstractContextManager[None]:
    """The lock of what builds or verifies the site of a repository."""
    return hold(top / ".cache" / "site.lock", datetime.now(UTC))


def take_secret(target: str, kind: str) -> str | None:
    """A target's secret from the environment; nothing that is started from here on inherits it."""
    return os.environ.pop(secret_name(target, kind), None) or None


def secret_name(target: str, kind: str) -> str:
    """The variable that holds a target's API_KEY, ACCESS_TOKEN or USER_ID."""
    return f"TRUEUP_{target.upper().replace('-', '_')}_{kind}"


def key_of(target: str, status: Status) -> str:
    """The key of a target; BadInput for one that is not there, where none is set, and for a key
    that is no secret: a reply is masked wherever it repeats the key, and with it the facts."""
    from trueup.relay import PLACEHOLDER

    if target not in status.targets:
        known = ", ".join(["mock", *status.targets])
        raise BadInput(f"--target {target}: no such target; one of {known} was expected.")
    name, key = secret_name(target, "API_KEY"), take_secret(target, "API_KEY")
    if key is None:
        raise BadInput(f"{name} is not set; a run at {target} needs it. Export it.")
    is_word = key.lower() in status.model_dump_json().lower()
    if key != PLACEHOLDER and (is_word or len(key) < SHORTEST_KEY):
        found = "a text of the status file" if is_word else f"shorter than {SHORTEST_KEY} letters"
        wanted = "a key as the gateway hands it out was expected"
        raise BadInput(f"{name}: it is {found}; {wanted}. Export that one.")
    return key


@contextmanager
def hidden_secrets() -> Iterator[None]:
    """The environment without the secrets of any target: what builds pages must not see them."""
    secrets = {name: value for name, value in os.environ.items() if _is_secret(name)}
    for name in secrets:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(secrets)


def _is_secret(name: str) -> bool:
    return name.startswith("TRUEUP_") and name.endswith(SECRETS)


def containment_here() -> "Containment":
    from trueup.sandbox import best_containment

    containment, why = best_containment()
    if why:
        click.echo(f"sandbox: {why}", err=True)
    return containment


def is_ci() -> bool:
    return os.environ.get("CI") == "true"


def tell(findings: Iterable[Finding]) -> None:
    for finding in findings:
        click.echo(str(finding), err=True)


def end(findings: Sequence[Finding]) -> None:
    tell(findings)
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)
