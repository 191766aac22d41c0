"""What can be told of a DuckDB file before it is opened."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

LEAST_BYTES: Final = 3 * 4096 + 256 * 1024
"""Three headers and a block: in a shorter file stands no row (DuckDB 1.5.5). One with a WAL, before its
first checkpoint, is whole with its headers alone."""
_MAGIC: Final = slice(8, 12)
_DESCRIPTORS: Final = Path("/proc/self/fd")
"""Linux; elsewhere nothing is seen, and nothing is known to be open."""


def is_unborn(path: Path) -> bool:
    """Whether a kill or a full disk cut off the making of this file, which DuckDB refuses to open."""
    try:
        if path.stat().st_size >= LEAST_BYTES:
            return False
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return content[_MAGIC] == b"DUCK" or not any(content)


def spill_folder(path: Path) -> Path:
    """Where DuckDB puts what does not fit its memory; it removes it when it is done."""
    return path.with_name(path.name + ".tmp")


def remove_spilled(path: Path) -> None:
    """What a killed process left there: nobody else would, and digests of content stand in it.

    Raises:
        OSError: the disk refused.
    """
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(spill_folder(path))


def is_open_here(path: Path) -> bool:
    """Whether a descriptor of this process is of this file.

    DuckDB's lock keeps other processes out, and not a second instance in this one: two that write
    destroy the file. An instance lives as long as a statement of any cursor of it.
    """
    try:
        wanted = path.stat()
        numbers = [entry.name for entry in _DESCRIPTORS.iterdir()]
    except FileNotFoundError:
        return False
    for number in numbers:
        with contextlib.suppress(OSError):  # closed meanwhile, by another thread
            if os.path.samestat(os.fstat(int(number)), wanted):
                return True
    return False
