"""Journal frames in, whole exchanges out. Pure; memory stays bounded whatever the bodies weigh.

Frames of one journal arrive in order; many exchanges are open at once. A body that grows past
SPILL_BYTES is handed out in `Part`s while its exchange is still open; only the first
`interpret_bytes_max` bytes of each side stay in memory for interpretation.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from proxy.errors import FormatError
from proxy.journal.format import (
    Entry,
    ExchangeEnd,
    ExchangeId,
    Flag,
    IntentHead,
    Kind,
    Purpose,
    RequestEnd,
)
from proxy.journal.reader import Frame
from proxy.recording.exchange import Body, Exchange, InterimHead, Part, Side
from proxy.recording.held import KEYLESS, LOST, NO_INTENT, UNENDED, HeldBytes

SPILL_BYTES: Final = 256 * 1024
"""Bytes of one side held before they are handed out: the largest single read of the gateway, so an
ordinary exchange is never spilled and a large body costs one vault record per read."""
HELD_BYTES_MAX: Final = 256 * 1024 * 1024
"""All open exchanges together. Beyond it the exchange that grows is spilled at once and its copy for
interpretation stops growing. Sixteen bodies of the default interpret_bytes_max; 5,000 open streams
of 50 KB each."""
INTERIM_HEADS_MAX: Final = 32
"""1xx heads kept of one exchange: one or two are normal. More count as lost."""

Place = tuple[int, int]
"""(segment, offset) in one journal."""


@dataclass(frozen=True, slots=True)
class Finished:
    """An exchange that will not change any more."""

    exchange: Exchange
    tails: tuple[Part, ...]
    """What was not handed out as parts before: at most one per side, often the whole bodies."""


@dataclass(frozen=True, slots=True)
class Carried:
    """An exchange that is still open, as far as it was seen; enough to go on from after a restart."""

    exchange: Exchange
    """Its outcome and end are provisional."""
    tails: tuple[Part, ...]
    next_ordinal: int


@dataclass(frozen=True, slots=True)
class Note:
    """An entry that is about a whole worker: gap or mode."""

    worker: int
    boot: int
    entry: Entry


Taken = Part | Finished | Note


class ExchangeGroup:
    """Puts exchanges together. `take` frames in journal order; a frame seen before changes nothing.

    Every exchange comes out as exactly one Finished: at its closing record, or by `interrupt`.
    """

    def __init__(self, interpret_bytes_max: int, held_bytes_max: int = HELD_BYTES_MAX) -> None:
        self._interpret_bytes_max = interpret_bytes_max
        self._held_bytes_max = held_bytes_max
        self._journals: dict[tuple[int, int], dict[int, _Open]] = {}
        self.held_bytes = 0
        """Bytes in memory now."""

    @property
    def open_count(self) -> int:
        return sum(len(journal) for journal in self._journals.values())

    def take(self, frame: Frame) -> list[Taken]:
        """What this frame completes, oldest first: often nothing."""
        worker, boot, sequence = frame.id
        if sequence == 0:
            kinds = (Kind.GAP, Kind.MODE)
            return [Note(worker, boot, entry) for entry in frame.entries if entry.kind in kinds]
        journal = self._journals.setdefault((worker, boot), {})
        state = journal.get(sequence)
        if state is None:
            place = (frame.segment, frame.offset)
            state = _Open(frame.id, place, frame.wall_ns, frame.mono_ns, self._interpret_bytes_max)
            journal[sequence] = state
        if frame.ordinal < state.next_ordinal:
            return []
        before = state.held_bytes
        state.take(frame)
        held_bytes = state.held_bytes
        parts: list[Taken] = []
        if held_bytes > SPILL_BYTES:
            parts += state.spill(SPILL_BYTES)
            held_bytes = state.held_bytes
        self.held_bytes += held_bytes - before
        if state.has_ended:
            return [*parts, self._finish(journal, state)]
        if self.held_bytes > self._held_bytes_max:
            before = state.held_bytes
            state.stop_keeping()
            parts += state.spill(0)
            self.held_bytes += state.held_bytes - before
        return parts

    def interrupt(self, worker: int, boot: int) -> list[Finished]:
        """Close what a dead journal left open. Call once all its frames were taken."""
        journal = self._journals.pop((worker, boot), {})
        return [self._finish(journal, state) for state in list(journal.values())]

    def under_way(self, count_max: int, bytes_max: int) -> list[Exchange]:
        """The latest open exchanges as far as they were seen: how they end is provisional.

        Bodies of those that hold more than `bytes_max` are left out.
        """
        states = [state for journal in self._journals.values() for state in journal.values()]
        latest = sorted(states, key=lambda state: state.started_wall_ns)[-count_max:]
        return [state.exchange(has_bodies=state.held_bytes <= bytes_max) for state in latest]

    def is_open(self, id_: ExchangeId) -> bool:
        return id_.sequence in self._journals.get((id_.worker, id_.boot), {})

    def lost(self, id_: ExchangeId, wall_ns: int) -> Finished:
        """An exchange of which damage left nothing but its number. It MUST NOT be open."""
        state = _Open(id_, (0, 0), wall_ns, 0, 0)
        state.lose()
        return Finished(state.exchange(), ())

    def open_since(self, worker: int, boot: int) -> Place | None:
        """Where reading must start again to see every open exchange whole; None: nothing is open."""
        journal = self._journals.get((worker, boot))
        if not journal:
            return None
        return next(iter(journal.values())).since

    def carry(self, worker: int, boot: int, before_segment: int, place: Place) -> list[Carried]:
        """The exchanges whose first frame lies before that segment.

        `place` is how far the journal was taken: from now on they count as open since there, so
        the caller MUST make what is returned durable before it gives older segments up.
        """
        journal = self._journals.get((worker, boot), {})
        carried = []
        for sequence, state in list(journal.items()):
            if state.since[0] >= before_segment:
                break  # in order of `since`
            carried.append(Carried(state.exchange(), state.tails(), state.next_ordinal))
            state.since = place
            journal[sequence] = journal.pop(sequence)
        return carried

    def restore(self, carried: Carried, place: Place) -> None:
        """Go on with an exchange that an earlier recorder carried. Before any `take`.

        `place` is where its journal is read again from, not later.
        """
        exchange = carried.exchange
        worker, boot, sequence = exchange.id
        state = _Open(
            exchange.id,
            place,
            exchange.started_wall_ns,
            exchange.started_mono_ns,
            self._interpret_bytes_max,
        )
        state.restore(carried)
        self._journals.setdefault((worker, boot), {})[sequence] = state
        self.held_bytes += state.held_bytes

    def _finish(self, journal: dict[int, _Open], state: _Open) -> Finished:
        journal.pop(state.id.sequence)
        self.held_bytes -= state.held_bytes
        return Finished(state.exchange(), state.tails())


# Plain numbers: `&` with a Flag makes a Flag, 3 us an entry.
_INTERIM: Final = int(Flag.INTERIM)
_FROM_CLIENT: Final = int(Flag.FROM_CLIENT)
_OWN_ANSWER: Final = int(Flag.OWN_ANSWER)
_WITHHELD: Final = int(Flag.WITHHELD)
_SIDES: Final = {Kind.REQUEST_CHUNK: Side.REQUEST, Kind.RESPONSE_CHUNK: Side.RESPONSE}


class _Open:
    """One exchange on its way. Mutable."""

    def __init__(
        self, id_: ExchangeId, since: Place, wall_ns: int, mono_ns: int, keep_bytes_max: int
    ) -> None:
        self.id = id_
        self.since = since
        self.next_ordinal = 0
        self.has_ended = False
        self._keep_bytes_max = keep_bytes_max
        self._sides: dict[Side, HeldBytes] = {}
        """Those that had bytes."""
        self._intent = NO_INTENT
        self._started = (wall_ns, mono_ns)
        self._last = (wall_ns, mono_ns)
        self._request_ended_mono_ns: int | None = None
        self._request_trailers = b""
        self._interim_heads: list[InterimHead] = []
        self._response_head = b""
        self._response_head_at = (0, 0)
        self._is_own_answer = False
        self._end = UNENDED
        self._has_lost = False
        self._purpose = Purpose.CLIENT
        self._is_withheld = False
        self._decision = b""

    @property
    def held_bytes(self) -> int:
        return sum([side.held_bytes for side in self._sides.values()], len(self._decision))

    @property
    def started_wall_ns(self) -> int:
        return self._started[0]

    def take(self, frame: Frame) -> None:
        if frame.ordinal != self.next_ordinal:
            self._has_lost = True
        self.next_ordinal = frame.ordinal + 1
        self._last = (frame.wall_ns, frame.mono_ns)
        if not frame.is_open:
            self._has_lost = True
            if frame.kinds >> Kind.END & 1:
                self._end = KEYLESS
                self.has_ended = True
            return
        for entry in frame.entries:
            self._last = (entry.wall_ns, entry.mono_ns)
            try:
                self._take_entry(entry)
            except (struct.error, ValueError, FormatError):
                self._has_lost = True  # sealed by us and whole, yet not what the format says

    def _take_entry(self, entry: Entry) -> None:
        kind = entry.kind
        side = _SIDES.get(kind)
        if side is not None:
            self._side(side).add(entry.data, entry.wall_ns, entry.mono_ns)
            if side is Side.RESPONSE and entry.flags & _OWN_ANSWER:
                self._is_own_answer = True
        elif kind is Kind.SPLICED_CHUNK:
            side = Side.FROM_CLIENT if entry.flags & _FROM_CLIENT else Side.FROM_UPSTREAM
            self._side(side).add(entry.data, entry.wall_ns, entry.mono_ns)
        elif kind is Kind.RESPONSE_HEAD:
            self._take_response_head(entry)
        elif kind is Kind.DECISION:
            self._decision = entry.data
        elif kind is Kind.INTENT:
            self._intent = IntentHead.decode(entry.data)
            self._purpose = Purpose.of_flags(entry.flags)
            self._started = (entry.wall_ns, entry.mono_ns)
        elif kind is Kind.REQUEST_END:
            end = RequestEnd.decode(entry.data)
            self._request_ended_mono_ns = entry.mono_ns
            self._request_trailers = end.trailers
            if end.body_bytes != self._size(Side.REQUEST):
                self._has_lost = True
        elif kind is Kind.END:
            self._end = ExchangeEnd.decode(entry.data)
            self.has_ended = True
            self._is_withheld = bool(entry.flags & _WITHHELD)
            told_bytes = 0 if self._is_withheld else self._end.response_bytes
            if told_bytes > self._size(Side.RESPONSE):
                self._has_lost = True

    def _take_response_head(self, entry: Entry) -> None:
        if entry.flags & _INTERIM:
            if len(self._interim_heads) == INTERIM_HEADS_MAX:
                self._has_lost = True
                return
            self._interim_heads.append(InterimHead(entry.wall_ns, entry.data))
            return
        self._response_head = entry.data
        self._response_head_at = (entry.wall_ns, entry.mono_ns)
        self._is_own_answer = bool(entry.flags & _OWN_ANSWER)

    def lose(self) -> None:
        self._end = LOST
        self._has_lost = True

    def spill(self, above_bytes: int) -> list[Part]:
        """Hand out the sides that hold more than this."""
        parts = []
        for side, stream in self._sides.items():
            if stream.tail_bytes > above_bytes:
                offset, data, cuts = stream.tail()
                stream.drop_tail()
                parts.append(Part(self.id, side, offset, data, cuts))
        return parts

    def tails(self) -> tuple[Part, ...]:
        parts = []
        for side, stream in self._sides.items():
            if stream.tail_bytes:
                parts.append(Part(self.id, side, *stream.tail()))
        return tuple(parts)

    def stop_keeping(self) -> None:
        for stream in self._sides.values():
            stream.stop_keeping()

    def exchange(self, *, has_bodies: bool = True) -> Exchange:
        end = self._end
        return Exchange(
            id=self.id,
            intent=self._intent,
            started_wall_ns=self._started[0],
            started_mono_ns=self._started[1],
            request=self._body(Side.REQUEST, self._request_trailers, has_data=has_bodies),
            request_ended_mono_ns=self._request_ended_mono_ns,
            interim_heads=tuple(self._interim_heads),
            response_head=self._response_head,
            response_head_wall_ns=self._response_head_at[0],
            response_head_mono_ns=self._response_head_at[1],
            response=self._answer(has_data=has_bodies),
            is_own_answer=self._is_own_answer,
            spliced_from_client_bytes=self._size(Side.FROM_CLIENT),
            spliced_from_upstream_bytes=self._size(Side.FROM_UPSTREAM),
            outcome=end.outcome,
            detail=end.detail,
            ended_wall_ns=self._last[0],
            ended_mono_ns=self._last[1],
            has_lost_frames=self._has_lost,
            purpose=self._purpose,
            is_answer_withheld=self._is_withheld,
            decision=self._decision,
        )

    def restore(self, carried: Carried) -> None:
        """The inverse of exchange() and tails(), of an exchange that has not ended."""
        exchange = carried.exchange
        self.next_ordinal = carried.next_ordinal
        self._intent = exchange.intent
        self._last = (exchange.ended_wall_ns, exchange.ended_mono_ns)
        self._request_ended_mono_ns = exchange.request_ended_mono_ns
        self._request_trailers = exchange.request.trailers
        self._interim_heads = list(exchange.interim_heads)
        self._response_head = exchange.response_head
        self._response_head_at = (exchange.response_head_wall_ns, exchange.response_head_mono_ns)
        self._is_own_answer = exchange.is_own_answer
        self._has_lost = exchange.has_lost_frames
        self._purpose = exchange.purpose
        self._decision = exchange.decision
        tails = {part.side: part for part in carried.tails}
        spliced = (exchange.spliced_from_client_bytes, exchange.spliced_from_upstream_bytes)
        bodies = (exchange.request, exchange.response, *(Body(b"", size, ()) for size in spliced))
        for side, body in zip(Side, bodies, strict=True):
            if body.size:
                self._side(side).restore(body, tails.get(side))

    def _side(self, side: Side) -> HeldBytes:
        held = self._sides.get(side)
        if held is None:
            is_body = side <= Side.RESPONSE
            held = self._sides[side] = HeldBytes(self._keep_bytes_max if is_body else 0)
        return held

    def _size(self, side: Side) -> int:
        held = self._sides.get(side)
        return held.size if held is not None else 0

    def _answer(self, *, has_data: bool) -> Body:
        if self._is_withheld:
            size = self._end.response_bytes
            return Body(b"", size, (), was_truncated=size > 0, trailers=self._end.trailers)
        return self._body(Side.RESPONSE, self._end.trailers, has_data=has_data)

    def _body(self, side: Side, trailers: bytes, *, has_data: bool) -> Body:
        held = self._sides.get(side)
        if held is None or not has_data:
            size = 0 if held is None else held.size
            return Body(b"", size, (), was_truncated=size > 0, trailers=trailers)
        return held.body(trailers)
