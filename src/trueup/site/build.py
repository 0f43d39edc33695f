"""Build: the site from its sources, by MkDocs in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from trueup.errors import Unreachable

MACRO_ERROR = re.compile(
    r"^_File_: `(.*)`\n\s*_(?:\w+_:|Line \d+ in Markdown file:_) (?:\*\*)?(.*?)(?:\*\*)?$",
    re.MULTILINE,
)
"""How mkdocs-macros tells of a call that failed, and of one that it cannot parse; the line that it
gives is counted from the end of the front matter, so it is left out."""


def build_site(top: Path, site: Path, environment: Mapping[str, str]) -> None:
    """Builds the docs of the repository at `top` into `site`, warnings being errors.

    `environment` is what MkDocs and the macros see. Raises Unreachable with what MkDocs said when
    it does not end well.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    done = subprocess.run(
        [*command, "--config-file", "mkdocs.yml", "--site-dir", str(site.absolute())],
        cwd=top,
        env={**environment, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise Unreachable(
            f"mkdocs.yml: the build ended with exit code {done.returncode}; a clean build was"
            f" expected. MkDocs said:\n{_gist(done.stdout + done.stderr)}"
        )


def _gist(output: str) -> str:
    """The lines that name a page and what is wrong with it; the last lines where none does."""
    lines = [f"{page}: {wrong}" for page, wrong in MACRO_ERROR.findall(output)]
    told = re.compile(r"(?:WARNING|ERROR) +-  (?!\[macros\])(.*)|((?:Error|Config value)\b.*)")
    lines += [found[1] or found[2] for found in map(told.match, output.splitlines()) if found]
    lines = lines or [line for line in output.splitlines() if line.strip()][-20:]
    return "\n".join(f"  {line}" for line in lines)
