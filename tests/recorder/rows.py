"""All rows of all tables, to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proxy.store.database import Database
from proxy.store.ingest import TABLES

Rows = list[tuple[Any, ...]]


def all_rows(data_folder: Path) -> dict[str, Rows]:
    """By table; each sorted."""
    database = Database.open(data_folder / "facts.duckdb")
    try:
        cursor = database.cursor()
        return {
            table: sorted(cursor.execute(f"FROM {table}").fetchall(), key=repr) for table in TABLES
        }
    finally:
        database.close()
