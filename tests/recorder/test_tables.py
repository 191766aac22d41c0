from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.recorder import tables as tables_module
from proxy.recorder.tables import (
    QUEUE_EXCHANGES_MAX,
    TablesFollower,
    joined,
    portions,
    rows_of,
)
from proxy.store.copying import remove_tables
from proxy.store.database import Database
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.store.queries import TablesReader
from tests.journal.written import WAIT_S, living, still_ns, write_journal
from tests.recorder.played import Scene, whole


@dataclass(slots=True)
class Failing:
    """Fails as often as asked, in the ways a database fails; then it is the real one."""

    database: Database
    failures: list[StoreError] = field(default_factory=list)

    def position(self) -> VaultPosition:
        return self.database.position()

    def ingest(self, batch: FactBatch) -> int:
        if self.failures:
            raise self.failures.pop()
        return self.database.ingest(batch)

    def checkpoint_if_due(self, mono_ns: int) -> bool:
        return self.database.checkpoint_if_due(mono_ns)

    def snapshot(self, target: Path) -> Path:
        if self.failures:
            raise self.failures.pop()
        return self.database.snapshot(target)

    def reader(self) -> TablesReader:
        return self.database.reader()

    def close(self) -> None:
        self.database.close()


def follower(
    scene: Scene, failures: list[StoreError] | None = None, *, batch_rows: int = 50
) -> TablesFollower:
    file = scene.folder / "facts.duckdb"
    failing = failures if failures is not None else []
    return TablesFollower(
        lambda: Failing(Database.open(file), failing),
        lambda: remove_tables(file),
        scene.reader,
        batch_rows=batch_rows,
        batch_ms=1,
        mono_ns=still_ns,
    )


@contextmanager
def running(tables: TablesFollower) -> Iterator[TablesFollower]:
    thread = threading.Thread(target=tables.run)
    thread.start()
    try:
        yield tables
    finally:
        tables.stop()
        thread.join(WAIT_S)
    assert not thread.is_alive()


def reached(future: Future[VaultPosition]) -> VaultPosition:
    return future.result(WAIT_S)


def rows(scene: Scene, sql: str = "SELECT exchange FROM exchanges ORDER BY ALL") -> list[object]:
    database = Database.open(scene.folder / "facts.duckdb")
    try:
        return [row[0] for row in database.cursor().execute(sql).fetchall()]
    finally:
        database.close()


def recorded(scene: Scene, count: int = 3) -> list[FactBatch]:
    write_journal(scene.folder, [whole(number) for number in range(1, count + 1)])
    scene.pipeline().catch_up()
    return scene.handed


def test_tables_that_are_missing_are_made_from_the_vault(scene: Scene) -> None:
    (batch,) = recorded(scene)

    with running(follower(scene)) as tables:
        reached(tables.reach(batch.position))

    assert len(rows(scene)) == 3


def test_what_is_offered_and_replayed_is_there_once(scene: Scene) -> None:
    (batch,) = recorded(scene)
    tables = follower(scene)

    tables.offer(batch)
    with running(tables):
        reached(tables.reach(batch.position))
        tables.offer(batch)

    assert len(rows(scene)) == 3
    assert tables.status().position == batch.position
    assert tables.status().problem is None


def test_a_database_that_fails_is_opened_again_and_replayed(scene: Scene) -> None:
    (batch,) = recorded(scene)
    tables = follower(scene, [StoreError("the disk is full"), StoreError("again")])

    with running(tables):
        tables.offer(batch)
        reached(tables.reach(batch.position))

    assert len(rows(scene)) == 3


def test_a_queue_that_grows_too_long_is_dropped_and_replayed(scene: Scene) -> None:
    (batch,) = recorded(scene)
    tables = follower(scene)
    many = FactBatch(batch.exchanges * QUEUE_EXCHANGES_MAX, (), (), batch.position)

    tables.offer(many)
    queued = tables.status().queued_count
    with running(tables):
        reached(tables.reach(batch.position))

    assert queued == 0
    assert len(rows(scene)) == 3


def test_tables_of_another_vault_are_made_anew(scene: Scene) -> None:
    (batch,) = recorded(scene)
    other = Database.open(scene.folder / "facts.duckdb")
    other.ingest(FactBatch(batch.exchanges, (), (), VaultPosition("20990101-000001", 7)))
    other.close()

    with running(follower(scene)) as tables:
        tables.offer(batch)
        reached(tables.reach(VAULT_START))
        reached(tables.reach(batch.position))

    assert len(rows(scene)) == 3


def test_a_snapshot_has_what_was_reached(scene: Scene, tmp_path: Path) -> None:
    (batch,) = recorded(scene)
    target = tmp_path / "copy.duckdb"

    with running(follower(scene)) as tables:
        reached(tables.reach(batch.position, target))

    copy = Database.open(target)
    assert copy.position() == batch.position
    copy.close()


def test_a_snapshot_that_fails_says_so_to_who_asked(scene: Scene, tmp_path: Path) -> None:
    recorded(scene)
    failing: list[StoreError] = []
    tables = follower(scene, failing)

    with running(tables):
        reached(tables.reach(VAULT_START))
        failing.append(StoreError("the disk is full"))
        asked = tables.reach(VAULT_START, tmp_path / "copy.duckdb")
        with pytest.raises(StoreError, match="full"):
            reached(asked)


