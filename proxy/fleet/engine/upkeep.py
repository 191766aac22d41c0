"""What the engine's files need: erased rows off the disk, and many small files made few. One of the fleet at a time.

DuckLake marks rows as deleted and keeps the files for its snapshots. An erasure is done when no file holds them any
more: those with marks are written anew, the snapshots before end, and their files are unlinked; last, files go that no
commit names. Such are left by a shipper that was killed, and by one that lost its lock while it wrote files anew, when an
erasure came in between: DuckLake then refuses these, and leaves them where they are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Final

import duckdb

from proxy.errors import StoreError
from proxy.fleet.engine.leases import give_up, take
from proxy.fleet.engine.link import FACTS, Link, Occupied

NAME: Final = "upkeep"
LEASE_S: Final = 900.0
"""Longer than any of it takes; who dies in the middle leaves it to the next after so long."""
MERGE_EACH_S: Final = 600.0
"""How often small files are merged: a proxy makes some ten with each commit, one each five seconds."""
PURGE_AGAIN_S: Final = 60.0
"""After others wrote for so long that nobody was alone: all who write wait behind who waits to be alone."""
_MERGE: Final = ("ducklake_merge_adjacent_files('lake')",)
_REWRITE: Final = ("ducklake_rewrite_data_files('lake', delete_threshold => 0)", *_MERGE)
_FORGET: Final = (
    "ducklake_expire_snapshots('lake', older_than => {now})",
    "ducklake_cleanup_old_files('lake', cleanup_all => true)",
)
"""After an erasure. Whoever reads an older snapshot at that moment has to ask again."""
_TIDY: Final = (
    "ducklake_expire_snapshots('lake', older_than => {now} - INTERVAL 10 MINUTES)",
    "ducklake_cleanup_old_files('lake', older_than => {now} - INTERVAL 10 MINUTES)",
)
"""After a merge: nobody's question is cut off by it, if it takes less than that."""
_ORPHANS: Final = """
    SELECT path
    FROM ducklake_delete_orphaned_files('lake', dry_run => true, cleanup_all => true)
"""
_OLD_ORPHANS: Final = (
    "ducklake_delete_orphaned_files('lake', dry_run => true, older_than => {now} - INTERVAL 1 DAY)"
)
"""Where nothing is erased they are in no hurry."""
_NOW_SQL: Final = "SELECT to_char(now() AT TIME ZONE 'utc', 'YYYY-MM-DD HH24:MI:SS.US')"
"""By the clock that dates snapshots, the catalog's. By a proxy's that is slow the ones before an erasure would stay,
by one that is days ahead the files would go that others are just writing."""

Remove = Callable[[Iterable[str]], None]
"""Of the storage, by name below the fleet's prefix. Raises StoreError."""


class Upkeep:
    """Of one proxy's link; `holder` names it and its process."""

    def __init__(self, link: Link, holder: str, remove: Remove) -> None:
        self._link = link
        self._holder = holder
        self._remove = remove
        self._merged_s: float | None = None
        self._purge_from_s: float | None = None
        """Not before; None: at once."""

    @property
    def is_waiting(self) -> bool:
        """Whether an erasure is not done since others wrote all the time."""
        return self._purge_from_s is not None

    def do_if_due(self, mono_s: float) -> bool:
        """Purge what was erased, merge now and then, unless another proxy is at it. True: something was done.

        Raises:
            StoreError: it is tried again.
        """
        is_merge_due = self._merged_s is None or mono_s - self._merged_s >= MERGE_EACH_S
        erased = [id_ for (id_,) in self._link.ask("SELECT id FROM fleet.purges")]
        if not erased:
            self._purge_from_s = None
        is_purge_due = erased and (self._purge_from_s is None or mono_s >= self._purge_from_s)
        if not (is_purge_due or is_merge_due):
            return False
        lease = take(self._link, NAME, self._holder, LEASE_S)
        if lease is None:
            return False
        try:
            if is_purge_due:
                self._purge(erased, mono_s)
            if is_merge_due:
                if self._merged_s is not None:  # not of a proxy that has only just started
                    self._merge()
                self._merged_s = mono_s
        finally:
            give_up(self._link, lease, self._holder)
        return True

    def _purge(self, erased: list[int], mono_s: float) -> None:
        self._write(_REWRITE)
        self._forget(_FORGET)
        try:
            self._remove_orphans()
        except Occupied:
            self._purge_from_s = mono_s + PURGE_AGAIN_S
            return
        # These and no other: one with a lower number may have come in meanwhile.
        self._link.ask("DELETE FROM fleet.purges WHERE id = ANY(%s)", erased)
        self._purge_from_s = None

    def _merge(self) -> None:
        self._write(_MERGE)
        self._forget(_TIDY)
        if self._forget((_OLD_ORPHANS,)):
            with contextlib.suppress(Occupied):
                self._remove_orphans()

    def _remove_orphans(self) -> None:
        """Files that no commit names, and none ever will: whoever wrote them is gone, or will be refused.

        Raises:
            Occupied: others write all the time.
            StoreError: it is tried again.
        """
        with self._link.alone():
            try:
                found = self._link.rows.execute(_ORPHANS).fetchall()
            except duckdb.Error as error:
                raise StoreError(f"the fleet's files cannot be listed: {error}") from error
        # By name: what others write by now is not among these.
        self._remove([f"{FACTS}/{path.rpartition(f'/{FACTS}/')[2]}" for (path,) in found])

    def _write(self, functions: Iterable[str]) -> None:
        for function in functions:
            with self._link.commit("upkeep") as rows:
                rows.execute(f"SELECT count(*) FROM {function}").fetchall()  # noqa: S608

    def _forget(self, functions: Iterable[str]) -> int:
        """How many files or snapshots the last of them was about."""
        count = 0
        try:
            for function in functions:
                # Each has its own: what another proxy committed while files were written anew ends, too.
                ((now,),) = self._link.ask(_NOW_SQL)
                # Counted, not fetched: instants with a zone need a package that is not here.
                asked = function.format(now=f"TIMESTAMPTZ '{now}+00'")
                counted = f"SELECT count(*) FROM {asked}"  # noqa: S608
                ((count,),) = self._link.rows.execute(counted).fetchall()
        except duckdb.Error as error:
            raise StoreError(f"the fleet's files cannot be put in order: {error}") from error
        return int(count)
