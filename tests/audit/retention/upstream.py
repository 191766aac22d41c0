"""A Google for tests of disposal: everything it is known to do. The clock is the test's.

It may answer 501, 403, a 404 that misleads; show a deletion late, serve again what it deleted, lose answers, expire by
either tier, and store or not store what did not say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from proxy.audit.retention.clocks import DAY_NS, SECOND_NS, Tier
from proxy.audit.retention.states import Store

START = 1_800_000_000 * SECOND_NS


@dataclass
class Stored:
    """An interaction at the model Google. Instants are of the true clock."""

    expires_at: int
    is_deleted: bool = False
    visible_until: int = 0
    """Deleted, and still served until then."""


@dataclass
class Habits:
    """How this Google answers. Chances from 0 to 1."""

    tier: Tier = Tier.PAID
    days: int = 55
    stores_by_default: bool = True
    delete_status: int | None = None
    """Always this instead of deleting."""
    ignores_deletes: bool = False
    shows_for_s: int = 0
    hiccups: float = 0.0
    """Chance of a 5xx or a lost answer."""
    misleading: float = 0.0
    """Chance of a 404 or 403 for what is there."""
    retry_after_s: int = 0


HONEST = Habits()


@dataclass
class Told:
    """An answer to a DELETE; status None: it was lost."""

    status: int | None
    retry_after_s: int = 0


@dataclass
class Google:
    """The model upstream."""

    habits: Habits
    chance: Random
    stored: dict[str, Stored] = field(default_factory=dict)
    deletes: list[tuple[str, int]] = field(default_factory=list)
    """Every DELETE of the steward that arrived, with the true time."""
    gets: dict[str, int] = field(default_factory=dict)
    """Of the steward."""

    def create(self, name: str, now: int, store: Store = Store.YES) -> None:
        is_stored = store is Store.YES or (
            store is Store.INHERITED and self.habits.stores_by_default
        )
        if is_stored:
            self.stored[name] = Stored(now + self.habits.days * DAY_NS)

    def go_on(self, name: str, now: int) -> bool:
        """Another turn names this one; whether it was accepted."""
        if not self.is_served(name, now):
            return False
        self.stored[name].expires_at = now + self.habits.days * DAY_NS
        return True

    def is_served(self, name: str, now: int) -> bool:
        one = self.stored.get(name)
        if one is None or now >= one.expires_at:
            return False
        return not one.is_deleted or now < one.visible_until

    def get(self, name: str, now: int) -> int | None:
        self.gets[name] = self.gets.get(name, 0) + 1
        return self.read(name, now)

    def read(self, name: str, now: int) -> int | None:
        """A GET of anybody."""
        if self.habits.hiccups and self.chance.random() < self.habits.hiccups:
            return self.chance.choice([None, 500, 503, 429])
        if self.habits.misleading and self.chance.random() < self.habits.misleading:
            return self.chance.choice([404, 403])
        return 200 if self.is_served(name, now) else 404

    def delete(self, name: str, now: int) -> Told:
        self.deletes.append((name, now))
        return self.remove(name, now)

    def remove(self, name: str, now: int) -> Told:
        """A DELETE of anybody."""
        habits = self.habits
        if habits.delete_status is not None:
            return Told(habits.delete_status, habits.retry_after_s)
        if habits.hiccups and self.chance.random() < habits.hiccups / 2:
            return Told(self.chance.choice([500, 503, 429, None]), habits.retry_after_s)
        one = self.stored.get(name)
        if one is None or not self.is_served(name, now):
            return Told(404)
        if not habits.ignores_deletes:
            one.is_deleted, one.visible_until = True, now + habits.shows_for_s * SECOND_NS
        is_lost = habits.hiccups and self.chance.random() < habits.hiccups
        return Told(None if is_lost else 200)


class Clock:
    """Wall and monotonic time; the wall may jump, the monotonic may not."""

    def __init__(self) -> None:
        self.mono, self.jumped = 0, 0

    @property
    def true(self) -> int:
        """What upstream's clock shows."""
        return START + self.mono

    @property
    def wall(self) -> int:
        return self.true + self.jumped

    def advance(self, ns: int) -> None:
        self.mono += ns
