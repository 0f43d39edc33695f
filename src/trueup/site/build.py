"""Build: makes the site from its sources, by MkDocs in this process."""

import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from datetime import date
from functools import partial, reduce
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from trueup.errors import BadInput, Unreachable
from trueup.memo import NO_MEMOS, Memos
from trueup.progress import Progress, no_progress
from trueup.site.built_pages import Change, without_repeats
from trueup.site.highlighting import highlighting_once
from trueup.site.outline import settings_of
from trueup.site.page_languages import MAIN, home_of
from trueup.site.theme_environment import sandboxed
from trueup.workers import ALONE, Workers

AS_OF = "trueup_as_of"
"""The key under `extra` of the settings that holds the macros' date."""
SNIPPETS = "trueup_snippets"
"""The attribute of the settings that holds the snippets that were rendered before, by endpoint and
language; no file can set it, and mkdocs-macros does not print it."""
Rendered = Mapping[tuple[str, str], Any]
"""Snippets by endpoint and language, as `Snippets.made` has them; a build only hands them on."""
MACRO_ERROR = re.compile(
    r"^_File_: `(.*)`\n\s*_(?:\w+_:|Line \d+ in Markdown file:_) (?:\*\*)?(.*?)(?:\*\*)?$",
    re.MULTILINE,
)
"""The report by mkdocs-macros of a call that failed or cannot be parsed; its line number counts
from the end of the front matter, so it is left out."""

