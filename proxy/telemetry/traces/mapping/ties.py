"""What ties turns together: function calls and who answered them, links from one turn to another. Pure."""

from __future__ import annotations

from typing import Final

from proxy.recording.facts import Recording, StepFact
from proxy.telemetry.traces.mapping.conventions import EXECUTE_TOOL, OWN
from proxy.telemetry.traces.mapping.memory import CALLS_MAX, KnownCall, KnownInteraction
from proxy.telemetry.traces.mapping.steps import step_context
from proxy.telemetry.traces.span import (
    Attributes,
    Span,
    SpanContext,
    SpanKind,
    SpanLink,
    span_id,
)

RESULTS_MAX: Final = 128
"""Results of one create that get a link, or a span of what the caller did between two turns."""
_LINK: Final = f"{OWN}link"
"""Says what a link is for."""


def calls_of(recording: Recording, context: SpanContext | None) -> dict[str, KnownCall]:
    """Function calls that the caller is to answer. `context`: of the span above their steps' spans."""
    found: dict[str, KnownCall] = {}
    for step in recording.steps:
        if step.side != "output" or step.type != "function_call" or step.call_id is None:
            continue
        above = None
        if context is not None and step.started_at is not None:
            above = step_context(recording.exchange, context.trace_id, step)
        found[step.call_id] = KnownCall(step.name, above)
        if len(found) == CALLS_MAX:
            break
    return found


def _answered(recording: Recording, before: KnownInteraction) -> list[tuple[StepFact, KnownCall]]:
    """Results in a request, each with its call in the turn before."""
    if not before.calls:
        return []
    pairs = [
        (step, before.calls[step.call_id])
        for step in recording.steps
        if step.side == "input" and step.type == "function_result" and step.call_id in before.calls
    ]
    return pairs[:RESULTS_MAX]


def client_tool_spans(
    recording: Recording, before: KnownInteraction | None, later: SpanContext | None
) -> list[Span]:
    """What the caller's functions took, as far as two turns tell: end of one to start of the next.

    They lie in the trace of the turn that called. `later`: the span of the turn that answers.
    """
    if before is None or before.context is None:
        return []
    fact = recording.exchange
    links = (SpanLink(later, {_LINK: "answered_by"}),) if later else ()
    spans: list[Span] = []
    for step, call in _answered(recording, before):
        attributes = _client_tool_attributes(step, call)
        context = SpanContext(
            before.context.trace_id, span_id(fact.exchange, f"tool/{step.step_index}")
        )
        spans.append(
            Span(
                f"{EXECUTE_TOOL} {attributes['gen_ai.tool.name']}",
                SpanKind.INTERNAL,
                context,
                before.context.span_id,
                min(before.known_at, fact.started_at),
                fact.started_at,
                attributes,
                bool(step.is_error),
                links=links,
            )
        )
    return spans


def _client_tool_attributes(step: StepFact, call: KnownCall) -> Attributes:
    found: Attributes = {
        "gen_ai.operation.name": EXECUTE_TOOL,
        "gen_ai.tool.name": call.name or step.name or "function",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": step.call_id or "",
        f"{OWN}tool.side": "client",
        f"{OWN}timing": "inferred",
    }
    if step.is_error:
        found["error.type"] = "tool_error"
    return found


def links_back(recording: Recording, before: KnownInteraction | None) -> tuple[SpanLink, ...]:
    """To the turn before, and to the calls that this turn answers."""
    if before is None or before.context is None:
        return ()
    links = [SpanLink(before.context, {_LINK: "previous_interaction"})]
    for step, call in _answered(recording, before):
        if call.step is not None:
            about: Attributes = {_LINK: "function_call", "gen_ai.tool.call.id": step.call_id or ""}
            links.append(SpanLink(call.step, about))
    return tuple(links)


def links_of_read(known: KnownInteraction | None, run: Span | None) -> tuple[SpanLink, ...]:
    """From a read to the create of what is read, and to the work whose end it shows."""
    links: list[SpanLink] = []
    if known is not None and known.context is not None:
        links.append(SpanLink(known.context, {_LINK: "created_by"}))
    if run is not None:
        links.append(SpanLink(run.context, {_LINK: "completed"}))
    return tuple(links)
