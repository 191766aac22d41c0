"""Files that must survive a power loss: whole writes, folders whose names are durable."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

BUFFERS_PER_WRITE_MAX: Final = 1024
"""IOV_MAX of Linux; more buffers in one call fail with EINVAL."""
COPY_BYTES: Final = 1024 * 1024
"""A lost file is copied from its open descriptor in pieces of this size."""


class FileLost(OSError):
    """The file of this name is not the one we write: unlinked, renamed, replaced, or hidden by a mount.

    What was written is still behind the open descriptor.
    """


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a new file whose folder was not synced can vanish."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_found(folder: Path) -> None:
    """Make names durable that were found, before anything is built on them.

    Whoever made them may have been killed before they were. A folder that we may not read is not
    ours: an operator made what is in it.
    """
    with contextlib.suppress(PermissionError):
        sync_folder(folder)


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents for the owner alone, each name durable."""
    if folder.is_dir():
        sync_found(folder.parent)
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def write_all(descriptor: int, buffers: Sequence[bytes], offset: int) -> int:
    """Write every byte of `buffers` at `offset`, however the kernel cuts it; return the end offset.

    Raises:
        OSError: the disk refused. At the full-disk edge a part may have been written before.
    """
    for start in range(0, len(buffers), BUFFERS_PER_WRITE_MAX):
        group = buffers[start : start + BUFFERS_PER_WRITE_MAX]
        wanted = sum(map(len, group))
        written = os.pwritev(descriptor, group, offset)
        offset += written
        if written < wanted:
            offset = _write_rest(descriptor, memoryview(b"".join(group))[written:], offset)
    return offset


def _write_rest(descriptor: int, rest: memoryview, offset: int) -> int:
    """Ends because each call writes at least one byte or raises (a second try at a full disk raises)."""
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        if written == 0:
            raise OSError(f"the disk takes no more bytes at offset {offset}, {len(rest)} are left")
        rest = rest[written:]
        offset += written
    return offset


def new_file(path: Path, size: int) -> int:
    """The descriptor of a new preallocated file. One that the disk has no room for leaves nothing behind."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        # Preallocated: no commit fails for space later, and fdatasync never has to write a new size.
        if size:
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


Identity = tuple[int, int]
"""Device and inode. Nobody else gets them as long as the file is open."""


def was_written(descriptor: int, offset: int) -> bool:
    """Whether anything was ever written there or behind it; a file system that does not know says yes.

    What was only allocated is blank, and reading 32 MiB of it takes 30 ms.
    """
    try:
        os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        return error.errno != errno.ENXIO
    return True


def identity_of(descriptor: int) -> Identity:
    """What tells an open file from every other."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def verify_name(identity: Identity, path: Path) -> int:
    """Make sure that `path` still leads to the open file of this identity; returns its size in bytes.

    A file that was unlinked or replaced takes bytes happily and nobody ever sees them again.

    Raises:
        FileLost: it leads elsewhere or nowhere; see `restored`.
    """
    try:
        named = os.stat(path)  # noqa: PTH116  half the cost of Path.stat, once per commit
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileLost(error.errno, f"{path.name} is gone") from error
    if (named.st_dev, named.st_ino) != identity:
        raise FileLost(f"{path.name} is another file now")
    return named.st_size


def restored(lost: int, path: Path, durable_bytes: int, size: int) -> int:
    """Put what is durable behind the descriptor `lost` back under its name; returns the new descriptor.

    Whoever stands in our name is kept beside it, with the ending `.foreign`. `lost` stays open.

    Raises:
        OSError: the disk refused; nothing has changed.
    """
    make_folder(path.parent)
    unborn = path.with_suffix(".unborn")
    unborn.unlink(missing_ok=True)
    descriptor = new_file(unborn, size)
    try:
        for start in range(0, durable_bytes, COPY_BYTES):
            piece = os.pread(lost, min(COPY_BYTES, durable_bytes - start), start)
            write_all(descriptor, [piece], start)
        os.fsync(descriptor)
        if path.exists():
            path.rename(path.with_suffix(".foreign"))
        unborn.rename(path)
        sync_folder(path.parent)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
