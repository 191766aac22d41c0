"""proxy/journal/segments/file.py: a segment is durable before use, and can be restored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.journal.disk import FileLost
from proxy.journal.format import Kind, SegmentHead
from proxy.journal.segments.file import HEAD_FRAME_BYTES, SegmentFile, own_frame, segment_path
from tests.journal.test_disk import file_size_limit
from tests.journal.written import BOOT, WORKER, still_ns

HEAD = own_frame(Kind.SEGMENT_HEAD, still_ns(), 1, SegmentHead(WORKER, BOOT, 0).encode())


def test_a_segment_has_its_full_size_and_its_head_before_it_is_used(tmp_path: Path) -> None:
    segment = SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)
    segment.close()

    assert segment_path(tmp_path, BOOT, 0).read_bytes() == HEAD.ljust(4096, b"\0")
    assert len(HEAD) == HEAD_FRAME_BYTES


def test_a_segment_is_never_written_over_another(tmp_path: Path) -> None:
    segment_path(tmp_path, BOOT, 0).write_bytes(b"")

    with pytest.raises(FileExistsError):
        SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)


def test_a_sync_notices_that_its_file_was_cut(tmp_path: Path) -> None:
    segment = SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)
    os.truncate(segment.path, 10)

    with pytest.raises(OSError, match="was cut"):
        segment.sync()

    segment.close()


def test_a_restored_segment_goes_on_behind_what_was_durable(tmp_path: Path) -> None:
    segment = SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)
    segment.write([b"durable"], 7)
    end = segment.end
    segment.write([b"not yet"], 7)
    segment.path.unlink()
    with pytest.raises(FileLost):
        segment.sync()

    segment.restore(end)
    segment.write([b"again"], 5)
    segment.sync()
    segment.close()

    assert segment.path.read_bytes() == (HEAD + b"durableagain").ljust(4096, b"\0")


def test_an_unused_segment_can_get_another_head(tmp_path: Path) -> None:
    segment = SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 1), HEAD, 4096)
    head = SegmentHead(WORKER, BOOT, 1, previous_end=900)

    segment.rewrite_head(head, own_frame(Kind.SEGMENT_HEAD, still_ns(), 1, head.encode()))
    segment.close()

    assert segment.path.read_bytes()[:HEAD_FRAME_BYTES].endswith((900).to_bytes(8, "little"))


def test_a_segment_that_the_disk_has_no_room_for_leaves_nothing_behind(tmp_path: Path) -> None:
    with file_size_limit(1000), pytest.raises(OSError, match="too large"):
        SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)

    assert list(tmp_path.iterdir()) == []
