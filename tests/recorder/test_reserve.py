from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.recorder.reserve import DISK_PART, RESERVE_BYTES, Reserve, full_disk

MIB = 1024 * 1024


def disk(monkeypatch: pytest.MonkeyPatch, *, total: int, free: int) -> None:
    """The disk, in bytes."""
    found = os.statvfs_result(
        (4096, 4096, total // 4096, free // 4096, free // 4096, 0, 0, 0, 0, 255)
    )
    monkeypatch.setattr("proxy.recorder.reserve.os.statvfs", lambda _: found)


def test_room_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, total=100 * RESERVE_BYTES, free=50 * RESERVE_BYTES)
    reserve = Reserve(tmp_path)

    made = [reserve.make(), reserve.make()]

    assert made == [True, False]
    found = (tmp_path / "reserve").stat()
    assert (found.st_size, found.st_mode & 0o777) == (RESERVE_BYTES, 0o600)
    assert found.st_blocks * 512 >= RESERVE_BYTES, "a file with holes keeps no room"


def test_on_a_small_disk_less_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, total=64 * MIB, free=60 * MIB)

    Reserve(tmp_path).make()

    assert (tmp_path / "reserve").stat().st_size == 64 * MIB // DISK_PART


def test_who_gave_it_up_does_not_take_it_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, total=100 * RESERVE_BYTES, free=50 * RESERVE_BYTES)
    reserve = Reserve(tmp_path)
    reserve.make()
    disk(monkeypatch, total=100 * RESERVE_BYTES, free=RESERVE_BYTES)

    given_up = [reserve.give_up(), reserve.give_up()]

    assert given_up == [True, False]
    assert not reserve.make()
    assert not reserve.is_there


def test_a_disk_that_has_no_room_after_all_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _start: int, _size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    disk(monkeypatch, total=100 * RESERVE_BYTES, free=50 * RESERVE_BYTES)
    monkeypatch.setattr("proxy.journal.disk.os.posix_fallocate", refuse)

    assert not Reserve(tmp_path).make()
    assert list(tmp_path.iterdir()) == []


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (FULL, True),
        (OSError(errno.EDQUOT, "quota"), True),
        (OSError(errno.EIO, "Input/output error"), False),
        (ExceptionGroup("threads", [ValueError(), ExceptionGroup("inner", [FULL])]), True),
        (caused(StartRefused("no socket"), FULL), True),
        (ValueError(), False),
    ],
)
def test_a_full_disk_is_known_however_it_is_wrapped(error: Exception, *, is_full: bool) -> None:
    assert (full_disk(error) is not None) is is_full
