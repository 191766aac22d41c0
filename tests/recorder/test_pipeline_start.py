"""What a recorder that starts finds: unread, unreadable, or much at once."""

from __future__ import annotations

import pytest

from proxy.errors import StoreError
from proxy.journal.writer import JournalLimits
from proxy.store.position import FactBatch
from tests.journal.written import living, still_ns
from tests.recorder.played import Scene, begun, chunk, ended, name, whole

SMALL = JournalLimits(segment_bytes=16 * 1024, compress_bytes_min=1 << 30)


class _Deadly(list[FactBatch]):
    """Takes so many batches; the next one is the end of the recorder."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._left = count

    def append(self, batch: FactBatch) -> None:
        self._left -= 1
        if self._left < 0:
            raise InterruptedError
        super().append(batch)


def test_what_was_carried_and_cannot_be_opened_is_closed_and_told(scene: Scene) -> None:
    """Its slot file is gone: nobody knows how it went on, and it is not forgotten."""
    with living(scene.folder, SMALL) as worker:
        long = worker.writer.begin()
        worker.commit(begun(long))
        pipeline = scene.pipeline(kept_segments=2)
        for number in range(60):
            worker.commit([chunk(long, bytes([number]) * 9000), *whole(worker.writer.begin())])
            pipeline.round()
    for slots in (scene.folder / "keys" / "slots").glob("*.slots"):
        slots.unlink()

    scene.pipeline(kept_segments=2).catch_up()

    assert scene.outcomes()[name(long)] == "interrupted"
    assert len(scene.outcomes()) == 61
    details = [act.detail for act in scene.told().acts if act.kind == "damage"]
    assert f"{name(long)} was carried and cannot be opened (SlotsMissing): closed" in details


def test_what_was_carried_waits_for_the_keys_that_a_living_worker_restores(scene: Scene) -> None:
    """Seen after a power loss: a recorder began between the loss of the keys and their return, and closed it."""
    with living(scene.folder, SMALL) as worker:
        long = worker.writer.begin()
        worker.commit(begun(long))
        pipeline = scene.pipeline(kept_segments=2)
        for number in range(60):
            worker.commit([chunk(long, bytes([number]) * 9000), *whole(worker.writer.begin())])
            pipeline.round()
        (slots,) = (scene.folder / "keys" / "slots").glob("*.slots")
        slots.unlink()

        with pytest.raises(StoreError, match="its worker restores it"):
            scene.pipeline(kept_segments=2)

        worker.commit(ended(long))
        scene.pipeline(kept_segments=2).catch_up()

    assert scene.outcomes()[name(long)] == "complete"


def test_many_rows_of_one_read_are_committed_in_portions(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams of tiny events pack so well that one read gives hundreds, each of 100,000 rows."""
    monkeypatch.setattr("proxy.recorder.pipeline.COMMIT_ROWS", 10)
    with living(scene.folder) as worker:
        for _ in range(12):
            worker.commit(whole(worker.writer.begin()))
        pipeline = scene.pipeline()

        pipeline.round()

        sizes = [len(batch.exchanges) for batch in scene.handed]
        assert len(sizes) > 3
        assert sum(sizes) == 12
        again = scene.pipeline()
        again.catch_up()
        assert len(scene.outcomes()) == 12


def test_a_kill_between_two_portions_of_one_read_loses_and_doubles_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.recorder.pipeline.COMMIT_ROWS", 10)
    with living(scene.folder) as worker:
        for _ in range(12):
            worker.commit(whole(worker.writer.begin()))
        monkeypatch.setattr(scene, "handed", _Deadly(2))
        killed = scene.pipeline()
        with pytest.raises(InterruptedError):
            killed.round()
        monkeypatch.setattr(scene, "handed", [])

        scene.pipeline().catch_up()

    names = [one.recording.exchange.exchange for one in scene.told().exchanges]
    assert sorted(names) == sorted(name(number) for number in range(1, 13))


def test_a_recorder_that_starts_lags_by_the_age_of_what_it_finds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with living(scene.folder) as worker:
        worker.commit(whole(worker.writer.begin()))
        scene.pipeline().catch_up()
        worker.commit(whole(worker.writer.begin()))
        written_ns = still_ns()
        monkeypatch.setattr("tests.recorder.played.still_ns", lambda: written_ns + 60_000_000_000)
        monkeypatch.setattr("proxy.recorder.pipeline.COMMIT_ROWS", 0)

        late = scene.pipeline()
        began = late.status().caught_up_mono_ns
        late.round()

        assert began == written_ns + 60_000_000_000
        assert late.status().caught_up_mono_ns <= written_ns
        late.round()
        assert late.status().caught_up_mono_ns == began
