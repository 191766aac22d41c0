"""The tables `settled*`: what the views say of interactions that nobody told of since.

An interaction's row needs all that was ever seen of it, so no time span can be cut out of the views: over a
million interactions each dashboard took seconds and more memory than the recorder may have. So whatever a batch
tells of is noted in `touched`; the views compute these anew, and take all others from the tables. Now and then
the touched ones are settled. Each step is a transaction: a reader sees the same rows before and after.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Collection
from functools import partial
from importlib import resources
from string import Template
from typing import Final

import duckdb

from proxy.store.position import FactBatch
from proxy.store.pricing import repricing

SETTLE_ROWS: Final = 8192
"""Touched ones that wait at most: to compute them takes a tenth of a second at each question."""
SETTLE_ROWS_LEAST: Final = 128
"""Fewer at once would not help who has so little memory."""
DISPOSAL: Final = "disposal"
"""Kind of the acts that tell how far the deletion of a copy at Google is."""
QUIET_NS: Final = 2 * 1_000_000_000
"""After so long without a batch they are settled, however few."""
PORTIONS_PER_CHECKPOINT: Final = 8
"""What was written since the last checkpoint stays in memory, some 1 KB each."""
PORTIONS_MAX: Final = 1_000_000
"""Of one backlog: more than any file has."""
_FRESH: Final = {
    "settled": "interactions_fresh_from($observation, $mention)",
    "settled_cost_lines": "cost_lines_fresh_from($observation, $cost)",
    "settled_costs": "costs_fresh_from($observation, $cost)",
    "settled_copies": "copies_fresh_from($observation, $mention, $next)",
    "settled_tool_steps": "tool_steps_fresh_from($observation)",
}
"""By table: what computes the touched, of the rows from these on."""
_TOUCHED: Final = {"settled_copies": "copies_touched"}
"""By table, where that is not `touched`: which rows are computed anew."""
_FIRST: Final = {
    "observation": ("observations", "id_hash"),
    "mention": ("mentions", "id_hash"),
    "cost": ("costs", "id_hash"),
    "next": ("observations", "previous_hash"),
}
"""By name: the table and the column by which the first row of what is touched is found."""
_NO_ROW: Final = 2**62
"""Behind all rows, where nothing touched has any."""
_FIRST_SQL: Final = (
    "(SELECT min(rowid) FROM {} WHERE {} IN (SELECT told.id_hash FROM copies_touched AS told))"
)

_WITH_DIGESTS: Final = {"settled_copies": "label_index", "settled_tool_steps": "step_mac"}
"""By table: its column of digests of content, which are not to wait until the interactions are settled again."""

_TOUCHED_TABLES: Final = ("touched", "touched_copies")
_WAITING: Final = (*_TOUCHED_TABLES, "unsettled")
_FILLED_BY: Final = (
    *("10_interactions.sql", "11_steps_kept.sql", "40_costs.sql", "70_retention.sql"),
)
"""Files of the views by which the tables are filled."""
_TOUCH_SQL: Final = """
    INSERT INTO {}
    SELECT unnest($hashes::UBIGINT[])
    UNION ALL
    SELECT ('0x' || substr(sha256(unnest($names::VARCHAR[])), 1, 16))::UBIGINT
