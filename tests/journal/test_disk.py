"""proxy/journal/disk.py: whole writes, and segments that are durable before use."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.journal.disk import (
    BUFFERS_PER_WRITE_MAX,
    HEAD_FRAME_BYTES,
    SegmentFile,
    Segments,
    make_folder,
    own_frame,
    segment_path,
    write_all,
)
from proxy.journal.format import Kind, SegmentHead
from tests.journal.written import BOOT, WORKER, still_ns

HEAD = own_frame(Kind.SEGMENT_HEAD, still_ns(), 1, SegmentHead(WORKER, BOOT, 0).encode())


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The kernel writes up to the limit, then refuses: the full-disk edge without a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def segments(folder: Path, segment_bytes: int = 4096) -> Segments:
    return Segments(
        folder,
        worker=WORKER,
        boot=BOOT,
        segment_bytes=segment_bytes,
        now_ns=still_ns,
        mono_ns=still_ns,
    )


def test_more_buffers_than_one_call_takes_are_all_written(descriptor: int) -> None:
    buffers = [b"ab"] * (2 * BUFFERS_PER_WRITE_MAX + 3)

    end = write_all(descriptor, buffers, 10)

    assert end == 10 + 2 * len(buffers)
    assert os.pread(descriptor, end, 10) == b"ab" * len(buffers)


def test_a_write_that_the_kernel_cuts_short_is_continued_and_then_refused(descriptor: int) -> None:
    with file_size_limit(100), pytest.raises(OSError, match="too large"):
        write_all(descriptor, [b"x" * 60, b"y" * 60], 0)

    assert os.pread(descriptor, 200, 0) == b"x" * 60 + b"y" * 40


def test_folders_are_for_the_owner_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_segment_has_its_full_size_and_its_head_before_it_is_used(tmp_path: Path) -> None:
    segment = SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)
    segment.close()

    assert segment_path(tmp_path, BOOT, 0).read_bytes() == HEAD.ljust(4096, b"\0")
    assert len(HEAD) == HEAD_FRAME_BYTES


def test_a_segment_is_never_written_over_another(tmp_path: Path) -> None:
    segment_path(tmp_path, BOOT, 0).write_bytes(b"")

    with pytest.raises(FileExistsError):
        SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)


def unlink(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def cut(path: Path) -> None:
    os.truncate(path, 10)


@pytest.mark.parametrize("tamper", [unlink, replace, cut])
def test_a_sync_notices_that_its_file_was_tampered_with(
    tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    segment = SegmentFile(tmp_path, SegmentHead(WORKER, BOOT, 0), HEAD, 4096)
    tamper(segment.path)

    with pytest.raises(OSError, match=r"replaced or cut|No such file"):
        segment.sync()

    segment.close()


def test_the_next_segment_is_made_once_and_ahead(tmp_path: Path) -> None:
    journal = segments(tmp_path)

    assert journal.make_next()
    assert not journal.make_next()

    assert segment_path(tmp_path, BOOT, 1).stat().st_size == 4096
    assert journal.position() == (0, HEAD_FRAME_BYTES)
    journal.close()


def test_frames_that_do_not_fit_go_on_in_the_next_segment(tmp_path: Path) -> None:
    journal = segments(tmp_path)

    journal.write([b"h" * 40, b"p" * 1860] * 3)

    assert journal.position() == (1, HEAD_FRAME_BYTES + 1900)
    journal.close()


def test_a_frame_larger_than_a_segment_gets_a_segment_of_its_own_size(tmp_path: Path) -> None:
    journal = segments(tmp_path)

    journal.write([b"h" * 40, b"p" * 9960])

    assert journal.position() == (1, HEAD_FRAME_BYTES + 10_000)
    assert segment_path(tmp_path, BOOT, 1).stat().st_size > HEAD_FRAME_BYTES + 10_000
    journal.close()


def test_finishing_seals_the_segment_and_takes_the_unused_one_away(tmp_path: Path) -> None:
    journal = segments(tmp_path)
    journal.make_next()

    journal.finish()
    journal.close()

    assert [path.name for path in tmp_path.iterdir()] == [segment_path(tmp_path, BOOT, 0).name]
