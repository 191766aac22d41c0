"""Batches of facts, and a database that takes them as the recorder has it do."""

from __future__ import annotations

from pathlib import Path

from proxy.store.database import Database
from proxy.store.ingest import TABLES
from proxy.store.position import FactBatch
from tests.store.samples import batch, recording, step

BATCHES: tuple[FactBatch, ...] = tuple(
    batch(recording(n, interaction=f"v1_{n}", steps=(step("thought"),), total_tokens=n))
    for n in range(1, 9)
)


def rows_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    cursor = database.cursor()
    return {
        table: cursor.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES
    }


def replay(database: Database) -> None:
    """What the recorder does: everything behind the position, again."""
    for each in BATCHES:
        if each.position > database.position():
            database.ingest(each)


def filled(path: Path) -> dict[str, list[tuple[object, ...]]]:
    database = Database.open(path)
    replay(database)
    rows = rows_of(database)
    database.close()
    return rows
