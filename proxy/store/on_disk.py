"""What can be told of a DuckDB file before it is opened."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
from pathlib import Path
from typing import Final

LEAST_BYTES: Final = 3 * 4096 + 256 * 1024
"""Three headers and a block: in a shorter file stands no row (DuckDB 1.5.5). One with a WAL, before its
first checkpoint, is whole with its headers alone."""
_SPILLED: Final = ".tmp"
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


def new_spill_folder(path: Path) -> Path:
    """Where a new instance puts what does not fit its memory: it makes it when it needs it and removes it at its end.

    Not one for all: an instance spills already while it replays a WAL, before it is known whose the file is,
    and what was taken from under an instance it misses to its end.
    """
    return path.with_name(f"{path.name}{_SPILLED}-{secrets.token_hex(4)}")


def spill_folders(path: Path) -> list[Path]:
    """Those that are there now."""
    return list(path.parent.glob(f"{glob.escape(path.name + _SPILLED)}*"))


def remove_spilled(path: Path, but: Path | None = None) -> None:
    """What killed processes left there: nobody else would, and digests of content stand in it.

    The file MUST be open here, or by nobody. `but` is the folder of the instance that has it.

    Raises:
        OSError: the disk refused.
    """
    for folder in spill_folders(path):
        if folder != but:
            shutil.rmtree(folder)


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
