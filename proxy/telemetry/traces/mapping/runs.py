"""Background work as one span, made when its end is seen for the first time. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from proxy.recording.facts import ObservationFact, Recording
from proxy.telemetry.traces.mapping.attributes import end_of, result_attributes
from proxy.telemetry.traces.mapping.conventions import OWN, RUN
from proxy.telemetry.traces.mapping.memory import KnownInteraction
from proxy.telemetry.traces.mapping.steps import step_events
from proxy.telemetry.traces.span import Attributes, Span, SpanContext, SpanKind, span_id

TIMESTAMP_NS_MAX: Final = 2**63 - 1


def run_span(
    recording: Recording, seen: ObservationFact | None, known: KnownInteraction | None
) -> Span | None:
    """Under the span of its create; None: it is not in the background, or its end is no news.

    Its id follows from the interaction: whoever sees the end, it is the same span.
    """
    if seen is None or known is None or known.context is None:
        return None
    if known.is_terminal or not known.is_background or not seen.is_terminal:
        return None
    start, end = provider_ns(seen.created), provider_ns(seen.updated)
    timing = "observed" if start is None or end is None else "provider_reported"
    start = known.started_at if start is None else start
    end = max(start, end_of(recording.exchange) if end is None else end)
    attributes: Attributes = {f"{OWN}timing": timing, f"{OWN}mode": "background"}
    for name, value in (
        ("gen_ai.request.model", seen.model or known.model),
        ("gen_ai.agent.name", seen.agent or known.agent),
        ("gen_ai.response.id", seen.interaction_id),
        ("gen_ai.conversation.id", known.root),
        (f"{OWN}interaction.status", seen.status),
    ):
        if value is not None:
            attributes[name] = value
    attributes |= result_attributes(seen, recording.usage)
    is_failed = seen.status == "failed"
    if is_failed:
        attributes["error.type"] = seen.error_code or "failed"
    return Span(
        RUN,
        SpanKind.INTERNAL,
        SpanContext(known.context.trace_id, span_id(seen.interaction, "run")),
        known.context.span_id,
        start,
        end,
        attributes,
        is_failed,
        step_events(recording, end, timed_too=True),
    )


def provider_ns(text: str | None) -> int | None:
    """Google's timestamp as nanoseconds; None: it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        if moment.tzinfo is None:
            return None
        found = int(moment.timestamp() * 1_000_000) * 1000
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found <= TIMESTAMP_NS_MAX else None
