"""proxy/journal/writer.py on disks that refuse, lose files, and fill up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.errors import JournalFull, JournalUnavailable
from proxy.journal.format import Kind
from proxy.journal.page import FREE_BYTES
from proxy.journal.segments.space import Space, SpaceLimits
from proxy.journal.writer import MIB, JournalLimits
from tests.journal.test_writer import append, writer_on
from tests.journal.written import (
    WAIT_S,
    Answers,
    FaultyDisk,
    living,
    opened,
    read_all,
    whole_exchange,
)


def test_a_disk_that_fails_for_good_is_told_once_and_never_tried_again(tmp_path: Path) -> None:
    answers, disk = Answers(), FaultyDisk(tmp_path)
    writer, page = writer_on(tmp_path, disk, answers, JournalLimits())
    sequence = writer.begin()
    append(writer, sequence, Kind.INTENT)
    good = writer.flush()
    answers.wait_for(good)
    disk.refuse_next("sync")
    disk.refuse_next("sync")

    append(writer, sequence, Kind.END)
    writer.flush()

    assert "Input/output error" in answers.failures.get(timeout=WAIT_S)
    assert writer.committed_ticket == good
    with pytest.raises(JournalUnavailable, match="Input/output error"):
        writer.begin()
    with pytest.raises(JournalUnavailable, match="Input/output error"):
        append(writer, sequence, Kind.END)
    assert not writer.close(WAIT_S)
    assert answers.commits.empty()
    assert answers.failures.empty()
    page.close()


def test_one_failed_sync_costs_a_segment_and_loses_nothing(tmp_path: Path) -> None:
    answers, disk = Answers(), FaultyDisk(tmp_path)
    writer, page = writer_on(tmp_path, disk, answers, JournalLimits())
    sequence = writer.begin()
    append(writer, sequence, Kind.INTENT)
    answers.wait_for(writer.flush())
    disk.refuse_next("sync")

    append(writer, sequence, Kind.END)
    answers.wait_for(writer.flush())

    assert "suspect" in answers.troubles.get(timeout=WAIT_S)
    with opened(tmp_path) as journal:
        kinds = [frame.kinds for frame in read_all(journal).frames if frame.id.sequence]
    assert kinds == [1 << Kind.INTENT, 1 << Kind.END]
    assert writer.close(WAIT_S)
    page.close()


@pytest.mark.parametrize("lost", ["journal", "keys"])
def test_files_that_were_removed_are_restored_within_one_commit(tmp_path: Path, lost: str) -> None:
    with living(tmp_path) as writing:
        writing.commit(whole_exchange(writing.writer.begin()))
        shutil.rmtree(tmp_path / lost)
        writing.commit(whole_exchange(writing.writer.begin()))

        assert "is gone: restored" in writing.answers.troubles.get(timeout=WAIT_S)

    with opened(tmp_path) as journal:
        frames = [frame for frame in read_all(journal).frames if frame.id.sequence]
    assert [frame.id.sequence for frame in frames] == [1, 2]
    assert all(frame.is_open for frame in frames)


def test_files_that_were_removed_while_nothing_happens_are_restored(tmp_path: Path) -> None:
    with living(tmp_path) as writing:
        writing.commit(whole_exchange(writing.writer.begin()))
        shutil.rmtree(tmp_path / "journal")

        writing.writer.look_at_disk()

        assert "is gone: restored" in writing.answers.troubles.get(timeout=WAIT_S)
        with opened(tmp_path) as journal:
            assert len(read_all(journal).frames) == 2


@contextmanager
def with_room(bytes_free: Callable[[], int]) -> Iterator[None]:
    """A disk with so many bytes free, as far as statvfs says."""

    def measured(_folder: object) -> os.statvfs_result:
        return os.statvfs_result((1, 1, 0, bytes_free(), bytes_free(), 0, 0, 0, 0, 255))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxy.journal.segments.space.os.statvfs", measured)
        yield


def test_with_too_little_space_nothing_begins_until_there_is_more(tmp_path: Path) -> None:
    limits = JournalLimits(
        segment_bytes=16 * MIB, space=SpaceLimits(soft_bytes=2000, hard_bytes=1000)
    )
    free = [500]
    with with_room(lambda: free[0]), living(tmp_path, limits) as writing:
        writer, rooms = writing.writer, writing.answers.rooms
        sequence = writer.begin()
        append(writer, sequence, Kind.INTENT)

        writer.look_at_disk()
        assert rooms.get(timeout=WAIT_S).space is Space.SHORT
        with pytest.raises(JournalFull, match="below the hard threshold"):
            writer.begin()
        append(writer, sequence, Kind.RESPONSE_CHUNK, b"what is in flight goes on")

        free[0] = 1500
        writer.look_at_disk()
        assert rooms.get(timeout=WAIT_S).space is Space.LOW
        assert writer.begin() == sequence + 1

        free[0] = 5000
        writer.look_at_disk()
        assert rooms.get(timeout=WAIT_S).space is Space.AMPLE
        append(writer, sequence, Kind.END)
        assert writing.page.words[FREE_BYTES] == 5000


def test_from_the_reserve_only_ends_are_taken(tmp_path: Path) -> None:
    """Segments of the reserve's size leave nothing beside it."""
    limits = JournalLimits(segment_bytes=MIB, space=SpaceLimits(hard_bytes=1 << 62))
    with living(tmp_path, limits) as writing:
        writer, rooms = writing.writer, writing.answers.rooms
        sequence = writer.begin()
        append(writer, sequence, Kind.INTENT)
        writer.look_at_disk()
        assert rooms.get(timeout=WAIT_S).space is Space.SPENT

        with pytest.raises(JournalFull):
            append(writer, sequence, Kind.RESPONSE_CHUNK, b"no")
        append(writer, sequence, Kind.END, b"its end is taken")
        writing.answers.wait_for(writer.flush())

    with opened(tmp_path) as journal:
        kinds = [frame.kinds for frame in read_all(journal).frames if frame.id.sequence]
    assert sum(kinds) == 1 << Kind.INTENT | 1 << Kind.END


def test_what_is_left_of_a_full_disk_is_not_taken_for_segments(tmp_path: Path) -> None:
    """It is the recorder's: only the vault can make room again."""
    limits = JournalLimits(segment_bytes=16 * MIB, space=SpaceLimits(hard_bytes=1000))
    free = [5000]
    with with_room(lambda: free[0]), living(tmp_path, limits) as writing:
        writer, rooms = writing.writer, writing.answers.rooms
        sequence = writer.begin()
        append(writer, sequence, Kind.INTENT)
        writing.answers.wait_for(writer.flush())
        free[0] = 500
        writer.look_at_disk()
        assert rooms.get(timeout=WAIT_S).space is Space.SHORT
        noise = os.urandom(3 * MIB)
        for _ in range(6):
            append(writer, sequence, Kind.RESPONSE_CHUNK, noise)
            writing.answers.wait_for(writer.flush())
        writer.look_at_disk()
        append(writer, sequence, Kind.END)
        writing.answers.wait_for(writer.flush())
        short = sorted(path.name[-5:] for path in tmp_path.glob("journal/*/*.seg"))

        free[0] = 5000
        writer.look_at_disk()
        while rooms.get(timeout=WAIT_S).space is not Space.AMPLE:
            pass
        ample = sorted(path.name[-5:] for path in tmp_path.glob("journal/*/*.seg"))

    assert short == ["0.seg", "1.seg"]
    assert ample == ["0.seg", "1.seg", "2.seg"]
