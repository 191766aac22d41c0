"""Puts the events of a stream together: the Interaction as GET would show it. Pure.

Keyed by step index: steps may interleave, start twice, or have deltas without a start (a resumed
stream). What could not be placed stays in the step under a name with a dollar sign: `$deltas` for
deltas we do not know, `$arguments` for pieces that are not JSON. Source: reference, 10.3 to 10.6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import orjson

from proxy.interactions.building.step import (
    Building,
    apply_delta,
    close_contents,
    list_in,
    open_text,
    type_from_delta,
)
from proxy.interactions.content import int_or_none, is_content_type, text_or_none, told_name
from proxy.interactions.events import (
    ErrorSeen,
    Event,
    InteractionSeen,
    StatusSeen,
    StepDelta,
    StepStart,
    StepStop,
    TextDelta,
)
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.interactions.steps import STEPS_MAX
from proxy.values import plain_value

SEGMENTS_MAX: Final = 1000
"""Interactions in one stream. One is normal; a client that merges continuation hops has a dozen."""


@plain_value(frozen=True, slots=True)
class StepTimeline:
    """Which events made a step, by their place in the stream; None: not seen."""

    started_event: int | None
    stopped_event: int | None
    delta_count: int
    tokens: int | None
    """`step_usage.total_tokens`."""
    index: int | None = None
    """What the stream calls the step."""


@plain_value(frozen=True, slots=True)
class Assembled:
    """One interaction of a stream."""

    raw: JsonObject
    """With `steps`, if any was seen."""
    timeline: tuple[StepTimeline, ...]
    """Parallel to the steps, or empty where the resource brought its own."""
    is_complete: bool
    """Its last event was seen: completed, or an error."""


@dataclass(slots=True)
class _Segment:
    """One interaction of the stream."""

    fields: JsonObject = field(default_factory=dict)
    steps: dict[int, list[Building]] = field(default_factory=dict)
    step_count: int = 0
    is_seen: bool = False
    is_complete: bool = False


class StreamAssembler:
    """Feed it events in order, then finish. Takes over the JSON objects inside the events."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._segments = [_Segment()]
        self._places: dict[str, int] = {}
        """Interaction id to its place in `_segments`."""
        self._current = 0
        self._place = 0

    def take(self, event: Event) -> int:
        """Add the next event.

        Returns:
            Which interaction of `finish()` it belongs to.
        """
        if type(event) is StepDelta:  # nine in ten
            self._take_delta(event)
        elif isinstance(event, StepStart):
            self._take_start(event)
        elif isinstance(event, StepStop):
            self._take_stop(event)
        elif isinstance(event, InteractionSeen):
            self._current = self._find(
                text_or_none(event.resource.get("id")), is_created=not event.is_last
            )
            self._merge(event.resource, is_last=event.is_last)
        elif isinstance(event, StatusSeen):
            self._current = self._find(event.interaction_id, is_created=False)
            self._merge(event.fields, is_last=False)
        elif isinstance(event, ErrorSeen):
            segment = self._segments[self._current]
            list_in(segment.fields, "errors").append(event.error)
            segment.is_complete = True
        self._place += 1
        return self._current

    def finish(self) -> tuple[Assembled, ...]:
        """The stream ended, in whatever way."""
        return tuple([self._assembled(segment) for segment in self._segments])

    def _find(self, interaction_id: str | None, *, is_created: bool) -> int:
        """The segment of an id; a new one where the id, or a second creation, asks for it."""
        current = self._segments[self._current]
        own = current.fields.get("id")
        if not current.is_seen or (interaction_id or own) == own:
            if not (is_created and current.is_complete):
                return self._current
        elif own is None and not current.is_complete:
            return self._current
        if interaction_id in self._places:
            return self._places[interaction_id]
        if len(self._segments) == SEGMENTS_MAX:
            self._notes.problem(ProblemKind.TOO_MANY, "stream", "more interactions than are kept")
            return self._current
        self._segments.append(_Segment())
        return len(self._segments) - 1

    def _merge(self, resource: JsonObject, *, is_last: bool) -> None:
        segment = self._segments[self._current]
        segment.is_seen = True
        segment.is_complete |= is_last
        if is_last:  # a token seen on the way was a checkpoint
            segment.fields.pop("continuation_token", None)
        for name, value in resource.items():
            # store=false: the id is an empty string. Steps stand in the last event only by surprise.
            if value is not None and not (value in ("", []) and name in {"id", "steps"}):
                segment.fields[name] = value
        own = text_or_none(segment.fields.get("id"))
        if own:
            self._places.setdefault(own, self._current)

    def _take_start(self, event: StepStart) -> None:
        segment = self._segments[self._current]
        before = segment.steps.get(event.index)
        if before:
            building = before[-1]
            kind = building.raw.get("type")
            same = kind is None or told_name(kind) == told_name(event.step.get("type"))
            if same and building.started is None:
                building.raw = {**event.step, **building.raw}
                building.started = self._place
                return
            if same and building.delta_count == 0 and building.stopped is None:
                building.raw.update(event.step)
                return
            where = f"steps, index {event.index}"
            self._notes.problem(ProblemKind.REPEATED_START, where, "both steps are kept")
        building = Building(dict(event.step), event.is_content, self._place)
        self._begin(segment, event.index, building)

    def _begin(self, segment: _Segment, index: int, building: Building) -> None:
        if segment.step_count >= STEPS_MAX:
            self._notes.problem(ProblemKind.TOO_MANY, "stream", f"more than {STEPS_MAX} steps")
            return
        segment.step_count += 1
        segment.steps.setdefault(index, []).append(building)

    def _take_stop(self, event: StepStop) -> None:
        segment = self._segments[self._current]
        if event.usage is not None:
            segment.fields["usage"] = event.usage
        buildings = segment.steps.get(event.index)
        if buildings:
            buildings[-1].stopped = self._place
            if event.step_usage is not None:
                buildings[-1].tokens = int_or_none(event.step_usage.get("total_tokens"))

    def _take_delta(self, event: StepDelta) -> None:
        segment = self._segments[self._current]
        if event.usage is not None:
            segment.fields["usage"] = event.usage
        buildings = segment.steps.get(event.index)
        if buildings:
            building = buildings[-1]
        else:
            building = Building({}, event.is_content)
            self._begin(segment, event.index, building)
        building.delta_count += 1
        delta = event.delta
        if "type" not in building.raw:
            building.raw["type"] = type_from_delta(delta, event)
        if type(delta) is TextDelta:
            if building.text_target is None:
                open_text(building)
            building.text.append(delta.text)
        else:
            apply_delta(building, delta)

    def _assembled(self, segment: _Segment) -> Assembled:
        steps: list[JsonObject] = []
        timeline: list[StepTimeline] = []
        merged: list[JsonObject] | None = None
        for index in sorted(segment.steps):
            for building in segment.steps[index]:
                self._close(building, index)
                times = StepTimeline(
                    building.started,
                    building.stopped,
                    building.delta_count,
                    building.tokens,
                    index,
                )
                if not (building.is_content and is_content_type(building.raw.get("type"))):
                    merged = None
                elif merged is not None:
                    merged.append(building.raw)
                    timeline[-1] = _joined(timeline[-1], times)
                    continue
                else:
                    merged = [building.raw]
                    building.raw = {"type": "model_output", "content": merged}
                steps.append(building.raw)
                timeline.append(times)
        if steps:
            segment.fields["steps"] = steps
        return Assembled(segment.fields, tuple(timeline), segment.is_complete)

    def _close(self, building: Building, index: int) -> None:
        close_contents(building)
        if not building.arguments:
            return
        text = "".join(building.arguments)
        try:
            building.raw["arguments"] = orjson.loads(text)
        except orjson.JSONDecodeError:
            building.raw["$arguments"] = text
            if building.stopped is not None:  # else the cut stream is the one problem to report
                where = f"steps, index {index}"
                detail = f"{len(building.arguments)} pieces are not JSON"
                self._notes.problem(ProblemKind.ARGUMENTS_BROKEN, where, detail)


def _joined(first: StepTimeline, second: StepTimeline) -> StepTimeline:
    """Times of a step that was several contents of the old schema."""
    started = first.started_event if first.started_event is not None else second.started_event
    return StepTimeline(
        started,
        second.stopped_event,
        first.delta_count + second.delta_count,
        second.tokens,
        first.index,
    )