def test_a_copy_for_which_there_is_no_room_leaves_the_tables_as_they_are(
    scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(scene)
    tables = follower(scene)
    (tmp_path / "there").touch()

    with running(tables):
        reached(tables.reach(VAULT_START))
        with pytest.raises(StoreError, match="cannot copy"):
            reached(tables.reach(VAULT_START, tmp_path / "there"))
        reached(tables.reach(VAULT_START))

    assert not [each for each in caplog.messages if "do not follow" in each]


def test_who_still_waits_when_the_follower_stops_is_told(scene: Scene) -> None:
    recorded(scene)
    tables = follower(scene)

    with running(tables):
        asked = tables.reach(VaultPosition("20990101-000001", 1))

    with pytest.raises(StoreError, match="stopping"):
        asked.result(0)


def test_what_is_queued_at_the_stop_is_taken(scene: Scene) -> None:
    (batch,) = recorded(scene)
    tables = follower(scene)

    tables.offer(batch)
    tables.stop()
    tables.run()

    assert len(rows(scene)) == 3


def test_a_replay_that_takes_too_long_at_the_stop_is_left_to_the_next_recorder(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with living(scene.folder) as worker:
        for _ in range(2):
            worker.commit(whole(worker.writer.begin()))
            scene.pipeline().catch_up()
    first, second = scene.handed
    monkeypatch.setattr(tables_module, "LEAVE_WITHIN_NS", 0)
    tables = follower(scene, batch_rows=1)
    tables.offer(second)  # lies behind what will not be replayed

    tables.stop()
    tables.run()
    assert tables.status().position == first.position
    assert len(rows(scene)) == 1

    with running(follower(scene)) as again:
        reached(again.reach(second.position))
    assert len(rows(scene)) == 2


def test_what_is_queued_at_the_stop_and_takes_too_long_is_left_to_the_next_recorder(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with living(scene.folder) as worker:
        for number in range(3):
            worker.commit(whole(worker.writer.begin()))
            scene.pipeline().catch_up()
            if number == 0:
                with running(follower(scene)) as tables:
                    reached(tables.reach(scene.handed[0].position))
    _, second, third = scene.handed
    again = follower(scene)
    monkeypatch.setattr(tables_module, "LEAVE_WITHIN_NS", 0)
    monkeypatch.setattr(tables_module, "INGEST_ROWS", 1)
    monkeypatch.setattr(again, "_must_replay", False)
    again.offer(second)
    again.offer(third)

    again.stop()
    again.run()

    assert again.status().position == second.position
    assert len(rows(scene)) == 2


def test_batches_are_joined_in_order(scene: Scene) -> None:
    (batch,) = recorded(scene)
    later = FactBatch((), (), (), VaultPosition(batch.position.file, batch.position.offset + 1))

    both = joined([batch, later])

    assert both.exchanges == batch.exchanges
    assert both.position == later.position


def test_a_transaction_takes_only_so_many_rows(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch,) = recorded(scene)
    monkeypatch.setattr(tables_module, "INGEST_ROWS", 2 * rows_of(batch))

    found = list(portions([batch] * 5))

    assert [len(portion) for portion in found] == [2, 2, 1]
    assert list(portions([])) == []


def test_a_queue_of_too_many_rows_is_dropped_and_replayed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch,) = recorded(scene)
    monkeypatch.setattr(tables_module, "QUEUE_ROWS_MAX", rows_of(batch) - 1)
    tables = follower(scene)

    tables.offer(batch)
    queued = tables.status().queued_count
    with running(tables):
        reached(tables.reach(batch.position))

    assert queued == 0
    assert len(rows(scene)) == 3


def test_who_gave_up_waiting_harms_nobody(scene: Scene) -> None:
    recorded(scene)
    tables = follower(scene)

    assert tables.reach(VAULT_START).cancel()
    assert tables.reach(VaultPosition("20990101-000001", 1)).cancel()
    other = tables.reach(VAULT_START)
    tables.stop()
    tables.run()

    assert other.result(0) > VAULT_START
    assert len(rows(scene)) == 3


def test_a_snapshot_that_fails_leaves_nobody_else_waiting(scene: Scene, tmp_path: Path) -> None:
    recorded(scene)
    with running(follower(scene)) as full:
        reached(full.reach(VAULT_START))
    tables = follower(scene, [StoreError("the disk is full")])

    first = tables.reach(VAULT_START, tmp_path / "copy.duckdb")
    second = tables.reach(VAULT_START)
    with running(tables):
        reached(second)

    with pytest.raises(StoreError, match="full"):
        first.result(0)


def test_who_asks_while_the_tables_cannot_be_opened_waits(scene: Scene) -> None:
    write_journal(scene.folder, [whole(1)])
    scene.pipeline().catch_up()
    tables = follower(scene, [StoreError("no room")])

    with running(tables):
        reader = tables.reader().result(WAIT_S)
        answer = reader.ask("last_interaction", {}, 5)
        reader.close()

    assert answer.columns == ("interaction", "last_seen_at")


def test_who_asks_when_the_recorder_stops_is_told_so(scene: Scene) -> None:
    tables = follower(scene, [StoreError("no room")])
    write_journal(scene.folder, [whole(1)])
    scene.pipeline().catch_up()
    asked = tables.reader()
    tables.stop()

    tables.run()

    with pytest.raises(StoreError, match="stopping"):
        asked.result(0)
