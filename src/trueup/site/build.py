"""Build: the site from its sources, by MkDocs in a process of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trueup.errors import BadInput, Unreachable
from trueup.site.address import VARIABLE
from trueup.site.languages import MAIN, home_of, link_twins
from trueup.site.outline import settings_of

MACRO_ERROR = re.compile(
    r"^_File_: `(.*)`\n\s*_(?:\w+_:|Line \d+ in Markdown file:_) (?:\*\*)?(.*?)(?:\*\*)?$",
    re.MULTILINE,
)
"""How mkdocs-macros tells of a call that failed, and of one that it cannot parse; the line that it
gives is counted from the end of the front matter, so it is left out."""

SITEMAPS = ("sitemap.xml", "sitemap.xml.gz")
"""MkDocs makes one of each language; the site has one of all, and only where it has an address."""


def build_site(
    top: Path,
    site: Path,
    environment: Mapping[str, str],
    languages: Sequence[str] = (MAIN,),
    address: str = "",
) -> None:
    """Builds the docs of the repository at `top` into `site`, warnings being errors.

    All languages are built at the same time, and what was in `site` is gone once they are.
    `environment` is what MkDocs and the macros see; `address` is where the site will be published,
    if that is known. Raises Unreachable with what MkDocs said when it does not end well, and
    BadInput where `site` cannot be made.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".site-", dir=site.parent) as folder:
            built = [Path(folder).absolute() / language for language in languages]
            with ThreadPoolExecutor() as pool:
                works = [
                    pool.submit(_build, top, place, environment, language, address)
                    for place, language in zip(built, languages, strict=True)
                ]
            for work in works:
                work.result()
            if site.exists():
                shutil.rmtree(site)
            for place, language in zip(built, languages, strict=True):
                for name in SITEMAPS:
                    (place / name).unlink(missing_ok=True)
                os.replace(place, site / home_of(language))
    except OSError as error:
        raise BadInput(
            f"{site}: {error.strerror}; a folder to build into was expected. Move it away."
        ) from error
    if len(languages) > 1:
        link_twins(site, languages, address)


def _build(
    top: Path, site: Path, environment: Mapping[str, str], language: str, address: str
) -> None:
    settings = settings_of(language)
    home = address + home_of(language) if address else ""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    done = subprocess.run(
        [*command, "--config-file", settings, "--site-dir", str(site)],
        cwd=top,
        env={**environment, VARIABLE: home, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise Unreachable(
            f"{settings}: the build ended with exit code {done.returncode}; a clean build was"
            f" expected. MkDocs said:\n{_gist(done.stdout + done.stderr)}"
        )


def _gist(output: str) -> str:
    """The lines that name a page and what is wrong with it; the last lines where none does."""
    lines = [f"{page}: {wrong}" for page, wrong in MACRO_ERROR.findall(output)]
    told = re.compile(r"(?:WARNING|ERROR) +-  (?!\[macros\])(.*)|((?:Error|Config value)\b.*)")
    lines += [found[1] or found[2] for found in map(told.match, output.splitlines()) if found]
    lines = lines or [line for line in output.splitlines() if line.strip()][-20:]
    return "\n".join(f"  {line}" for line in lines)
