"""Shards: a part of the blocks run by `verify --shard`, and the command that merges the parts."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from trueup.cli.group import (
    as_of_option,
    cli,
    is_ci,
    load_docs,
    report_findings,
    site_lock,
    weak_option,
)
from trueup.docs import Docs
from trueup.errors import BadInput
from trueup.finding import Finding
from trueup.sandbox import Containment
from trueup.status_file import write_whole
from trueup.verify.block_receipt import Report
from trueup.verify.judge import distinct_blocks
from trueup.verify.pool import Pool
from trueup.verify.shard import Shard, ShardConditions, ShardReceipts
from trueup.verify.shard_merge import ShardMerge


def shard_of(text: str | None, target: str, output: Path | None) -> tuple[Shard, Path] | None:
    """Return the shard that `verify` is to run and the file for its receipts; None for all blocks.
    Raises BadInput for options that do not fit each other."""
    if text is None:
        if output is not None:
            raise BadInput("--output", "given without --shard", "Give --shard K/N with it.")
        return None
    shard = Shard.parse(text)
    if target != "mock":
        problem = f"got --target {target} beside it, expected the mock"
        raise BadInput("--shard", problem, "Run a live target from one machine, under one cap.")
    return shard, output or Path(shard.file_name)


def load_built(top: Path, as_of: date | None) -> Docs:
    """Return the docs at `top` as of a date; without one, as of that of the built site, so that
    machines agree on it at midnight too."""
    docs = load_docs(top, as_of)
    return docs if as_of else replace(docs, today=docs.built_on())


def verify_shard(
    docs: Docs, shard: Shard, file: Path, pool: Pool, containment: Containment
) -> list[Finding]:
    """Run the blocks of a shard and write its file; the site is left as it is. Return the blocks
    that failed. A run that breaks off leaves no file, not even that of an earlier run."""
    file.unlink(missing_ok=True)
    blocks = docs.built_blocks()
    report = shard.run(pool, blocks, docs.stored, docs.today)
    receipts = ShardReceipts(
        shard=shard.number,
        shards=shard.count,
        containment=containment,
        conditions=ShardConditions.of(distinct_blocks(blocks), docs.stored, docs.today, is_ci()),
        receipts=report.receipts,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, receipts.render(), 0o644)
    print_counts(report)
    return docs.failures(blocks, report)


def print_counts(report: Report) -> None:
    """Print the numbers of blocks, by result."""
    if report.reused:
        click.echo(f"({report.reused} reused)")
    click.echo(str(report))


@cli.command("merge-receipts")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@as_of_option
@weak_option
@click.pass_obj
def merge_receipts(
    top: Path, files: tuple[Path, ...], as_of: date | None, allow_weak: bool
) -> None:
    """Merge the FILE of each shard of `verify --shard`, and add the receipts to the pages."""
    docs = load_built(top, as_of)
    with site_lock(top):
        blocks = docs.built_blocks()
        published = distinct_blocks(blocks)
        conditions = ShardConditions.of(published, docs.stored, docs.today, is_ci())
        report = ShardMerge(published, docs.stored, conditions, allow_weak).merge(files)
        findings = docs.add_receipts(blocks, report)
    print_counts(report)
    report_findings(docs.judged(findings))
