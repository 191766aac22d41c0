"""Rows keep their types in both forms, and no row makes no file."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from proxy.reading.exporting.files import write_rows
from proxy.reading.exporting.targets import Folder

SQL = "SELECT 12345678901234567890123::HUGEINT AS pico, ['a', NULL] AS reasons, TIMESTAMP '2026-09-21 10:00:00' AS at"


def test_a_parquet_file_holds_exact_numbers_lists_and_instants(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with duckdb.connect() as plain:
        written = write_rows(plain, SQL, "parquet", lambda: folder.new("a"))
        again = plain.execute(
            f"SELECT *, typeof(pico) FROM read_parquet('{tmp_path}/a')"
        ).fetchone()
        asked = plain.execute(SQL).fetchone()

    assert written is not None
    assert (written[0], written[1].size) == (1, (tmp_path / "a").stat().st_size)
    assert again is not None
    assert asked is not None
    assert (int(again[0]), *again[1:]) == (*asked, "DECIMAL(38,0)")


def test_a_line_of_json_says_the_same(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with duckdb.connect() as plain:
        assert write_rows(plain, SQL, "jsonl", lambda: folder.new("a")) is not None

    assert json.loads((tmp_path / "a").read_text("utf-8")) == {
        "pico": 12345678901234567890123,
        "reasons": ["a", None],
        "at": "2026-09-21T10:00:00Z",
    }


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_no_rows_make_no_file(kind: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with duckdb.connect() as plain:
        assert write_rows(plain, f"{SQL} LIMIT 0", kind, lambda: folder.new("a")) is None

    assert folder.names() == []
