"""Whether the clock may decide alone. What cannot be undone must not follow from a clock that jumped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from proxy.audit.retention.clocks import HOUR_NS, SECOND_NS

BACK_NS: Final = 2 * SECOND_NS
"""A clock is stepped back by so much in the ordinary course of things, not by more."""
AHEAD_NS: Final = HOUR_NS
"""Wall time may run ahead of monotonic time by so much between two looks: a suspended machine, no more."""
CORROBORATED_WITHIN_NS: Final = 300 * SECOND_NS
"""How near upstream's own Date must be."""


class Trust(StrEnum):
    """What may happen by itself now."""

    TRUSTED = "trusted"
    UNCORROBORATED = "uncorroborated"
    """The clock jumped ahead: upstream's clock must agree first."""
    FROZEN = "frozen"
    """The clock is behind what was already recorded: nothing that time triggers."""


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """What is known of the clocks; `seen` and `corroborated` give the next one."""

    floor_wall: int
    """Highest wall time ever recorded, ns."""
    wall: int
    mono: int
    is_doubtful: bool = False

    @classmethod
    def born(cls, floor_wall: int, wall: int, mono: int) -> ClockWatch:
        """At the start of a life: nobody knows what the clock did before, so upstream's must agree first.

        Args:
            floor_wall: highest wall time on record; 0: none is.
            wall: now.
            mono: now, of this life.
        """
        return cls(floor_wall or wall, wall, mono, is_doubtful=True)

    def seen(self, wall: int, mono: int) -> ClockWatch:
        """After a look at both clocks."""
        jumped = (wall - self.wall) - (mono - self.mono) > AHEAD_NS
        return replace(
            self,
            floor_wall=max(self.floor_wall, min(wall, self.floor_wall) if jumped else wall),
            wall=wall,
            mono=mono,
            is_doubtful=self.is_doubtful or jumped,
        )

    def corroborated(self, upstream_date: int) -> ClockWatch:
        """After an answer whose Date is `upstream_date`, received now.

        Two clocks agree on the present. If the records lie ahead of it, a wrong clock wrote them.
        """
        if abs(upstream_date - self.wall) > CORROBORATED_WITHIN_NS:
            return self
        return replace(self, is_doubtful=False, floor_wall=self.wall)

    @property
    def trust(self) -> Trust:
        if self.wall < self.floor_wall - BACK_NS:
            return Trust.FROZEN
        return Trust.UNCORROBORATED if self.is_doubtful else Trust.TRUSTED
