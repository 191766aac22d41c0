from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.store.database import IDLE_NS, Database, Limits, attach
from proxy.store.position import VAULT_START, VaultPosition
from proxy.store.schema import migrations
from tests import ready_tables
from tests.ready_tables import Attach
from tests.store.replayed import BATCHES, replay, rows_of
from tests.store.samples import batch, recording, step


@pytest.mark.usefixtures("made_here")
def test_a_new_file_stands_at_the_start_of_the_vault(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "facts.duckdb")

    assert database.position() == VAULT_START
    database.close()


def test_a_new_file_has_what_the_copy_has_that_other_tests_begin_with(
    tmp_path: Path, made_here: Attach
) -> None:
    copied, made = tmp_path / "copied.duckdb", tmp_path / "made.duckdb"
    ready_tables.lay(copied)
    Database.open(made).close()

    roots = [made_here(path, Limits()) for path in (copied, made)]

    for question in (
        "SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL",
        "SELECT view_name, sql FROM duckdb_views() ORDER BY ALL",
        "SELECT function_name, macro_definition FROM duckdb_functions() ORDER BY ALL",
        *("FROM migrations", "FROM views_made", "FROM vault_position"),
    ):
        assert roots[0].execute(question).fetchall() == roots[1].execute(question).fetchall()
    for root in roots:
        root.close()


def test_rows_and_position_survive_a_reopening(database: Database) -> None:
    database.ingest(BATCHES[0])
    before = rows_of(database)
    database.close()

    again = Database.open(database.path)

    assert again.position() == BATCHES[0].position
    assert rows_of(again) == before
    again.close()


def test_a_batch_taken_twice_changes_nothing(database: Database) -> None:
    database.ingest(BATCHES[0])
    once = rows_of(database)

    assert database.ingest(BATCHES[0]) == 0

    assert rows_of(database) == once


def test_a_failing_batch_leaves_no_row_and_the_database_goes_on(database: Database) -> None:
    database.ingest(BATCHES[0])
    before = rows_of(database)
    database.cursor().execute("ALTER TABLE usage ALTER tokens TYPE TINYINT")

    with pytest.raises(StoreError, match="taking a batch"):
        database.ingest(batch(recording(2, interaction="v1_2", total_tokens=500)))

    database.cursor().execute("ALTER TABLE usage ALTER tokens TYPE BIGINT")
    assert rows_of(database) == before
    assert database.ingest(BATCHES[1]) > 0


def test_a_newer_format_is_refused_with_advice(database: Database) -> None:
    database.cursor().execute("INSERT INTO migrations VALUES (9999, 'from_the_future')")
    database.close()

    with pytest.raises(StoreError, match=r"newer release \(format 9999.*move the file away"):
        Database.open(database.path)


def test_migrations_are_numbered_without_a_hole() -> None:
    assert [each.number for each in migrations()] == list(range(1, len(migrations()) + 1))


def test_no_index_and_no_constraint_is_ever_made(database: Database) -> None:
    cursor = database.cursor()

    assert cursor.execute("SELECT index_name FROM duckdb_indexes()").fetchall() == []
    assert cursor.execute("SELECT table_name FROM duckdb_constraints()").fetchall() == []


def test_a_file_that_is_no_database_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "facts.duckdb").write_bytes(b"nonsense" * 4096)

    with pytest.raises(StoreError, match="move it away and it is rebuilt"):
        Database.open(tmp_path / "facts.duckdb")


@pytest.mark.usefixtures("made_here")
@pytest.mark.parametrize("size", [0, 100, 4096, 8192, 12_288])
@pytest.mark.parametrize("is_blank", [True, False], ids=["zeros", "begun"])
def test_a_database_whose_making_was_cut_off_is_made_again(
    tmp_path: Path, size: int, *, is_blank: bool
) -> None:
    """Seen on a full disk: DuckDB refused its own beginning for ever after."""
    path = tmp_path / "facts.duckdb"
    Database.open(path).close()
    content = bytes(size) if is_blank else path.read_bytes()[:size]
    path.write_bytes(content)

    database = Database.open(path)

    assert database.position() == VAULT_START
    assert len(database.take_repairs()) == 1
    database.close()


def test_another_process_is_told_who_has_the_file(database: Database) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from proxy.errors import StoreError\n"
        "from proxy.store.database import Database\n"
        "try: Database.open(Path(sys.argv[1]))\n"
        "except StoreError as error: print(error)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code, str(database.path)], check=True, capture_output=True, text=True
    )

    assert "is open in another process (is a recorder running?)" in ended.stdout


def test_a_snapshot_is_complete_and_can_be_opened_beside_the_recorder(
    database: Database, tmp_path: Path
) -> None:
    replay(database)
    snapshot = database.snapshot(tmp_path / "snapshot-1.duckdb")

    reader = attach(snapshot, Limits(), read_only=True)

    assert reader.execute("SELECT count(*) FROM exchanges").fetchall() == [(len(BATCHES),)]
    with pytest.raises(duckdb.Error, match="read-only"):
        reader.execute("DELETE FROM exchanges")
    reader.close()


