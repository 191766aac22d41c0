"""The rows of a stream's events. Pure."""

from __future__ import annotations

from proxy.recording.exchange import Exchange
from proxy.recording.facts import EventFact
from proxy.recording.reading.event_stream import StreamReading
from proxy.recording.secrecy.equality import Equality, name_or_mac


def event_name(event_id: str | None, equality: Equality) -> str | None:
    """An event's id as it stands in clear: ids are opaque, some are no names."""
    return name_or_mac(event_id, "event", equality) if event_id else None


def event_facts(
    reading: StreamReading,
    exchange: Exchange,
    names: tuple[str, ...],
    equality: Equality,
) -> list[EventFact]:
    """Rows of the events. `names` are those of the interactions."""
    name = str(exchange.id)
    started = exchange.started_mono_ns
    return [
        EventFact(
            name,
            None if event.segment is None else names[event.segment],
            index,
            event.moment.wall_ns,
            event.moment.mono_ns - started,
            event.type,
            event.is_known,
            event_name(event.event_id, equality),
            event.step_index,
            event.delta_type,
            event.sse.offset,
            len(event.sse.data),
        )
        for index, event in enumerate(reading.events)
    ]
