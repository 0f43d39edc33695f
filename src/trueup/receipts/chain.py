"""Chain: the receipts of one row, read from disk, newest first."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from trueup.errors import BadInput
from trueup.model import Source
from trueup.receipts.retest_receipt import RetestReceipt
from trueup.source_file import read_source

FOLDER = Path("docs", "evidence")
MOST_BYTES = 10_000_000
"""Room for every text that a block can print, ten times over."""
LARGEST_SIGNATURE = 4096
"""Bytes of an armored signature; that of the largest supported key has 600."""


@dataclass(frozen=True)
class Link:
    """A receipt of a chain: the source that names it, and what its file holds.

    `file` is None where no file can be read, `receipt` where it has another hash or form too;
    `signature` is the content of the file of its signature, if there is one.
    """

    source: Source
    file: Path | None = None
    content: bytes = b""
    fault: Literal["missing", "changed", "invalid"] | None = None
    receipt: RetestReceipt | None = None
    signature: bytes | None = None


def read_chain(source: Source, top: Path) -> Iterator[Link]:
    """Yield the receipts of a row, newest first, up to the first that cannot be read.

    `source` has a receipt; its path starts at `top`, which no receipt may be outside of.
    """
    following: Source | None = source
    while following is not None:
        link = _read(following, top)
        yield link
        following = link.receipt.previous if link.receipt else None


def _read(source: Source, top: Path) -> Link:
    file = top / (source.receipt or "")
    content = read_plain(file, top, MOST_BYTES)
    if content is None:
        return Link(source, fault="missing")
    file = Path(os.path.realpath(file))
    if sha256(content).hexdigest() != source.sha256:
        return Link(source, file, content, "changed")
    try:
        receipt = RetestReceipt.model_validate_json(content)
    except ValidationError:
        return Link(source, file, content, "invalid")
    signature = read_plain(file.with_name(f"{file.name}.sig"), top, LARGEST_SIGNATURE)
    return Link(source, file, content, None, receipt, signature)


def read_plain(file: Path, top: Path, most: int) -> bytes | None:
    """Return the content of a file of the repository at `top`; None where it is none, a link, or
    larger than `most` bytes."""
    try:
        return None if file.is_symlink() else read_source(file, top, most)
    except (BadInput, OSError, ValueError):
        return None
