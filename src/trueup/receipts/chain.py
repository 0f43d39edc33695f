"""Chain: the receipts of one row, read from disk, newest first."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from trueup.model import Source
from trueup.receipts.retest_receipt import RetestReceipt

FOLDER = Path("docs", "evidence")
MOST_BYTES = 10_000_000
"""Room for every text that a block can print, ten times over."""


@dataclass(frozen=True)
class Link:
    """A receipt of a chain: the source that names it, and what its file holds.

    `file` is None where no file can be read, `receipt` where it has another hash or form too.
    """

    source: Source
    file: Path | None = None
    content: bytes = b""
    fault: Literal["missing", "changed", "invalid"] | None = None
    receipt: RetestReceipt | None = None


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
    return Link(source, file, content, None, receipt)
