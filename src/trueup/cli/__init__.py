"""Entry point for people: reads the arguments, the environment and the clock; prints; exits."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from io import TextIOWrapper
from typing import NoReturn

import click

from trueup.cli.group import cli, disk_error, drop_streams
from trueup.errors import BadStatus, TrueupError
from trueup.message import Message

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0 clean, 1 findings, 2 bad input, 3 no result."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a locale may lack letters of a finding
            stream.reconfigure(errors="backslashreplace")
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
        _print_error(error)
        sys.exit(error.exit_code)
    except OSError as error:  # a full or read-only disk, a folder in the place of a file
        with suppress(OSError):  # the stream for messages may be on that disk
            click.echo(str(disk_error(error, "then run this again")), err=True)
        drop_streams()
        sys.exit(2)
    sys.exit(0)


def _print_error(error: TrueupError) -> None:
    """Print each message of an error; what it quotes of an option or a file adds no line."""
    from trueup.finding import printable

    for one in error.messages if isinstance(error, BadStatus) else (error.message,):
        where = replace(one.where, path=printable(one.where.path))
        fix = "\n".join(map(printable, one.fix.split("\n")))
        click.echo(str(Message(where, printable(one.problem), fix)), err=True)
