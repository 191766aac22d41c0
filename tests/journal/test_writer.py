"""proxy/journal/writer.py: what was answered is on disk, whatever happens next."""

from __future__ import annotations

import queue
import random
import threading
from pathlib import Path

import pytest

from proxy.errors import JournalUnavailable
from proxy.journal.format import ENTRY_HEADER_BYTES, Kind
from proxy.journal.page import WorkerPage
from proxy.journal.seal import Sealer
from proxy.journal.segments.chain import Segments
from proxy.journal.slots import SLOTS_PER_BLOCK, SlotFile
from proxy.journal.writer import JournalLimits, JournalWriter, LoopCalls
from tests.journal.written import (
    BOOT,
    MASTER,
    SEGMENT_BYTES,
    WAIT_S,
    WORKER,
    Answers,
    living,
    opened,
    read_all,
    still_ns,
    whole_exchange,
)


class StuckDisk(Segments):
    """Segments whose commits wait until they are let go."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder / "journal" / f"w{WORKER}",
            worker=WORKER,
            boot=BOOT,
            segment_bytes=1 << 20,
            now_ns=still_ns,
            mono_ns=still_ns,
        )
        self.let_go = threading.Semaphore(0)
        self.waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def commit(self, buffers: list[bytes]) -> None:
        self.waiting.put("commit")
        assert self.let_go.acquire(timeout=WAIT_S)
        super().commit(buffers)


def writer_on(
    folder: Path, segments: Segments, answers: Answers, limits: JournalLimits
) -> tuple[JournalWriter, WorkerPage]:
    page = WorkerPage.create(folder / "run", worker=WORKER, boot=BOOT)
    slots = SlotFile.create(folder / "keys" / "slots", MASTER, WORKER, BOOT)
    slots.ensure(1)
    writer = JournalWriter(
        (segments, slots, Sealer(WORKER, BOOT, slots.take)),
        page=page,
        limits=limits,
        loop=answers.calls(),
        now_ns=still_ns,
        mono_ns=still_ns,
    )
    writer._thread.start()
    return writer, page


def append(writer: JournalWriter, sequence: int, kind: Kind, data: bytes = b"") -> None:
    writer.append(sequence, kind, data)


def test_what_was_answered_can_be_read_while_the_writer_lives(tmp_path: Path) -> None:
    with living(tmp_path) as writing, opened(tmp_path) as journal:
        writing.commit(whole_exchange(writing.writer.begin(), b"body"))

        frames = read_all(journal).frames

    assert [entry.data for entry in frames[-1].entries] == [
        b"GET / HTTP/1.1\r\n\r\n",
        b"body",
        b"done",
    ]
    assert [entry.wall_ns for entry in frames[-1].entries] == [still_ns()] * 3


def test_sequences_count_from_one_without_holes(tmp_path: Path) -> None:
    with living(tmp_path) as writing:
        assert [writing.writer.begin() for _ in range(5)] == [1, 2, 3, 4, 5]


def test_nothing_is_written_before_the_flush(tmp_path: Path) -> None:
    """Otherwise one exchange would be cut into more frames than it has commits."""
    with living(tmp_path) as writing, opened(tmp_path) as journal:
        writer = writing.writer
        one, two = writer.begin(), writer.begin()
        append(writer, one, Kind.INTENT)
        ticket = writer.flush()
        append(writer, two, Kind.INTENT)
        writing.answers.wait_for(ticket)

        assert [frame.id.sequence for frame in read_all(journal).frames] == [0, one]
        assert writer.backlog_bytes == ENTRY_HEADER_BYTES


def test_tickets_rise_and_an_empty_flush_has_the_ticket_before(tmp_path: Path) -> None:
    with living(tmp_path) as writing:
        writer = writing.writer
        first = writing.commit(whole_exchange(writer.begin()))
        second = writing.commit(whole_exchange(writer.begin()))

        assert 0 < first < second == writer.flush() == writer.committed_ticket


def test_the_backlog_is_what_is_not_durable_yet(tmp_path: Path) -> None:
    with living(tmp_path) as writing:
        writer = writing.writer
        append(writer, writer.begin(), Kind.INTENT, b"12345")
        assert writer.backlog_bytes == 5 + ENTRY_HEADER_BYTES

        writing.answers.wait_for(writer.flush())

        assert writer.backlog_bytes == 0


def test_the_page_counts_recorded_intents_and_the_durable_position(tmp_path: Path) -> None:
    with living(tmp_path) as writing, opened(tmp_path) as journal:
        for _ in range(3):
            writing.commit(whole_exchange(writing.writer.begin()))

        reading = journal.page()
        end = read_all(journal).frames[-1].end

    assert reading is not None
    assert reading.recorded == 3
    assert (reading.committed_segment, reading.committed_offset) == (0, end)


def test_what_comes_during_a_sync_shares_the_next_one(tmp_path: Path) -> None:
    disk, answers = StuckDisk(tmp_path), Answers()
    writer, page = writer_on(tmp_path, disk, answers, JournalLimits())
    append(writer, writer.begin(), Kind.INTENT)
    first = writer.flush()
    disk.waiting.get(timeout=WAIT_S)

    for _ in range(50):
        append(writer, writer.begin(), Kind.INTENT)
        writer.flush()
    last = writer.flush()
    disk.let_go.release(10)

    assert answers.commits.get(timeout=WAIT_S) == first
    assert answers.commits.get(timeout=WAIT_S) == last
    writer.close(WAIT_S)
    page.close()


def test_new_segments_and_slots_are_made_while_it_runs(tmp_path: Path) -> None:
    count = 3 * SLOTS_PER_BLOCK
    with living(tmp_path) as writing, opened(tmp_path) as journal:
        for _ in range(count // 64):
            entries = [
                one for _ in range(64) for one in whole_exchange(writing.writer.begin(), b"b" * 50)
            ]
            writing.commit(entries)

        batch = read_all(journal)

    sequences = [frame.id.sequence for frame in batch.frames if frame.id.sequence]
    assert sequences == list(range(1, count + 1))
    assert batch.cursor.segment > 10
    assert batch.damage == ()


def test_a_frame_larger_than_a_segment_is_kept_whole(tmp_path: Path) -> None:
    body = random.Random(1).randbytes(3 * SEGMENT_BYTES)
    with living(tmp_path) as writing, opened(tmp_path) as journal:
        writing.commit(whole_exchange(writing.writer.begin(), body))
        writing.commit(whole_exchange(writing.writer.begin()))

        frames = read_all(journal).frames

    (large, small) = [frame for frame in frames if frame.id.sequence]
    assert large.entries[1].data == body
    assert small.segment == large.segment + 1


def test_closing_commits_what_was_appended_and_seals_the_segment(tmp_path: Path) -> None:
    with living(tmp_path) as writing:
        writer = writing.writer
        append(writer, writer.begin(), Kind.INTENT)

        assert writer.close(WAIT_S)

    with opened(tmp_path) as journal:
        batch = read_all(journal)
        assert journal.segments() == [0]
    assert [frame.kinds for frame in batch.frames] == [
        1 << Kind.SEGMENT_HEAD,
        1 << Kind.INTENT,
        1 << Kind.SEGMENT_TAIL,
    ]
    assert batch.is_end
    assert batch.damage == ()


def test_after_closing_nothing_is_taken(tmp_path: Path) -> None:
    with living(tmp_path) as writing:
        writer = writing.writer
        sequence = writer.begin()
        writer.close(WAIT_S)

        with pytest.raises(JournalUnavailable, match="closed"):
            writer.begin()
        with pytest.raises(JournalUnavailable, match="closed"):
            append(writer, sequence, Kind.INTENT)
        with pytest.raises(JournalUnavailable, match="closed"):
            append(writer, sequence, Kind.END)
        assert writer.close(WAIT_S)


def test_a_close_that_takes_too_long_says_so(tmp_path: Path) -> None:
    disk, answers = StuckDisk(tmp_path), Answers()
    writer, page = writer_on(tmp_path, disk, answers, JournalLimits())
    append(writer, writer.begin(), Kind.INTENT)

    assert not writer.close(0.001)

    disk.let_go.release(10)
    assert writer.close(WAIT_S)
    page.close()


def test_a_loop_that_is_gone_does_not_stop_the_commits(tmp_path: Path) -> None:
    def gone(*_: object) -> None:
        raise RuntimeError("Event loop is closed")

    page = WorkerPage.create(tmp_path / "run", worker=WORKER, boot=BOOT)
    writer = JournalWriter.open(
        tmp_path,
        master=MASTER,
        page=page,
        limits=JournalLimits(segment_bytes=SEGMENT_BYTES),
        loop=LoopCalls(gone, print, print),
        now_ns=still_ns,
        mono_ns=still_ns,
    )
    append(writer, writer.begin(), Kind.INTENT)

    assert writer.close(WAIT_S)
    page.close()


def test_a_folder_that_cannot_be_written_opens_no_journal(tmp_path: Path) -> None:
    page = WorkerPage.create(tmp_path / "run", worker=WORKER, boot=BOOT)
    (tmp_path / "keys").touch()

    with pytest.raises(JournalUnavailable, match="cannot make"):
        JournalWriter.open(
            tmp_path,
            master=MASTER,
            page=page,
            limits=JournalLimits(),
            loop=Answers().calls(),
            now_ns=still_ns,
            mono_ns=still_ns,
        )
    page.close()


def test_behind_its_limit_no_exchange_begins_and_only_ends_are_taken(tmp_path: Path) -> None:
    disk, answers = StuckDisk(tmp_path), Answers()
    writer, page = writer_on(tmp_path, disk, answers, JournalLimits(backlog_bytes_max=1000))
    sequence = writer.begin()
    append(writer, sequence, Kind.REQUEST_CHUNK, bytes(700))

    with pytest.raises(JournalUnavailable, match="behind: 724 bytes"):
        writer.begin()
    with pytest.raises(JournalUnavailable, match="behind"):
        append(writer, sequence, Kind.REQUEST_CHUNK, bytes(300))
    append(writer, sequence, Kind.END, bytes(300))

    disk.let_go.release(10)
    answers.wait_for(writer.flush())
    assert writer.begin() == 2
    writer.close(WAIT_S)
    page.close()


def test_out_of_durable_keys_no_exchange_begins_until_there_are_new_ones(tmp_path: Path) -> None:
    disk, answers = StuckDisk(tmp_path), Answers()
    limits = JournalLimits(slots_ahead_min=1)
    writer, page = writer_on(tmp_path, disk, answers, limits)
    append(writer, writer.begin(), Kind.INTENT)
    writer.flush()
    disk.waiting.get(timeout=WAIT_S)
    for _ in range(SLOTS_PER_BLOCK - 1):
        writer.begin()

    with pytest.raises(JournalUnavailable, match="keys up to exchange 1024"):
        writer.begin()

    disk.let_go.release(10)
    append(writer, 0, Kind.GAP, b"")
    answers.wait_for(writer.flush())
    append(writer, 0, Kind.GAP, b"")
    answers.wait_for(writer.flush())
    assert writer.begin() == SLOTS_PER_BLOCK + 1
    writer.close(WAIT_S)
    page.close()
