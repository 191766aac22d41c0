"""One recorded exchange about interactions as what was asked and what was answered, in full. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy.interactions.problems import Notes
from proxy.interactions.steps import steps_from_input
from proxy.journal.format import Outcome
from proxy.recording.exchange import Exchange
from proxy.recording.reading.answer import read_answer
from proxy.recording.reading.decode import decode_body, json_object
from proxy.recording.reading.event_stream import StreamReading
from proxy.recording.telling.exchange_facts import Heads, read_heads

NS: Final = 1_000_000_000
_KEPT_HEADERS: Final = re.compile(rb"\r\n(retry-after|retry-after-ms): *([ -~]+)", re.IGNORECASE)
"""Headers that change what a client does next."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that came as events."""

    events: tuple[Json, ...]
    gaps_s: tuple[float, ...]
    """Before each event; the first from the head on."""
    resource: Json
    """What the events add up to, with `steps`."""
    is_done: bool
    """[DONE] came."""
    is_broken: bool
    """The connection broke before the end."""
    was_unread: bool
    """Some events were no JSON objects, and are missing here."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A request about interactions and its answer."""

    exchange: str
    operation: str
    """create, get, resume, cancel or delete."""
    identity: str | None
    """The interaction that the path names."""
    request: Json
    """The body of a create, else {}."""
    asked: tuple[Json, ...]
    """Its input as steps."""
    status: int | None
    """None: no answer came."""
    content_type: str
    headers: dict[str, str]
    body: Json | list[Any] | str
    """A body that came whole: JSON if it is, else text."""
    streamed: Streamed | None
    head_s: float
    """From the request to the answer's head."""


def passed_from_exchange(exchange: Exchange) -> Passed:
    """Read an exchange; what cannot be read is left empty."""
    notes = Notes()
    heads = read_heads(exchange, notes)
    request = _request(exchange, heads, notes)
    answer = read_answer(exchange, heads.answered, notes)
    status = heads.answered.status
    head_ns = exchange.response_head_mono_ns - exchange.started_mono_ns if status else 0
    streamed = None
    if answer.stream is not None:
        streamed = _streamed(answer.stream, exchange)
    return Passed(
        exchange=str(exchange.id),
        operation=heads.target.operation,
        identity=heads.target.interaction_id,
        request=request,
        asked=tuple(
            step for step in steps_from_input(request.get("input"), notes) if isinstance(step, dict)
        ),
        status=status,
        content_type=heads.answered.media_type or "",
        headers=_headers(exchange.response_head),
        body="" if streamed else _body(exchange, heads, notes),
        streamed=streamed,
        head_s=_seconds(head_ns),
    )


def _request(exchange: Exchange, heads: Heads, notes: Notes) -> Json:
    if heads.target.operation != "create":
        return {}
    decoded = decode_body(exchange.request, heads.asked.codings, notes, "request")
    return json_object(decoded.data, notes, "request body") or {}


def _body(exchange: Exchange, heads: Heads, notes: Notes) -> Json | list[Any] | str:
    data = decode_body(exchange.response, heads.answered.codings, notes, "response").data
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data.decode("utf-8", "replace")
    return value if isinstance(value, (dict, list)) else data.decode()


def _streamed(reading: StreamReading, exchange: Exchange) -> Streamed:
    events: list[Json] = []
    gaps: list[float] = []
    before = exchange.response_head_mono_ns
    is_done, missing = False, 0
    for seen in reading.events:
        if seen.type == "done":
            is_done = True
            continue
        try:
            event = orjson.loads(seen.sse.data)
        except orjson.JSONDecodeError:
            event = None
        if not isinstance(event, dict):
            missing += 1
            continue
        events.append(event if "event_type" in event else event | {"event_type": seen.sse.name})
        gaps.append(_seconds(seen.moment.mono_ns - before))
        before = seen.moment.mono_ns
    return Streamed(
        events=tuple(events),
        gaps_s=tuple(gaps),
        resource=dict(reading.assembled[-1].raw) if reading.assembled else {},
        is_done=is_done,
        is_broken=exchange.outcome is not Outcome.COMPLETE,
        was_unread=missing > 0,
    )


def _headers(head: bytes) -> dict[str, str]:
    found = _KEPT_HEADERS.findall(head)
    return {name.decode().title(): value.decode().strip() for name, value in found}


def _seconds(ns: int) -> float:
    return round(max(ns, 0) / NS, 3)
