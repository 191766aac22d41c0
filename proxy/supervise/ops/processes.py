"""CPU time, memory and start of our processes, from /proc. A process that is gone tells nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_UTIME, _STIME, _START = 11, 12, 19
"""Places in /proc/<pid>/stat behind the name, which is in brackets and may hold anything."""


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """One process at one moment."""

    cpu_s: float
    resident_bytes: int
    started_at_s: float
    """Since 1970."""


def read_processes(pids: Mapping[str, int]) -> dict[str, ProcessReading]:
    """By the same names; those that are gone are left out."""
    found = {name: _read(pid) for name, pid in pids.items() if pid > 0}
    return {name: reading for name, reading in found.items() if reading is not None}


def _read(pid: int) -> ProcessReading | None:
    folder = Path("/proc") / str(pid)
    try:
        fields = (folder / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        pages = int((folder / "statm").read_text("ascii").split()[1])
        booted_at_s = _booted_at_s()
    except (OSError, IndexError, ValueError):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return ProcessReading(
        cpu_s=(int(fields[_UTIME]) + int(fields[_STIME])) / ticks,
        resident_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
        started_at_s=booted_at_s + int(fields[_START]) / ticks,
    )


def _booted_at_s() -> int:
    """Raises OSError or ValueError: this system does not say."""
    for line in Path("/proc/stat").read_text("ascii").splitlines():
        if line.startswith("btime "):
            return int(line.split()[1])
    raise ValueError("/proc/stat has no btime")
