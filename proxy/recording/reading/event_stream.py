"""Reads the body of an event stream: its events with times, its interactions put together. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from proxy.interactions.assemble import Assembled, StepTimeline, StreamAssembler
from proxy.interactions.content import told_name
from proxy.interactions.events import (
    ErrorSeen,
    Event,
    StepDelta,
    StepStart,
    StepStop,
    TextDelta,
    UnknownEvent,
    event_from_json,
)
from proxy.interactions.known import DELTA_FIELDS, EVENT_FIELDS
from proxy.interactions.problems import Notes, ProblemKind
from proxy.interactions.sse import EVENT_BYTES_MAX, SseEvent, SseReader
from proxy.recording.exchange import Exchange
from proxy.recording.reading.decode import VALUES_MAX, Decoded, value_marks
from proxy.recording.secrecy.names import clear_name

EVENTS_MAX: Final = 100_000
"""Events read of one stream: more than an answer of the longest kind has tokens (65,536). A hostile
16 MiB could hold two million empty ones, each 600 bytes in the recorder's memory."""
MARKS_MAX: Final = 2_000_000
"""JSON values read of one stream. Most go as they come; 16 MiB of text deltas have 1.2 million."""
LARGE_EVENT_BYTES: Final = 4096
"""An event above this is counted before it is parsed. Text deltas stay below."""
PIECE_BYTES: Final = 256 * 1024
"""Of a body, cut into lines at once: lines of two bytes cost 28 times their size."""
_DONE: Final = b"[DONE]"


class Moment(NamedTuple):
    """When something was seen."""

    wall_ns: int
    mono_ns: int


class StepTimes(NamedTuple):
    """When a stream showed a step."""

    started_at: int | None
    ended_at: int | None
    duration_ns: int | None
    delta_count: int
    tokens: int | None
    stream_index: int | None = None
    """What the stream calls the step."""


NO_TIMES: Final = StepTimes(None, None, None, 0, None)


class SeenEvent(NamedTuple):
    """An event on its way to become a fact: which interaction it belongs to is known at the end."""

    sse: SseEvent
    moment: Moment
    type: str
    is_known: bool
    event_id: str | None
    """As sent."""
    step_index: int | None
    delta_type: str | None
    segment: int | None


@dataclass(frozen=True, slots=True)
class StreamReading:
    """What a stream's body said."""

    events: tuple[SeenEvent, ...]
    assembled: tuple[Assembled, ...]
    error_code: str | None
    places: tuple[int, ...]
    """For each event the assembler took: its place in `events`. Timelines count those."""
    last_moments: dict[int, Moment]
    """Of each interaction that had an event."""

    def last_at(self, segment: int) -> int | None:
        """When the last event of an interaction was seen."""
        moment = self.last_moments.get(segment)
        return moment.wall_ns if moment else None

    def times(self, line: StepTimeline) -> StepTimes:
        """When a step started and ended."""
        if line.started_event is None and line.stopped_event is None and not line.delta_count:
            return NO_TIMES
        start, stop = self._moment(line.started_event), self._moment(line.stopped_event)
        return StepTimes(
            start.wall_ns if start else None,
            stop.wall_ns if stop else None,
            stop.mono_ns - start.mono_ns if start and stop else None,
            line.delta_count,
            line.tokens,
            line.index,
        )

    def _moment(self, place: int | None) -> Moment | None:
        return None if place is None else self.events[self.places[place]].moment


def read_stream(decoded: Decoded, exchange: Exchange, notes: Notes) -> StreamReading:
    """Read the events of a stream, whatever its end.

    An unfinished last block counts as an event where it is whole JSON (as Python's SDK reads it);
    a problem says that the standard drops it.
    """
    reader = SseReader()
    reading = _Reading(notes, _Clock(exchange, decoded.ends))
    is_read = _read_pieces(decoded.data, reader, reading)
    tail, was_truncated = reader.end() if is_read else ([], False)
    for sse in tail:
        is_read = reading.take(sse, is_tail=True)
    for offset in reader.overlong:
        detail = f"an event of more than {EVENT_BYTES_MAX} bytes was skipped"
        notes.problem(ProblemKind.EVENT_TOO_LONG, f"byte {offset}", detail)
    result = reading.finish()
    is_complete = all(part.is_complete for part in result.assembled)
    if not (decoded.is_whole and is_read):
        return result  # that the end is missing is the one problem to report, and it is
    if was_truncated:
        where = f"bytes {tail[0].offset if tail else len(decoded.data)}-{len(decoded.data)}"
        notes.problem(ProblemKind.TRUNCATED_TAIL, where, "the last block has no blank line")
    elif not is_complete:
        where = f"byte {len(decoded.data)}"
        notes.problem(ProblemKind.NO_LAST_EVENT, where, "the stream ended without its last event")
    return result


def _read_pieces(data: bytes, reader: SseReader, reading: _Reading) -> bool:
    """All whole events of a body; False: it holds more than are read."""
    for start in range(0, len(data), PIECE_BYTES):
        piece = data[start : start + PIECE_BYTES]
        if not reading.make_room(piece, start):
            return False
        for sse in reader.feed(piece):
            if not reading.take(sse, is_tail=False):
                return False
    return True


def first_code(error: Any) -> str | None:
    """The code of an error object in any of its shapes: Google's text if there is one."""
    if not isinstance(error, dict):
        return None
    code, status = error.get("code"), error.get("status")
    if isinstance(code, str) and code:
        return clear_name(code)
    if isinstance(status, str) and status:
        return clear_name(status)
    return str(code) if type(code) is int else None


