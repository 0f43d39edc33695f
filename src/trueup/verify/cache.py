"""Cache: receipts of passed replays, so that an unchanged block is not run again. A receipt counts
only under the key of all that it depends on; a file that cannot be read holds none."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from inspect import getfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trueup.model import Frozen, Observation
from trueup.protocols import PROTOCOLS
from trueup.sandbox import BLOCK_PATH
from trueup.sandbox.node import find_program
from trueup.site import Block
from trueup.snippet import PROGRAMS
from trueup.status_file import Stored, write_whole
from trueup.verify.receipt import BlockReceipt

VERSION = 1
ENGINE = Path(__file__).parents[1]
"""The whole package: any part of it can matter to what a block does or how it is judged."""


@cache
def engine_mark() -> str:
    """A hash of what runs and judges a block: the engine's own source and that of a site's own
    protocols, Python with all that is installed for it, and the programs that blocks are for."""
    files = sorted(file for file in ENGINE.rglob("*") if file.is_file() and _is_source(file))
    source = [(file.relative_to(ENGINE).as_posix(), file.read_bytes().hex()) for file in files]
    own = {name: Path(getfile(type(one))) for name, one in PROTOCOLS.items()}
    source += [(name, file.read_bytes().hex()) for name, file in sorted(own.items())]
    installed = sorted(name for path in sys.path for name in _installed(path))
    tools = [_tool(name) for program in PROGRAMS.values() for name in program.tools]
    return _hash([source, installed, tools, sys.version, sys.executable, platform.machine()])


def _is_source(file: Path) -> bool:
    return "__pycache__" not in file.parts


def _installed(path: str) -> list[str]:
    """What is installed in a folder of Python's; the names of these hold the versions."""
    try:
        return [name for name in os.listdir(path) if name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return []


def _tool(name: str) -> list[Any]:
    """The program that a block would find; its version names the libraries that it uses."""
    found = find_program() if name == "node" else shutil.which(name, path=BLOCK_PATH)
    if found is None:
        return []
    facts = os.stat(found)
    told = subprocess.run([found, "--version"], capture_output=True, env={}, check=False)
    return [os.path.realpath(found), facts.st_size, facts.st_mtime_ns, told.stdout.hex()]


class Keys:
    """What receipts depend on beside the block itself, once for each endpoint.

    `conditions` are those of the run: the engine's mark, the containment and the like.
    """

    def __init__(self, stored: Stored, conditions: Iterable[str]) -> None:
        status = stored.status
        self._stored, self._target = stored, status.reference
        self._common = _hash(
            [
                list(conditions),
                status.reference,
                _plain(status.targets[status.reference]),
                {name: _plain(route) for name, route in status.routes.items()},
                {name: _plain(one) for name, one in status.signatures.items()},
            ]
        )
        self._rows: dict[str, list[int]] = {}
        self._paths: dict[str, list[str]] = {}
        for index, row in enumerate(status.observations):
            if row.target == self._target and row.retracted is None:
                self._note(index, row)
        self._answers = {path: _hash(rows) for path, rows in self._paths.items()}
        self._digests: dict[str, str] = {}

    def _note(self, index: int, row: Observation) -> None:
        path = _path(row)
        self._paths.setdefault(path, []).append(row.model_dump_json())
        if row.variant is None:
            self._rows.setdefault(row.endpoint, []).append(index)

    def of(self, block: Block) -> str | None:
        """The key of a block's receipt; None where none may be kept: no endpoint, or none told."""
        endpoint = block.endpoint or ""
        if endpoint not in self._rows or endpoint not in self._stored.status.endpoints:
            return None
        if endpoint not in self._digests:
            self._digests[endpoint] = self._digest(endpoint)
        told = f"{self._digests[endpoint]} {block.language} {block.sha256}"
        return sha256(told.encode()).hexdigest()

    def _digest(self, endpoint: str) -> str:
        """Every row with the path of one of its own could answer a block of the endpoint."""
        status = self._stored.status
        own = [status.observations[index] for index in self._rows[endpoint]]
        skip = status.endpoints[endpoint].skip
        return _hash(
            [
                self._common,
                endpoint,
                skip and _plain(skip),
                [row.model_dump_json() for row in own],
                {path: self._answers[path] for path in sorted({_path(row) for row in own})},
            ]
        )

    def records(self, endpoint: str) -> list[str]:
        """Where the endpoint's rows stand in the status file today, oldest first."""
        place = self._stored.place
        return [str(place("observations", index)) for index in self._rows.get(endpoint, ())]


class Cache:
    """The receipts kept in one file, under the keys of one run."""

    def __init__(self, file: Path, keys: Keys, fresh: bool = False) -> None:
        self._file, self._keys = file, keys
        self._written = _load(file)
        self._kept = {} if fresh else self._written
        self._used: dict[str, list[Any]] = {}
        self._records: dict[str, list[str]] = {}

    def find(self, block: Block, pages: tuple[str, ...]) -> BlockReceipt | None:
        """The receipt of an earlier run of this very block under equal conditions."""
        key = self._keys.of(block)
        entry = self._kept.get(key or "")
        if key is None or entry is None:
            return None
        receipt = _parse(key, entry)
        if receipt is None or not _is_proof(receipt, block):
            return None
        records = self._record_of(receipt)
        if not 0 <= entry[1] < len(records):
            return None
        self._used[key] = entry
        record = records[entry[1]]
        return receipt.model_copy(update={"pages": pages, "record": record, "reused": True})

    def keep(self, block: Block, receipt: BlockReceipt) -> None:
        """Keeps a receipt if it is of a replay that passed."""
        key = self._keys.of(block)
        records = self._record_of(receipt)
        if key is None or not _is_proof(receipt, block) or receipt.record not in records:
            return
        row, text = records.index(receipt.record), receipt.model_dump_json()
        self._used[key] = [_seal(key, row, text), row, text]

    def save(self) -> None:
        """Writes what was found and kept since the start, in place of what the file held."""
        if self._used == self._written:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        data = json.dumps({"version": VERSION, "receipts": self._used}, ensure_ascii=False)
        write_whole(self._file, data.encode(errors="surrogatepass"), 0o644)

    def _record_of(self, receipt: BlockReceipt) -> list[str]:
        endpoint = receipt.endpoint or ""
        if endpoint not in self._records:
            self._records[endpoint] = self._keys.records(endpoint)
        return self._records[endpoint]


def _load(file: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return {}
    kept = data.get("receipts")
    return kept if isinstance(kept, dict) else {}


def _parse(key: str, entry: Any) -> BlockReceipt | None:
    """The receipt of an entry that is as it was written, under the key that it was written for."""
    match entry:
        case [str(seal), int(row), str(text)] if seal == _seal(key, row, text):
            try:
                return BlockReceipt.model_validate_json(text)
            except ValidationError:
                return None
    return None


def _is_proof(receipt: BlockReceipt, block: Block) -> bool:
    """Whether a receipt is of a replay of this very block, and passed."""
    mine = (block.sha256, block.language, block.endpoint)
    same = mine == (receipt.sha256, receipt.language, receipt.endpoint)
    return same and receipt.passed and receipt.replayed and not receipt.reused


def _seal(key: str, row: int, text: str) -> str:
    return sha256(f"{key} {row} {text}".encode(errors="surrogatepass")).hexdigest()


def _path(row: Observation) -> str:
    return row.sent.request.partition("?")[0]


def _plain(noun: Frozen) -> Any:
    return noun.model_dump(mode="json")


def _hash(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
