"""Copying a file as cheaply as the file system can (shared blocks, then in the kernel, then by hand), and removing one."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

from proxy.errors import StoreError

FICLONE: Final = 0x40049409
"""ioctl of linux/fs.h: make the target share the source's blocks (btrfs, XFS, overlay over them)."""
STRETCH_BYTES: Final = 256 * 1024 * 1024
"""Per copy_file_range call: few calls, and each can still be interrupted."""
LEFT_BYTES: Final = 1 << 30
"""Of the disk, behind a copy that takes room: beyond what the journal needs to go on (`journal.hard_bytes`)."""
LEFT_PART: Final = 16
"""On disks under 16 GiB this part of them."""

_NOT_HERE: Final = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}
)
"""What a file system answers that cannot do it."""


class NoCopy(StoreError):
    """A copy cannot be made; what was to be copied is well."""


def copy_file(source: Path, target: Path) -> None:
    """Copy `source` to the new file `target`, readable by the owner alone.

    Raises:
        OSError: too little room, or `target` exists. There is no part of a copy then.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as writer, source.open("rb") as reader:
            if _share(reader.fileno(), writer.fileno()):
                return
            _check_room(reader.fileno(), writer.fileno())
            if not _copy_in_kernel(reader.fileno(), writer.fileno()):
                shutil.copyfileobj(reader, writer, 1024 * 1024)
    except OSError:
        target.unlink()
        raise


def _check_room(source: int, target: int) -> None:
    """A question may not take the room that recording needs: without it the gateways refuse requests."""
    disk, size = os.fstatvfs(target), os.fstat(source).st_size
    left = min(LEFT_BYTES, disk.f_blocks * disk.f_frsize // LEFT_PART)
    free = disk.f_bavail * disk.f_frsize
    if free < size + left:
        raise OSError(
            errno.ENOSPC,
            f"a copy of {size >> 20} MiB would leave less than {left >> 20} MiB of the disk, "
            f"which has {free >> 20} MiB free: free some, or ask where there is room",
        )


def _share(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as error:
        if error.errno in _NOT_HERE:
            return False
        raise
    return True


def _copy_in_kernel(source: int, target: int) -> bool:
    left = os.fstat(source).st_size
    offset = 0
    try:
        while left > 0:
            done = os.copy_file_range(source, target, min(left, STRETCH_BYTES), offset, offset)
            if done == 0:
                break
            offset += done
            left -= done
    except OSError as error:
        if error.errno in _NOT_HERE and offset == 0:
            return False
        raise
    return True


def remove_tables(path: Path) -> None:
    """Delete a closed DuckDB file and its WAL, whichever are there."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
