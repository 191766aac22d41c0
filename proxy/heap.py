"""glibc's heap of a process that lives for months: what was freed goes back to the machine. Another libc is left as it is."""

from __future__ import annotations

import ctypes
from typing import Final

_MALLOPT: Final = {-8: 1, -3: 1 << 20, -1: 1 << 20}
"""glibc (mallopt(3)): M_ARENA_MAX 1, for the interpreter lets one thread allocate at a time; M_MMAP_THRESHOLD and
M_TRIM_THRESHOLD 1 MiB, which else grow to 32 and 64 with the first large body that was freed, and all such bodies
then lie among small things. Measured 2026-11-23 with malformed inputs: 157 instead of 208 MB after 6,000 of them,
238 instead of 304 MB after 30,000."""


def give_memory_back() -> None:
    """What large bodies took goes back to the machine when they are gone. Another libc is left as it is."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in _MALLOPT.items():
            mallopt(option, value)


def trim_heap() -> None:
    """Give back whole pages that are free between things that stay; 1 to 15 ms. Call it where much was freed at once.

    Measured 2026-11-23: after 60,000 exchanges at full speed 48 MB of heap held 22 MB; 35 MB were left of it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
