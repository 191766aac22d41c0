from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from proxy.store.database import Database, Limits
from proxy.store.on_disk import (
    LEAST_BYTES,
    is_open_here,
    is_unborn,
    new_spill_folder,
    spill_folders,
)

_BATCHES: Final = 40
_BATCH: Final = 5_000
"""Rows; fewer than a row group, so all of them stand in the WAL."""


def test_a_file_is_open_here_as_long_as_anybody_in_this_process_has_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    link = tmp_path / "link"
    link.symlink_to(path)

    assert not is_open_here(path)
    with path.open("rb"):
        assert is_open_here(path)
        assert is_open_here(link)
    assert not is_open_here(path)


def test_a_file_that_does_not_exist_is_not_open(tmp_path: Path) -> None:
    assert not is_open_here(tmp_path / "none")


def test_a_file_of_which_only_the_beginning_was_made_is_unborn(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    assert not is_unborn(path)

    path.write_bytes(bytes(100))
    assert is_unborn(path)
    path.write_bytes(bytes(8) + b"DUCK" + bytes(4096))
    assert is_unborn(path)
    path.write_bytes(b"something else")
    assert not is_unborn(path)
    path.write_bytes(bytes(LEAST_BYTES))
    assert not is_unborn(path)


def test_what_a_killed_process_spilled_goes_when_the_tables_are_opened(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    Database.open(path).close()
    spilled = new_spill_folder(path)
    spilled.mkdir()
    (spilled / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"digests")
    neighbour = new_spill_folder(path.with_name("fresh.duckdb"))
    neighbour.mkdir()

    Database.open(path).close()

    assert spill_folders(path) == []
    assert neighbour.exists()


def test_tables_whose_wal_does_not_fit_the_memory_are_opened_and_spill_afterwards(
    tmp_path: Path,
) -> None:
    """Replaying it spills before it is known whose the file is: that folder is not a killed process's."""
    alive, killed = tmp_path / "facts.duckdb", tmp_path / "after" / "facts.duckdb"
    killed.parent.mkdir()
    database = Database.open(alive, Limits(memory_mib=512))
    cursor = database.cursor()
    cursor.execute("CREATE TABLE many (number BIGINT, digest VARCHAR, again VARCHAR)")
    for batch in range(_BATCHES):
        cursor.execute(
            "INSERT INTO many SELECT i, sha256(i::VARCHAR), sha256(i::VARCHAR) FROM range(?, ?) r(i)",
            [batch * _BATCH, (batch + 1) * _BATCH],
        )
    for suffix in ("", ".wal"):
        shutil.copyfile(f"{alive}{suffix}", f"{killed}{suffix}")
    of_the_killed = new_spill_folder(killed)
    of_the_killed.mkdir()
    database.close()

    opened = Database.open(killed, Limits(memory_mib=32))

    assert not of_the_killed.exists()
    assert spill_folders(killed), "the replay did not spill: more rows are needed"
    (row,) = opened.cursor().execute("SELECT count(DISTINCT digest) FROM many").fetchall()
    assert row == (_BATCHES * _BATCH,)
    opened.close()
    assert spill_folders(killed) == []
