"""Copying a file as cheaply as the file system can: shared blocks, then in the kernel, then by hand."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

FICLONE: Final = 0x40049409
"""ioctl of linux/fs.h: make the target share the source's blocks (btrfs, XFS, overlay over them)."""
STRETCH_BYTES: Final = 256 * 1024 * 1024
"""Per copy_file_range call: few calls, and each can still be interrupted."""

_NOT_HERE: Final = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}
)
"""What a file system answers that cannot do it."""


def copy_file(source: Path, target: Path) -> None:
    """Copy `source` to the new file `target`, readable by the owner alone.

    Raises:
        OSError: no space, or `target` exists.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
        if not _share(reader.fileno(), writer.fileno()) and not _copy_in_kernel(
            reader.fileno(), writer.fileno()
        ):
            shutil.copyfileobj(reader, writer, 1024 * 1024)


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
