"""The sampler and the resource that the environment asks for, as OpenTelemetry's SDK reads it."""

from __future__ import annotations

from typing import Final

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

from proxy.telemetry.traces.mapping.conventions import SCOPE
from proxy.telemetry.traces.sampling import Sampler

_SOME_SPAN: Final = 1
"""The samplers look at a parent only if its ids are not 0; they do not look which they are."""


def chosen_sampler() -> Sampler:
    """Of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG."""
    provider = TracerProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
    should_sample = provider.sampler.should_sample

    def decide(trace_id: bytes, caller_sampled: bool | None) -> bool:  # noqa: FBT001  # of Decide
        trace = int.from_bytes(trace_id, "big")
        above = None
        if caller_sampled is not None:
            flags = TraceFlags(TraceFlags.SAMPLED if caller_sampled else TraceFlags.DEFAULT)
            caller = SpanContext(trace, _SOME_SPAN, is_remote=True, trace_flags=flags)
            above = set_span_in_context(NonRecordingSpan(caller))
        return should_sample(above, trace, "").decision is Decision.RECORD_AND_SAMPLE

    return Sampler(decide)


def chosen_resource(version: str) -> Resource:
    """Of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES; our name and version where they say nothing."""
    own = Resource({"service.name": SCOPE, "service.version": version})
    said = own.merge(OTELResourceDetector().detect())
    return Resource.create(dict(said.attributes))
