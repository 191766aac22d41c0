"""A day's digest follows its rows, whatever their order, and the days that were asked for."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from proxy.reading.exporting.kept import OVER_TIME, digests, note_turns, rows_over_time
from proxy.reading.exporting.manifest import Scope
from tests.reading.exporting.exported import FIRST, PARQUET, SECOND

TABLES = {
    "observations": "id_hash UBIGINT, seen_at TIMESTAMP, interaction VARCHAR, previous_hash UBIGINT",
    "exchanges": "exchange VARCHAR, interaction VARCHAR",
    "acts": "kind VARCHAR, interaction VARCHAR, data VARCHAR",
    "holds": "interaction VARCHAR",
    "interactions": "id_hash UBIGINT, interaction VARCHAR, created_at TIMESTAMP",
    "erased_interactions": "interaction VARCHAR",
    "erased_exchanges": "exchange VARCHAR",
} | dict.fromkeys(("steps", "media", "usage", "costs"), "id_hash UBIGINT, exchange VARCHAR")


@pytest.fixture
def facts() -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables of these names, with what is looked at and nothing in them."""
    with duckdb.connect() as connection:
        for place in ("facts", "portion"):
            connection.execute(f"ATTACH ':memory:' AS {place}")
        connection.execute("CREATE SCHEMA facts.audit; CREATE SCHEMA portion.own")
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE facts.main.{name} ({columns})")
        for name, at in OVER_TIME.items():
            columns = f"{at} TIMESTAMP, exchange VARCHAR, interaction VARCHAR"
            connection.execute(f"CREATE TABLE facts.audit.{name} ({columns})")
        for number, day in enumerate((FIRST, FIRST, SECOND)):
            connection.execute(
                f"INSERT INTO facts.main.interactions VALUES ({number}, 'v{number}', '{day}')"
            )
            connection.execute(f"INSERT INTO facts.main.steps VALUES ({number}, 'x{number}')")
        connection.execute(f"INSERT INTO facts.audit.gaps VALUES ('{SECOND} 10:00', NULL, NULL)")
        yield connection


def asked(facts: duckdb.DuckDBPyConnection, scope: Scope = PARQUET) -> dict[str, dict[str, str]]:
    for name in ("gone", "gone_exchanges", "turns"):
        facts.execute(f"DROP TABLE IF EXISTS portion.own.{name}")
    note_turns(facts, scope)
    return digests(facts, scope)


def test_another_row_changes_its_day_and_no_other(facts: duckdb.DuckDBPyConnection) -> None:
    before = asked(facts)
    facts.execute("INSERT INTO facts.main.costs VALUES (1, 'x1')")
    after = asked(facts)

    assert {day: set(told) for day, told in before.items()} == {
        FIRST: {"turns"},
        SECOND: {"turns", "gaps"},
    }
    assert after[FIRST] != before[FIRST]
    assert after[SECOND] == before[SECOND]


def test_what_is_erased_counts_no_more(facts: duckdb.DuckDBPyConnection) -> None:
    before = asked(facts)
    facts.execute("INSERT INTO facts.main.erased_interactions VALUES ('v2')")

    assert asked(facts) == {FIRST: before[FIRST], SECOND: {"gaps": before[SECOND]["gaps"]}}


def test_only_the_days_that_were_asked_for_are_told(facts: duckdb.DuckDBPyConnection) -> None:
    assert list(asked(facts, Scope("parquet", since=SECOND))) == [SECOND]
    assert list(asked(facts, Scope("parquet", until=FIRST))) == [FIRST]
    assert "started_at >= DATE" in rows_over_time("exchanges", Scope("parquet", since=SECOND))
