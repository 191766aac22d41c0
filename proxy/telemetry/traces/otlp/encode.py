"""Spans as the protobuf message that OTLP sends: ExportTraceServiceRequest. Pure.

Written by hand, as the message is small and fixed: the public encoder makes an object for every
attribute and costs ten times as much, in the process that also records. The tests decode with the
published classes. Field numbers: opentelemetry-proto 1.x, trace/v1/trace.proto, common/v1/common.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from proxy.telemetry.traces.span import Attributes, Span, SpanEvent, SpanLink, Value

REMEMBERED_MAX: Final = 8192
"""Attributes whose bytes are kept: names of models, tools, routes and counts come again in every
exchange. 200 bytes each, so below 2 MB."""
VALUE_CHARACTERS_MAX: Final = 4096
"""Of one text: facts have 512 at most, this bounds what is made of them."""

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_SAMPLED: Final = 0x1
_HAS_IS_REMOTE: Final = 0x100
_IS_REMOTE: Final = 0x200
_STATUS_ERROR: Final = b"\x7a\x02\x18\x02"
"""Field 15: a status (2 bytes) whose code (field 3) is ERROR (2)."""
_TIMES: Final = struct.Struct("<BQBQ")
_START: Final = 7 << 3 | _FIXED64
_END: Final = 8 << 3 | _FIXED64
_EVENT_AT: Final = struct.Struct("<BQ")
_FLAGS: Final = struct.Struct("<I")
_UNSIGNED: Final = (1 << 64) - 1


def encode_request(
    resource: Mapping[str, Value], scope: tuple[str, str, str], spans: Iterable[bytes]
) -> bytes:
    """One request. `scope`: name, version, URL of the conventions. `spans`: of `encode_span`."""
    name, version, schema = scope
    scope_spans = [
        _field(1, _text(1, name) + _text(2, version)),
        *(_field(2, span) for span in spans),
        _text(3, schema),
    ]
    resource_spans = _field(1, _attributes(1, dict(resource))) + _field(2, b"".join(scope_spans))
    return _field(1, resource_spans + _text(3, schema))


def encode_span(span: Span) -> bytes:
    """One span."""
    parts = [
        b"\x0a\x10",  # field 1, 16 bytes
        span.context.trace_id,
        b"\x12\x08",  # field 2, 8 bytes
        span.context.span_id,
        _name(span.name),
        bytes((6 << 3, span.kind)),
        _TIMES.pack(_START, span.start & _UNSIGNED, _END, span.end & _UNSIGNED),
        _attributes(9, span.attributes),
        _flags(16, is_remote=span.is_parent_remote),
    ]
    if span.parent is not None:
        parts += (b"\x22\x08", span.parent)  # field 4, 8 bytes
    parts += [_field(11, _event(event)) for event in span.events]
    parts += [_field(13, _link(link)) for link in span.links]
    if span.is_error:
        parts.append(_STATUS_ERROR)
    return b"".join(parts)


def _event(event: SpanEvent) -> bytes:
    at = _EVENT_AT.pack(1 << 3 | _FIXED64, event.at & _UNSIGNED)
    return at + _text(2, event.name) + _attributes(3, event.attributes)


def _link(link: SpanLink) -> bytes:
    ids = _field(1, link.context.trace_id) + _field(2, link.context.span_id)
    return ids + _attributes(4, link.attributes) + _flags(6, is_remote=False)


def _flags(number: int, *, is_remote: bool) -> bytes:
    flags = _SAMPLED | _HAS_IS_REMOTE | (_IS_REMOTE if is_remote else 0)
    return _varint(number << 3 | _FIXED32) + _FLAGS.pack(flags)


def _attributes(number: int, attributes: Attributes) -> bytes:
    return b"".join(
        [
            _attribute(number, key, type(value), value)  # type: ignore[arg-type]  # a class is hashable
            for key, value in attributes.items()
        ]
    )


@lru_cache(maxsize=REMEMBERED_MAX)
def _attribute(number: int, key: str, kind: type, value: Value) -> bytes:
    """`kind` keeps True, 1 and 1.0 apart, which are equal."""
    del kind
    return _field(number, _text(1, key) + _field(2, _any(value)))


def _any(value: Value) -> bytes:
    if isinstance(value, str):
        return _text(1, value)
    if isinstance(value, bool):
        return bytes((2 << 3 | _VARINT, value))
    if isinstance(value, int):
        return bytes((3 << 3 | _VARINT,)) + _varint(value & _UNSIGNED)
    if isinstance(value, float):
        return bytes((4 << 3 | _FIXED64,)) + struct.pack("<d", value)
    return _field(5, b"".join([_field(1, _text(1, one)) for one in value]))


@lru_cache(maxsize=REMEMBERED_MAX)
def _name(text: str) -> bytes:
    return _text(5, text)


def _text(number: int, text: str) -> bytes:
    return _field(number, text[:VALUE_CHARACTERS_MAX].encode("utf-8", "replace"))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
