"""Files made equal to others, block by block, so that a second run writes only what changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.journal.disk import make_folder, sync_folder, write_all

BLOCK_BYTES: Final = 1024 * 1024


def mirror_file(source: Path, target: Path) -> int:
    """Make `target` as `source` is now, durable, for the owner alone; returns the bytes written.

    A source that grows meanwhile is taken up to the size it had.

    Raises:
        OSError: a disk refused.
    """
    reading = os.open(source, os.O_RDONLY)
    try:
        writing = os.open(target, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            return _make_equal(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _make_equal(reading: int, writing: int) -> int:
    size = os.fstat(reading).st_size
    had = os.fstat(writing).st_size
    written = 0
    for offset in range(0, size, BLOCK_BYTES):
        block = os.pread(reading, min(BLOCK_BYTES, size - offset), offset)
        if offset >= had or os.pread(writing, len(block), offset) != block:
            write_all(writing, [block], offset)
            written += len(block)
    if had > size:
        os.ftruncate(writing, size)
    if written or had > size:
        os.fsync(writing)
    return written


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
        elif is_wanted(name):
            kept.add(path.name)
            try:
                written += mirror_file(path, target / name)
            except FileNotFoundError:
                kept.discard(path.name)  # removed since it was listed
    for path in (target / below).iterdir():
        if path.name not in kept and not path.is_dir():
            path.unlink()
    sync_folder(target / below)
    return written
