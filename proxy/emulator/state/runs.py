"""How far a background run is: queued, in progress with some of its steps to be seen, or over.

The whole answer is composed when a run is created; polls and time only reveal it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.emulator.answers.composition import Composition
from proxy.emulator.state.clock import NS


@dataclass(frozen=True, slots=True)
class Pace:
    """When a background run is over: after so many polls, or after so much time on the clock."""

    polls: int = 2
    """The GET that sees the end; 1 means that the first GET finds it completed."""
    seconds: float = 60.0


USUAL_PACE: Final = Pace()


@dataclass(slots=True)
class Run:
    """One background run that has not ended yet. Mutable: polls are counted."""

    began_ns: int
    polls_queued: int
    """So many GETs find it `queued`."""
    polls_needed: int
    """The GET after those that sees the end."""
    lasting_ns: int
    """The age at which it is over, however often it was looked at."""
    polls: int = 0

    @property
    def ends_ns(self) -> int:
        """When it is over at the latest."""
        return self.began_ns + self.lasting_ns

    def is_over(self, now_ns: int) -> bool:
        return self.polls >= self.polls_queued + self.polls_needed or now_ns >= self.ends_ns

    def status(self) -> str:
        """What it is as long as it is not over."""
        return "queued" if self.polls_queued and self.polls <= self.polls_queued else "in_progress"

    def steps_shown(self, count: int, now_ns: int) -> int:
        """How many of its `count` steps are done: by polls or by age, whichever is further."""
        if self.status() == "queued":
            return 0
        done = (self.polls - self.polls_queued) / self.polls_needed
        if self.lasting_ns:
            done = max(done, (now_ns - self.began_ns) / self.lasting_ns)
        return min(count, int(count * max(0.0, done)))


def begun(composition: Composition, pace: Pace, queued: int | None, now_ns: int) -> Run:
    """A run that begins now. What the composition says goes before the emulator's pace.

    `queued` is the fault of that name: it goes before both.
    """
    polls = pace.polls if composition.polls is None else composition.polls
    seconds = pace.seconds if composition.seconds is None else composition.seconds
    return Run(
        began_ns=now_ns,
        polls_queued=(composition.queued or 0) if queued is None else queued,
        polls_needed=max(1, polls),
        lasting_ns=int(seconds * NS),
    )
