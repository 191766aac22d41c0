"""The emulator's time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

NS: Final = 1_000_000_000


def stepping_clock(start_s: int, step_ns: int = 100_000_000) -> Callable[[], int]:
    """A clock that moves only when it is read: the same calls see the same times."""
    now = start_s * NS - step_ns

    def now_ns() -> int:
        nonlocal now
        now += step_ns
        return now

    return now_ns
