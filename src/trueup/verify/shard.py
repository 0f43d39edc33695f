"""Shard: one of several parts of the published blocks, each run on a machine of its own, and the
file with its receipts. `shard_merge` makes one report of the files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal

from pydantic import TypeAdapter
from pydantic_core import to_json

from trueup.code_mark import code_mark
from trueup.errors import BadInput
from trueup.model import Frozen
from trueup.sandbox import Containment
from trueup.site import Block
from trueup.snippet import language_of
from trueup.status_file import Stored
from trueup.verify.block_receipt import BlockReceipt, Report
from trueup.verify.dependencies import hash_of
from trueup.verify.judge import PublishedBlock, distinct_blocks
from trueup.verify.pool import Pool

MOST = 256
"""Shards of one site: a matrix in GitHub's workflows has no more jobs."""
FORM = re.compile(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})")
BlockKey = tuple[str, str, str | None]


def key_of(one: Block | BlockReceipt) -> BlockKey:
    """Return what a distinct block and its receipt have in common: hash, language and endpoint."""
    return one.sha256, one.language, one.endpoint


@dataclass(frozen=True)
class Shard:
    """The part `number` of `count` parts of the blocks. BadInput for numbers out of range."""

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MOST:
            problem = f"got {self}, expected K/N with K from 1 to N, and N up to {MOST}"
            raise BadInput("--shard", problem, "For the first of four shards, give 1/4.")

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard of a text such as `1/4`; BadInput for any other text."""
        if found := FORM.fullmatch(text):
            return cls(int(found[1]), int(found[2]))
        problem = f"got {text!r}, expected K/N such as 1/4"
        raise BadInput("--shard", problem, "For the first of four shards, give 1/4.")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def file_name(self) -> str:
        """Name of the file with its receipts, unless another is given."""
        return f"shard-{self.number}-of-{self.count}.json"

    def part_of(self, published: Sequence[PublishedBlock]) -> list[PublishedBlock]:
        """Return the blocks of this shard, in their order: of the blocks ordered by language, each
        `count`-th. So the shards differ by at most one block of any language, and take about
        equally long."""
        order = sorted(range(len(published)), key=lambda index: _language(published[index][0]))
        return [published[index] for index in sorted(order[self.number - 1 :: self.count])]

    def run(self, pool: Pool, blocks: Sequence[Block], stored: Stored, today: date) -> Report:
        """Return the receipts of this shard's blocks, of all `blocks` of a site. The pool's cache
        keeps what it has of the others."""
        published = distinct_blocks(blocks)
        own = {key_of(block) for block, _ in self.part_of(published)}
        if pool.cache is not None:
            for block, _ in published:
                if key_of(block) not in own:
                    pool.cache.retain(block)
        return pool.run([block for block in blocks if key_of(block) in own], stored, today)


class ShardConditions(Frozen):
    """What the shards of one site have in common, and the machine that merges them."""

    blocks: str
    """Hash of the site's distinct blocks, with their pages."""
    status_path: str
    """Path of the status file as the command had it; records are named by it."""
    status: str
    """Hash of the status file, of the files that it names and of what its receipts prove."""
    engine: str
    """Hash of the engine and of the packages beside it. The programs of the blocks, such as curl,
    may differ between the machines."""
    as_of: date
    """Date at which skips were judged."""
    complete: bool
    """True when a block fails whose program is not installed, as in CI."""

    @classmethod
    def of(
        cls, published: Sequence[PublishedBlock], stored: Stored, as_of: date, complete: bool
    ) -> "ShardConditions":
        """Return the conditions on this machine, for the distinct blocks of a built site."""
        files = {**stored.status.files, **stored.sent_files}
        contents = sorted((str(name), sha256(files[name]).hexdigest()) for name in files)
        return cls(
            blocks=hash_of([(key_of(block), pages) for block, pages in published]),
            status_path=stored.path,
            status=hash_of([stored.text, contents, stored.status.model_dump_json()]),
            engine=code_mark(),
            as_of=as_of,
            complete=complete,
        )


class ShardReceipts(Frozen):
    """The receipts of one shard, as its file has them."""

    version: Literal[1] = 1
    """Version of this form."""
    shard: int
    """Number of the shard, from 1."""
    shards: int
    """Number of all shards."""
    containment: Containment
    """Isolation of its blocks."""
    conditions: ShardConditions
    """What it has in common with the other shards."""
    receipts: tuple[BlockReceipt, ...]
    """Receipts of its blocks, in the order of the site."""

    def render(self) -> bytes:
        """Return the content of its file."""
        return to_json(self, indent=2) + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> "ShardReceipts":
        """Return the receipts of a file's content. Raises ValueError for any that `render` does not
        write, be it by one space, and BadInput for a shard out of range."""
        found = SHARD_RECEIPTS.validate_json(content, strict=True)
        if found.render() != content:
            raise ValueError("it was changed after it was written")
        Shard(found.shard, found.shards)
        return found


SHARD_RECEIPTS = TypeAdapter(ShardReceipts)


def _language(block: Block) -> str:
    """Return the language of a block: an SDK takes longer than plain Python."""
    language = language_of(block.id)
    return language.name if language else block.language
