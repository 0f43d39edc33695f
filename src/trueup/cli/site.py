"""Site commands: docs, build, verify and translated."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click

from trueup.cli.group import (
    PORT,
    as_of_option,
    calls_option,
    cli,
    containment_here,
    is_ci,
    key_of,
    load_docs,
    print_findings,
    report_findings,
    search_here,
    site_lock,
    target_option,
    weak_option,
)
from trueup.cli.progress import shown_progress
from trueup.cli.shard import load_built, print_counts, shard_of, verify_shard
from trueup.docs import Docs
from trueup.errors import BadInput, TrueupError
from trueup.finding import Finding
from trueup.made_site import MadeSite, page_conditions
from trueup.memo import NO_MEMOS, Memos
from trueup.sandbox import Containment
from trueup.site import MAIN, note_translation
from trueup.steps import Steps, workers_for
from trueup.verify.cache import Cache, engine_mark
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock, open_relay

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Number of blocks, or of languages of pages, at a time. Default: the number of cores.",
)
fresh_option = click.option(
    "--fresh", is_flag=True, help="Run every block, even if its receipt still holds."
)


@cli.command("docs")
@as_of_option
@target_option
@calls_option
@jobs_option
@fresh_option
@weak_option
@click.option("--serve/--no-serve", default=True, help="Serve the site if there are no findings.")
@click.option("--port", type=PORT, default=8000, help="Port on loopback; 0 for any free one.")
@click.pass_obj
def docs_command(
    top: Path,
    as_of: date | None,
    target: str,
    max_calls: int | None,
    jobs: int | None,
    fresh: bool,
    allow_weak: bool,
    serve: bool,
    port: int,
) -> None:
    """Check, build, run every block, add its receipt to the pages, and serve them on loopback."""
    docs = load_docs(top, as_of)
    with site_lock(top), _at_work(docs, jobs, fresh) as docs:
        pool = _pool(docs, target, max_calls, jobs, fresh, allow_weak)
        made = None
        if pool.cache is not None and not is_ci():  # which must not trust what it checked out
            made = MadeSite(docs, pool.cache.conditions, os.environ)
        with shown_progress() as progress:
            progress("checking the sources", 0, 0)
            findings = docs.check()
        if made and not fresh and (report := made.report()):
            click.echo(f"({report.counts['run']} reused)\n{report}")
        else:
            found = _make(docs, pool, findings)
            findings += found
            if made and not found:
                made.note()
    report_findings(docs.judged(findings))
    if serve:
        _serve(docs.site, port)


@cli.command()
@as_of_option
@click.pass_obj
def build(top: Path, as_of: date | None) -> None:
    """Build the pages into site/ without running any block."""
    docs = load_docs(top, as_of)
    with site_lock(top), _at_work(docs, None) as docs, shown_progress() as progress:
        replace(docs, progress=progress).build()


@cli.command()
@as_of_option
@target_option
@calls_option
@jobs_option
@fresh_option
@weak_option
@click.option("--shard", "text", metavar="K/N", help="Run the K-th of N parts of the blocks alone.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the receipts of a shard. Default: shard-K-of-N.json.",
)
@click.pass_obj
def verify(
    top: Path,
    as_of: date | None,
    target: str,
    max_calls: int | None,
    jobs: int | None,
    fresh: bool,
    allow_weak: bool,
    text: str | None,
    output: Path | None,
) -> None:
    """Run every block of the built site and add its receipt to the pages.

    With --shard, only write the receipts of that part into a file, for merge-receipts.
    """
    part = shard_of(text, target, output)
    docs = load_built(top, as_of) if part else load_docs(top, as_of)
    with site_lock(top), _at_work(docs, jobs, fresh) as docs:
        if part:
            containment = containment_here(allow_weak)
            pool = _mock_pool(docs, jobs, fresh, containment)
            findings = verify_shard(docs, *part, pool, containment)
        else:
            findings = _verify(docs, _pool(docs, target, max_calls, jobs, fresh, allow_weak))
    report_findings(docs.judged(findings))


@cli.command()
@click.argument("language")
@click.pass_obj
def translated(top: Path, language: str) -> None:
    """Record that the pages in LANGUAGE match the current pages of the main language."""
    docs = load_docs(top, None)
    others = [name for name in docs.languages if name != MAIN]
    if language not in others:
        known = "a language other than the main one, with a folder under docs/"
        if others:
            known = f"one of {', '.join(others)}"
        fix = f"Put its pages into docs/{language}."
        raise BadInput("LANGUAGE", f"got {language!r}, expected {known}", fix)
    note_translation(top / "docs", language, docs.pages)


@contextmanager
def _at_work(docs: Docs, jobs: int | None, is_fresh: bool = False) -> Iterator[Docs]:
    """Yield the docs with the processes and memos for their pages. CI, which trusts nothing that
    was checked out, has no memos, and neither have templates of one's own, which see all pages."""
    memos, folder = NO_MEMOS, (docs.top / ".cache" / "pages").absolute()
    if not (is_ci() or docs.has_own_templates):
        conditions = page_conditions(docs, engine_mark(), os.environ)
        memos = Memos(folder, conditions, is_fresh)
    with workers_for(len(docs.pages), jobs) as workers:
        yield replace(docs, steps=Steps(workers, memos))
    if memos is not NO_MEMOS and page_conditions(docs, engine_mark(), os.environ) != conditions:
        # Something was edited meanwhile, and kept under what was there before.
        shutil.rmtree(folder, ignore_errors=True)


def _make(docs: Docs, pool: Pool, checked: list[Finding]) -> list[Finding]:
    """Build and verify the site; print the findings of the check first where that is impossible."""
    try:
        with shown_progress() as progress:
            replace(docs, progress=progress).build(to_be_verified=True)
    except TrueupError:
        print_findings(docs.judged(checked))
        raise
    return _verify(docs, pool)


def _pool(
    docs: Docs,
    target: str,
    max_calls: int | None,
    jobs: int | None,
    fresh: bool,
    allow_weak: bool,
) -> Pool:
    if target == "mock":
        return _mock_pool(docs, jobs, fresh, containment_here(allow_weak))
    return _live_pool(docs, target, max_calls, allow_weak)


def _verify(docs: Docs, pool: Pool) -> list[Finding]:
    with shown_progress() as progress:
        report, findings = replace(docs, progress=progress).verify(pool)
    print_counts(report)
    return findings


def _mock_pool(docs: Docs, jobs: int | None, fresh: bool, containment: Containment) -> Pool:
    conditions = [engine_mark(), containment]
    cache = Cache(docs.top / ".cache" / "receipts.json", docs.stored, conditions, fresh)
    open_harness = partial(open_mock, docs.stored, containment, complete=is_ci())
    return Pool(open_harness, jobs or os.cpu_count() or 1, cache)


def _live_pool(docs: Docs, target: str, max_calls: int | None, allow_weak: bool) -> Pool:
    search = search_here()
    key = key_of(target, docs.stored.status)
    if max_calls is None:
        raise BadInput("--max-calls", f"missing with --target {target}", "Give --max-calls N.")
    containment = containment_here(allow_weak, is_live=True)
    open_harness = partial(
        open_relay,
        docs.stored,
        target,
        key,
        max_calls,
        containment,
        complete=is_ci(),
        search=search,
    )
    return Pool(open_harness)


def _serve(site: Path, port: int) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        fix = "Choose another with --port."
        raise BadInput(f"port {port}", str(error.strerror), fix) from error
    with server:
        click.echo(f"http://127.0.0.1:{server.server_port}/ (stop it with Ctrl-C)")
        server.serve_forever()
