"""An answer as bytes: JSON, JSON lines, CSV, Arrow IPC stream, Parquet."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import decimal
import io
import math
from collections.abc import Iterator
from typing import Any, Final

import orjson
from arro3.core import Table
from arro3.io import write_ipc_stream, write_parquet

MEDIA_TYPES: Final = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
"""By the name of the form."""

EXACT_MAX: Final = 2**53 - 1
"""Larger whole numbers (hashes) go as text: JavaScript would round them."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet runs; the last four are = + - @ in full width."""


def form_wanted(accept: str) -> str | None:
    """The form that an Accept header asks for; JSON where anything will do; None: one we have not."""
    if not accept.strip():
        return "json"
    by_type = {media: form for form, media in MEDIA_TYPES.items()}
    for part in accept.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in {"*/*", "application/*"}:
            return "json"
        if media in by_type:
            return by_type[media]
    return None


def encoded(table: Table, form: str, *, is_cut: bool = False) -> bytes:
    """The whole table in one of MEDIA_TYPES. `is_cut`: there were more rows; JSON says so."""
    match form:
        case "csv":
            return to_csv(table)
        case "jsonl":
            return b"".join(orjson.dumps(row) + b"\n" for row in rows(table))
        case "arrow":
            sink = io.BytesIO()
            write_ipc_stream(table, sink, compression=None)
            return sink.getvalue()
        case "parquet":
            sink = io.BytesIO()
            write_parquet(table, sink, compression="zstd(1)")
            return sink.getvalue()
        case _:
            return orjson.dumps({"rows": list(rows(table)), "is_cut": is_cut})


def rows(table: Table) -> Iterator[dict[str, Any]]:
    """Each row as JSON takes it. Instants are UTC and say so; bytes are base64."""
    names = table.column_names
    for row in _values(table):
        yield {name: json_value(value) for name, value in zip(names, row, strict=True)}


def to_csv(table: Table) -> bytes:
    """With a header; a cell that a spreadsheet would run as a formula gets a quote before it."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow([_csv_text(name) for name in table.column_names])
    for row in _values(table):
        writer.writerow([_csv_value(value) for value in row])
    return sink.getvalue().encode("utf-8", "backslashreplace")


def json_value(value: Any) -> Any:
    """A value of Arrow, DuckDB or Python as JSON has it."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= EXACT_MAX else str(value)
        case float() | decimal.Decimal():
            return float(value) if math.isfinite(value) else None
        case dt.datetime():
            return value.isoformat() + "Z"
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode("ascii")
        case list() | tuple():
            return [json_value(each) for each in value]
        case dict():
            return {str(key): json_value(each) for key, each in value.items()}
        case _:
            return str(value)


def _values(table: Table) -> Iterator[tuple[Any, ...]]:
    columns = [table.column(place).to_pylist() for place in range(table.num_columns)]
    return zip(*columns, strict=True)


def _csv_value(value: Any) -> Any:
    told = json_value(value)
    if told is None:
        return ""
    if isinstance(told, (bool, int, float)):
        return told
    return _csv_text(told if isinstance(told, str) else orjson.dumps(told).decode())


def _csv_text(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA) else text
