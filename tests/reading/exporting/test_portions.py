"""A day with many rows is asked for in portions, each row in one of them."""

from __future__ import annotations

import duckdb
import pytest

from proxy.reading.exporting import portions
from proxy.reading.exporting.kept import OF_TURNS, TURNS
from proxy.reading.exporting.portions import portions_over_time, views_of
from tests.reading.exporting.exported import FIRST, PARQUET, SECOND


def test_each_row_of_a_day_is_in_one_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "ROWS_MAX", 10)
    with duckdb.connect() as facts:
        facts.execute("ATTACH ':memory:' AS facts; CREATE SCHEMA facts.audit")
        facts.execute(
            "CREATE TABLE facts.audit.acts AS SELECT i, TIMESTAMP '2026-09-21' + to_minutes(i * 30) AS seen_at "
            "FROM range(72) AS t(i)"
        )
        rows = [
            facts.execute(portion.sql).fetchall()
            for portion in portions_over_time(facts, "acts", FIRST, PARQUET)
        ]
        rest = list(portions_over_time(facts, "acts", SECOND, PARQUET))
        nothing = list(portions_over_time(facts, "acts", "2026-09-30", PARQUET))

    assert len(rows) == 5
    assert sorted(number for portion in rows for number, _ in portion) == list(range(48))
    assert (len(rest), nothing) == (3, [])


def test_the_views_over_interactions_are_made_together() -> None:
    assert views_of(TURNS) == OF_TURNS
    assert views_of("gaps") == ("gaps",)
