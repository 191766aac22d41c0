"""What one exchange delivered of each interaction's stream, and the interaction that a log tells of. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from proxy.interactions.assemble import StreamAssembler
from proxy.interactions.events import event_from_json
from proxy.interactions.problems import JsonObject, Notes
from proxy.recording.exchange import Exchange
from proxy.recording.merging.log import Delivered, Delivery, Log
from proxy.recording.operation import INTERACTION_OPERATIONS, classify
from proxy.recording.reading.answer import read_answer
from proxy.recording.reading.event_stream import StreamReading
from proxy.recording.reading.heads import request_head, response_head


def deliveries_in(exchange: Exchange) -> Mapping[str, Delivery]:
    """By the interaction they are about, named as `interpret` names it; empty where nothing was streamed.

    A stream whose id was never seen is that of the id in the path, else of the exchange.
    """
    asked, answered = request_head(exchange.intent.head), response_head(exchange.response_head)
    if asked is None or answered is None:
        return {}
    target = classify(asked.method, asked.target)
    if target.operation not in INTERACTION_OPERATIONS:
        return {}
    reading = read_answer(exchange, answered, Notes()).stream
    if reading is None:
        return {}
    unnamed = target.interaction_id or f"exchange:{exchange.id}"
    names = [str(part.raw.get("id") or unnamed) for part in reading.assembled]
    events = _events_by_segment(reading)
    found: dict[str, Delivery] = {}
    for segment, name in enumerate(names):
        told = tuple(events.get(segment, ()))
        found.setdefault(name, Delivery(str(exchange.id), target.last_event_id, told))
    return found


def _events_by_segment(reading: StreamReading) -> dict[int, list[Delivered]]:
    events: dict[int, list[Delivered]] = {}
    for event in reading.events:
        if event.segment is not None:
            told = Delivered(event.event_id, event.type, event.sse.data)
            events.setdefault(event.segment, []).append(told)
    return events


def interaction_of(log: Log) -> JsonObject:
    """The resource that the events put together, as far as they reach, with `steps` if there were any."""
    notes = Notes()
    assembler = StreamAssembler(notes)
    for event in log.events:
        try:
            raw = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            continue  # a log can be made of anything; what is read from streams is JSON
        if isinstance(raw, dict):
            assembler.take(event_from_json(raw, event.type, notes, 0))
    parts = assembler.finish()
    return max(parts, key=lambda part: len(part.raw.get("steps") or ())).raw
