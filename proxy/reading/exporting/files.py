"""Rows of a statement as the bytes of one file: Parquet, or JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from typing import TYPE_CHECKING, Final, cast

import duckdb
from arro3.core import RecordBatch, RecordBatchReader
from arro3.io import write_parquet

from proxy.reading.sql import FETCH_ROWS, json_line
from proxy.store.asking.answer import quoted

if TYPE_CHECKING:
    from typing import IO

    from proxy.reading.exporting.targets import Sink

PARQUET: Final = "parquet"
JSONL: Final = "jsonl"
KINDS: Final = (PARQUET, JSONL)
GROUP_ROWS: Final = 65_536
"""Of a row group: what a reader has of a file at once."""
COMPRESSION: Final = "zstd(3)"

_AS: Final = {"HUGEINT": "DECIMAL(38,0)", "JSON": "VARCHAR"}
"""Types that Parquet has no word for."""


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    kind: str,
    new: Callable[[], AbstractContextManager[Sink]],
) -> tuple[int, Sink] | None:
    """Write all rows into the file that `new` begins; None: there are none, and no file. Instants are UTC.

    Raises:
        duckdb.Error: the statement fails.
        OSError: the target refuses.
    """
    if kind == JSONL:
        return _write_lines(connection, sql, new)
    relation = connection.sql(sql)
    columns = ", ".join(
        f"{quoted(name)}::{_AS[str(told)]} AS {quoted(name)}" if str(told) in _AS else quoted(name)
        for name, told in zip(relation.columns, relation.types, strict=True)
    )
    batches = RecordBatchReader.from_arrow(relation.project(columns))
    schema = batches.schema
    first = next((batch for batch in batches if batch.num_rows), None)
    if first is None:
        return None
    count = 0

    def counted() -> Iterator[RecordBatch]:
        nonlocal count
        for batch in chain([first], batches):
            count += batch.num_rows
            yield batch

    with new() as sink:
        write_parquet(
            RecordBatchReader.from_batches(schema, counted()),
            cast("IO[bytes]", sink),  # what of a file it needs
            compression=COMPRESSION,
            max_row_group_size=GROUP_ROWS,
        )
    return count, sink


def _write_lines(
    connection: duckdb.DuckDBPyConnection, sql: str, new: Callable[[], AbstractContextManager[Sink]]
) -> tuple[int, Sink] | None:
    result = connection.execute(sql)
    names = [each[0] for each in result.description]
    rows = result.fetchmany(FETCH_ROWS)
    if not rows:
        return None
    count = 0
    with new() as sink:
        while rows:
            count += len(rows)
            sink.write("".join(json_line(names, row) + "\n" for row in rows).encode())
            rows = result.fetchmany(FETCH_ROWS)
    return count, sink
