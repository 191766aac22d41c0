"""A span as it is sent, and ids that follow from what it is about. Pure.

Ids are the first bytes of SHA-256 of "<exchange id>/<role>": the same exchange always gives the same
spans, so sending one twice adds nothing, and whoever knows an exchange can point to its spans.
"""

from __future__ import annotations

import enum
import hashlib
import re
from typing import Final

from proxy.values import plain_value

Value = str | bool | int | float | tuple[str, ...]
"""Of an attribute."""
Attributes = dict[str, Value]

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")


class SpanKind(enum.IntEnum):
    """Numbers are those of the protocol."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


@plain_value(frozen=True, slots=True)
class SpanContext:
    """Names one span for ever."""

    trace_id: bytes
    """16 bytes."""
    span_id: bytes
    """8 bytes."""


@plain_value(frozen=True, slots=True)
class SpanLink:
    """Another span that this one has to do with."""

    context: SpanContext
    attributes: Attributes


@plain_value(frozen=True, slots=True)
class SpanEvent:
    """Something at one moment of a span."""

    name: str
    at: int
    attributes: Attributes


@plain_value(frozen=True, slots=True)
class Span:
    """One finished span. Times are nanoseconds of the wall clock."""

    name: str
    kind: SpanKind
    context: SpanContext
    parent: bytes | None
    """Span id, in the same trace."""
    start: int
    end: int
    attributes: Attributes
    is_error: bool = False
    """An error's name stands in the attribute error.type; success leaves the status unset."""
    events: tuple[SpanEvent, ...] = ()
    links: tuple[SpanLink, ...] = ()
    is_parent_remote: bool = False


def span_id(exchange: str, role: str) -> bytes:
    """Of the span that plays `role` in an exchange."""
    return hashlib.sha256(f"{exchange}/{role}".encode("utf-8", "replace")).digest()[:8]


def own_trace_id(exchange: str) -> bytes:
    """Of an exchange whose caller named no trace."""
    return hashlib.sha256(f"{exchange}/trace".encode("utf-8", "replace")).digest()[:16]


def given_trace_id(text: str | None) -> bytes | None:
    """The caller's trace; None where none was given, or what was given is none."""
    if text is None or not _TRACE_ID.fullmatch(text) or not text.strip("0"):
        return None
    return bytes.fromhex(text)


def given_span_id(text: str | None) -> bytes | None:
    """The caller's span; None as for the trace."""
    if text is None or not _SPAN_ID.fullmatch(text) or not text.strip("0"):
        return None
    return bytes.fromhex(text)


def trace_id_of(exchange: str, given: str | None) -> str:
    """The trace in which the spans of an exchange are, as 32 hexadecimal digits."""
    return (given_trace_id(given) or own_trace_id(exchange)).hex()
