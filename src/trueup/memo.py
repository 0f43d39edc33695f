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
    engine's mark; without a file nothing is kept. With `is_fresh`, no earlier result is used.

    What a run did not use is dropped at its end, and what it made is kept only if it ends well.
    """

    def __init__(
        self, file: Path | None = None, conditions: Iterable[str] = (), is_fresh: bool = False
    ) -> None:
        self._file, self._is_fresh, self._is_broken = file, is_fresh, False
        self._conditions = _hash(conditions)
        self._used: set[bytes] = set()
        self._table: sqlite3.Connection | None = None

    @property
    def keeps(self) -> bool:
        """Whether results are kept, between its start and its end."""
        return self._table is not None

    def get(self, made_from: Iterable[str], make: Callable[[], Any]) -> Any:
        """Return the result as plain data, as `make` returned it in this run or an earlier one."""
        key = _hash([self._conditions.hex(), *made_from]) if self._table else b""
        is_known = key in self._used
        self._used.add(key)
        if self._table and (is_known or not self._is_fresh):
            with suppress(zlib.error, ValueError):
                for (result,) in self._do("SELECT result FROM kept WHERE key = ?", (key,)):
                    return from_json(zlib.decompress(result))
        made = make()
        try:
            content = to_json(made)
        except ValueError:  # the name of a file that is not UTF-8
            return made
        if self._table:
            self._do("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, zlib.compress(content, 1)))
        return from_json(content)

    def _do(self, statement: str, values: tuple[object, ...]) -> list[tuple[bytes]]:
        """Return the rows that a statement finds; none where the file cannot be used."""
        assert self._table is not None
        try:
            return self._table.execute(statement, values).fetchall()
        except sqlite3.OperationalError:  # such as a full disk
            return []
        except sqlite3.DatabaseError:
            self._is_broken = True
            return []

    def __enter__(self) -> Self:
        if self._file is not None:
            with suppress(OSError, sqlite3.Error):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                try:
                    self._table = _opened(self._file)
                except sqlite3.OperationalError:
                    raise
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
        if self._is_broken and self._file is not None:
            self._file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Memos:
    """The memos of the steps of a build: each a file of the folder, under the same conditions."""

    folder: Path | None = None
    conditions: tuple[str, ...] = ()
    is_fresh: bool = False

    def of(self, step: str, language: str) -> Memo:
        """Return the memo of a step over the pages of a language."""
        file = self.folder / f"{step}-{language}.sqlite" if self.folder else None
        return Memo(file, self.conditions, self.is_fresh)


NO_MEMO, NO_MEMOS = Memo(), Memos()


def _opened(file: Path) -> sqlite3.Connection:
    table = sqlite3.connect(file, timeout=0)  # the lock of the site keeps others out
    table.execute("PRAGMA synchronous = OFF")  # what a crash breaks is made again
    table.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, result BLOB)")
    table.execute("SELECT count(*) FROM kept").fetchone()
    return table
