"""proxy/journal/segments/chain.py: segments one after the other, and what a refusing disk costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.journal.segments.chain import Segments
from proxy.journal.segments.file import HEAD_FRAME_BYTES, segment_path
from tests.journal.written import (
    BOOT,
    WORKER,
    FaultyDisk,
    opened,
    read_all,
    sealer_in,
    sequences,
    still_ns,
    whole_exchange,
)


def segments(folder: Path, segment_bytes: int = 4096) -> Segments:
    return Segments(
        folder,
        worker=WORKER,
        boot=BOOT,
        segment_bytes=segment_bytes,
        now_ns=still_ns,
        mono_ns=still_ns,
    )


def test_the_next_segment_is_made_once_and_ahead(tmp_path: Path) -> None:
    journal = segments(tmp_path)

    assert journal.make_next()
    assert not journal.make_next()

    assert segment_path(tmp_path, BOOT, 1).stat().st_size == 4096
    assert journal.position() == (0, HEAD_FRAME_BYTES)
    journal.close()


def test_frames_that_do_not_fit_go_on_in_the_next_segment(tmp_path: Path) -> None:
    journal = segments(tmp_path)

    journal.commit([b"h" * 40, b"p" * 1860] * 3)

    assert journal.position() == (1, HEAD_FRAME_BYTES + 1900)
    journal.close()


def test_a_frame_larger_than_a_segment_gets_a_segment_of_its_own_size(tmp_path: Path) -> None:
    journal = segments(tmp_path)

    journal.commit([b"h" * 40, b"p" * 9960])

    assert journal.position() == (1, HEAD_FRAME_BYTES + 10_000)
    assert segment_path(tmp_path, BOOT, 1).stat().st_size > HEAD_FRAME_BYTES + 10_000
    journal.close()


def test_finishing_seals_the_segment_and_takes_the_unused_one_away(tmp_path: Path) -> None:
    journal = segments(tmp_path)
    journal.make_next()

    journal.finish()
    journal.close()

    assert [path.name for path in tmp_path.iterdir()] == [segment_path(tmp_path, BOOT, 0).name]


@pytest.fixture(params=["with", "without"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> FaultyDisk:
    """With and without a segment made ahead."""
    made = FaultyDisk(tmp_path)
    if request.param == "with":
        made.make_next()
    return made


@pytest.mark.parametrize("bytes_kept", [0, 60, 10_000])
def test_a_commit_that_the_disk_refused_is_written_again_in_the_next_segment(
    tmp_path: Path, disk: FaultyDisk, bytes_kept: int
) -> None:
    """Whatever of it reached the first segment all the same: it stands twice, and is read once."""
    seal = sealer_in(tmp_path)
    disk.commit(seal(whole_exchange(1)))
    disk.refuse_next("sync", bytes_kept=bytes_kept)

    disk.commit(seal(whole_exchange(2)))
    disk.commit(seal(whole_exchange(3)))
    disk.finish()
    disk.close()

    (trouble,) = disk.troubles()
    assert "000000.seg is suspect from" in trouble
    assert "Input/output error" in trouble
    with opened(tmp_path) as journal:
        batch = read_all(journal)
        assert journal.segments() == [0, 1]
    assert sequences(batch.frames) == [1, 2, 3]
    assert batch.damage == ()
    assert batch.is_end


def test_a_commit_cut_short_by_the_disk_is_written_again(tmp_path: Path, disk: FaultyDisk) -> None:
    seal = sealer_in(tmp_path)
    disk.commit(seal(whole_exchange(1)))
    disk.refuse_next("write", bytes_kept=30)

    disk.commit(seal(whole_exchange(2)))
    disk.close()

    with opened(tmp_path) as journal:
        assert sequences(read_all(journal).frames) == [1, 2]


def test_a_disk_that_refuses_twice_has_failed(tmp_path: Path, disk: FaultyDisk) -> None:
    seal = sealer_in(tmp_path)
    disk.commit(seal(whole_exchange(1)))
    disk.refuse_next("sync")
    disk.refuse_next("sync")

    with pytest.raises(OSError, match="Input/output error"):
        disk.commit(seal(whole_exchange(2)))

    disk.close()
    with opened(tmp_path) as journal:
        assert sequences(read_all(journal).frames)[:1] == [1]


def test_a_failure_at_a_segments_tail_loses_nothing(tmp_path: Path) -> None:
    disk = FaultyDisk(tmp_path, segment_bytes=4096)
    seal = sealer_in(tmp_path)
    disk.commit(seal(whole_exchange(1, b"x" * 2500)))
    disk.refuse_next("sync")

    disk.commit(seal([*whole_exchange(2, b"y" * 1000), *whole_exchange(3, b"z" * 1000)]))
    disk.finish()
    disk.close()

    with opened(tmp_path) as journal:
        batch = read_all(journal)
    assert sequences(batch.frames) == [1, 2, 3]
    assert batch.damage == ()


def test_a_lost_segment_is_restored_with_all_it_held(tmp_path: Path, disk: FaultyDisk) -> None:
    seal = sealer_in(tmp_path)
    disk.commit(seal(whole_exchange(1)))
    segment_path(disk.folder, BOOT, 0).unlink()

    disk.commit(seal(whole_exchange(2)))
    disk.close()

    assert disk.troubles() == [
        f"{BOOT:016x}-000000.seg is gone: restored, and its last commit written again"
    ]
    with opened(tmp_path) as journal:
        assert sequences(read_all(journal).frames) == [1, 2]


def test_a_segment_lost_while_nothing_happens_is_restored_too(tmp_path: Path) -> None:
    disk = FaultyDisk(tmp_path)
    disk.commit(sealer_in(tmp_path)(whole_exchange(1)))
    segment_path(disk.folder, BOOT, 0).unlink()

    disk.verify()
    disk.close()

    with opened(tmp_path) as journal:
        assert sequences(read_all(journal).frames) == [1]