def test_a_snapshot_is_complete_while_a_reader_keeps_the_checkpoint_away(
    database: Database, tmp_path: Path
) -> None:
    replay(database)
    busy = database.cursor()
    busy.begin()
    busy.execute("SELECT count(*) FROM steps").fetchall()
    database.ingest(batch(offset=10**9))

    snapshot = database.snapshot(tmp_path / "snapshot-1.duckdb")
    busy.rollback()

    reader = attach(snapshot, Limits(), read_only=True)
    assert reader.execute("SELECT byte_offset FROM vault_position").fetchall() == [(10**9,)]
    reader.close()


def test_a_snapshot_takes_no_wal_that_an_earlier_one_of_its_name_left(
    database: Database, tmp_path: Path
) -> None:
    """Who deletes the copy alone leaves its WAL, which DuckDB then takes for the next one's, and refuses both."""
    replay(database)
    with closing(database.cursor()) as busy:
        busy.begin()
        busy.execute("SELECT count(*) FROM steps").fetchall()
        database.ingest(batch(offset=10**9))
        earlier = database.snapshot(tmp_path / "snapshot-1.duckdb")
        assert earlier.with_name(earlier.name + ".wal").exists()
        earlier.unlink()
        busy.rollback()

    snapshot = database.snapshot(earlier)

    with closing(attach(snapshot, Limits(), read_only=True)) as reader:
        found = reader.execute("SELECT byte_offset FROM vault_position").fetchall()
    assert found == [(10**9,)]


def test_a_checkpoint_is_due_once_idle_for_long_enough(database: Database) -> None:
    database.checkpoint()
    database.ingest(BATCHES[0])

    assert not database.checkpoint_if_due(5)
    assert not database.checkpoint_if_due(5 + IDLE_NS - 1)
    assert database.checkpoint_if_due(5 + IDLE_NS)
    assert database.wal_bytes() == 0
    assert not database.checkpoint_if_due(5 + 3 * IDLE_NS)


def test_news_make_the_idle_time_start_again(database: Database) -> None:
    database.ingest(BATCHES[0])
    database.checkpoint_if_due(5)
    database.ingest(BATCHES[1])

    assert not database.checkpoint_if_due(5 + IDLE_NS)


def test_after_many_rows_the_file_is_opened_again_and_nothing_is_missing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What DuckDB knows of what it wrote would stay in memory for ever."""
    monkeypatch.setattr("proxy.store.database.RENEW_ROWS", 3)
    database.ingest(BATCHES[0])
    before = database.cursor()
    assert database.checkpoint_if_due(5)
    assert before.execute("SELECT count(*) FROM exchanges").fetchall() == [(1,)], "it was lent"
    before.close()
    database.ingest(BATCHES[1])

    assert database.checkpoint_if_due(6)
    assert not database.checkpoint_if_due(7)
    database.ingest(BATCHES[2])

    assert database.position() == BATCHES[2].position
    assert len(rows_of(database)["exchanges"]) == 3


def test_the_file_is_not_opened_again_while_it_is_open(database: Database) -> None:
    """A reader at work may keep an instance alive that was closed; two on one file would destroy it."""
    database.ingest(BATCHES[0])
    database.close()

    with database.path.open("rb"), pytest.raises(StoreError, match="a reader still has"):
        database.position()

    assert database.position() == BATCHES[0].position


def test_a_reader_sees_whole_batches_only(database: Database) -> None:
    reader = database.cursor()
    reader.begin()
    before = reader.execute("SELECT count(*) FROM exchanges").fetchall()

    database.ingest(BATCHES[0])

    assert reader.execute("SELECT count(*) FROM exchanges").fetchall() == before
    reader.rollback()
    assert reader.execute("SELECT count(*) FROM exchanges").fetchall() == [(1,)]
    assert database.position() > VaultPosition("", 0)


def test_a_file_of_the_first_format_is_brought_up_with_its_rows(
    tmp_path: Path, made_here: Attach
) -> None:
    path = tmp_path / "facts.duckdb"
    first = migrations()[0]
    root = made_here(path, Limits())
    root.execute("CREATE TABLE migrations (number BIGINT, name VARCHAR)")
    root.execute(first.sql)
    root.execute("INSERT INTO migrations VALUES (?, ?)", [first.number, first.name])
    root.execute("INSERT INTO steps (exchange, type) VALUES ('x', 'thought')")
    root.execute("CREATE VIEW old AS SELECT type FROM steps")
    root.close()

    database = Database.open(path)
    database.ingest(batch(recording(1, steps=(step("model_output", annotation_count=2),))))

    rows = database.cursor().execute("SELECT type, annotation_count FROM steps ORDER BY ALL")
    assert rows.fetchall() == [("model_output", 2), ("thought", None)]
    database.close()
