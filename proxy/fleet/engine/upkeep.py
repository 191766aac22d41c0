"""What the engine's files need: erased rows off the disk, and many small files made few. One of the fleet at a time.

DuckLake marks rows as deleted and keeps the files for its snapshots. An erasure is done when no file holds them any
more: those with marks are written anew, the snapshots before end, and their files are unlinked.
"""

from __future__ import annotations

from typing import Final

import duckdb

from proxy.errors import StoreError
from proxy.fleet.engine.leases import give_up, take
from proxy.fleet.engine.link import Link

NAME: Final = "upkeep"
LEASE_S: Final = 900.0
"""Longer than any of it takes; who dies in the middle leaves it to the next after so long."""
MERGE_EACH_S: Final = 600.0
"""How often small files are merged: a proxy makes some ten with each commit, one each five seconds."""
_MERGE: Final = ("CALL ducklake_merge_adjacent_files('lake')",)
_REWRITE: Final = (
    "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0)",
    *_MERGE,
)
_FORGET: Final = (
    "CALL ducklake_expire_snapshots('lake', older_than => now())",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
)
"""Whoever reads an older snapshot at that moment has to ask again."""
_ORPHANS: Final = (
    "CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL 1 DAY)",
)
"""Files that a killed shipper wrote and never committed."""


class Upkeep:
    """Of one proxy's link; `holder` names it and its process."""

    def __init__(self, link: Link, holder: str) -> None:
        self._link = link
        self._holder = holder
        self._merged_s: float | None = None

    def do_if_due(self, mono_s: float) -> bool:
        """Purge what was erased, merge now and then, unless another proxy is at it. True: something was done.

        Raises:
            StoreError: it is tried again.
        """
        is_merge_due = self._merged_s is None or mono_s - self._merged_s >= MERGE_EACH_S
        erased = self._link.ask("SELECT max(id) FROM fleet.purges")[0][0]
        if not (erased or is_merge_due):
            return False
        lease = take(self._link, NAME, self._holder, LEASE_S)
        if lease is None:
            return False
        try:
            if erased:
                self._run((*_REWRITE, *_FORGET))
                self._link.ask("DELETE FROM fleet.purges WHERE id <= %s", erased)
            if is_merge_due:
                if self._merged_s is not None:  # not of a proxy that has only just started
                    self._run((*_MERGE, *_FORGET, *_ORPHANS))
                self._merged_s = mono_s
        finally:
            give_up(self._link, lease, self._holder)
        return True

    def _run(self, statements: tuple[str, ...]) -> None:
        try:
            for statement in statements:
                # Counted, not fetched: instants with a zone need a package that is not here.
                asked = statement.removeprefix("CALL ")
                self._link.rows.execute(f"SELECT count(*) FROM {asked}").fetchall()  # noqa: S608
        except duckdb.Error as error:
            raise StoreError(f"the fleet's files cannot be put in order: {error}") from error
