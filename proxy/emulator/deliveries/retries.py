"""When a delivery that failed is tried again: growing waits, for a day (reference, section 17). Pure."""

from __future__ import annotations

from typing import Final

from proxy.emulator.state.clock import NS
from proxy.emulator.state.retention import DAY_S

FIRST_WAIT_S: Final = 5
"""Wait after the first attempt; each later one is twice as long. No jitter: the same runs give the same log."""

ATTEMPTS_MAX: Final = 15
"""What fits into a day: 5 s, 10 s, 20 s, … end after 22 h 45 min."""

PATIENCE_NS: Final = DAY_S * NS
"""After the event nothing is tried later than this."""


def next_try_ns(made_ns: int, now_ns: int, attempts: int) -> int | None:
    """When to try again after so many attempts, the last of them now; None: never."""
    due_ns = now_ns + FIRST_WAIT_S * 2 ** (attempts - 1) * NS
    return due_ns if attempts < ATTEMPTS_MAX and due_ns <= made_ns + PATIENCE_NS else None
