"""Chain: the receipts of one row, read from disk, newest first."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from trueup.model import Source
from trueup.receipts.retest_receipt import RetestReceipt
from trueup.receipts.signature import MOST_BYTES as LARGEST_SIGNATURE

FOLDER = Path("docs", "evidence")
MOST_BYTES = 10_000_000
"""Room for every text that a block can print, ten times over."""


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
    try:
        file = (top / (source.receipt or "")).resolve()
        if not file.is_relative_to(top.resolve()) or not file.is_file():
            return Link(source, fault="missing")
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a loop of links
        return Link(source, fault="missing")
    if hashlib.sha256(content).hexdigest() != source.sha256:
        return Link(source, file, content, "changed")
    try:
        receipt = RetestReceipt.model_validate_json(content)
    except ValidationError:
        return Link(source, file, content, "invalid")
    signature = read_file(file.with_name(f"{file.name}.sig"), LARGEST_SIGNATURE)
    return Link(source, file, content, None, receipt, signature)


def read_file(file: Path, most: int) -> bytes | None:
    """Return a file's content; None where it is no file, a link, or larger than `most` bytes."""
    try:
        if file.is_symlink() or not file.is_file():
            return None
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except (OSError, ValueError):
        return None
    return content if len(content) <= most else None