"""
_DELETE_THESE_SQL: Final = "DELETE FROM {} WHERE id_hash IN (SELECT unnest(?::UBIGINT[]))"
_LATER_SQL: Final = "SELECT id_hash FROM {} GROUP BY id_hash ORDER BY min(rowid) OFFSET {}"
_TOUCHED_SQL: Final = "id_hash IN (SELECT told.id_hash FROM touched AS told)"
_DELETE_SQL: Final = "DELETE FROM {} WHERE id_hash IN (SELECT told.id_hash FROM {} AS told)"
_PRICED_SQL: Final = "SELECT count(DISTINCT id_hash) FROM costs"


class Settling:
    """For the one connection that writes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Raises duckdb.Error."""
        self._connection = connection
        is_waiting = any(has_rows(connection, table) for table in _WAITING)
        self._waiting = SETTLE_ROWS if is_waiting else 0
        self._quiet_since_ns: int | None = None

    def touch(self, batch: FactBatch, erased: Collection[int]) -> None:
        """Note what a batch tells of, in its transaction, after its rows are in. Raises duckdb.Error.

        Args:
            batch: as it went in.
            erased: hashes of the ids of those whose digests left with it.
        """
        hashes, names = _told_of(batch)
        _touch(self._connection, "touched", hashes=hashes, names=names)
        before, disposed = _told_of_copies(batch)
        copies, named = before - hashes, disposed - names
        _touch(self._connection, "touched_copies", hashes=copies, names=named)
        if erased:
            self._forget_digests(erased)
        if any(act.kind == repricing.KIND for act in batch.acts):
            self._touch_priced()
        self._waiting += len(hashes) + len(names) + len(before) + len(disposed)
        self._quiet_since_ns = None

    def _forget_digests(self, erased: Collection[int]) -> None:
        """Digests of labels and steps leave with the rows that they were taken from, at once."""
        _touch(self._connection, "touched", hashes=erased)
        # One alone is looked for in half the time that all take which wait beside it.
        where = f"id_hash = {min(erased)}" if len(erased) == 1 else _TOUCHED_SQL
        for table, digest in _WITH_DIGESTS.items():
            something = f"{digest} IS NOT NULL"  # where nobody gives labels, nothing is looked at
            self._connection.execute(f"DELETE FROM {table} WHERE {something} AND {where}")  # noqa: S608
        self._waiting += len(erased)

    def _touch_priced(self) -> None:
        """Another book: all costs are others. Few are told so at once, many one portion after the other."""
        row = self._connection.execute(_PRICED_SQL).fetchone()
        table = "touched" if row is None or row[0] < SETTLE_ROWS else "unsettled"
        self._connection.execute(f"INSERT INTO {table} SELECT DISTINCT id_hash FROM costs")  # noqa: S608
        self._waiting = SETTLE_ROWS

    def settle_if_due(self, mono_ns: int) -> bool:
        """Settle what waits, if that is much or nothing came for a while.

        Raises:
            duckdb.Error: what was not settled yet is as it was.
        """
        if self._quiet_since_ns is None:
            self._quiet_since_ns = mono_ns
        is_quiet = mono_ns - self._quiet_since_ns >= QUIET_NS
        if self._waiting < (1 if is_quiet else SETTLE_ROWS):
            return False
        settle(self._connection)
        self._waiting = 0
        return True


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Put all into the tables that waits: what was touched, then the backlog, a portion in each transaction.

    Where a portion needs more memory than there is, in smaller ones: its rows may lie anywhere in the tables.

    Raises:
        duckdb.Error: what was not settled yet is as it was.
    """
    rows = SETTLE_ROWS
    for number in range(1, PORTIONS_MAX):
        if not any(has_rows(connection, table) for table in _WAITING):
            return
        try:
            _in_transaction(connection, partial(_settle_portion, rows=rows))
        except duckdb.OutOfMemoryException:
            if rows <= SETTLE_ROWS_LEAST:
                raise
            rows //= 4
            _checkpoint(connection)
            continue
        if number % PORTIONS_PER_CHECKPOINT == 0:
            _checkpoint(connection)


