"""Spans handed to OpenTelemetry's exporters, which read OTEL_EXPORTER_OTLP_* themselves."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from importlib import metadata
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from proxy.errors import StartRefused
from proxy.telemetry.traces.follow import Exported
from proxy.telemetry.traces.mapping.conventions import SCHEMA_URL, SCOPE
from proxy.telemetry.traces.options import CONSOLE, GRPC, TraceOptions, told
from proxy.telemetry.traces.sampling import Sampler
from proxy.telemetry.traces.sdk.chosen import chosen_resource, chosen_sampler
from proxy.telemetry.traces.sdk.heard import Heard
from proxy.telemetry.traces.sdk.readable import readable
from proxy.telemetry.traces.sdk.session import Answers
from proxy.telemetry.traces.span import Span

_DISTRIBUTION: Final = "interactions-proxy"


class SdkExporter:
    """Makes readable spans of ours and counts what became of them. `export` is used by one thread."""

    def __init__(
        self, exporter: SpanExporter, resource: Resource, heard: Heard, answers: Answers | None
    ) -> None:
        """`answers`: of a collector over HTTP."""
        self._exporter = exporter
        self._resource = resource
        self._scope = InstrumentationScope(SCOPE, metadata.version(_DISTRIBUTION), SCHEMA_URL)
        self._heard = heard
        self._answers = answers
        self._closing = threading.Lock()
        self._is_closed = False

    def export(self, spans: Sequence[Span]) -> Exported:
        """Send one batch, with the retries of the library; returns what was taken, and why not all."""
        self._heard.forget()
        if self._answers is not None:
            self._answers.forget()
        try:
            result = self._exporter.export(
                [readable(span, self._resource, self._scope) for span in spans]
            )
        except (ValueError, TypeError) as error:
            # gRPC's exporter lets these through where its channel is closed while it sends.
            return Exported(0, f"the exporter broke off ({type(error).__name__})")
        if result is not SpanExportResult.SUCCESS:
            return Exported(0, self._problem())
        rejected = min(self._answers.rejected if self._answers else 0, len(spans))
        problem = f"the collector rejected {rejected} spans" if rejected else None
        return Exported(len(spans) - rejected, problem)

    def close(self) -> None:
        """End waits between retries, too; from any thread, more than once."""
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                self._exporter.shutdown()

    def _problem(self) -> str:
        if self._answers is not None and self._answers.status is not None:
            return f"the collector answered {self._answers.status}"
        if self._heard.cause is not None:
            return f"the collector cannot be reached ({self._heard.cause})"
        return "the collector cannot be reached"


def opened(options: TraceOptions) -> tuple[SdkExporter, Sampler]:
    """What the environment asks for.

    What the libraries would only warn of is refused: spans would go elsewhere than somebody meant.

    Raises:
        StartRefused: a variable asks for what there is not, or gRPC is not installed.
    """
    heard = Heard()
    heard.listen()
    answers = None if options.protocol in {CONSOLE, GRPC} else Answers()
    try:
        sampler = chosen_sampler()
        resource = chosen_resource(metadata.version(_DISTRIBUTION))
        exporter = _exporter(options, answers)
    except (ValueError, OSError, RuntimeError) as error:
        raise StartRefused(
            f"OpenTelemetry cannot use one of the OTEL_* variables ({type(error).__name__})"
        ) from None  # its words may quote a header
    if heard.last is not None:
        raise StartRefused(f"OpenTelemetry does not understand one of OTEL_*: {heard.last}")
    return SdkExporter(exporter, resource, heard, answers), sampler


def _exporter(options: TraceOptions, answers: Answers | None) -> SpanExporter:
    if options.protocol == CONSOLE:
        # Standard output talks to the supervisor.
        return ConsoleSpanExporter(out=sys.stderr, formatter=_line)
    if answers is not None:
        return OTLPSpanExporter(session=answers.session)
    return _grpc_exporter()


def _line(span: Any) -> str:
    return str(span.to_json(indent=None)) + "\n"


def _grpc_exporter() -> SpanExporter:
    try:
        import grpc  # noqa: PLC0415  # an extra: 19 MB that few need
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter as GrpcSpanExporter,
        )
    except ImportError as error:
        raise StartRefused(
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and its exporter is not installed: "
            "pip install 'interactions-proxy[otlp-grpc]', or use http/protobuf"
        ) from error
    # The library knows gzip alone by name, and refuses the specification's "none".
    is_plain = told(os.environ, "COMPRESSION") in {"", "none"}
    return GrpcSpanExporter(compression=grpc.Compression.NoCompression if is_plain else None)
