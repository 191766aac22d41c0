from __future__ import annotations

from pathlib import Path

from proxy.store.erasing.copies import sweep


def test_copies_of_the_tables_go_and_everything_else_stays(tmp_path: Path) -> None:
    copies = [
        "run/snapshot-3.duckdb",
        "run/snapshot-3.duckdb.wal",
        "run/sandbox/audit-1.duckdb",
        "facts.duckdb.wal.damaged-1",
    ]
    others = ["facts.duckdb", "facts.duckdb.wal", "vault/20260921-000001", "run/recorder.lock"]
    for name in (*copies, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert sorted(sweep(tmp_path)) == sorted(copies)

    assert all((tmp_path / name).exists() for name in others)
    assert sweep(tmp_path) == []


def test_a_folder_beside_a_copy_goes_with_all_in_it(tmp_path: Path) -> None:
    spilled = tmp_path / "run" / "snapshot-1.duckdb.tmp" / "duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir(parents=True)
    spilled.touch()

    assert sweep(tmp_path) == ["run/snapshot-1.duckdb.tmp"]

    assert not spilled.parent.exists()


def test_tables_that_are_being_written_anew_stay(tmp_path: Path) -> None:
    under_way = [tmp_path / f"facts.duckdb.fresh{end}" for end in ("", ".wal")]
    for path in under_way:
        path.touch()

    assert sweep(tmp_path) == []

    assert all(path.exists() for path in under_way)
