"""Reads what came back: which of the five forms an answer has, and what is in it. Pure.

The forms: an event stream, one JSON object, an error in one of its four shapes, nothing, or
something else (a front end's page). Source: reference, sections 10, 13.1 and 14.2.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.recording.exchange import Exchange
from proxy.recording.reading.decode import decode_body, is_crowded
from proxy.recording.reading.event_stream import StreamReading, first_code, read_stream
from proxy.recording.reading.heads import ResponseHead
from proxy.values import plain_value

ERROR_BYTES_MAX: Final = 64 * 1024
"""Longest error body read for its code where nothing else in it is wanted; they have hundreds."""
_SSE_STARTS: Final = (b"data:", b"event:", b":", b"id:", b"retry:", b"\xef\xbb\xbf")
EVENT_STREAM: Final = "text/event-stream"


@plain_value(frozen=True, slots=True)
class Answer:
    """What a response said. At most one of `resource` and `stream` is there."""

    resource: JsonObject | None = None
    stream: StreamReading | None = None
    is_streaming: bool = False
    is_whole: bool = False
    """The body is all there and could be read."""
    error_code: str | None = None


def read_answer(exchange: Exchange, head: ResponseHead, notes: Notes) -> Answer:
    """The answer to a call on interactions."""
    if head.status is None:
        return Answer()
    decoded = decode_body(exchange.response, head.codings, notes, "response")
    is_success = 200 <= head.status < 300
    body = decoded.data.lstrip(b" \t\r\n") if decoded.data[:1] in b" \t\r\n" else decoded.data
    if is_success and _is_stream(head.media_type, body):
        if head.media_type != EVENT_STREAM:
            _unexpected_type(notes, "an event stream")
        reading = read_stream(decoded, exchange, notes)
        return Answer(
            stream=reading,
            is_streaming=True,
            is_whole=decoded.is_whole,
            error_code=reading.error_code,
        )
    if not body:
        return Answer(is_streaming=head.media_type == EVENT_STREAM, is_whole=decoded.is_whole)
    if body[:1] not in b"{[":
        if decoded.is_whole:
            notes.problem(ProblemKind.NOT_JSON, "response body", "neither JSON nor an event stream")
        return Answer()
    value = _json(body, notes, is_whole=decoded.is_whole)
    error = error_in(value)
    if error is not None or not is_success:
        return Answer(is_whole=value is not None, error_code=first_code(error))
    if not isinstance(value, dict):
        if value is not None:
            notes.problem(ProblemKind.NOT_AN_OBJECT, "response body", "JSON, but not an object")
        return Answer()
    if head.media_type is None or "json" not in head.media_type:
        _unexpected_type(notes, "JSON")
    return Answer(resource=value, is_whole=True)


def error_code_of(exchange: Exchange, head: ResponseHead, notes: Notes) -> str | None:
    """The error code of any other call's answer; its body is not looked at otherwise."""
    body = exchange.response
    if head.status is None or head.status < 400 or len(body.data) > ERROR_BYTES_MAX:
        return None
    data = decode_body(body, head.codings, notes, "response").data
    try:
        return first_code(error_in(orjson.loads(data)))
    except orjson.JSONDecodeError:
        return None  # a front end's page; the status says enough


def error_in(value: Any) -> JsonObject | None:
    """The error object of a body: {"error": {...}}, or a list of one such."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict) or "status" in value or "event_type" in value:
        return None
    error = value.get("error")
    return error if isinstance(error, dict) else None


def _is_stream(media_type: str | None, body: bytes) -> bool:
    """By content type, or by how it starts where the type says neither this nor JSON."""
    if media_type == EVENT_STREAM:
        return bool(body) and body[:1] not in b"{["
    return (media_type is None or "json" not in media_type) and body.startswith(_SSE_STARTS)


def _json(body: bytes, notes: Notes, *, is_whole: bool) -> Any:
    """The value, or None and a problem, unless the body's end is known to be missing."""
    if is_crowded(body, notes, "response body"):
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if is_whole:
            detail = f"not JSON at character {error.pos}"
            notes.problem(ProblemKind.JSON_BROKEN, "response body", detail)
        return None


def _unexpected_type(notes: Notes, what: str) -> None:
    detail = f"{what}, although the content type says otherwise"
    notes.problem(ProblemKind.CONTENT_TYPE_UNEXPECTED, "response head", detail)
