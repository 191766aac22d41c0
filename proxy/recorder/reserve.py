"""Room kept on the disk for the day it is full: given up then, so that the vault can take what the journal holds.

A full disk would otherwise stay full: the journal's segments go only after the vault has what is in
them, and the vault needs room for that.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from proxy.journal.disk import new_file

MIB: Final = 1024 * 1024
RESERVE_BYTES: Final = 64 * MIB
"""Enough for several commits of some 8 MiB, after each of which the journal's segments go that it made
superfluous. The vault takes one to three times what the journal held: a large question stands in the raw
record and in its step (measured 2026-11-22 with 1.2 MB of base64). So this is a beginning, not a promise
that all fits; the journal itself stops at `journal.hard_bytes`, far from a full disk."""
DISK_PART: Final = 16
"""At most this part of the disk: 64 MiB from 1 GiB on, less on smaller disks. A commit takes some 8 MiB."""
ROOM_FACTOR: Final = 4
"""Made only where so many times its size is free. Who just gave it up does not take it again at once."""
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Reserve:
    """The file `reserve` in the data folder. Its bytes mean nothing."""

    def __init__(self, data_folder: Path) -> None:
        self._path = data_folder / "reserve"

    @property
    def is_there(self) -> bool:
        return self._path.exists()

    def make(self) -> bool:
        """Keep room if there is enough of it and none is kept. Whether it was made just now."""
        if self.is_there:
            return False
        disk = os.statvfs(self._path.parent)
        size = min(RESERVE_BYTES, disk.f_blocks * disk.f_frsize // DISK_PART)
        if disk.f_bavail * disk.f_frsize < ROOM_FACTOR * size:
            return False
        try:
            os.close(new_file(self._path, size))
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            return False  # somebody else took the room meanwhile
        return True

    def give_up(self) -> bool:
        """Give the room back to the disk. Whether there was any."""
        was_there = self.is_there
        self._path.unlink(missing_ok=True)
        return was_there


def full_disk(error: BaseException) -> OSError | None:
    """What says that a disk had no room: this error, or one inside it or behind it."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return error
    inside = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    behind = (error.__cause__,) if error.__cause__ else ()
    found = (full_disk(one) for one in (*inside, *behind))
    return next((one for one in found if one is not None), None)
