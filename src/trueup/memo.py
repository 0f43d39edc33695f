"""Memo: results of pure functions, kept in a file by what they were made from. It is never needed:
one that cannot be read or written is as good as none."""

import sqlite3
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic_core import from_json, to_json


def _hash(parts: Iterable[str]) -> bytes:
    digest = sha256()
    for part in parts:
        content = part.encode(errors="surrogateescape")
        digest.update(b"%d:" % len(content) + content)
    return digest.digest()


class Memo:
    """The results of one step over pages. `conditions` are those of all results, such as the
    engine's mark; without a file nothing is kept.

    What a run did not use is dropped at its end, and what it made is kept only if it ends well.
    """

    def __init__(self, file: Path | None = None, conditions: Iterable[str] = ()) -> None:
        self._file = file
        self._conditions = _hash(conditions)
        self._used: set[bytes] = set()
        self._table: sqlite3.Connection | None = None

    def get(self, made_from: Iterable[str], make: Callable[[], Any]) -> Any:
        """Return the result as plain data, as `make` returned it in this run or an earlier one."""
        if self._table is None:
            return from_json(to_json(make()))
        key = _hash([self._conditions.hex(), *made_from])
        self._used.add(key)
        with suppress(sqlite3.Error, zlib.error, ValueError):
            row = self._table.execute("SELECT result FROM kept WHERE key = ?", (key,)).fetchone()
            if row is not None:
                return from_json(zlib.decompress(row[0]))
        content = to_json(make())
        with suppress(sqlite3.Error):
            row = (key, zlib.compress(content, 1))
            self._table.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", row)
        return from_json(content)

    def __enter__(self) -> Self:
        if self._file is not None:
            with suppress(OSError, sqlite3.Error):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                try:
                    self._table = _opened(self._file)
                except sqlite3.DatabaseError:
                    self._file.unlink()
                    self._table = _opened(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._table is None:
            return
        with suppress(sqlite3.Error):
            if error is None:
                self._table.execute("CREATE TEMP TABLE used (key BLOB PRIMARY KEY)")
                self._table.executemany(
                    "INSERT INTO used VALUES (?)", ((key,) for key in self._used)
                )
                self._table.execute("DELETE FROM kept WHERE key NOT IN (SELECT key FROM used)")
                self._table.commit()
        self._table.close()
        self._table = None


@dataclass(frozen=True)
class Memos:
    """The memos of the steps of a build: each a file of the folder, under the same conditions."""

    folder: Path | None = None
    conditions: tuple[str, ...] = ()

    def of(self, step: str, language: str) -> Memo:
        """Return the memo of a step over the pages of a language."""
        file = self.folder / f"{step}-{language}.sqlite" if self.folder else None
        return Memo(file, self.conditions)


NO_MEMO, NO_MEMOS = Memo(), Memos()


def _opened(file: Path) -> sqlite3.Connection:
    table = sqlite3.connect(file)
    table.execute("PRAGMA synchronous = OFF")  # what a crash breaks is made again
    table.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, result BLOB)")
    table.execute("SELECT count(*) FROM kept").fetchone()
    return table
