"""A batch as rows in memory, by the very code that fills the embedded tables; from there it goes to the lake at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import duckdb

from proxy.errors import StoreError
from proxy.fleet.engine.catalog import OBJECTS, arrow_table, table_shapes
from proxy.recording.facts import ActFact, CostFact
from proxy.store.ingest import Ingest, columns_of
from proxy.store.position import FactBatch
from proxy.store.pricing import repricing
from proxy.store.schema import migrations

ACTOR: Final = "fleet"
"""Of acts that follow from another proxy's."""
COPIED: Final = frozenset({"hold", "release"})
"""Kinds of acts that every proxy of a fleet repeats; the record has the first."""


class Staging:
    """Tables as the embedded store has them, in memory, of one batch. For the connection that ships."""

    def __init__(self, rows: duckdb.DuckDBPyConnection, proxy: str) -> None:
        """Raises StoreError: the price books that hold cannot be read from the lake."""
        self._rows = rows
        self._proxy = proxy
        try:
            self._columns = {
                table: ", ".join(name for name, _ in shape)
                for table, shape in table_shapes().items()
                if table != OBJECTS
            }
            rows.execute("ATTACH ':memory:' AS facts")
            rows.execute("USE facts")
            for migration in migrations():
                rows.execute(migration.sql)
            # The books that acts brought before price what comes in late, as after a start of the embedded tables.
            names = ", ".join(column.name for column in columns_of("acts"))
            rows.execute(
                f"INSERT INTO acts ({names}) SELECT {names} FROM lake.acts WHERE proxy = ? AND kind = ?",  # noqa: S608
                [proxy, repricing.KIND],
            )
            self._ingest = Ingest(rows)
            rows.execute("DELETE FROM acts")
        except duckdb.Error as error:
            raise StoreError(f"a batch for the fleet cannot be made ready: {error}") from error

    def take(self, batch: FactBatch) -> None:
        """The rows of this batch and no other. Raises StoreError."""
        acts = tuple(act for act in batch.acts if not is_copy(act))
        try:
            for table in self._columns:
                self._rows.execute(f"DELETE FROM facts.{table}")  # noqa: S608  # our own names
            self._rows.begin()
            self._ingest.insert(replace(batch, acts=acts))
            self._rows.commit()
        except duckdb.Error as error:
            raise StoreError(f"a batch for the fleet cannot be made ready: {error}") from error

    def add_costs(self, costs: Sequence[CostFact]) -> None:
        """Further rows of this batch. Raises duckdb.Error."""
        columns = columns_of("costs")
        fields = [column.field or "" for column in columns]
        values = [[getattr(cost, field) for field in fields] for cost in costs]
        self._rows.register("more_costs", arrow_table(columns, values))
        names = ", ".join(column.name for column in columns)
        chosen = ", ".join(column.expression for column in columns)
        self._rows.execute(
            f"INSERT INTO facts.costs ({names}) SELECT {chosen} FROM more_costs"  # noqa: S608
        )
        self._rows.unregister("more_costs")

    def send(self) -> None:
        """Into the lake, within a transaction of it. Raises duckdb.Error."""
        for table, names in self._columns.items():
            (found,) = self._rows.execute(f"SELECT count(*) FROM facts.{table}").fetchall()  # noqa: S608
            if found[0]:  # an INSERT of nothing would still be a change of that table
                self._rows.execute(
                    f"INSERT INTO lake.{table} ({names}, proxy) SELECT {names}, ? FROM facts.{table}",  # noqa: S608
                    [self._proxy],
                )


def is_copy(act: ActFact) -> bool:
    """Whether another proxy's act was repeated here."""
    return act.kind in COPIED and act.actor == ACTOR


def books_in(batch: FactBatch) -> Iterator[ActFact]:
    """Acts that price again what was recorded before."""
    return (act for act in batch.acts if act.kind == repricing.KIND)
