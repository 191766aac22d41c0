"""The tables `settled*`: what the views say of interactions that nobody told of since.

An interaction's row needs all that was ever seen of it, so no time span can be cut out of the views: over a
million interactions each dashboard took seconds and more memory than the recorder may have. So whatever a batch
tells of is noted in `touched`; the views compute these anew, and take all others from the tables. Now and then
the touched ones are settled. Each step is a transaction: a reader sees the same rows before and after.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from importlib import resources
from typing import Final

import duckdb

from proxy.store.erasing.scrubbing import Erased, erased_exchanges, rows_of
from proxy.store.position import FactBatch
from proxy.store.pricing import repricing

SETTLE_ROWS: Final = 8192
"""Touched ones that wait at most: to compute them takes a tenth of a second at each question."""
DISPOSAL: Final = "disposal"
"""Kind of the acts that tell how far the deletion of a copy at Google is."""
QUIET_NS: Final = 2 * 1_000_000_000
"""After so long without a batch they are settled, however few."""
PORTIONS_PER_CHECKPOINT: Final = 8
"""What was written since the last checkpoint stays in memory, some 1 KB each."""
PORTIONS_MAX: Final = 1_000_000
"""Of one backlog: more than any file has."""
_FRESH: Final = {
    "settled": "interactions_fresh",
    "settled_cost_lines": "cost_lines_fresh",
    "settled_costs": "costs_fresh",
    "settled_copies": "copies_fresh",
    "settled_tool_steps": "tool_steps_fresh",
}
"""By table: the view that computes what is touched."""
_TOUCHED: Final = {"settled_copies": "copies_touched"}
"""By table, where that is not `touched`: which rows are computed anew."""

_WITH_DIGESTS: Final = ("settled_copies", "settled_tool_steps")
"""Tables with digests of content: they are not to wait until the interactions are settled again."""

_WAITING: Final = ("touched", "touched_copies", "unsettled")
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
_TOUCH_ERASED_SQL: Final = """
    INSERT INTO touched
    SELECT DISTINCT id_hash
    FROM observations
    WHERE """
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

    def touch(self, batch: FactBatch) -> None:
        """Note what a batch tells of, in its transaction, after its rows are in. Raises duckdb.Error."""
        hashes, names = _told_of(batch)
        if hashes or names:
            given = {"hashes": sorted(hashes), "names": sorted(names)}
            self._connection.execute(_TOUCH_SQL.format("touched"), given)
        before, disposed = _told_of_copies(batch)
        if before or disposed:
            given = {"hashes": sorted(before - hashes), "names": sorted(disposed - names)}
            self._connection.execute(_TOUCH_SQL.format("touched_copies"), given)
        for erased in erased_exchanges(batch.acts):
            self._forget_digests(erased)
        if any(act.kind == repricing.KIND for act in batch.acts):
            self._touch_priced()
        self._waiting += len(hashes) + len(names) + len(before) + len(disposed)
        self._quiet_since_ns = None

    def _forget_digests(self, erased: Erased) -> None:
        """Digests of labels and steps leave with the rows that they were taken from, at once."""
        where, given = rows_of(erased, is_timed=True)
        self._connection.execute(_TOUCH_ERASED_SQL + where, given)
        for table in _WITH_DIGESTS:
            self._connection.execute(_DELETE_SQL.format(table, "touched"))
        self._waiting += len(erased.exchanges)

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

    Raises:
        duckdb.Error: what was not settled yet is as it was.
    """
    _in_transaction(connection, _settle_touched)
    for number in range(1, PORTIONS_MAX):
        if not has_rows(connection, "unsettled"):
            return
        _in_transaction(connection, _settle_portion)
        if number % PORTIONS_PER_CHECKPOINT == 0:
            with contextlib.suppress(duckdb.TransactionException):  # a reader stands in the way
                connection.execute("CHECKPOINT facts")


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


def _settle_portion(connection: duckdb.DuckDBPyConnection) -> None:
    portion = f"FROM unsettled ORDER BY rowid LIMIT {SETTLE_ROWS}"
    connection.execute(f"INSERT INTO touched SELECT id_hash {portion}")
    connection.execute(f"DELETE FROM unsettled WHERE rowid IN (SELECT rowid {portion})")  # noqa: S608
    _settle_touched(connection)


def _settle_touched(connection: duckdb.DuckDBPyConnection) -> None:
    for table, fresh in _FRESH.items():  # names of our own
        touched = _TOUCHED.get(table, "touched")
        connection.execute(_DELETE_SQL.format(table, touched))
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM {fresh}")  # noqa: S608
    connection.execute("DELETE FROM touched")
    connection.execute("DELETE FROM touched_copies")


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
