"""The DuckDB file that follows the vault: opening, healing, migrating, checkpoints, snapshots.

One thread owns a Database and writes through it; others read through `cursor()`. Everything in the
file is derived: whatever goes wrong, the vault position rolls back together with the rows, and the
recorder replays from there.

Traps this module walks around were measured on DuckDB 1.5.5 (ARCHITECTURE.md):
the row group size of a reopened file, silently truncated and loudly refused WALs, FATAL instances.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import duckdb

from proxy.errors import StoreError
from proxy.store.copying import NoCopy, copy_file
from proxy.store.erasing.rewriting import Rewriting
from proxy.store.erasing.scrubbing import erased_exchanges
from proxy.store.ingest import Ingest
from proxy.store.on_disk import is_open_here, is_unborn, new_spill_folder, remove_spilled
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.store.queries import TablesReader
from proxy.store.schema import bring_up
from proxy.store.settled.settling import Settling

MEMORY_MIB: Final = 128
"""Default memory_limit: of the one who writes; `proxy.reading.snapshot` has another. DuckDB fills whatever
it is given. Measured 2026-11-23 with 9 rows an exchange: 79 to 83 CPU us an exchange with 128, as with 1024;
125 to 140 with 64; with 48 a checkpoint fails. A checkpoint of a file of 10.7 M steps (713 MB): 0.05 to 0.4 s
with each."""
THREADS: Final = 1
"""Default threads: a batch of 1,000 rows is less than one row group, more threads only wake up for
it (12.1 instead of 11.0 CPU us a step row with 2); the other cores belong to the gateway."""
ROW_GROUP_ROWS: Final = 65536
"""With the default of 122,880 one checkpoint of a reopened 4.6 GB file took 85 s instead of 0.85 s. Few rows have a price: beside
memory_limit DuckDB keeps a description of each column of each row group that it read. Measured 2026-11-24 with 16,384 and 65,536
and a million interactions: a file of 1,205 and 834 MiB, 283 and 231 CPU s to make it; 60,000 and 180,000 interactions, all
columns read: 30.7 and 38.9 MB, 29.6 and 32.9. With 65,536 a checkpoint of 60,000 more rows takes 0.1 to 0.6 CPU s; the first
of a file with the small ones joins them, 16 s, the next three 7, 3 and 1 s."""
STORAGE_VERSION: Final = "v1.5.0"
"""Said at every open: a file that a 2.0 made by its own default cannot be read back by 1.5."""
WAL_BYTES_MAX: Final = 128 * 1024 * 1024
"""A checkpoint is due beyond this. It pauses the writer 0.5 to 4 s, so not for every few MB."""
IDLE_NS: Final = 60 * 1_000_000_000
"""A checkpoint is due after so long without a batch: nobody is there to be paused."""

RENEW_ROWS: Final = 500_000
"""After so many rows the file is closed and opened again: what DuckDB knows of what it wrote stays in memory
until then, 10 bytes a row (measured up to 5 M rows). It takes 0.07 CPU s."""

_LOCKED: Final = "Could not set lock"

_OWN_CHECKPOINTS_ONLY: Final = "1TB"
"""DuckDB's own threshold (16 MB by default) out of reach: `checkpoint_if_due` decides."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the database may take of the machine."""

    memory_mib: int = MEMORY_MIB
    threads: int = THREADS


