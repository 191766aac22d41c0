from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.store.database import Database
from proxy.store.erasing.rewriting import (
    AGAIN_AFTER_NS,
    LATEST_NS,
    QUIET_NS,
    REST_FACTOR,
    SMALL_BYTES,
    Rewriting,
    mark_of,
)
from tests.store.samples import batch, recording, step

MARK = "feedfacecafebeef0000"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Rows with digests that were taken out of them by UPDATE."""
    path = tmp_path / "facts.duckdb"
    database = Database.open(path)
    macs = [f"{MARK}{number:04d}" for number in range(200)]
    steps = [step("model_output", chain_mac=mac) for mac in macs]
    database.ingest(batch(*(recording(n + 1, steps=(each,)) for n, each in enumerate(steps))))
    database.checkpoint()
    database.cursor().execute("UPDATE steps SET chain_mac = NULL")
    database.close()
    assert MARK.encode() in path.read_bytes()
    return path


def test_the_file_written_anew_has_no_trace_and_every_row(tables: Path) -> None:
    mark_of(tables).touch()
    database = Database.open(tables)

    assert database.checkpoint_if_due(1 << 62)

    assert MARK.encode() not in tables.read_bytes()
    assert not mark_of(tables).exists()
    cursor = database.cursor()
    assert cursor.execute("SELECT count(*) FROM steps").fetchone() == (200,)
    assert cursor.execute("SELECT count(*) FROM vault_position").fetchone() == (1,)
    cursor.close()
    database.ingest(batch(recording(300)))  # it goes on with the new file
    database.close()


def test_a_copy_that_was_made_before_the_file_was_written_anew_goes_with_the_old_one(
    tables: Path,
) -> None:
    mark_of(tables).touch()
    database = Database.open(tables)
    (tables.parent / "run").mkdir()
    copy = database.snapshot(tables.parent / "run" / "audit-1.duckdb")
    assert MARK.encode() in copy.read_bytes()

    assert database.checkpoint_if_due(1 << 62)

    assert not copy.exists()
    later = database.snapshot(copy)
    assert MARK.encode() not in later.read_bytes()
    database.close()


def test_what_a_rewriting_that_was_cut_off_left_goes_with_the_next(tables: Path) -> None:
    mark_of(tables).touch()
    for end in ("", ".wal"):
        tables.with_name(f"{tables.name}.fresh{end}").write_bytes(MARK.encode())
    database = Database.open(tables)

    assert database.checkpoint_if_due(1 << 62)

    database.close()
    left = [path for path in tables.parent.iterdir() if MARK.encode() in path.read_bytes()]
    assert left == []


def test_a_reader_postpones_it(tables: Path) -> None:
    mark_of(tables).touch()
    database = Database.open(tables)
    reader = database.cursor()

    database.checkpoint_if_due(1 << 62)
    assert mark_of(tables).exists()
    reader.close()
    database.checkpoint_if_due(1 << 62)

    assert not mark_of(tables).exists()
    database.close()


def test_the_next_one_waits_as_long_as_the_last_one_was_expensive(tmp_path: Path) -> None:
    rewriting = Rewriting(tmp_path / "facts.duckdb")
    assert not rewriting.is_due(0)

    rewriting.mark()

    assert rewriting.is_due(0)
    assert REST_FACTOR > 1


def test_a_large_file_waits_until_nobody_erases_any_more(tmp_path: Path) -> None:
    """While it is written anew the next erasure would wait for the tables."""
    path = tmp_path / "facts.duckdb"
    path.touch()
    os.truncate(path, SMALL_BYTES + 1)
    rewriting = Rewriting(path)
    rewriting.mark()
    now_ns = time.monotonic_ns()

    assert not rewriting.is_due(now_ns)
    assert rewriting.is_due(now_ns + QUIET_NS)
    os.truncate(path, SMALL_BYTES)
    assert rewriting.is_due(now_ns)


def test_a_large_file_does_not_wait_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    path.touch()
    os.truncate(path, SMALL_BYTES + 1)
    first, again = Rewriting(path), Rewriting(path)
    first.mark()

    assert first.is_due(time.monotonic_ns() + LATEST_NS)
    assert again.is_due(0)  # a recorder that was started again


def test_what_cannot_be_written_leaves_the_old_file_and_the_mark(tables: Path) -> None:
    before = tables.read_bytes()
    rewriting = Rewriting(tables)
    rewriting.mark()

    def refuse(_path: Path) -> duckdb.DuckDBPyConnection:
        raise duckdb.IOException("no room")

    with pytest.raises(StoreError, match="cannot write"):
        rewriting.run_if_marked(refuse, lambda _connection, _path: None)

    assert tables.read_bytes() == before
    assert mark_of(tables).exists()


def test_one_that_failed_is_not_tried_again_at_every_look(tables: Path) -> None:
    """The tables follow meanwhile: each failure would have them replayed."""
    rewriting = Rewriting(tables)
    rewriting.mark()

    def refuse(_path: Path) -> duckdb.DuckDBPyConnection:
        raise duckdb.IOException("no room")

    with pytest.raises(StoreError):
        rewriting.run_if_marked(refuse, lambda _connection, _path: None)

    now_ns = time.monotonic_ns()
    assert not rewriting.is_due(now_ns)
    assert rewriting.is_due(now_ns + 2 * AGAIN_AFTER_NS)
