"""Many deliveries of one interaction's events become one log, without gap or repeat. Pure.

A delivery is what one exchange brought of a stream: from its first event, or from behind the event that the
caller named, up to wherever it was cut. An event is known by its `event_id`. One without an id has its place
behind the one before: the first behind evt_7, say. So a stream that numbers nothing can be told again, but
not continued. Source: reference, 10.2, 10.5 and 10.6.

Deliveries that contradict each other (another event behind the same one) are tellings of their own. The
log is the telling that reached the end, else the longest, else the first; the others are declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from proxy.values import plain_value

DELIVERIES_MAX: Final = 500
"""Deliveries put together of one interaction; more are declared as left out. A client that resumes every
few seconds through an hour of research has some hundred."""

COMPLETED: Final = frozenset({"interaction.completed", "interaction.complete"})
ERRORS: Final = frozenset({"error", "interaction.error"})
_START: Final = ""
"""Stands for what the first event comes behind: no event id is empty."""


@plain_value(frozen=True, slots=True)
class Delivered:
    """One event as it was brought."""

    event_id: str | None
    type: str
    data: bytes
    """Its JSON as sent."""

    @property
    def is_end(self) -> bool:
        """Nothing comes behind it."""
        return self.type in COMPLETED or self.type in ERRORS


@plain_value(frozen=True, slots=True)
class Delivery:
    """What one exchange brought of one interaction's stream."""

    exchange: str
    resumed_after: str | None
    """The event behind which it begins; None: with the first one."""
    events: tuple[Delivered, ...]
    """Without [DONE]."""


@plain_value(frozen=True, slots=True)
class Share:
    """Which part of the log a delivery brought."""

    exchange: str
    first: int | None
    """Place of its first event in the log; None: nothing of it is in the log."""
    last: int | None
    new_count: int
    """Events that no delivery before it had brought."""
    is_merged: bool
    """False: it contradicts the log, or cannot be tied to it, and is not part of it."""


@plain_value(frozen=True, slots=True)
class Log:
    """All events of one interaction, each once, in order."""

    events: tuple[Delivered, ...] = ()
    gaps: tuple[int, ...] = ()
    """Places in front of which something is missing, rising; 0: the beginning is."""
    shares: tuple[Share, ...] = ()
    """One for each delivery, in the order given."""
    changed: tuple[int, ...] = ()
    """Places of events that two deliveries told differently under one id; the first is kept."""

    @property
    def is_whole(self) -> bool:
        """From the first event to the last one."""
        return bool(self.events) and not self.gaps and self.events[-1].is_end


NO_LOG: Final = Log()


class _Key(NamedTuple):
    """An event's place: behind the event `anchor`, the how-manieth; 0 is the event `anchor` itself."""

    anchor: str
    number: int


def merged(deliveries: Iterable[Delivery]) -> Log:
    """One log of all deliveries, given in the order of their exchanges."""
    given = list(deliveries)
    tellings: list[_Telling] = []
    told_by: list[_Telling | None] = [None] * len(given)
    # Those from the beginning first: what is resumed is tied to them.
    order = sorted(range(len(given)), key=lambda place: given[place].resumed_after is not None)
    for place in order[:DELIVERIES_MAX]:
        for number, telling in enumerate(tellings):
            fresh = telling.with_delivery(given[place])
            if fresh is not None:
                tellings[number] = fresh
                told_by = [fresh if each is telling else each for each in told_by]
                told_by[place] = fresh
                break
        else:
            alone = _Telling().with_delivery(given[place])
            if alone is not None:  # not so only of one that goes round in a circle by itself
                tellings.append(alone)
                told_by[place] = alone
    if not tellings:
        return Log(shares=tuple(_apart(delivery) for delivery in given))
    lines = [telling.lined_up() for telling in tellings]
    best = max(range(len(lines)), key=lambda n: (lines[n].has_end, len(lines[n].keys), -n))
    own = [
        delivery if telling is tellings[best] else None
        for delivery, telling in zip(given, told_by, strict=True)
    ]
    return _log(tellings[best], lines[best], given, own)


@dataclass(frozen=True, slots=True)
class _Line:
    """A telling in order."""

    keys: list[_Key]
    gaps: list[int]
    has_end: bool


