"""proxy/journal/disk.py: whole writes, and names that still lead to what is written."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.journal.disk import (
    BUFFERS_PER_WRITE_MAX,
    FileLost,
    identity_of,
    make_folder,
    new_file,
    restored,
    sync_found,
    verify_name,
    was_written,
    write_all,
)


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


def test_more_buffers_than_one_call_takes_are_all_written(descriptor: int) -> None:
    buffers = [b"ab"] * (2 * BUFFERS_PER_WRITE_MAX + 3)

    end = write_all(descriptor, buffers, 10)

    assert end == 10 + 2 * len(buffers)
    assert os.pread(descriptor, end, 10) == b"ab" * len(buffers)


def test_a_write_that_the_kernel_cuts_short_is_continued_and_then_refused(descriptor: int) -> None:
    with file_size_limit(100), pytest.raises(OSError, match="too large"):
        write_all(descriptor, [b"x" * 60, b"y" * 60], 0)

    assert os.pread(descriptor, 200, 0) == b"x" * 60 + b"y" * 40


def test_what_was_never_written_is_told_without_reading_it(descriptor: int) -> None:
    os.ftruncate(descriptor, 32 * 1024 * 1024)
    os.pwrite(descriptor, b"x", 1024 * 1024)

    assert was_written(descriptor, 0)
    assert was_written(descriptor, 1024 * 1024)
    assert not was_written(descriptor, 2 * 1024 * 1024)
    assert not was_written(descriptor, 33 * 1024 * 1024), "behind the end of the file"


def test_a_file_system_that_does_not_know_says_that_it_was(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> int:
        raise OSError(errno.EINVAL, "SEEK_DATA")

    monkeypatch.setattr(os, "lseek", refuse)

    assert was_written(descriptor, 0)


def test_folders_are_for_the_owner_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def unlink(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def take_the_folder_away(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


@pytest.mark.parametrize("tamper", [unlink, replace, take_the_folder_away])
def test_a_lost_file_is_noticed_and_restored_from_its_descriptor(
    tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    path = tmp_path / "folder" / "file"
    make_folder(path.parent)
    lost = new_file(path, 4096)
    write_all(lost, [b"durable", b" and not"], 0)
    tamper(path)

    with pytest.raises(FileLost, match=r"gone|another file"):
        verify_name(identity_of(lost), path)
    found = restored(lost, path, len(b"durable"), 4096)

    assert verify_name(identity_of(found), path) == 4096
    assert path.read_bytes() == b"durable".ljust(4096, b"\0")
    os.close(lost)
    os.close(found)


def test_who_stands_in_a_lost_name_is_kept_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    lost = new_file(path, 0)
    path.unlink()
    path.write_bytes(b"somebody else's")

    found = restored(lost, path, 0, 0)

    assert (tmp_path / "file.foreign").read_bytes() == b"somebody else's"
    os.close(lost)
    os.close(found)


def test_a_file_without_room_leaves_nothing_behind(tmp_path: Path) -> None:
    with file_size_limit(1000), pytest.raises(OSError, match="too large"):
        new_file(tmp_path / "file", 4096)

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of what is synced from now on."""
    found: list[str] = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        found.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    return found


def test_a_folder_that_somebody_else_made_gets_a_durable_name(
    tmp_path: Path, synced: list[str]
) -> None:
    """Seen by the crash-state explorer: its maker was killed between mkdir and fsync, then the power went."""
    (tmp_path / "journal").mkdir()

    make_folder(tmp_path / "journal" / "w0")

    assert synced == [str(tmp_path), str(tmp_path / "journal")]


def test_what_is_in_a_folder_that_we_may_not_read_is_not_ours_to_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    sync_found(tmp_path)
