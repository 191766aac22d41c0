"""Files made equal to others, block by block, so that a second run writes only what changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.journal.disk import make_folder, sync_folder, write_all

BLOCK_BYTES: Final = 1024 * 1024


def mirror_file(source: Path, target: Path, *, size_max: int | None = None) -> int:
    """Make `target` as `source` is now, durable, for the owner alone; returns the bytes written.

    A source that grows meanwhile is taken up to the size it had; one that is cut, up to where it ends now.

    Args:
        source: the original; a link is followed.
        target: the copy; a link there is refused, it would lead out of the backup.
        size_max: the beginning of so many bytes is enough.

    Raises:
        OSError: a disk refused.
    """
    reading = os.open(source, os.O_RDONLY)
    try:
        writing = os.open(target, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(writing, 0o600)
            return _make_equal(reading, writing, size_max)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _make_equal(reading: int, writing: int, size_max: int | None) -> int:
    size = os.fstat(reading).st_size
    if size_max is not None:
        size = min(size, size_max)
    had = os.fstat(writing).st_size
    written = 0
    offset = 0
    while offset < size:
        block = os.pread(reading, min(BLOCK_BYTES, size - offset), offset)
        if not block:
            size = offset  # cut since: what stood there is nowhere any more
            break
        if offset >= had or os.pread(writing, len(block), offset) != block:
            write_all(writing, [block], offset)
            written += len(block)
        offset += len(block)
    if had > size:
        os.ftruncate(writing, size)
    if written or had > size:
        os.fsync(writing)
    return written


def write_new(path: Path, content: bytes) -> None:
    """The file with this content or the one before it, whatever happens; for the owner alone.

    Raises:
        OSError: a disk refused.
    """
    unborn = path.with_name(f"{path.name}.unborn")
    descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        write_all(descriptor, [content], 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unborn.rename(path)
    sync_folder(path.parent)


def mirror_folder(
    source: Path, target: Path, *, is_wanted: Callable[[Path], bool] = lambda _: True
) -> int:
    """The same for all wanted files of a folder and its folders; others are removed from `target`.

    `is_wanted` is asked with paths relative to `source`. Returns the bytes written.
    """
    return _mirrored(source, target, Path(), is_wanted)


def _mirrored(source: Path, target: Path, below: Path, is_wanted: Callable[[Path], bool]) -> int:
    make_folder(target / below)
    written = 0
    kept: set[str] = set()
    for path in sorted((source / below).iterdir()):
        name = below / path.name
        if path.is_dir():
            kept.add(path.name)
            written += _mirrored(source, target, name, is_wanted)
        elif path.is_file() and is_wanted(name):
            kept.add(path.name)
            try:
                written += mirror_file(path, target / name)
            except FileNotFoundError:
                kept.discard(path.name)  # removed since it was listed
    for path in (target / below).iterdir():
        if path.name not in kept and (path.is_symlink() or not path.is_dir()):
            path.unlink()
    sync_folder(target / below)
    return written
