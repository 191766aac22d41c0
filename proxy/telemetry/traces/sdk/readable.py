"""Our spans as the objects that OpenTelemetry's exporters take."""

from __future__ import annotations

from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from proxy.telemetry.traces import span as own

TEXT_CHARACTERS_MAX: Final = 4096
"""Of one value: facts have 512 at most, this bounds what is made of them."""
_KINDS: Final = {kind: SpanKind[kind.name] for kind in own.SpanKind}
_OK: Final = Status(StatusCode.UNSET)
_ERROR: Final = Status(StatusCode.ERROR)
_MOMENT_MAX: Final = (1 << 64) - 1
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


def readable(span: own.Span, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """One span, finished."""
    trace = int.from_bytes(span.context.trace_id, "big")
    return ReadableSpan(
        name=_text(span.name),
        context=_context(span.context),
        parent=None
        if span.parent is None
        else SpanContext(
            trace, int.from_bytes(span.parent, "big"), span.is_parent_remote, _SAMPLED
        ),
        resource=resource,
        attributes=_attributes(span.attributes),
        events=[
            Event(_text(one.name), _attributes(one.attributes), _moment(one.at))
            for one in span.events
        ],
        links=[Link(_context(one.context), _attributes(one.attributes)) for one in span.links],
        kind=_KINDS[span.kind],
        status=_ERROR if span.is_error else _OK,
        start_time=_moment(span.start),
        end_time=_moment(span.end),
        instrumentation_scope=scope,
    )


def _context(context: own.SpanContext) -> SpanContext:
    trace = int.from_bytes(context.trace_id, "big")
    # Where a span named by another one was made is not known; its ids are the ones we gave it.
    return SpanContext(trace, int.from_bytes(context.span_id, "big"), False, _SAMPLED)  # noqa: FBT003


def _moment(at: int) -> int:
    """Inside what protobuf can carry: one odd clock must not cost the whole batch."""
    return min(max(at, 0), _MOMENT_MAX)


def _attributes(attributes: own.Attributes) -> own.Attributes:
    return {_text(name): _value(value) for name, value in attributes.items()}


def _value(value: own.Value) -> own.Value:
    if isinstance(value, str):
        return _text(value)
    return tuple(map(_text, value)) if isinstance(value, tuple) else value


def _text(text: str) -> str:
    """What protobuf can carry: UTF-8, of bounded length."""
    if len(text) > TEXT_CHARACTERS_MAX:
        text = text[:TEXT_CHARACTERS_MAX]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
