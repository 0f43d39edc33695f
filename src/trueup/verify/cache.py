"""Cache: receipts of passed replays, so that an unchanged block is not run again. A receipt holds
while the block, what it depends on in the status file, the engine and its tools are the same."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from trueup.code_mark import code_mark
from trueup.sandbox import BLOCK_PATH
from trueup.sandbox.node import find_program
from trueup.site import Block
from trueup.snippet import PROGRAMS
from trueup.status_file import Stored, write_whole
from trueup.verify.block_receipt import BlockReceipt
from trueup.verify.dependencies import Dependencies, hash_of


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt of an earlier run. There are thousands, so it is as small as can be."""

    receipt: BlockReceipt
    row: int | None
    """Number of the row of its endpoint that it was compared with, newest first; its place and its
    date are read anew."""


RECEIPTS = TypeAdapter(dict[str, KeptReceipt])


@cache
def engine_mark() -> str:
    """Return a hash of the code that runs and judges a block: the engine's source, Python with
    its installed packages, and the programs of the blocks."""
    tools = [_tool(name) for program in PROGRAMS.values() for name in program.tools]
    return hash_of([code_mark(), tools, sys.version, sys.executable, platform.machine()])


def _tool(name: str) -> list[Any]:
    """Return the identity of a block's program; its version names the libraries that it uses."""
    found = find_program() if name == "node" else shutil.which(name, path=BLOCK_PATH)
    if found is None:
        return []
    file = os.stat(found)
    version = subprocess.run([found, "--version"], capture_output=True, env={}, check=False)
    return [os.path.realpath(found), file.st_size, file.st_mtime_ns, version.stdout.hex()]


class Cache:
    """The receipts in one file. `conditions` are those of the run, such as the engine's mark; the
    attribute has the whole status file too. With `fresh`, no earlier receipt is used."""

    def __init__(
        self, file: Path, stored: Stored, conditions: Iterable[str], fresh: bool = False
    ) -> None:
        self._file = file
        files = (sha256(content).hexdigest() for content in stored.status.files.values())
        self._of_run = list(conditions)
        self.conditions = [stored.path, stored.text, *files, *self._of_run]
        self._dependencies = Dependencies(stored)
        self._written = _load(file)
        self._earlier = {} if fresh else self._written
        self._used: dict[str, KeptReceipt] = {}

    def find(self, block: Block, pages: tuple[str, ...]) -> BlockReceipt | None:
        """Return the receipt of an earlier run of this block under equal conditions, or None."""
        if block.endpoint is None:
            return None
        key = self._key(block, block.endpoint)
        kept = self._earlier.get(key)
        if kept is None:
            return None
        self._used[key] = kept
        now: dict[str, Any] = {"pages": pages, "reused": True}
        if kept.row is not None:
            row = self._dependencies.rows(block.endpoint)[kept.row]
            place = self._dependencies.place_of(row)
            now |= {"record": place, "evidence": row.day, "sample": row.sample}
        return replace(kept.receipt, **now)

    def keep(self, block: Block, receipt: BlockReceipt) -> None:
        """Keep a receipt if it is of a replay that passed."""
        if block.endpoint is None or not (receipt.passed and receipt.replayed):
            return
        rows = map(self._dependencies.place_of, self._dependencies.rows(block.endpoint))
        row = None if receipt.record is None else list(rows).index(receipt.record)
        self._used[self._key(block, block.endpoint)] = KeptReceipt(receipt, row)

    def retain(self, block: Block) -> None:
        """Keep the file's receipt of a block that this run leaves out."""
        if block.endpoint is None:
            return
        key = self._key(block, block.endpoint)
        if key in self._written:
            self._used[key] = self._written[key]

    def save(self) -> None:
        """Write the receipts that were found, kept or retained, in place of the file's."""
        if self._used != self._written:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            content = RECEIPTS.dump_json(self._used, exclude_defaults=True)
            write_whole(self._file, _mark(content) + b"\n" + content, 0o644)

    def _key(self, block: Block, endpoint: str) -> str:
        facts = self._dependencies.fingerprint(endpoint)
        return hash_of([self._of_run, block.sha256, block.language, block.id, endpoint, facts])


def _load(file: Path) -> Mapping[str, KeptReceipt]:
    """Return the receipts of a file; none of one that is not as it was written."""
    try:
        mark, _, content = file.read_bytes().partition(b"\n")
        return RECEIPTS.validate_json(content) if mark == _mark(content) else {}
    except (OSError, ValueError):
        return {}


def _mark(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode()