class _Clock:
    """Which chunk completed a byte offset. Asked with rising offsets only."""

    def __init__(self, exchange: Exchange, ends: tuple[int, ...]) -> None:
        self._ends = ends
        self._moments = [Moment(cut.wall_ns, cut.mono_ns) for cut in exchange.response.cuts]
        self._place = 0
        self._count = min(len(ends), len(self._moments))
        self._last = Moment(exchange.ended_wall_ns, exchange.ended_mono_ns)

    def at(self, end: int) -> Moment:
        while self._place < self._count and self._ends[self._place] < end:
            self._place += 1
        return self._moments[self._place] if self._place < self._count else self._last


class _Reading:
    """Takes the events of one stream in order."""

    def __init__(self, notes: Notes, clock: _Clock) -> None:
        self._notes = notes
        self._clock = clock
        self._assembler = StreamAssembler(notes)
        self._events: list[SeenEvent] = []
        self._places: list[int] = []
        self._last_moments: dict[int, Moment] = {}
        self._value_marks = 0
        self._held_marks = 0
        """Of events that stay in memory until the stream is put together."""
        self._error_code: str | None = None
        self._is_done = False

    def make_room(self, piece: bytes, offset: int) -> bool:
        """Count the values of a piece before its events are read; False: enough."""
        self._value_marks += value_marks(piece)
        return self._value_marks <= MARKS_MAX or self._is_enough(
            offset, f"{MARKS_MAX} JSON values are read"
        )

    def take(self, sse: SseEvent, *, is_tail: bool) -> bool:
        """Read one event; False: enough, no more are read."""
        if len(self._events) == EVENTS_MAX:
            return self._is_enough(sse.offset, f"{EVENTS_MAX} events are read")
        if len(sse.data) > LARGE_EVENT_BYTES and not self._can_hold(sse):
            return False
        moment = self._clock.at(sse.end)
        if sse.data.startswith(_DONE):
            self._is_done = True
            self._events.append(_bare(sse, moment, "done", is_known=True))
            return True
        raw = self._json(sse, is_tail=is_tail)
        if self._is_done:
            where = f"bytes {sse.offset}-{sse.end}"
            self._notes.problem(ProblemKind.AFTER_DONE, where, "an event after [DONE]")
        if raw is None or self._is_done:
            if raw is not None or not is_tail:
                self._events.append(_bare(sse, moment, "none", is_known=False))
            return True
        event = event_from_json(raw, sse.name, self._notes, sse.offset)
        if isinstance(event, ErrorSeen) and self._error_code is None:
            self._error_code = first_code(event.error)
        is_text = type(event) is StepDelta and type(event.delta) is TextDelta
        if not (is_text or len(sse.data) > LARGE_EVENT_BYTES or self._can_hold(sse)):
            return False
        self._places.append(len(self._events))
        segment = self._assembler.take(event)
        self._events.append(_seen(sse, moment, raw, event, segment))
        self._last_moments[segment] = moment
        return True

    def _can_hold(self, sse: SseEvent) -> bool:
        """Count the values of an event that stays; False: enough."""
        self._held_marks += value_marks(sse.data)
        return self._held_marks <= VALUES_MAX or self._is_enough(
            sse.offset, f"{VALUES_MAX} JSON values are held"
        )

    def _is_enough(self, offset: int, detail: str) -> bool:
        """Note why reading ends here: what follows is in the raw record. Always False."""
        self._notes.problem(ProblemKind.TOO_MANY, f"byte {offset}", detail)
        return False

    def finish(self) -> StreamReading:
        assembled = self._assembler.finish()
        return StreamReading(
            tuple(self._events),
            assembled,
            self._error_code,
            tuple(self._places),
            self._last_moments,
        )

    def _json(self, sse: SseEvent, *, is_tail: bool) -> dict[str, Any] | None:
        """The event's object. A cut tail that is no JSON is no event, and no second problem."""
        try:
            raw = orjson.loads(sse.data)
        except orjson.JSONDecodeError as error:
            if not is_tail:
                where = f"bytes {sse.offset}-{sse.end}"
                detail = f"an event is not JSON at character {error.pos}"
                self._notes.problem(ProblemKind.JSON_BROKEN, where, detail)
            return None
        if isinstance(raw, dict):
            return raw
        if not is_tail:
            where = f"bytes {sse.offset}-{sse.end}"
            self._notes.problem(ProblemKind.NOT_AN_OBJECT, where, "an event is not an object")
        return None


def _bare(sse: SseEvent, moment: Moment, name: str, *, is_known: bool) -> SeenEvent:
    """An event that was not read any further; `name` where it has none itself."""
    return SeenEvent(sse, moment, clear_name(sse.name or name), is_known, None, None, None, None)


def _seen(
    sse: SseEvent, moment: Moment, raw: dict[str, Any], event: Event, segment: int
) -> SeenEvent:
    kind = raw.get("event_type") or sse.name
    event_id = raw.get("event_id")
    is_known = isinstance(kind, str) and kind in EVENT_FIELDS
    step_index: int | None = None
    delta_type: str | None = None
    if type(event) is StepDelta:
        step_index, delta_type = event.index, event.type
        if delta_type not in DELTA_FIELDS:
            delta_type = clear_name(delta_type)
    elif type(event) is StepStart or type(event) is StepStop:
        step_index = event.index
    return SeenEvent(
        sse,
        moment,
        kind if is_known else clear_name(told_name(kind) or "none"),
        is_known and type(event) is not UnknownEvent,
        event_id if isinstance(event_id, str) and event_id else None,
        step_index,
        delta_type,
        segment,
    )
