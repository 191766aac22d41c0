from __future__ import annotations

import csv
import io
import json

import arro3.io
import duckdb
import pytest
from arro3.core import Array, DataType, Table

from proxy.store.asking.answer import Answer, answer
from proxy.store.asking.forms import MEDIA_TYPES, encoded, form_wanted, to_csv

EVERY_KIND = """
    SELECT
        TRUE AS bool, 1::UBIGINT AS whole, 2::HUGEINT AS huge, 1.5::DECIMAL(10, 2) AS money,
        'nan'::DOUBLE AS nan, 'é' AS text, DATE '2026-11-23' AS day,
        TIMESTAMP '2026-11-23 10:00:00.5' AS at, [1, 2] AS list, {'a': 1} AS struct,
        'ab'::BLOB AS bytes, INTERVAL 1 DAY AS span, NULL AS nothing,
        TIMESTAMPTZ '2026-11-23 10:00:00+00' AS zoned, uuid() IS NOT NULL AS same, 1 AS same,
        '=1+1' AS formula
"""


@pytest.fixture(scope="module")
def told() -> Answer:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return answer(connection, EVERY_KIND)


def test_json_has_each_kind_as_json_says_it(told: Answer) -> None:
    (row,) = json.loads(encoded(told.table, "json"))["rows"]
    (line,) = encoded(told.table, "jsonl").splitlines()

    assert json.loads(line) == row
    assert row == {
        "bool": True,
        "whole": 1,
        "huge": 2,
        "money": 1.5,
        "nan": None,
        "text": "é",
        "day": "2026-11-23",
        "at": "2026-11-23T10:00:00.500000Z",
        "list": [1, 2],
        "struct": "{'a': 1}",
        "bytes": "ab",
        "span": "1 day",
        "nothing": None,
        "zoned": "2026-11-23 10:00:00+00",
        "same": True,
        "same_2": 1,
        "formula": "=1+1",
    }


def test_a_spreadsheet_runs_no_cell(told: Answer) -> None:
    header, row = encoded(told.table, "csv").decode().splitlines()

    assert header.startswith("bool,whole,huge")
    assert row.endswith(",'=1+1")
    assert '"[1,2]"' in row


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_no_rows_are_an_answer_too(form: str) -> None:
    empty = answer(duckdb.connect(), "SELECT 1 AS a WHERE FALSE")

    assert encoded(empty.table, form) or form == "jsonl"


def test_arrow_and_parquet_are_read_by_others(told: Answer) -> None:
    arrow = arro3.io.read_ipc_stream(io.BytesIO(encoded(told.table, "arrow"))).read_all()
    parquet = arro3.io.read_parquet(io.BytesIO(encoded(told.table, "parquet"))).read_all()

    assert arrow.column_names == parquet.column_names == told.table.column_names
    assert arrow.num_rows == parquet.num_rows == 1


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("text/html, application/vnd.apache.arrow.stream;q=0.9", "arrow"),
        ("application/vnd.apache.parquet", "parquet"),
        ("text/html", None),
    ],
)
def test_accept_chooses(accept: str, form: str | None) -> None:
    assert form_wanted(accept) == form


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_and_no_heading_is_run_by_a_spreadsheet(start: str) -> None:
    heading = f"{start}cmd|x"
    table = Table.from_arrays([Array([start + "1"], type=DataType.string())], names=[heading])

    cells = [row[0] for row in csv.reader(io.StringIO(to_csv(table).decode(), newline=""))]

    assert cells == ["'" + heading, "'" + start + "1"]
