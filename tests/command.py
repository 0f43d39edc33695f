"""The command line, called in this process: its exit code and what it printed, as of a process."""

import subprocess
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

# Imported here, at the start: what a test without the tracer imports first would not count.
from trueup.cli import check, gateway, init, main, record, retest, shard, site

__all__ = ["check", "gateway", "init", "record", "retest", "shard", "site", "trueup"]


def trueup(top: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `trueup --top TOP ARGUMENTS…` ends with and prints. An error that would end a process
    with a traceback is raised."""
    command, out, err = ["--top", str(top), *arguments], StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(command)
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())
