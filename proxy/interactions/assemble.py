"""Puts the events of a stream together: the Interaction as GET would show it. Pure.

Keyed by step index: steps may interleave, start twice, or have deltas without a start (a resumed
stream). What could not be placed stays in the step under a name with a dollar sign: `$deltas` for
deltas we do not know, `$arguments` for pieces that are not JSON. Source: reference, 10.3 to 10.6.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.interactions.content import int_or_none, is_content_type, text_or_none, told_name
from proxy.interactions.events import (
    AnnotationDelta,
    ArgumentsDelta,
    Delta,
    ErrorSeen,
    Event,
    FieldsDelta,
    InteractionSeen,
    MediaDelta,
    StatusSeen,
    StepDelta,
    StepStart,
    StepStop,
    SummaryDelta,
    TextDelta,
    UnknownDelta,
)
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.interactions.steps import STEPS_MAX
from proxy.values import plain_value

SEGMENTS_MAX: Final = 1000
"""Interactions in one stream. One is normal; a client that merges continuation hops has a dozen."""
_FLOWING: Final = frozenset({"audio", "video"})
"""Media that neighbouring deltas of one kind are pieces of; images and documents come whole."""


@plain_value(frozen=True, slots=True)
class StepTimeline:
    """Which events made a step, by their place in the stream; None: not seen."""

    started_event: int | None
    stopped_event: int | None
    delta_count: int
    tokens: int | None
    """`step_usage.total_tokens`."""


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
class _Building:
    """A step that is being put together."""

    raw: JsonObject
    is_content: bool
    """Old schema: `raw` is a content, not a step."""
    started: int | None = None
    stopped: int | None = None
    delta_count: int = 0
    tokens: int | None = None
    text: list[str] = field(default_factory=list)
    text_target: JsonObject | None = None
    """The content that `text` will be joined into."""
    arguments: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    """Base64, each for itself."""
    pieces_target: JsonObject | None = None
    """The media content that `pieces` will be joined into."""


@dataclass(slots=True)
class _Segment:
    """One interaction of the stream."""

    fields: JsonObject = field(default_factory=dict)
    steps: dict[int, list[_Building]] = field(default_factory=dict)
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
            _list_in(segment.fields, "errors").append(event.error)
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
        building = _Building(dict(event.step), event.is_content, self._place)
        self._begin(segment, event.index, building)

    def _begin(self, segment: _Segment, index: int, building: _Building) -> None:
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
            building = _Building({}, event.is_content)
            self._begin(segment, event.index, building)
        building.delta_count += 1
        delta = event.delta
        if "type" not in building.raw:
            building.raw["type"] = _type_from_delta(delta, event)
        if type(delta) is TextDelta:
            if building.text_target is None:
                _open_text(building)
            building.text.append(delta.text)
        else:
            _apply(building, delta)

    def _assembled(self, segment: _Segment) -> Assembled:
        steps: list[JsonObject] = []
        timeline: list[StepTimeline] = []
        merged: list[JsonObject] | None = None
        for index in sorted(segment.steps):
            for building in segment.steps[index]:
                self._close(building, index)
                times = StepTimeline(
                    building.started, building.stopped, building.delta_count, building.tokens
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

    def _close(self, building: _Building, index: int) -> None:
        _close_text(building)
        _close_media(building)
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


def _type_from_delta(delta: Delta, event: StepDelta) -> str:
    """The step type that a delta without a start implies."""
    name, is_content = event.type, event.is_content
    if isinstance(delta, TextDelta | AnnotationDelta):
        return "text" if is_content else "model_output"
    if isinstance(delta, MediaDelta):
        return name if is_content else "model_output"
    if isinstance(delta, SummaryDelta):
        return "thought"
    if isinstance(delta, ArgumentsDelta):
        return "function_call"
    return delta.step_type if isinstance(delta, FieldsDelta) else name


def _apply(building: _Building, delta: Delta) -> None:
    """Every delta but text."""
    raw = building.raw
    if isinstance(delta, ArgumentsDelta):
        if delta.arguments:
            building.arguments.append(delta.arguments)
    elif isinstance(delta, FieldsDelta):
        raw.update({name: value for name, value in delta.fields.items() if value is not None})
    elif isinstance(delta, SummaryDelta):
        _list_in(raw, "summary").append(delta.content)
    elif isinstance(delta, AnnotationDelta) and delta.annotations:
        _list_in(_annotated(building), "annotations").extend(delta.annotations)
    elif isinstance(delta, MediaDelta):
        _add_media(building, delta.content)
    elif isinstance(delta, UnknownDelta):
        _list_in(raw, "$deltas").append(delta.raw)


def _open_text(building: _Building) -> None:
    """Find or make the content that text deltas append to: the last one, if it is a text."""
    if building.is_content and building.raw.get("type") == "text":
        target = building.raw
    else:
        contents = _list_in(building.raw, "content")
        last = contents[-1] if contents else None
        if not (isinstance(last, dict) and last.get("type") == "text"):
            last = {"type": "text", "text": ""}
            contents.append(last)
        target = last
    before = target.get("text")
    building.text_target = target
    building.text = [before] if isinstance(before, str) and before else []


def _annotated(building: _Building) -> JsonObject:
    """The text that annotations are about: the last one, whatever came after it."""
    if building.text_target is None:
        contents = building.raw.get("content")
        for content in reversed(contents if isinstance(contents, list) else ()):
            if isinstance(content, dict) and content.get("type") == "text":
                return content
        _open_text(building)
    assert building.text_target is not None
    return building.text_target


def _add_media(building: _Building, content: JsonObject) -> None:
    """A content of its own, or the next piece of the one before."""
    _close_text(building)
    raw = building.raw
    rate = content.pop("rate", None)  # an old name of audio deltas: contents have no such field
    if rate is not None:
        content.setdefault("sample_rate", rate)
    if building.is_content and raw.get("type") == content.get("type"):
        before: Any = raw
    else:
        contents = _list_in(raw, "content")
        before = contents[-1] if contents else None
        if not _continues(before, content):
            contents.append(content)
            return
    data = content.pop("data", None)
    if isinstance(before.get("data"), str) and isinstance(data, str):
        if building.pieces_target is not before:
            _close_media(building)
            building.pieces_target, building.pieces = before, [before["data"]]
        building.pieces.append(data)
    elif data is not None:
        before["data"] = data
    before.update(content)


def _continues(before: Any, content: JsonObject) -> bool:
    """Whether media data goes on: nothing in the delta says that another object begins."""
    if not isinstance(before, dict) or before.get("type") != content.get("type"):
        return False
    if not (isinstance(before.get("data"), str) and isinstance(content.get("data"), str)):
        return False
    said = {name: value for name, value in content.items() if name not in {"type", "data"}}
    if not said:
        return True
    same = all(value is None or before.get(name) == value for name, value in said.items())
    return same and content.get("type") in _FLOWING


def _close_media(building: _Building) -> None:
    if building.pieces_target is not None:
        building.pieces_target["data"] = _joined_base64(building.pieces)
        building.pieces_target = None


def _joined_base64(pieces: list[str]) -> str:
    """One base64 text of pieces that were encoded each for itself."""
    if not any(len(piece) % 4 or piece.endswith("=") for piece in pieces[:-1]):
        return "".join(pieces)
    try:
        data = b"".join([binascii.a2b_base64(piece, strict_mode=True) for piece in pieces])
    except ValueError:  # not base64: taking the media out will say so
        return "".join(pieces)
    return binascii.b2a_base64(data, newline=False).decode()


def _close_text(building: _Building) -> None:
    if building.text_target is not None:
        building.text_target["text"] = "".join(building.text)
        building.text_target = None


def _list_in(raw: JsonObject, name: str) -> list[Any]:
    """The list field of that name, made from whatever stood there."""
    value = raw.get(name)
    if not isinstance(value, list):
        if isinstance(value, str):
            value = [{"type": "text", "text": value}] if value else []
        else:
            value = [] if value is None else [value]
        raw[name] = value
    return value


def _joined(first: StepTimeline, second: StepTimeline) -> StepTimeline:
    """Times of a step that was several contents of the old schema."""
    started = first.started_event if first.started_event is not None else second.started_event
    return StepTimeline(
        started, second.stopped_event, first.delta_count + second.delta_count, second.tokens
    )
