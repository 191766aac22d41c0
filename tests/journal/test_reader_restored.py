"""proxy/journal/reader.py: files that somebody removes while they are in use, and that the writer restores."""

from __future__ import annotations

from pathlib import Path

from proxy.journal.format import Kind
from proxy.journal.slots import slots_path
from tests.journal.written import (
    BOOT,
    WORKER,
    entry,
    living,
    opened,
    read_all,
    segment,
    sequences,
    whole_exchange,
)


def test_what_was_written_after_a_segment_was_restored_is_read(tmp_path: Path) -> None:
    """Seen by the crash-state explorer: the reader stayed with the file that had lost its name."""
    with living(tmp_path) as worker, opened(tmp_path) as journal:
        worker.commit(whole_exchange(worker.writer.begin()))
        before = read_all(journal)
        segment(tmp_path).unlink()
        worker.commit(whole_exchange(worker.writer.begin()))  # notices, and restores it
        worker.commit(whole_exchange(worker.writer.begin()))

        after = read_all(journal, before.cursor)

    assert sequences(after.frames) == [2, 3]
    assert after.damage == ()


def test_a_lost_segment_is_waited_for_as_long_as_its_writer_lives(tmp_path: Path) -> None:
    with living(tmp_path) as worker, opened(tmp_path) as journal:
        worker.commit(whole_exchange(worker.writer.begin()))
        segment(tmp_path).unlink()
        missing = read_all(journal)
        worker.commit(whole_exchange(worker.writer.begin()))

        restored = read_all(journal, missing.cursor)

    assert (missing.frames, missing.damage, missing.is_end) == ([], (), False)
    assert sequences(restored.frames) == [1, 2]


def test_lost_keys_are_waited_for_as_long_as_their_writer_lives(tmp_path: Path) -> None:
    """Taken without them, the frames would have been recorded as erased."""
    with living(tmp_path) as worker, opened(tmp_path) as journal:
        worker.commit([entry(0, Kind.MODE, b"\1"), *whole_exchange(worker.writer.begin())])
        slots_path(tmp_path / "keys" / "slots", WORKER, BOOT).unlink()
        missing = read_all(journal)
        worker.commit(whole_exchange(worker.writer.begin()))

        restored = read_all(journal, missing.cursor)

    assert (sequences(missing.frames), missing.damage, missing.is_end) == ([], (), False)
    assert sequences(restored.frames) == [1, 2]
    assert all(frame.is_open for frame in restored.frames)


def test_lost_keys_that_were_opened_before_are_not_missed(tmp_path: Path) -> None:
    with living(tmp_path) as worker, opened(tmp_path) as journal:
        worker.commit(whole_exchange(worker.writer.begin()))
        before = read_all(journal)
        worker.commit(whole_exchange(worker.writer.begin()))
        slots_path(tmp_path / "keys" / "slots", WORKER, BOOT).unlink()

        batch = read_all(journal, before.cursor)

    assert [frame.is_open for frame in batch.frames] == [True]


def test_keys_that_nobody_will_restore_are_gone(tmp_path: Path) -> None:
    with living(tmp_path) as worker:
        worker.commit(whole_exchange(worker.writer.begin()))
    slots_path(tmp_path / "keys" / "slots", WORKER, BOOT).unlink()

    with opened(tmp_path) as journal:
        batch = read_all(journal)

    assert [frame.is_open for frame in batch.frames if frame.id.sequence] == [False]
    assert batch.is_end


def test_a_lost_segment_of_a_dead_writer_is_damage(tmp_path: Path) -> None:
    with living(tmp_path) as worker:
        worker.commit(whole_exchange(worker.writer.begin()))
    with opened(tmp_path) as journal:
        start = journal.start()
        segment(tmp_path).unlink()
        batch = read_all(journal, start)

    assert [damage.is_tail for damage in batch.damage] == [False]
