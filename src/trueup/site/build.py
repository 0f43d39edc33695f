"""Build: the site from its sources, by MkDocs in this process."""

import logging
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from datetime import date
from itertools import product
from pathlib import Path

from trueup.errors import BadInput, Unreachable
from trueup.site.languages import MAIN, home_of, link_twins
from trueup.site.outline import settings_of

AS_OF = "trueup_as_of"
"""The name under `extra` of the settings by which the macros get the day."""
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
    today: date,
    languages: Sequence[str] = (MAIN,),
    address: str = "",
) -> None:
    """Build the docs of the repository at `top` into `site`, warnings being errors.

    What was in `site` is gone once all languages are built. `today` is the day that the macros go
    by; `address` is where the site will be published, if that is known. Plugins see this process's
    environment, so its secrets must be out of it. Raises Unreachable with what MkDocs said where
    it does not end well, and BadInput where `site` cannot be made.
    """
    part = unfinished_site(site).absolute()
    try:
        if part.exists():
            shutil.rmtree(part)
        with chdir(top):
            for language in languages:  # the main one is first: each cleans its own folder
                home = address and address + home_of(language)
                _build(settings_of(language), part / home_of(language), home, today)
        for name, language in product(SITEMAPS, languages):
            (part / home_of(language) / name).unlink(missing_ok=True)
        if site.exists():
            shutil.rmtree(site)
        os.replace(part, site)
    except OSError as error:
        raise BadInput(
            f"{site}: {error.strerror}; it is built as {part.name} beside it. Make room, or take"
            " away what is in the way."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if len(languages) > 1:
        link_twins(site, languages, address)


def unfinished_site(site: Path) -> Path:
    """Where a site is built until it is whole: one place, so that the next build takes the place of
    one that was killed. The caller's lock keeps a second builder away."""
    return site.with_name(f".{site.name}.part")


def _build(settings: str, site: Path, address: str, today: date) -> None:
    # Not above: a check imports this package and builds nothing.
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    with _warnings() as warnings:
        try:
            config = load_config(settings, site_dir=str(site), site_url=address, strict=True)
            config.extra[AS_OF] = today.isoformat()
            config.plugins.on_startup(command="build", dirty=False)
            try:
                build(config)
            finally:
                config.plugins.on_shutdown()
        except OSError:
            raise
        except (Exception, SystemExit) as error:  # plugins raise what they like, and some exit
            if isinstance(error, MkDocsException):
                said = error.format_message()
            else:
                said = f"{type(error).__name__}: {error}"
            gist = "\n".join(f"  {line}" for line in _gist(warnings) or said.splitlines())
            raise Unreachable(
                f"{settings}: the build failed; a clean build was expected. MkDocs said:\n{gist}"
            ) from error


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What MkDocs and its plugins warn of meanwhile, which is shown nowhere else."""
    logger, messages = logging.getLogger("mkdocs"), list[str]()
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated


def _gist(warnings: Sequence[str]) -> list[str]:
    """A line for each warning; of a macro, the page and what is wrong with the call."""
    lines = []
    for warning in warnings:
        calls = MACRO_ERROR.findall(warning)
        lines += [f"{page}: {wrong}" for page, wrong in calls] or warning.splitlines()[:1]
    return lines
