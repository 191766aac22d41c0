"""A collector in this process, over HTTP and gRPC: keeps the spans, and misbehaves when told to.

It reads what comes with OpenTelemetry's own classes, so that our encoder is not its own judge.
"""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire

Attributes = dict[str, Any]
KINDS = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT"}


@dataclass(frozen=True)
class Received:
    """A span as it came."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    start: int
    end: int
    attributes: Attributes
    is_error: bool
    events: tuple[tuple[str, Attributes], ...]
    links: tuple[tuple[str, str, Attributes], ...]
    """Trace, span, attributes."""
    flags: int


@dataclass
class Receiver:
    """What came, and how to answer."""

    spans: list[Received] = field(default_factory=list)
    resources: list[Attributes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """HTTP: statuses for the next requests, then 200."""
    rejected: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    url: str = ""

    def take(self, body: bytes, headers: dict[str, str]) -> bytes:
        request = wire.ExportTraceServiceRequest.FromString(body)
        with self.arrived:
            self.bodies.append(body)
            self.headers.append(headers)
            for resource in request.resource_spans:
                self.resources.append(_attributes(resource.resource.attributes))
                for scope in resource.scope_spans:
                    self.spans += map(_span, scope.spans)
            self.arrived.notify_all()
        answer = wire.ExportTraceServiceResponse()
        if self.rejected:
            answer.partial_success.rejected_spans = self.rejected
            answer.partial_success.error_message = "no"
        return bytes(answer.SerializeToString())

    def wait_for(self, count: int, within_s: float = 60) -> list[Received]:
        """Spans, once there are so many."""
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.spans) >= count, within_s)
            assert came, f"{len(self.spans)} spans came, not {count}: {tree(self.spans)}"
            return list(self.spans)


def _span(span: Any) -> Received:
    return Received(
        span.name,
        KINDS[span.kind],
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _attributes(span.attributes),
        span.status.code == 2,
        tuple((event.name, _attributes(event.attributes)) for event in span.events),
        tuple(
            (link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes))
            for link in span.links
        ),
        span.flags,
    )


def _attributes(pairs: Any) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind)


def tree(spans: list[Received]) -> list[str]:
    """The spans of each trace as indented lines, roots and children in order of time and name.

    Errors stand behind the name with `!`, links with `->` and what they are for.
    """
    ids = {span.id for span in spans}
    lines: list[str] = []

    def tell(span: Received, depth: int) -> None:
        error = f" !{span.attributes['error.type']}" if span.is_error else ""
        links = "".join(f" ->{link[2]['ixp.link']}" for link in span.links)
        lines.append(f"{'  ' * depth}{span.kind} {span.name}{error}{links}")
        below = [one for one in spans if one.parent == span.id]
        for one in sorted(below, key=lambda one: (one.start, KIND_ORDER[one.kind], one.name)):
            tell(one, depth + 1)

    for root in sorted(spans, key=lambda one: one.start):
        if root.parent not in ids:
            tell(root, 0)
    return lines


KIND_ORDER = {"SERVER": 0, "CLIENT": 1, "INTERNAL": 2}


@contextmanager
def http_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name it has there
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.answers.pop(0) if receiver.answers else 200
            answer = b""
            if status == 200:
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                told = {name.lower(): value for name, value in self.headers.items()}
                answer = receiver.take(body, {**told, ":path": self.path})
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def grpc_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    def export(body: bytes, context: Any) -> bytes:
        if receiver.answers:
            receiver.answers.pop(0)
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return receiver.take(body, dict(context.invocation_metadata()))

    server = grpc.server(ThreadPoolExecutor(2))
    handlers = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    name = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    receiver.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield receiver
    finally:
        server.stop(0).wait()
