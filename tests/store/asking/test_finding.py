from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from proxy.store.asking.finding import SORTS, Wanted, facets_of, page_of, summary_of
from proxy.store.database import Database
from tests.store.samples import batch, recording, step

SINCE, UNTIL = dt.datetime(2026, 9, 1), dt.datetime(2026, 10, 1)  # noqa: DTZ001  # as the tables have them


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path: Path = tmp_path_factory.mktemp("finding") / "facts.duckdb"
    database = Database.open(path)
    database.ingest(
        batch(
            recording(1, model="flash", status="completed", is_terminal=True, total_tokens=15),
            recording(2, interaction="v1_two", seconds=5, agent="deep", total_tokens=70),
            recording(3, interaction="v1_three", seconds=9, status="failed", error_code="odd"),
            recording(
                4, interaction="v1_four", seconds=11, steps=(step("function_call", name="f"),)
            ),
        )
    )
    yield database.cursor()
    database.close()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["v1_four", "v1_three", "v1_two", "v1_one"]),
        ({"status": "completed"}, ["v1_one"]),
        ({"status": "unknown"}, ["v1_four", "v1_two"]),
        ({"model": "deep"}, ["v1_two"]),
        ({"kind": "failed"}, ["v1_three"]),
        ({"kind": "agent"}, ["v1_two"]),
        ({"kind": "open"}, ["v1_four", "v1_three", "v1_two"]),
        ({"error": "odd"}, ["v1_three"]),
        ({"tool": "f"}, ["v1_four"]),
        ({"tool": "function_call"}, ["v1_four"]),
        ({"tokens_min": 16}, ["v1_two"]),
        ({"tokens_max": 16}, ["v1_one"]),
        ({"words": "v1_t"}, ["v1_three", "v1_two"]),
        ({"words": "FLA"}, ["v1_one"]),
        ({"cost_min": 0.0}, []),
        ({"slower_s": 2.0}, []),
        ({"client": "x"}, []),
        ({"store": "inherited", "until": dt.datetime(2026, 9, 21, 14, 13, 21)}, ["v1_one"]),  # noqa: DTZ001
        ({"words": "'; DROP TABLE steps; --"}, []),
    ],
)
def test_each_filter_narrows(
    cursor: duckdb.DuckDBPyConnection, given: dict[str, Any], names: list[str]
) -> None:
    wanted = Wanted(**({"since": SINCE, "until": UNTIL} | given))

    found = page_of(cursor, wanted, "created", 10, 0)

    assert [row["interaction"] for row in found] == names
    assert summary_of(cursor, wanted)["count"] == len(names)


def test_every_order_takes_all_and_pages_join_up(cursor: duckdb.DuckDBPyConnection) -> None:
    wanted = Wanted(since=SINCE, until=UNTIL)
    for sort in SORTS:
        pages = [page_of(cursor, wanted, sort, 1, offset) for offset in range(5)]
        assert len({row["interaction"] for page in pages for row in page}) == 4
    assert [row["total_tokens"] for row in page_of(cursor, wanted, "tokens", 2, 0)] == [70, 15]


def test_what_there_is_to_filter_by(cursor: duckdb.DuckDBPyConnection) -> None:
    told = facets_of(cursor, Wanted(since=SINCE, until=UNTIL))

    assert {each["value"] for each in told["model"]} == {"flash", "deep"}
    assert told["error"] == [{"value": "odd", "count": 1}]
    assert told["tool"] == [{"value": "f", "count": 1}]


def test_the_spans_of_the_histogram_add_up(cursor: duckdb.DuckDBPyConnection) -> None:
    told = summary_of(cursor, Wanted(since=SINCE, until=UNTIL))

    assert sum(each["count"] for each in told["buckets"]) == told["count"] == 4
    assert (told["tokens"], told["failed_count"]) == (85, 1)