@dataclass(slots=True)
class _Telling:
    """Deliveries that do not contradict each other: which event comes behind which."""

    after: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    events: dict[_Key, Delivered] = field(default_factory=dict)
    tails: dict[str, int] = field(default_factory=dict)
    """How many events without an id come behind an anchor."""
    anchors: dict[str, None] = field(default_factory=dict)
    """In the order they were met."""

    def with_delivery(self, delivery: Delivery) -> _Telling | None:
        """The same with a delivery more; None: they contradict each other."""
        fresh = _Telling(
            dict(self.after),
            dict(self.before),
            dict(self.events),
            dict(self.tails),
            dict(self.anchors),
        )
        last = _first_anchor(delivery)
        fresh.anchors.setdefault(last)
        for key, event in _keyed(delivery):
            if key.number == 0:
                if not fresh._tie(last, key.anchor):
                    return None
                last = key.anchor
                fresh.events.setdefault(key, event)
            elif not fresh._add_to_tail(key, event):
                return None
        return fresh

    def _tie(self, one: str, other: str) -> bool:
        """Say that `other` comes right behind `one`; False: that contradicts."""
        self.anchors.setdefault(other)
        if self.after.get(one) == other:
            return True
        if one in self.after or other in self.before:
            return False
        end: str | None = one
        while end is not None:  # a log goes round in no circle
            if end == other:
                return False
            end = self.before.get(end) if other in self.after else None
        self.after[one], self.before[other] = other, one
        return True

    def _add_to_tail(self, key: _Key, event: Delivered) -> bool:
        known = self.events.setdefault(key, event)
        self.tails[key.anchor] = max(self.tails.get(key.anchor, 0), key.number)
        # Behind a numbered event stands what concerns one delivery alone: a ping, an error on the way.
        return key.anchor != _START or known.data == event.data

    def lined_up(self) -> _Line:
        """The events in order, and where something is missing.

        Of unconnected parts the one with the beginning comes first, that with the end last; what is not
        tied to a whole log does not belong to it.
        """
        heads = [anchor for anchor in self.anchors if anchor not in self.before]
        first = list(self._keys_from(_START)) if _START in heads else []
        others = [list(self._keys_from(head)) for head in heads if head != _START]
        if self._has_end(first):
            others = []
        others = sorted(filter(None, others), key=self._has_end)
        keys, gaps = first, []
        for part in others:
            gaps.append(len(keys))
            keys = keys + part
        keys, gaps = self._without_errors_on_the_way(keys, gaps)
        return _Line(keys, gaps, self._has_end(keys))

    def _keys_from(self, head: str) -> Iterator[_Key]:
        anchor: str | None = head
        while anchor is not None:
            if (own := _Key(anchor, 0)) in self.events:
                yield own
            yield from (_Key(anchor, n) for n in range(1, self.tails.get(anchor, 0) + 1))
            anchor = self.after.get(anchor)

    def _has_end(self, keys: list[_Key]) -> bool:
        return bool(keys) and self.events[keys[-1]].is_end

    def _without_errors_on_the_way(
        self, keys: list[_Key], gaps: list[int]
    ) -> tuple[list[_Key], list[int]]:
        """An error without an id that others come behind ended a delivery, not the interaction."""
        kept: list[_Key] = []
        moved: list[int] = []
        places = set(gaps)
        for place, key in enumerate(keys):
            if place in places:
                moved.append(len(kept))
            is_error = key.number > 0 and key.anchor != _START and self.events[key].type in ERRORS
            if not is_error or place == len(keys) - 1:
                kept.append(key)
        return kept, moved


def _log(telling: _Telling, line: _Line, given: list[Delivery], own: list[Delivery | None]) -> Log:
    places = {key: place for place, key in enumerate(line.keys)}
    seen: set[int] = set()
    changed: set[int] = set()
    shares: list[Share] = []
    for delivery, mine in zip(given, own, strict=True):
        held: list[int] = []
        for key, event in _keyed(delivery) if mine is not None else ():
            place = places.get(key)
            if place is None:
                continue
            held.append(place)
            if telling.events[key].data != event.data:
                changed.add(place)
        if mine is None or (delivery.events and not held):
            shares.append(_apart(delivery))
            continue
        fresh = set(held) - seen
        seen |= fresh
        first, last = (min(held), max(held)) if held else (None, None)
        shares.append(Share(delivery.exchange, first, last, len(fresh), is_merged=True))
    events = tuple(telling.events[key] for key in line.keys)
    return Log(events, tuple(line.gaps), tuple(shares), tuple(sorted(changed)))


def _apart(delivery: Delivery) -> Share:
    return Share(delivery.exchange, None, None, 0, is_merged=False)


def _first_anchor(delivery: Delivery) -> str:
    return delivery.resumed_after or _START


def _keyed(delivery: Delivery) -> Iterator[tuple[_Key, Delivered]]:
    """The events with their places; one that the same delivery brings again is left out."""
    anchor, number = _first_anchor(delivery), 0
    met = {anchor}
    for event in delivery.events:
        if event.event_id:
            if event.event_id in met:
                continue
            met.add(event.event_id)
            anchor, number = event.event_id, 0
        else:
            number += 1
        yield _Key(anchor, number), event
