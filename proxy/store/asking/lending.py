"""Cursors into the tables that the recorder writes, lent to readers in other threads for a while.

The one who writes may have to close and reopen the file at any time (a full disk, damage). DuckDB keeps
an instance alive as long as any cursor of it, and two instances on one file would destroy it: so the
file is closed only when every cursor has come back, and readers are interrupted for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import duckdb

from proxy.errors import StoreError
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.queries import TablesReader

BACK_WITHIN_S: Final = 30.0
"""For interrupted readers to give their cursors back; shipped statements stop within a few ms. Later than
that the recorder ends and starts anew, which is safe."""
LENT_MAX: Final = 8
"""Cursors at once: each may take memory of the one instance."""


class Tables(Protocol):
    """What is lent from: proxy.store.database.Database."""

    def position(self) -> VaultPosition: ...
    def ingest(self, batch: FactBatch) -> int: ...
    def checkpoint_if_due(self, mono_ns: int) -> bool: ...
    def snapshot(self, target: Path) -> Path: ...
    def reader(self) -> TablesReader: ...
    def close(self) -> None: ...
    def cursor(self) -> duckdb.DuckDBPyConnection: ...


class LentTables:
    """The tables as their follower uses them (in one thread), and `lend` for any other thread."""

    def __init__(self, open_tables: Callable[[], Tables]) -> None:
        self._open_tables = open_tables
        self._changed = threading.Condition()
        self._tables: Tables | None = None
        self._lent: set[duckdb.DuckDBPyConnection] = set()

    def open(self) -> LentTables:
        """Open the file. Raises StoreError."""
        tables = self._open_tables()
        with self._changed:
            self._tables = tables
        return self

    def close(self) -> None:
        """Interrupt whoever reads, wait for the cursors, close the file.

        Raises:
            StoreError: a cursor did not come back; the process must end.
        """
        with self._changed:
            tables, self._tables = self._tables, None
            for cursor in self._lent:
                cursor.interrupt()
            are_back = self._changed.wait_for(lambda: not self._lent, BACK_WITHIN_S)
        if not are_back:
            raise StoreError(f"a reader of the tables did not end within {BACK_WITHIN_S:g} s")
        if tables is not None:
            tables.close()

    @contextmanager
    def lend(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one reader; not to be kept.

        Raises:
            StoreError: the tables are not open at the moment, or too many read.
        """
        with self._changed:
            if self._tables is None:
                raise StoreError("the tables are not open at the moment; ask again in a second")
            if len(self._lent) >= LENT_MAX:
                raise StoreError(f"{LENT_MAX} questions are being answered; ask again in a second")
            cursor = self._tables.cursor()
            self._lent.add(cursor)
        try:
            yield cursor
        finally:
            with self._changed:
                cursor.close()  # not before: who closes the file interrupts those that are lent, and a closed one refuses
                self._lent.discard(cursor)
                self._changed.notify_all()

    def position(self) -> VaultPosition:
        return self._opened().position()

    def ingest(self, batch: FactBatch) -> int:
        return self._opened().ingest(batch)

    def checkpoint_if_due(self, mono_ns: int) -> bool:
        return self._opened().checkpoint_if_due(mono_ns)

    def snapshot(self, target: Path) -> Path:
        return self._opened().snapshot(target)

    def reader(self) -> TablesReader:
        return self._opened().reader()

    def _opened(self) -> Tables:
        tables = self._tables
        if tables is None:
            raise StoreError("the tables are closed")
        return tables