def forget_settled(connection: duckdb.DuckDBPyConnection) -> bool:
    """Drop the tables if other views filled them: the views make empty ones. True: there is all to be settled.

    In the transaction in which the views are made. Raises duckdb.Error.
    """
    folder = resources.files("proxy.store") / "sql" / "views"
    text = "".join((folder / name).read_text("utf-8") for name in _FILLED_BY)
    wanted = hashlib.sha256(text.encode()).hexdigest()
    if connection.execute("SELECT digest FROM settled_by").fetchall() == [(wanted,)]:
        return False
    for table in _FRESH:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for table in (*_WAITING, "settled_by"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    connection.execute("INSERT INTO settled_by VALUES (?)", [wanted])
    return True


def fresh_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """By table: the question whose answer are its touched rows, from where the first of them lies.

    That is looked for in one column of each table, a tenth of what it would cost to look in all.
    """
    wanted = ", ".join(_FIRST_SQL.format(*where) for where in _FIRST.values())
    found = connection.execute(f"SELECT {wanted}").fetchone() or ()
    first = {name: _NO_ROW if row is None else row for name, row in zip(_FIRST, found, strict=True)}
    return {
        table: f"SELECT * FROM {Template(fresh).substitute(first)}"  # noqa: S608
        for table, fresh in _FRESH.items()
    }


def has_rows(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether any wait in one of the two tables."""
    return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None  # noqa: S608


def _in_transaction(
    connection: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], None]
) -> None:
    connection.begin()
    try:
        work(connection)
        connection.commit()
    except duckdb.Error:
        with contextlib.suppress(duckdb.Error):  # a FATAL instance rolls back by itself
            connection.rollback()
        raise


def _checkpoint(connection: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(duckdb.TransactionException):  # a reader stands in the way
        connection.execute("CHECKPOINT facts")


def _settle_portion(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    if any(has_rows(connection, table) for table in _TOUCHED_TABLES):
        later = {table: _put_aside(connection, table, rows) for table in _TOUCHED_TABLES}
        _settle_touched(connection)
        for table, hashes in later.items():
            _touch(connection, table, hashes=hashes)
        return
    portion = f"FROM unsettled ORDER BY rowid LIMIT {rows}"
    connection.execute(f"INSERT INTO touched SELECT id_hash {portion}")
    connection.execute(f"DELETE FROM unsettled WHERE rowid IN (SELECT rowid {portion})")  # noqa: S608
    _settle_touched(connection)


def _put_aside(connection: duckdb.DuckDBPyConnection, table: str, rows: int) -> list[int]:
    """Hashes of all but the first, which are left; within a transaction, which nobody sees before they are back."""
    found = connection.execute(_LATER_SQL.format(table, rows)).fetchall()
    hashes = [hash_ for (hash_,) in found]
    if hashes:
        connection.execute(_DELETE_THESE_SQL.format(table), [hashes])
    return hashes


def _settle_touched(connection: duckdb.DuckDBPyConnection) -> None:
    for table, fresh in fresh_rows(connection).items():
        touched = _TOUCHED.get(table, "touched")
        connection.execute(_DELETE_SQL.format(table, touched))
        connection.execute(f"INSERT INTO {table} BY NAME {fresh}")
    for table in _TOUCHED_TABLES:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608


def _touch(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    *,
    hashes: Collection[int] = (),
    names: Collection[str] = (),
) -> None:
    if hashes or names:
        given = {"hashes": sorted(hashes), "names": sorted(names)}
        connection.execute(_TOUCH_SQL.format(table), given)


def _told_of(batch: FactBatch) -> tuple[set[int], set[str]]:
    """Hashes, and names of which the batch has no hash: a delete may tell of nothing else."""
    hashes: set[int] = set()
    names: set[str] = set()
    for committed in batch.exchanges:
        recording = committed.recording
        hashes.update(row.id_hash for row in recording.observations)
        hashes.update(cost.id_hash for cost in recording.costs)
        if (name := recording.exchange.interaction) is not None:
            names.add(name.encode("utf-8", "replace").decode())
    return hashes, names


def _told_of_copies(batch: FactBatch) -> tuple[set[int], set[str]]:
    """Hashes of turns that others go on from, since these live on from there; names of disposals."""
    before = {
        row.previous_hash
        for committed in batch.exchanges
        for row in committed.recording.observations
        if row.previous_hash is not None
    }
    told = (act.interaction for act in batch.acts if act.kind == DISPOSAL)
    return before, {name for name in told if name is not None}