KEPT = ("HOME", "LANG", "LANGUAGE", "PATH", "SITE_URL", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ")
"""The variables of the environment that a build may see, besides those of the locale."""
SITEMAPS = ("sitemap.xml", "sitemap.xml.gz")
"""MkDocs writes one for each language; the site has one for all, and only with an address."""

SEARCH_INDEX = "search/search_index.json"
CHINESE = re.compile("[一-鿿々]")


def build_site(
    top: Path,
    site: Path,
    today: date,
    languages: Sequence[str] = (MAIN,),
    address: str = "",
    overrides: Path | None = None,
    changes: Sequence[Change] = (),
    workers: Workers = ALONE,
    memos: Memos = NO_MEMOS,
    progress: Progress = no_progress,
    snippets: Rendered | None = None,
) -> None:
    """Build the docs of the repository at `top` into `site`, warnings being errors.

    The earlier content of `site` is replaced once all languages are built. `today` is the macros'
    date; `address` is the URL of the published site, if that is known; `overrides` takes the place
    of the repository's own; `changes` finish each page; `progress` gets the languages that are
    built; `snippets` are those rendered before, by endpoint and language. The settings must have
    been checked. Raises Unreachable with the warnings of MkDocs if it fails, and BadInput if `site`
    cannot be written.
    """
    part = unfinished_site(site).absolute()
    try:
        if part.exists():
            shutil.rmtree(part)
        build = partial(
            _build_language,
            top.absolute(),
            part,
            address,
            today,
            snippets,
            overrides,
            changes,
            memos,
        )
        step = partial(progress, "building languages")
        workers.map(build, languages, lambda done: step(done, len(languages)), apart=True)
        for language in languages[1:]:
            os.replace(part / language, part / MAIN / home_of(language))
        if site.exists():
            shutil.rmtree(site)
        os.replace(part / MAIN, site)
    except OSError as error:
        problem = f"cannot be written ({part}: {error.strerror})"
        raise BadInput(site, problem, "Free disk space, or correct the permissions.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _build_language(
    top: Path,
    part: Path,
    address: str,
    today: date,
    snippets: Rendered | None,
    overrides: Path | None,
    changes: Sequence[Change],
    memos: Memos,
    language: str,
) -> None:
    # Imported here: a check imports this package and builds nothing.
    from trueup.site.kept_pages import keeping_pages

    folder, home = part / language, address and address + home_of(language)

    def finish(file: Path, text: str) -> str:
        page = home_of(language) + file.relative_to(folder).as_posix()
        return reduce(lambda html, change: change(page, html), changes, text)

    with (
        chdir(top),
        _environment(),
        _uncoloured_search(),
        highlighting_once(),
        memos.of("build", language) as memo,
        keeping_pages(memo, finish) as made,
    ):
        _build(settings_of(language), folder, home, today, snippets, overrides)
    for file in {*folder.rglob("*.html")}.difference(made):  # such as that of a missing page
        file.write_text(finish(file, file.read_text("utf-8")), encoding="utf-8")
    _mark_characters(folder / SEARCH_INDEX)
    for name in SITEMAPS:
        (folder / name).unlink(missing_ok=True)


def _mark_characters(index: Path) -> None:
    """Write a zero-width space after each Chinese character in the search index of a language.

    The search separates characters there. The theme's script drops the end of a query that begins
    with a word of the index; with the mark in its words none does, so each character counts.
    """
    if not index.is_file():
        return
    found = json.loads(index.read_bytes())
    for entry in found["docs"]:
        for name in ("title", "text"):
            entry[name] = CHINESE.sub("\\g<0>\u200b", entry[name])
    text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
    index.write_text(text, encoding="utf-8")


def unfinished_site(site: Path) -> Path:
    """Return the folder in which a site is built until it is whole, each language by itself: always
    the same, so that the next build replaces one that was killed. The caller's lock excludes a
    second builder."""
    return site.with_name(f".{site.name}.part")


def _build(
    settings: str,
    site: Path,
    address: str,
    today: date,
    snippets: Rendered | None,
    overrides: Path | None,
) -> None:
    # Imported here: a check imports this package and builds nothing.
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    with _warnings() as warnings:
        try:
            config = load_config(
                settings, site_dir=str(site), site_url=address, strict=True, hooks=[]
            )
            if overrides is not None:
                own = config.theme.custom_dir
                config.theme.dirs = [
                    str(overrides) if folder == own else folder for folder in config.theme.dirs
                ]
            theme_environment = config.theme.get_env
            config.theme.get_env = lambda: sandboxed(theme_environment())  # type: ignore[method-assign]
            config.extra[AS_OF] = today.isoformat()
            vars(config)[SNIPPETS] = snippets
            config.plugins.on_startup(command="build", dirty=False)
            try:
                build(config)
            finally:
                config.plugins.on_shutdown()
        except OSError:
            raise
        except (Exception, SystemExit) as error:  # plugins raise what they like, and some exit
            if isinstance(error, MkDocsException):
                text = error.format_message()
            else:
                text = f"{type(error).__name__}: {error}"
            lines = "\n".join(
                f"  {line}" for line in _summarize_warnings(warnings) or text.splitlines()
            )
            fix = f"Correct what MkDocs reports:\n{lines}"
            raise Unreachable(settings, "the build failed", fix) from error


@contextmanager
def _environment() -> Iterator[None]:
    """Hide all but the KEPT variables of the environment."""
    before = dict(os.environ)
    for name in before:
        if name not in KEPT and not name.startswith("LC_"):
            del os.environ[name]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _uncoloured_search() -> Iterator[None]:
    """Give the search code without its colours, which took a third of the time of a build, and
    each request once."""
    from material.plugins.search.plugin import Parser

    Parser.feed = lambda self, html: HTMLParser.feed(self, without_repeats(html))
    try:
        yield
    finally:
        del Parser.feed  # the inherited one is back


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect the warnings of MkDocs and its plugins, which are not printed."""
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


def _summarize_warnings(warnings: Sequence[str]) -> list[str]:
    """Return a line for each warning; of a macro, the page and the fault of the call."""
    lines = []
    for warning in warnings:
        calls = MACRO_ERROR.findall(warning)
        lines += [f"{page}: {wrong}" for page, wrong in calls] or warning.splitlines()[:1]
    return lines