class Database:
    """The facts, open for writing by this process alone.

    After a StoreError the caller asks `position()` again and replays the vault from there; the
    first call after a failure reopens the file by itself.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._limits = limits
        self._root: duckdb.DuckDBPyConnection | None = None
        self._ingest: Ingest | None = None
        self._settling: Settling | None = None
        self._repairs: list[str] = []
        self._rewriting = Rewriting(path)
        self._has_news = False
        self._quiet_since_ns: int | None = None
        self._rows_since_opened = 0
        self._position: VaultPosition | None = None
        """As the file has it; None: it has to be asked. Nobody else writes while it is open."""
        self._opening = threading.Lock()
        """Held while the file is closed and opened again: nobody may take a cursor then."""

    @classmethod
    def open(cls, path: Path, limits: Limits | None = None) -> Database:
        """Open or make the file, heal its WAL, bring it up to this release.

        Raises:
            StoreError: another process has it, a newer release wrote it, or it is damaged.
        """
        database = cls(path, limits or Limits())
        database._connection()
        return database

    def close(self) -> None:
        """Close; DuckDB checkpoints as it does. Opening again later continues."""
        root, self._root, self._ingest, self._settling = self._root, None, None, None
        self._position = None
        if root is not None:
            with contextlib.suppress(duckdb.Error):  # a FATAL instance cannot checkpoint, fine
                root.close()

    def take_repairs(self) -> tuple[str, ...]:
        """What was healed since the last call, one sentence each, for the recorder's acts."""
        repairs, self._repairs = tuple(self._repairs), []
        return repairs

    def position(self) -> VaultPosition:
        """How far the committed rows reach into the vault."""
        connection = self._connection()
        if self._position is not None:
            return self._position
        try:
            row = connection.execute("SELECT file, byte_offset FROM vault_position").fetchone()
        except duckdb.Error as error:
            raise self._failed("reading the vault position", error) from error
        self._position = VaultPosition(*row) if row else VAULT_START
        return self._position

    def ingest(self, batch: FactBatch) -> int:
        """Rows and position in one transaction; returns the count of rows added.

        A batch that does not reach behind the stored position was taken before: 0 rows, no change.

        Raises:
            StoreError: nothing of the batch was committed; replay from `position()`.
        """
        if batch.position <= self.position():
            return 0
        connection = self._connection()
        assert self._ingest is not None
        assert self._settling is not None
        if erased_exchanges(batch.acts):
            self._rewriting.mark()
        try:
            connection.begin()
            count = self._ingest.insert(batch)
            self._settling.touch(batch, self._ingest.scrubbed)
            connection.execute(
                "UPDATE vault_position SET file = ?, byte_offset = ?",
                [batch.position.file, batch.position.offset],
            )
            connection.commit()
        except duckdb.Error as error:
            raise self._failed("taking a batch", error) from error
        except StoreError:
            self.close()
            raise
        self._position = batch.position
        self._has_news = True
        self._rows_since_opened += count
        return count

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the same facts, for one reader in one thread; ends with this one."""
        with self._opening:
            cursor = self._connection().cursor()
        cursor.execute("USE facts")
        return cursor

    def reader(self) -> TablesReader:
        """The same for named queries. MUST be called by the thread that owns this."""
        return TablesReader(self.cursor())

    def wal_bytes(self) -> int:
        """Size of what the next checkpoint has to write."""
        try:
            return _wal(self.path).stat().st_size
        except FileNotFoundError:
            return 0

    def checkpoint(self) -> None:
        """Move the WAL into the file. Pauses the writer, not readers.

        Raises:
            StoreError: the disk is full, for example; replay from `position()`.
        """
        try:
            self._connection().execute("CHECKPOINT facts")
        except duckdb.TransactionException:
            return  # a reader's transaction stands in the way; the next time will do
        except duckdb.Error as error:
            raise self._failed("a checkpoint", error) from error

    def checkpoint_if_due(self, mono_ns: int) -> bool:
        """Checkpoint if the WAL is large, or nothing was ingested for IDLE_NS. Call now and then.

        Then, and after RENEW_ROWS, DuckDB gives back what it holds, unless somebody has a cursor.
        """
        self._settle_if_due(mono_ns)
        if self._has_news or self._quiet_since_ns is None:
            self._has_news = False
            self._quiet_since_ns = mono_ns
        wal_bytes = self.wal_bytes()
        is_idle = wal_bytes > 0 and mono_ns - self._quiet_since_ns >= IDLE_NS
        is_full = wal_bytes >= WAL_BYTES_MAX or self._rows_since_opened >= RENEW_ROWS
        must_rewrite = self._rewriting.is_due(mono_ns)
        if not (is_idle or is_full or must_rewrite):
            return False
        self.checkpoint()
        self._renew(must_rewrite=must_rewrite)
        self._quiet_since_ns = mono_ns
        return True

    def _settle_if_due(self, mono_ns: int) -> None:
        if self._settling is None:
            return  # closed, or it failed: the next batch opens it again
        try:
            self._settling.settle_if_due(mono_ns)
        except duckdb.Error as error:
            raise self._failed("settling interactions", error) from error

    def _renew(self, *, must_rewrite: bool) -> None:
        with self._opening:
            if self._connection_count() > 1:
                self._rows_since_opened = 0  # after as many again
                return
            self.close()
            if must_rewrite:
                self._rewriting.run_if_marked(partial(attach, limits=self._limits), bring_up)
            self._root = self._attach()
            try:
                self._ingest = Ingest(self._root)
                self._settling = Settling(self._root)
            except duckdb.Error as error:
                raise self._failed("opening it again", error) from error
            self._rows_since_opened = 0

    def _connection_count(self) -> int:
        """Ours and every cursor that is not closed."""
        try:
            row = self._connection().execute("FROM duckdb_connection_count()").fetchone()
        except duckdb.Error as error:
            raise self._failed("looking for readers", error) from error
        return int(row[0]) if row else 1

    def snapshot(self, target: Path) -> Path:
        """A copy that another process can open. The caller deletes it (and its .wal, if any).

        MUST be called by the thread that ingests: nothing may be written while the file is copied.

        Raises:
            NoCopy: too little room, for example; the tables are well.
            StoreError: the checkpoint before it failed; replay from `position()`.
        """
        self.checkpoint()
        try:
            _wal(target).unlink(missing_ok=True)  # of an earlier copy, deleted without it
            copy_file(self.path, target)
            try:
                if (
                    self.wal_bytes()
                ):  # a reader kept the checkpoint away: without it rows are missed
                    copy_file(_wal(self.path), _wal(target))
            except OSError:
                target.unlink()
                raise
        except OSError as error:
            raise NoCopy(f"cannot copy {self.path} to {target}: {error}") from error
        return target

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._root is None:
            root = self._attach()
            try:
                remove_spilled(self.path, but=_spills_to(root))  # the file is ours
                bring_up(root, self.path)
                self._ingest = Ingest(root)
                self._settling = Settling(root)
            except (duckdb.Error, OSError) as error:
                root.close()
                raise StoreError(f"cannot bring {self.path} up to this release: {error}") from error
            except StoreError:
                root.close()
                raise
            self._root = root
            self._rows_since_opened = 0
        return self._root

    def _attach(self) -> duckdb.DuckDBPyConnection:
        if is_open_here(self.path):
            raise StoreError(f"a reader still has {self.path}: it is opened again once it is done")
        try:
            return attach(self.path, self._limits)
        except duckdb.Error as error:
            if _LOCKED not in str(error) and is_unborn(self.path):
                self.path.unlink()
                _wal(self.path).unlink(missing_ok=True)
                self._repairs.append("a database whose making was cut off was made again")
            # Truncated, it would have been accepted; with a flipped byte DuckDB refuses to open.
            elif "WAL" in str(error) and _wal(self.path).exists():
                aside = _free_name(_wal(self.path))
                _wal(self.path).rename(aside)
                self._repairs.append(f"a damaged WAL was set aside as {aside.name}; rows replayed")
            else:
                raise _refusal(self.path, error) from error
        try:
            return attach(self.path, self._limits)
        except duckdb.Error as error:
            raise _refusal(self.path, error) from error

    def _failed(self, doing: str, error: duckdb.Error) -> StoreError:
        """Drop the connection whatever the error was: a FATAL instance answers nothing any more."""
        self.close()
        return StoreError(f"DuckDB failed at {doing} in {self.path}: {error}")


def attach(
    path: Path, limits: Limits, *, read_only: bool = False, spill: bool = True
) -> duckdb.DuckDBPyConnection:
    """An instance with nothing but the file in it, named `facts` and in use.

    Without `spill` a question that needs more memory fails instead of writing to disk.

    Raises:
        duckdb.Error: locked, damaged, or not a database.
    """
    root = duckdb.connect(
        config={
            "memory_limit": f"{limits.memory_mib}MiB",
            "threads": limits.threads,
            "temp_directory": str(new_spill_folder(path)) if spill else "",
            "checkpoint_threshold": _OWN_CHECKPOINTS_ONLY,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
    )
    how = (
        "READ_ONLY"
        if read_only
        else f"ROW_GROUP_SIZE {ROW_GROUP_ROWS}, STORAGE_VERSION '{STORAGE_VERSION}'"
    )
    quoted = str(path).replace("'", "''")  # ATTACH takes no parameters
    try:
        root.execute(f"ATTACH '{quoted}' AS facts ({how})")
        root.execute("USE facts")
    except duckdb.Error:
        root.close()
        raise
    return root


def _spills_to(root: duckdb.DuckDBPyConnection) -> Path:
    row = root.execute("SELECT current_setting('temp_directory')").fetchone()
    assert row is not None
    return Path(row[0])


def _refusal(path: Path, error: duckdb.Error) -> StoreError:
    text = str(error)
    if _LOCKED in text:
        return StoreError(f"{path} is open in another process (is a recorder running?): {text}")
    if "version number" in text:
        return StoreError(
            f"{path} was written by another version of DuckDB than {duckdb.__version__}: "
            f"use that one, or move the file away and it is rebuilt: {text}"
        )
    return StoreError(f"cannot open {path}: move it away and it is rebuilt from the vault: {text}")


def _wal(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside
