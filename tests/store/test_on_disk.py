from __future__ import annotations

from pathlib import Path

from proxy.store.database import Database
from proxy.store.on_disk import LEAST_BYTES, is_open_here, is_unborn, spill_folder


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
    spilled = spill_folder(path) / "duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir()
    spilled.write_bytes(b"digests")

    Database.open(path).close()

    assert not spilled.exists()
