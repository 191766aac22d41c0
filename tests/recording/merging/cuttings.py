"""A stream's events, and ways to cut them into deliveries. Events are small and of one interaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from proxy.recording.merging.log import Delivered, Delivery

Json = dict[str, Any]


def numbered(count: int) -> list[Delivered]:
    """`count` events with an id each; the last one completes the interaction."""
    return [told(place, count, f"evt_{place}") for place in range(count)]


def unnumbered(count: int) -> list[Delivered]:
    """The same without ids, as a foreground stream has them."""
    return [told(place, count, None) for place in range(count)]


def told(place: int, count: int, event_id: str | None) -> Delivered:
    if place == count - 1:
        return event(event_id, "interaction.completed", {"interaction": {"status": "completed"}})
    delta = {"type": "text", "text": f"{place} "}
    return event(event_id, "step.delta", {"index": 0, "delta": delta})


def event(event_id: str | None, kind: str, fields: Json) -> Delivered:
    named = {} if event_id is None else {"event_id": event_id}
    return Delivered(event_id, kind, json.dumps({**fields, "event_type": kind, **named}).encode())


def delivery(
    events: Sequence[Delivered], start: int, end: int, name: str | None = None
) -> Delivery:
    """Events `start` to `end` as one exchange brings them: resumed, unless it begins with the first."""
    after = events[start - 1].event_id if start else None
    return Delivery(name or f"{start}-{end}", after, tuple(events[start:end]))


@st.composite
def covering(draw: st.DrawFn) -> tuple[list[Delivered], list[Delivery]]:
    """A stream and deliveries that hold all of it: cut, overlapping, repeated, in any order."""
    events = numbered(draw(st.integers(1, 25)))
    size = len(events)
    places = st.integers(0, size)
    cuts = sorted({0, size, *draw(st.lists(places, max_size=5))})
    ranges = [
        (draw(st.integers(0, start)), draw(st.integers(end, size))) for start, end in pairwise(cuts)
    ]
    ranges += draw(st.lists(st.tuples(places, places).map(_in_order), max_size=4))
    ordered = draw(st.permutations(ranges))
    return events, [delivery(events, start, end) for start, end in ordered]


@st.composite
def scattered(draw: st.DrawFn) -> tuple[list[Delivered], list[Delivery]]:
    """A stream and deliveries of some of it."""
    events = numbered(draw(st.integers(1, 25)))
    places = st.integers(0, len(events))
    ranges = draw(st.lists(st.tuples(places, places).map(_in_order), max_size=5))
    return events, [delivery(events, start, end) for start, end in ranges]


def _in_order(pair: tuple[int, int]) -> tuple[int, int]:
    return min(pair), max(pair)
