"""One batch of spans to a collector: again where the protocol says so, given up in time.

The specification names which answers are worth another try; everything else is final.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TextIO

from proxy.telemetry.traces.otlp.encode import encode_request, encode_span
from proxy.telemetry.traces.span import Span

FIRST_WAIT_S: Final = 0.5
"""Before the second try; doubled each time."""
WAIT_MAX_S: Final = 5.0
LAST_S: Final = 5.0
"""For an export once the recorder ends: the supervisor waits 30 s for all of it."""
Scope = tuple[str, str, str]
"""Name, version, URL of the conventions."""


class Answer(NamedTuple):
    """What became of one attempt."""

    is_taken: bool
    may_retry: bool = False
    retry_after_s: float | None = None
    rejected: int = 0
    """Spans that the collector took and threw away."""
    problem: str | None = None
    """One sentence of ours, without foreign words."""


class Exported(NamedTuple):
    """What became of one batch."""

    taken: int
    problem: str | None


class Exporter(Protocol):
    """Where spans go."""

    def export(self, spans: Sequence[Span]) -> Exported: ...
    def close(self) -> None: ...


class Sender(Protocol):
    """One way to carry an encoded request."""

    def send(self, body: bytes, within_s: float) -> Answer: ...
    def close(self) -> None: ...


class OtlpExporter:
    """Encodes, sends, tries again. Used by one thread; `stop` ends waits."""

    def __init__(
        self,
        sender: Sender,
        *,
        resource: Sequence[tuple[str, str]],
        scope: Scope,
        timeout_s: float,
        stop: threading.Event,
        mono_ns: Callable[[], int],
    ) -> None:
        self._sender = sender
        self._resource = dict(resource)
        self._scope = scope
        self._timeout_s = timeout_s
        self._stop = stop
        self._mono_ns = mono_ns

    def export(self, spans: Sequence[Span]) -> Exported:
        """Send one batch; returns how many spans were taken, and why not all."""
        body = encode_request(self._resource, self._scope, map(encode_span, spans))
        timeout_s = min(self._timeout_s, LAST_S) if self._stop.is_set() else self._timeout_s
        deadline = self._mono_ns() + int(timeout_s * 1e9)
        wait_s = FIRST_WAIT_S
        while True:
            left_s = max((deadline - self._mono_ns()) / 1e9, 0.001)
            answer = self._sender.send(body, left_s)
            if answer.is_taken:
                return Exported(max(len(spans) - answer.rejected, 0), answer.problem)
            wait_s = min(answer.retry_after_s or wait_s, WAIT_MAX_S)
            left_s = (deadline - self._mono_ns()) / 1e9
            if not answer.may_retry or wait_s >= left_s or self._stop.wait(wait_s):
                return Exported(0, answer.problem)
            wait_s *= 2

    def close(self) -> None:
        self._sender.close()


class ConsoleExporter:
    """A line of JSON for each span, for people who look what would be sent."""

    def __init__(self, out: TextIO | None = None) -> None:
        """`out`: standard error by default, since standard output talks to the supervisor."""
        self._out = out

    def export(self, spans: Sequence[Span]) -> Exported:
        out = self._out or sys.stderr
        out.writelines(json.dumps(told(span)) + "\n" for span in spans)
        out.flush()
        return Exported(len(spans), None)

    def close(self) -> None:
        """Nothing is held."""


def told(span: Span) -> dict[str, object]:
    """A span as JSON, ids in hexadecimal."""
    return {
        "name": span.name,
        "kind": span.kind.name,
        "trace_id": span.context.trace_id.hex(),
        "span_id": span.context.span_id.hex(),
        "parent_span_id": span.parent.hex() if span.parent else None,
        "start": span.start,
        "end": span.end,
        "is_error": span.is_error,
        "attributes": span.attributes,
        "events": [
            {"name": one.name, "at": one.at, "attributes": one.attributes} for one in span.events
        ],
        "links": [
            {
                "trace_id": one.context.trace_id.hex(),
                "span_id": one.context.span_id.hex(),
                "attributes": one.attributes,
            }
            for one in span.links
        ],
    }


def rejected_of(answer: bytes) -> int:
    """Spans that an ExportTraceServiceResponse says were thrown away (partial_success, 1.1).

    An answer that cannot be read counts as none: it was taken with success.
    """
    outer = _fields(answer)
    partial = outer.get(1)
    if not isinstance(partial, bytes):
        return 0
    rejected = _fields(partial).get(1)
    return rejected if isinstance(rejected, int) else 0


def _fields(data: bytes) -> dict[int, int | bytes]:
    """Varints and bytes of a small message, by field number; whatever is odd ends it."""
    found: dict[int, int | bytes] = {}
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        if tag & 7 not in {0, 2} or place > len(data):
            break
        value, place = _varint(data, place)
        if tag & 7 == 0:
            found[tag >> 3] = value
        else:
            found[tag >> 3] = data[place : place + value]
            place += value
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value, place
