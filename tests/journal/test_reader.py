"""proxy/journal/reader.py: following a journal, living or dead, whole or damaged."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from proxy.journal.format import ExchangeId, Kind
from proxy.journal.page import WorkerPage
from proxy.journal.reader import Cursor, Damage, journals
from proxy.journal.segments.file import HEAD_FRAME_BYTES, segment_path
from proxy.journal.slots import Keystore
from tests.journal.written import (
    BOOT,
    MASTER,
    SEGMENT_BYTES,
    WORKER,
    change,
    living,
    opened,
    read_all,
    segment,
    sequences,
    spoil,
    whole_exchange,
    write_journal,
)

TEN = [whole_exchange(sequence, b"b" * 100) for sequence in range(1, 11)]
MANY = [whole_exchange(sequence, b"b" * 1000) for sequence in range(1, 60)]
"""Several segments of SEGMENT_BYTES."""


def with_page(folder: Path, committed: tuple[int, int]) -> None:
    """Leave the page of a dead worker that called so much durable."""
    page = WorkerPage.create(folder / "run", worker=WORKER, boot=BOOT)
    page.commit(*committed)
    page.close()


def test_a_dead_journal_is_read_to_its_end(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)

    with opened(tmp_path) as journal:
        batch = read_all(journal)

    assert sequences(batch.frames) == list(range(1, 11))
    assert batch.frames[0].kinds == 1 << Kind.SEGMENT_HEAD
    assert [entry.data for entry in batch.frames[1].entries] == [
        b"GET / HTTP/1.1\r\n\r\n",
        b"b" * 100,
        b"done",
    ]
    assert batch.damage == ()
    assert batch.is_end


def test_frames_say_where_they_stand(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)

    with opened(tmp_path) as journal:
        frames = read_all(journal).frames

    assert [frame.offset for frame in frames[1:]] == [frame.end for frame in frames[:-1]]
    assert frames[0].offset == 0
    assert frames[3].id == ExchangeId(WORKER, BOOT, 3)


@pytest.mark.parametrize("is_finished", [True, False])
def test_reading_goes_on_over_segments(tmp_path: Path, *, is_finished: bool) -> None:
    write_journal(tmp_path, MANY, is_finished=is_finished)

    with opened(tmp_path) as journal:
        batch = read_all(journal)
        count = len(journal.segments())

    assert sequences(batch.frames) == list(range(1, 60))
    assert count > 3
    assert batch.damage == ()
    assert batch.is_end


@pytest.mark.parametrize("bytes_max", [1, 39, 41, 500, 5000])
def test_how_much_is_read_at_once_changes_nothing(tmp_path: Path, bytes_max: int) -> None:
    write_journal(tmp_path, MANY)

    with opened(tmp_path) as journal:
        one = read_all(journal, bytes_max=bytes_max)
        other = read_all(journal)

    assert one == other


def test_one_read_is_bounded(tmp_path: Path) -> None:
    write_journal(tmp_path, MANY)

    with opened(tmp_path) as journal:
        batch = journal.read(journal.start(), 5000)

    assert 0 < batch.cursor.offset <= 5000


def test_a_cursor_continues_where_it_stood(tmp_path: Path) -> None:
    write_journal(tmp_path, MANY)

    with opened(tmp_path) as journal:
        first = journal.read(journal.start(), 20_000)
    with opened(tmp_path) as journal:
        rest = read_all(journal, first.cursor)

    assert sequences(first.frames + rest.frames) == list(range(1, 60))


def test_a_segment_made_ahead_is_not_content(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)
    shutil.copy(segment(tmp_path), segment(tmp_path, 1))
    change(segment(tmp_path, 1), HEAD_FRAME_BYTES, bytes(SEGMENT_BYTES - HEAD_FRAME_BYTES))

    with opened(tmp_path) as journal:
        batch = read_all(journal)

    assert batch.damage == ()
    assert batch.is_end


def test_journals_are_found_one_per_worker_and_boot(tmp_path: Path) -> None:
    write_journal(tmp_path, MANY)
    (tmp_path / "journal" / "w12").mkdir()
    segment_path(tmp_path / "journal" / "w12", 7, 0).touch()
    (tmp_path / "journal" / "w12" / "stray.txt").touch()
    (tmp_path / "journal" / "wonder").mkdir()
    keys = Keystore(tmp_path / "keys" / "slots", MASTER)

    found = journals(tmp_path, keys)

    assert [(journal.worker, journal.boot) for journal in found] == [(WORKER, BOOT), (12, 7)]


def test_without_a_journal_there_is_none(tmp_path: Path) -> None:
    assert journals(tmp_path, Keystore(tmp_path, MASTER)) == []


def test_a_dropped_segment_is_gone_and_reading_starts_behind_it(tmp_path: Path) -> None:
    write_journal(tmp_path, MANY)

    with opened(tmp_path) as journal:
        before = journal.segments()
        journal.drop(0)
        journal.drop(0)
        batch = read_all(journal)

        assert journal.segments() == before[1:]
        assert journal.start() == Cursor(1, 0)
    assert batch.damage == ()
    assert 1 not in sequences(batch.frames)


def test_a_segment_missing_in_the_middle_is_damage(tmp_path: Path) -> None:
    write_journal(tmp_path, MANY)
    segment(tmp_path, 1).unlink()

    with opened(tmp_path) as journal:
        batch = read_all(journal)

    assert batch.damage == (Damage(1, 0, "no such segment", is_tail=False),)
    assert not batch.is_end


def test_of_a_destroyed_key_the_frame_remains_without_entries(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)
    keys = Keystore(tmp_path / "keys" / "slots", MASTER)
    keys.destroy([ExchangeId(WORKER, BOOT, 4)])

    with opened(tmp_path) as journal:
        batch = read_all(journal)

    (closed,) = [frame for frame in batch.frames if not frame.is_open]
    assert closed.id.sequence == 4
    assert closed.entries == ()
    assert closed.kinds >> Kind.END & 1
    assert batch.damage == ()


def test_a_frame_moved_to_another_journal_does_not_open(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)
    other = segment_path(tmp_path / "journal" / f"w{WORKER}", BOOT + 1, 0)
    segment(tmp_path).rename(other)
    slots = tmp_path / "keys" / "slots"
    shutil.copy(slots / f"w{WORKER}-{BOOT:016x}.slots", slots / f"w{WORKER}-{BOOT + 1:016x}.slots")

    with opened(tmp_path, boot=BOOT + 1) as journal:
        batch = journal.read(Cursor(0, HEAD_FRAME_BYTES), 1 << 20)
        with_head = journal.read(Cursor(0, 0), 1 << 20)

    assert not any(frame.is_open for frame in batch.frames)
    assert with_head.frames == []
    assert with_head.damage[0].reason == "the segment's head names another journal"


def test_a_frame_that_was_resealed_by_nobody_is_damage_and_reading_goes_on(tmp_path: Path) -> None:
    """Its CRC is right, so it was not the disk: two slots were exchanged."""
    write_journal(tmp_path, TEN)
    path = tmp_path / "keys" / "slots" / f"w{WORKER}-{BOOT:016x}.slots"
    other = tmp_path / "other"
    write_journal(other, TEN)
    shutil.copy(other / path.relative_to(tmp_path), path)

    with opened(tmp_path) as journal:
        first = journal.read(journal.start(), 1 << 20)

    assert sequences(first.frames) == list(range(1, 11))
    assert len(first.damage) == 10
    assert first.damage[0].reason == "the seal of exchange 1, frame 0 is broken"


def test_what_the_page_called_durable_must_be_there(tmp_path: Path) -> None:
    """A file cut between two frames looks whole; only the page knows better."""
    write_journal(tmp_path, TEN)
    with opened(tmp_path) as journal:
        end = read_all(journal).frames[-1].end
    with_page(tmp_path, (0, end + 1))

    with opened(tmp_path) as journal:
        batch = read_all(journal)

    assert batch.damage[0].offset == end
    assert not batch.damage[0].is_tail
    assert not batch.is_end


def test_frames_beyond_the_committed_position_count_once_the_worker_is_dead(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)
    with_page(tmp_path, (0, HEAD_FRAME_BYTES))

    with opened(tmp_path) as journal:
        assert not journal.is_alive()
        assert len(sequences(read_all(journal).frames)) == 10


def test_of_a_living_journal_nothing_is_read_that_is_not_durable(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)
    with opened(tmp_path) as journal:
        middle = read_all(journal).frames[5].end
    page = WorkerPage.create(tmp_path / "run", worker=WORKER, boot=BOOT)
    page.commit(0, middle)

    with opened(tmp_path) as journal:
        batch = read_all(journal)
        assert journal.is_alive()
        page.commit(0, middle)
        page.close()
        rest = read_all(journal, batch.cursor)

    assert sequences(batch.frames) == [1, 2, 3, 4, 5]
    assert batch.cursor == Cursor(0, middle)
    assert not batch.is_end
    assert sequences(rest.frames) == [6, 7, 8, 9, 10]
    assert rest.is_end


def test_damage_before_the_committed_position_of_a_living_journal_is_told(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)
    with opened(tmp_path) as journal:
        last = read_all(journal).frames[-1]
    page = WorkerPage.create(tmp_path / "run", worker=WORKER, boot=BOOT)
    page.commit(0, last.end)
    spoil(segment(tmp_path), last.end - 1)

    with opened(tmp_path) as journal:
        batch = read_all(journal)
    page.close()

    resume = Cursor(0, last.end)
    assert batch.damage == (
        Damage(0, last.offset, "the checksum of a frame is wrong", is_tail=False, resume=resume),
    )


def test_of_a_living_worker_with_a_foreign_page_nothing_is_read(tmp_path: Path) -> None:
    write_journal(tmp_path, TEN)
    page = WorkerPage.create(tmp_path / "run", worker=WORKER, boot=BOOT)
    page.words[1] = 99

    with opened(tmp_path) as journal:
        batch = journal.read(journal.start(), 1 << 20)
        assert journal.page() is None
        assert journal.is_alive()
    page.close()

    assert batch.frames == []
    assert batch.damage == ()


def test_the_segment_in_use_cannot_be_dropped(tmp_path: Path) -> None:
    with living(tmp_path) as writing, opened(tmp_path) as journal:
        writing.commit(whole_exchange(writing.writer.begin()))

        with pytest.raises(AssertionError, match="the worker writes it"):
            journal.drop(0)


def test_the_counters_of_a_journal_can_be_read(tmp_path: Path) -> None:
    with living(tmp_path) as writing, opened(tmp_path) as journal:
        writing.page.seen += 1
        writing.commit(whole_exchange(writing.writer.begin()))

        reading = journal.page()

    assert reading is not None
    assert (reading.seen, reading.recorded, reading.pid) == (1, 1, os.getpid())
