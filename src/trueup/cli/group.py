"""Group: the commands, the options they share, and their access to environment and clock."""

import gc
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueup import __version__
from trueup.errors import BadInput
from trueup.lock import hold_lock

if TYPE_CHECKING:  # what a function below needs it imports itself: the version waits for none
    from trueup.docs import Docs
    from trueup.finding import Finding
    from trueup.message import Message
    from trueup.model import Status
    from trueup.relay import KeySearch
    from trueup.sandbox import Containment

PORT = click.IntRange(0, 65535)
SHORTEST_KEY = 16
"""Characters. A text is withheld where it repeats the key; a shorter one is found by chance."""
SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
"""Ends of the names of variables that hold secrets, of any program."""


class Day(click.ParamType[date]):
    """A date such as 2026-04-14."""

    name = "date"

    def convert(self, value: object, param: object, ctx: object) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"got {value!r}, expected a date such as 2026-04-14.")


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

weak_option = click.option(
    "--allow-weak-sandbox",
    "allow_weak",
    is_flag=True,
    help="Run blocks without bubblewrap as root or in CI too, where every page is your own.",
)


class Commands(click.Group):
    """Commands whose modules are imported on use: a check does not wait for the mock."""

    modules = {
        "audit": "audit",
        "build": "site",
        "check": "check",
        "docs": "site",
        "init": "init",
        "merge-receipts": "shard",
        "mock": "gateway",
        "record": "record",
        "rehearse": "retest",
        "replay": "record",
        "retest": "retest",
        "schema": "gateway",
        "translated": "site",
        "verify": "site",
    }
    """The module of `trueup.cli` that adds a command, by the command's name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = f"trueup.cli.{self.modules.get(cmd_name)}"
        if cmd_name in self.modules and module not in sys.modules:
            # Plugins of pydantic are looked for in all packages, and could change what is read.
            os.environ["PYDANTIC_DISABLE_PLUGINS"] = "true"
            gc.disable()  # what is imported stays: looking for garbage in it finds none
            import_module(module)
            gc.freeze()
            gc.enable()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would end with 1, the code of findings
            drop_streams()
            sys.exit(2)


def drop_streams() -> None:
    """Write nothing more: what a stream still holds would fail again at the end of Python, and
    change the exit code."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115


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
    """Return the docs at `top`. Raises BadInput where a tool that runs the blocks is missing."""
    from trueup.docs import Docs
    from trueup.site import VARIABLE, parse_address
    from trueup.snippet import PROGRAMS

    for program in PROGRAMS.values():
        for tool in program.tools:
            if not program.is_optional and shutil.which(tool) is None:
                raise BadInput(tool, "not found", "Install it: it runs the blocks.")
    now = datetime.now(UTC)
    address = parse_address(os.environ.get(VARIABLE, ""))
    return Docs.load(top, now, as_of or now.date(), address=address)


def site_lock(top: Path) -> AbstractContextManager[None]:
    """Return the lock of a repository's site, for what builds or verifies it."""
    return hold_lock(top / ".cache" / "site.lock", datetime.now(UTC))


def take_secret(target: str, kind: str) -> str | None:
    """Return a target's secret, taken out of the environment, so that no child inherits it."""
    from trueup.model import secret_name

    return os.environ.pop(secret_name(target, kind), None) or None


def search_here() -> "KeySearch":
    """Return the search for secrets of the environment, to be made before any is taken out of it.

    They are the targets' own, and tokens of other programs. A placeholder, as the mock takes it, is
    none. A text that looks like a key of anybody is withheld too: the check would refuse its file.
    """
    from trueup.check.leaked_keys import possible_keys
    from trueup.relay import KeySearch

    secrets = [
        value
        for name, value in os.environ.items()
        if name.upper().endswith(SECRETS)
        and (name.startswith("TRUEUP_") or len(value) >= SHORTEST_KEY)
        and not value.startswith("YOUR_")
    ]
    return KeySearch(secrets, lambda content: any(possible_keys(content)))


def key_of(target: str, status: "Status") -> str:
    """Return the key of a target.

    Raises BadInput for an unknown target, where no key is set, and for a key that is not a secret:
    each fact of a reply that contains it would be redacted.
    """
    from trueup.model import secret_name
    from trueup.relay import PLACEHOLDER

    if target not in status.targets:
        known = ", ".join(["mock", *status.targets])
        problem = f"got {target!r}, expected one of {known}"
        raise BadInput("--target", problem, "Use one of these.")
    name, key = secret_name(target, "API_KEY"), take_secret(target, "API_KEY")
    if key is None:
        raise BadInput(name, "not set", f"Export it: a run at {target} requires it.")
    is_word = key.lower() in status.model_dump_json().lower()
    if key != PLACEHOLDER and (is_word or len(key) < SHORTEST_KEY):
        reason = (
            "a text that also occurs in the status file"
            if is_word
            else f"shorter than {SHORTEST_KEY} characters"
        )
        raise BadInput(
            name, f"the key is {reason}", "Export the key exactly as the gateway issued it."
        )
    return key


def _secret_names() -> list[str]:
    """Return the variables of the environment that hold a target's secrets."""
    return [name for name in os.environ if name.startswith("TRUEUP_") and name.endswith(SECRETS)]


def containment_here(allow_weak: bool, is_live: bool = False) -> "Containment":
    """Return the best containment of this machine; print a warning where it is not the best.

    Raises BadInput where a block could read a key, and for root and CI unless `allow_weak`.
    """
    from trueup.sandbox import best_containment

    containment, why = best_containment()
    if containment == "namespace":
        return containment
    is_root = os.geteuid() == 0
    # Landlock hides the environment of a process from its user, but not from root.
    if (containment == "none" or is_root) and (is_live or _secret_names()):
        fix = "Install bubblewrap. For the mock, which requires no key, unset the variables."
        raise BadInput("sandbox", f"a block could read the key of a target ({why})", fix)
    root_or_ci = "as root" if is_root else "in CI" if os.environ.get("CI") else None
    if root_or_ci and not allow_weak:
        problem = f"bubblewrap does not work here, and without it no block is run {root_or_ci}"
        fix = "Install it, or give --allow-weak-sandbox where every page is your own."
        raise BadInput("sandbox", f"{problem} ({why})", fix)
    click.echo(f"sandbox: {why}", err=True)
    return containment


def is_ci() -> bool:
    return os.environ.get("CI") == "true"


def print_findings(findings: Iterable["Finding"]) -> None:
    for finding in findings:
        click.echo(str(finding), err=True)


def print_messages(messages: Iterable["Message"]) -> None:
    """Print messages, each on one line."""
    from trueup.finding import printable

    for message in messages:
        click.echo(printable(str(message)), err=True)


def report_findings(findings: Sequence["Finding"]) -> None:
    """Print the findings, and exit with 1 where one is an error."""
    print_findings(findings)
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)


def disk_error(error: OSError, then: str) -> BadInput:
    """Return the error of a command that could not read or write a path; `then` ends its fix."""
    reason = error.strerror or type(error).__name__
    fix = f"Free disk space, or correct the permissions, {then}."
    return BadInput(str(error.filename or "the disk"), reason, fix)
