"""The emulator's time: the wall's or its own, and either can be moved, so that 55 days pass in a second.

Everything that the emulator dates, expires or tries again asks one `Clock`. Moving it moves all of that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from proxy.emulator.asked.refusals import invalid

NS: Final = 1_000_000_000

STEP_NS: Final = 100_000_000
"""How far a stepping clock moves with each reading: ten readings are a second."""

SECONDS_END: Final = 2**32
"""The first second that no id can name: ids hold four bytes of seconds (reference, section 6.3)."""

Watcher = Callable[[int, int], None]
"""Is told after each move: from when to when, in ns."""


class Clock:
    """Wall time, or time that moves only when it is read; `advance` and `set` move both.

    Not shared between threads.
    """

    def __init__(
        self,
        start_s: int | None = None,
        *,
        step_ns: int = STEP_NS,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Start at `start_s` and move by `step_ns` with each reading (0: stand still); None: wall time."""
        self._step_ns = step_ns
        self._wall_ns = wall_ns
        self._is_wall = start_s is None
        self._base_ns = 0 if start_s is None else start_s * NS
        self._watchers: list[Watcher] = []

    def now_ns(self) -> int:
        """The time now. A stepping clock moves on by its step."""
        if self._is_wall:
            return self._base_ns + self._wall_ns()
        now = self._base_ns
        self._base_ns = now + self._step_ns
        return now

    def peek_ns(self) -> int:
        """What the next reading will say at the least; moves nothing."""
        return self._base_ns + self._wall_ns() if self._is_wall else self._base_ns

    def advance(self, seconds: float) -> None:
        """Let so much time pass.

        Raises:
            Refusal: 400, it would go backwards (only `set` does) or beyond what ids can name.
        """
        if not seconds >= 0:  # so that it is no number is refused too
            raise invalid(f"emulator: the clock cannot advance by {seconds} s; set goes back.")
        now = self.peek_ns()
        self._move(now, now + _within(now / NS + seconds, seconds))

    def set(self, seconds: float) -> None:
        """Make it that Unix second, backwards too: then what has expired by now stays gone.

        Raises:
            Refusal: 400, before 1970 or beyond what ids can name.
        """
        self._move(self.peek_ns(), _within(seconds, seconds))

    def wait_s(self, until_ns: int) -> float | None:
        """Seconds of real time until then, 0 if it is past; None if waiting does not bring it nearer."""
        missing = until_ns - self.peek_ns()
        if missing <= 0:
            return 0.0
        return missing / NS if self._is_wall else None

    def watch(self, watcher: Watcher) -> None:
        """Have somebody told of every move."""
        self._watchers.append(watcher)

    def _move(self, before_ns: int, after_ns: int) -> None:
        self._base_ns += after_ns - before_ns
        for watcher in self._watchers:
            watcher(before_ns, after_ns)


def _within(second: float, seconds: float) -> int:
    """The span in ns, if the second it leads to can stand in an id."""
    if not 0 <= second < SECONDS_END:
        raise invalid("emulator: the clock goes from 1970 to 2106, which is what ids can name.")
    return int(seconds * NS)
