"""How much room a journal has: on its disk, and within its own budget. Looked at once a second."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024
RESERVE_BYTES: Final = 2 * MIB
"""Kept in the allocated segments for closing records: 10,000 connections at some 200 bytes each."""


class Space(enum.IntEnum):
    """What a journal can still take; each includes what the ones before it allow."""

    AMPLE = 0
    LOW = 1
    """Somebody should act: below the soft threshold. Nothing is refused yet."""
    SHORT = 2
    """No exchange begins. Those in flight go on in what is allocated."""
    SPENT = 3
    """Only closing records are taken, from the reserve."""


@dataclass(frozen=True, slots=True)
class SpaceLimits:
    """When a journal has too little room."""

    soft_bytes: int = 0
    """Free bytes of the disk below which it is LOW."""
    hard_bytes: int = 0
    """Free bytes of the disk below which it is SHORT."""
    budget_bytes: int = 1 << 62
    """What the segments of one worker may take while no recorder takes them away."""


UNLIMITED: Final = SpaceLimits()


@dataclass(frozen=True, slots=True)
class Room:
    """What one look found."""

    space: Space
    reason: str
    """A sentence for the operator; empty if ample."""
    free_bytes: int
    used_bytes: int


def look(folder: Path, limits: SpaceLimits) -> Room:
    """Measure the disk of `folder` and what its files take of it.

    Raises:
        OSError: the folder is gone.
    """
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    used = _used(folder)
    if free < limits.hard_bytes:
        reason = f"{free // MIB} MiB free, below the hard threshold of {limits.hard_bytes // MIB}"
        return Room(Space.SHORT, reason, free, used)
    if used > limits.budget_bytes:
        reason = f"the journal takes {used // MIB} MiB of its {limits.budget_bytes // MIB}"
        return Room(Space.SHORT, f"{reason}: is the recorder alive?", free, used)
    if free < limits.soft_bytes:
        reason = f"{free // MIB} MiB free, below the soft threshold of {limits.soft_bytes // MIB}"
        return Room(Space.LOW, reason, free, used)
    if 2 * used > limits.budget_bytes:
        reason = f"the journal takes {used // MIB} MiB, half of its budget"
        return Room(Space.LOW, f"{reason}: is the recorder alive?", free, used)
    return Room(Space.AMPLE, "", free, used)


def _used(folder: Path) -> int:
    """Bytes that the files of a folder take. One that is removed meanwhile counts nothing."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                total += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
    return total
