"""Whether the recorder's clock may end a keeping for which an erasure waits: what cannot be undone must not follow from a jump.

A watch of the recorder's own (proxy/audit/retention/trust.py): its floor is the latest instant on record, and what agrees with
the clock is the Date of an answer of upstream, seen within the last hour by that clock. So after a start, and after a jump, the
erasures that wait for time wait for one answer of upstream, too. What a person asks for goes by the clock as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from proxy.audit.retention.trust import AHEAD_NS, BACK_NS, ClockWatch, Trust

US: Final = 1000
"""Nanoseconds."""
_Row = TypeVar("_Row")


class Questions(Protocol):
    """Asks the tables, which have all that is durable."""

    async def rows(self, name: str, make: Callable[..., _Row], **parameters: Any) -> list[_Row]: ...


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the tables know of clocks."""

    latest_us: int
    """The latest instant on record; 0: none is."""
    skew_us: int | None
    """Upstream's clock minus ours, of the answer where they differ least; None: no answer of the time that was asked about."""


async def on_record(ask: Questions, wall_ns: int) -> OnRecord:
    """With the answers that were seen within the hour before `wall_ns`. Raises StoreError."""
    since, until = (wall_ns - AHEAD_NS) // US, (wall_ns + BACK_NS) // US
    (found,) = await ask.rows("keeping_clock", OnRecord, since_us=since, until_us=until)
    return found


class Trusting:
    """Whoever has the eraser's turn asks."""

    def __init__(self, now_ns: Callable[[], int], mono_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._mono_ns = mono_ns
        self._watch: ClockWatch | None = None

    async def trust(self, ask: Questions) -> Trust:
        """What may happen by itself now. Raises StoreError: the tables cannot answer."""
        wall, mono = self._now_ns(), self._mono_ns()
        known = await on_record(ask, wall)
        if self._watch is None:
            self._watch = ClockWatch.born(known.latest_us * US, wall, mono)
        else:
            self._watch = self._watch.seen(wall, mono)
        if known.skew_us is not None:
            self._watch = self._watch.corroborated(wall + known.skew_us * US)
        return self._watch.trust
