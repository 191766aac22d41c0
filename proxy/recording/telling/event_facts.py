"""The rows of a stream's events. Pure."""

from __future__ import annotations

from proxy.recording.exchange import Exchange
from proxy.recording.facts import EventFact
from proxy.recording.reading.event_stream import StreamReading


def event_facts(
    reading: StreamReading, exchange: Exchange, name: str, names: tuple[str, ...]
) -> list[EventFact]:
    """Rows of the events. `name` is the exchange's, `names` those of the interactions."""
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
            event.event_id,
            event.step_index,
            event.delta_type,
            event.sse.offset,
            len(event.sse.data),
        )
        for index, event in enumerate(reading.events)
    ]
