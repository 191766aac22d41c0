"""A Google for tests of disposal: everything it is known to do, and a steward that lives with it.

It may answer 501, 403, a 404 that misleads; show a deletion late, serve again what it deleted, lose answers, expire by
either tier. The clock is the test's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from proxy.audit.retention import decide, events, machine
from proxy.audit.retention.cascade import Forest
from proxy.audit.retention.clocks import DAY_NS, SECOND_NS, Anchor, Interval, Tier, expiry, narrowed
from proxy.audit.retention.decide import Move, Now, World
from proxy.audit.retention.states import FINAL, Copy, Disposal, Evidence
from proxy.audit.retention.trust import ClockWatch

START = 1_800_000_000 * SECOND_NS


@dataclass
class Stored:
    """An interaction at the model Google."""

    began_at: int
    expires_at: int
    is_deleted: bool = False
    visible_until: int = 0
    """Deleted, and still served until then."""


@dataclass
class Habits:
    """How this Google answers. Chances from 0 to 1."""

    tier: Tier = Tier.PAID
    days: int = 55
    delete_status: int | None = None
    """Always this instead of deleting."""
    ignores_deletes: bool = False
    shows_for_s: int = 0
    hiccups: float = 0.0
    """Chance of a 5xx or a lost answer."""
    misleading: float = 0.0
    """Chance of a 404 or 403 for what is there."""


@dataclass
class Google:
    """The model upstream."""

    habits: Habits
    chance: Random
    stored: dict[str, Stored] = field(default_factory=dict)
    deletes: list[tuple[str, int]] = field(default_factory=list)
    """Every DELETE that arrived, with the wall time."""
    gets: dict[str, int] = field(default_factory=dict)

    def create(self, name: str, wall: int) -> None:
        self.stored[name] = Stored(wall, wall + self.habits.days * DAY_NS)

    def is_served(self, name: str, wall: int) -> bool:
        one = self.stored.get(name)
        if one is None or wall >= one.expires_at:
            return False
        return not one.is_deleted or wall < one.visible_until

    def get(self, name: str, wall: int) -> int | None:
        self.gets[name] = self.gets.get(name, 0) + 1
        if self.chance.random() < self.habits.hiccups:
            return self.chance.choice([None, 500, 503, 429])
        if self.chance.random() < self.habits.misleading:
            return self.chance.choice([404, 403])
        return 200 if self.is_served(name, wall) else 404

    def delete(self, name: str, wall: int) -> int | None:
        self.deletes.append((name, wall))
        habits = self.habits
        if habits.delete_status is not None:
            return habits.delete_status
        if self.chance.random() < habits.hiccups / 2:
            return self.chance.choice([500, 503, 429, None])
        one = self.stored.get(name)
        if one is None or not self.is_served(name, wall):
            return 404
        if not habits.ignores_deletes:
            one.is_deleted, one.visible_until = True, wall + habits.shows_for_s * SECOND_NS
        return None if self.chance.random() < habits.hiccups else 200


class Clock:
    """Wall and monotonic time; the wall may jump, the monotonic may not."""

    def __init__(self) -> None:
        self.wall, self.mono = START, 0

    def advance(self, ns: int) -> None:
        self.wall += ns
        self.mono += ns


class Steward:
    """Decides, records the intent, acts, records the answer: what the real one does, without the network."""

    def __init__(self, google: Google, clock: Clock) -> None:
        self.google = google
        self.clock = clock
        self.chance = google.chance
        self.copies: dict[str, Copy] = {}
        self.before: dict[str, str | None] = {}
        self.holds: dict[str, set[str]] = {}
        self.selected: set[str] = set()
        """To be removed together, leaves first."""
        self.journal: list[tuple[str, events.AnyEvent]] = []
        self.has_credential = True
        self.boot = "b1"
        self.watch = ClockWatch(clock.wall, clock.wall, clock.mono)
        self.tier, self.days = google.habits.tier, google.habits.days
        self.intervals: dict[str, list[Interval]] = {}
        self.sent_while_held: list[str] = []

    # Recording.

    def take(self, name: str, event: events.AnyEvent) -> None:
        self.journal.append((name, event))
        self.copies[name] = machine.after(self.copies[name], event)

    def stamp(self) -> dict[str, Any]:
        return {
            "id": f"e{len(self.journal)}",
            "wall": self.clock.wall,
            "mono": self.clock.mono,
            "boot": self.boot,
        }

    def create(self, name: str, before: str | None, *, is_ended: bool = True) -> None:
        self.google.create(name, self.clock.wall)
        self.before[name] = before
        self.copies[name] = Copy(interaction=name, scope="s", began_at=self.clock.wall)
        self.take(name, events.CreateEnded(**self.stamp(), status=200, has_sent=True, has_id=True))
        if is_ended:
            self.take(name, events.RunEnded(**self.stamp()))

    def interval(self, name: str) -> Interval:
        copy = self.copies[name]
        anchor = Anchor(copy.began_at, "created", copy.updated_at, copy.continued_at)
        found = expiry(anchor, self.tier, self.days if self.tier is Tier.PAID else None, 0)
        if copy.served_at:
            found = narrowed(found, anchor, copy.served_at, 0)
        self.intervals.setdefault(name, []).append(found)
        return found

    # Acting.

    def protected(self) -> frozenset[str]:
        return Forest(self.before).protected(name for name, holds in self.holds.items() if holds)

    def world(self, name: str) -> World:
        behind = Forest(self.before).descendants(name)
        is_open = any(
            self.copies[turn].disposal not in FINAL for turn in behind if turn in self.selected
        )
        return World(
            self.interval(name),
            self.has_credential,
            name in self.protected(),
            has_open_branch=name in self.selected and is_open,
        )

    def tick(self) -> int:
        """One look at every copy; how many moves there were."""
        self.watch = self.watch.seen(self.clock.wall, self.clock.mono)
        moves = 0
        for name in list(self.copies):
            moves += self.step(name)
        return moves

    def step(self, name: str, *, is_killed: bool = False) -> int:
        now = Now(self.clock.wall, self.clock.mono, self.boot, self.watch.trust)
        following = decide.decide(self.copies[name], now, self.world(name))
        match following.move:
            case Move.NOTHING:
                return 0
            case Move.DELETE:
                self._delete(name, is_killed=is_killed)
            case Move.LOOK:
                self._look(name)
            case Move.CONTROL:
                self.take(name, events.ControlLooked(**self.stamp(), is_served=True))
            case Move.CANCEL:
                self.take(name, events.CancelIntended(**self.stamp()))
                self.take(name, events.RunEnded(**self.stamp()))
            case Move.DROP:
                self.take(name, events.DutyEnded(**self.stamp()))
            case Move.CONCLUDE:
                assert following.final is not None
                self.take(name, events.Concluded(**self.stamp(), final=following.final))
        return 1

    def _delete(self, name: str, *, is_killed: bool) -> None:
        if name in self.protected():
            self.sent_while_held.append(name)
        self.take(name, events.DeleteIntended(**self.stamp()))
        if is_killed and self.chance.random() < 0.5:
            return  # before a byte left
        status = self.google.delete(name, self.clock.wall)
        if is_killed:
            return  # before the answer was recorded
        self.take(
            name,
            events.DeleteAnswered(**self.stamp(), status=status, chance=self.chance.random()),
        )

    def _look(self, name: str) -> None:
        status = self.google.get(name, self.clock.wall)
        is_overdue = self.clock.wall > self.interval(name).latest + DAY_NS
        self.take(
            name,
            events.Looked(**self.stamp(), status=status, is_overdue=is_overdue),
        )
        if status is not None:
            self.watch = self.watch.corroborated(self.clock.wall)

    def restart(self) -> None:
        """Killed and started again: everything follows from the journal."""
        self.boot = f"b{int(self.boot[1:]) + 1}"
        fresh = {
            name: Copy(interaction=name, scope="s", began_at=copy.began_at)
            for name, copy in self.copies.items()
        }
        for name, event in self.journal:
            fresh[name] = machine.after(fresh[name], event)
        assert fresh == self.copies
        for name in self.copies:
            self.take(name, events.Restarted(**self.stamp()))

    def run(self, seconds: int, step_s: int = 60) -> None:
        """Let time go by, looking every `step_s`."""
        for _ in range(seconds // step_s):
            self.clock.advance(step_s * SECOND_NS)
            self.tick()

    def ask_removal(self, name: str, *, is_request: bool = True) -> None:
        self.take(
            name,
            events.DutyBegan(**self.stamp(), due_at=self.clock.wall, is_request=is_request),
        )


def steward(**habits: Any) -> Steward:
    """With one confirmed copy, `x`, of a Google with these habits."""
    google = Google(replace(Habits(), **habits), Random(1))
    made = Steward(google, Clock())
    made.create("x", None)
    made.take("x", events.Looked(**made.stamp(), status=200))
    return made


def is_settled(copy: Copy) -> bool:
    return copy.disposal in FINAL or copy.evidence in {
        Evidence.NOT_CREATED,
        Evidence.NEVER_STORED,
    }


__all__ = ["Disposal", "Google", "Habits", "Steward", "is_settled", "steward"]
