"""The schema is brought up step by step; views are made when they are not those of this release."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.store.schema import bring_up, migrations, views_sql

PATH = Path("facts.duckdb")


@pytest.fixture
def root() -> duckdb.DuckDBPyConnection:
    found = duckdb.connect()
    found.execute("ATTACH ':memory:' AS facts; USE facts")
    bring_up(found, PATH)
    return found


def test_steps_are_numbered_without_a_hole() -> None:
    assert [each.number for each in migrations()] == list(range(1, len(migrations()) + 1))


def test_all_steps_and_views_are_there_and_a_second_time_changes_nothing(
    root: duckdb.DuckDBPyConnection,
) -> None:
    bring_up(root, PATH)

    done = root.execute("SELECT number FROM migrations").fetchall()
    assert done == [(each.number,) for each in migrations()]
    assert root.execute("SELECT count(*) FROM interactions").fetchall() == [(0,)]


def test_views_of_another_release_are_made_anew(root: duckdb.DuckDBPyConnection) -> None:
    root.execute("CREATE OR REPLACE VIEW drift AS SELECT 1 AS old")
    root.execute("UPDATE views_made SET digest = 'of another release'")

    bring_up(root, PATH)

    columns = [each[0] for each in root.execute("SELECT * FROM drift LIMIT 0").description]
    assert columns != ["old"]
    assert "CREATE OR REPLACE VIEW drift" in views_sql()


def test_tables_of_a_newer_release_are_refused(root: duckdb.DuckDBPyConnection) -> None:
    root.execute("INSERT INTO migrations VALUES (9999, 'later')")

    with pytest.raises(StoreError, match="newer release"):
        bring_up(root, PATH)
