"""Steps as spans, where a stream showed when they began and ended; else as events. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from proxy.interactions.known import CALL_TYPES
from proxy.recording.facts import EventFact, ExchangeFact, Recording, StepFact
from proxy.telemetry.traces.mapping.attributes import end_of
from proxy.telemetry.traces.mapping.conventions import (
    EXECUTE_TOOL,
    OWN,
    STEP,
    STREAM_INTERRUPTED,
    tool_type,
)
from proxy.telemetry.traces.span import (
    Attributes,
    Span,
    SpanContext,
    SpanEvent,
    SpanKind,
    span_id,
)

STEPS_MAX: Final = 128
"""Steps of one exchange that become spans or events; what more there is, is counted in one event."""
RAW_TYPE_CHARACTERS_MAX: Final = 64
_STARTS: Final = frozenset({"step.start", "content.start"})
_PROVIDER_CALLS: Final = CALL_TYPES - {"function_call"}
_RESULT_OF: Final = {call.removesuffix("call") + "result": call for call in _PROVIDER_CALLS}


@dataclass(frozen=True, slots=True)
class Timed:
    """When a step was seen, on the wall clock as it stood when the exchange began."""

    step: StepFact
    start: int
    end: int
    is_cut: bool
    """No step.stop came: it ends with the last that was seen of it."""


def timed_steps(recording: Recording) -> list[Timed]:
    """Output steps whose beginning a stream showed.

    Times are those of the monotonic clock behind the start of the exchange: a clock that was set in
    between makes no step end before it begins.
    """
    fact = recording.exchange
    steps = [one for one in recording.steps if one.side == "output" and one.started_at is not None]
    steps = steps[:STEPS_MAX]
    starts = [one for one in recording.events if one.event_type in _STARTS][: len(steps)]
    is_matched = [one.at for one in starts] == [one.started_at for one in steps]
    last = _last_seen(recording.events) if is_matched and any(_is_cut(one) for one in steps) else {}
    latest = end_of(fact)
    found: list[Timed] = []
    for place, step in enumerate(steps):
        assert step.started_at is not None
        began = starts[place] if is_matched else None
        start = fact.started_at + began.since_start_ns if began else step.started_at
        start = min(max(start, fact.started_at), latest)
        if step.duration_ns is not None:
            end = start + step.duration_ns
        else:
            index = began.step_index if began else None
            end = fact.started_at + last[index] if index in last else latest
        found.append(Timed(step, start, min(max(end, start), latest), _is_cut(step)))
    return found


def _is_cut(step: StepFact) -> bool:
    return step.ended_at is None


def _last_seen(events: Sequence[EventFact]) -> dict[int | None, int]:
    """Of each index on the wire: when it last had an event, ns since the exchange began."""
    return {one.step_index: one.since_start_ns for one in events if one.step_index is not None}


def step_context(fact: ExchangeFact, trace_id: bytes, step: StepFact) -> SpanContext:
    """Of the span of a step."""
    return SpanContext(trace_id, span_id(fact.exchange, f"step/{step.step_index}"))


def step_spans(recording: Recording, inference: SpanContext, timing: str | None) -> list[Span]:
    """Children of a create's (or resume's) span: one for each step, one for each tool of the provider.

    `timing`: said of each, where the times are not those of the step itself.
    """
    timed = timed_steps(recording)
    results = {
        (_RESULT_OF[one.step.type], one.step.call_id): one
        for one in timed
        if one.step.type in _RESULT_OF and one.step.call_id is not None
    }
    paired: set[int] = set()
    spans: list[Span] = []
    for one in timed:
        step = one.step
        if step.type in _PROVIDER_CALLS:
            result = results.get((step.type, step.call_id or ""))
            if result is not None and result.step.step_index not in paired:
                paired.add(result.step.step_index)
            else:
                result = None
            attributes, is_error = _tool_attributes(one, result)
            name = f"{EXECUTE_TOOL} {attributes['gen_ai.tool.name']}"
            end = max(one.end, result.end if result else 0)
        elif step.step_index in paired:
            continue
        else:
            attributes, is_error = _step_attributes(one)
            name = f"{STEP} {step.type if step.is_known else 'unknown'}"
            end = one.end
        if timing is not None:
            attributes[f"{OWN}step.timing"] = timing
        context = step_context(recording.exchange, inference.trace_id, step)
        spans.append(
            Span(
                name,
                SpanKind.INTERNAL,
                context,
                inference.span_id,
                one.start,
                end,
                attributes,
                is_error,
            )
        )
    return spans


def _tool_attributes(call: Timed, result: Timed | None) -> tuple[Attributes, bool]:
    """Of one tool that ran at the provider: announced by a call, ended by its result."""
    step = call.step
    kind = step.type.removesuffix("_call")
    # The name of a tool on somebody's MCP server says more than that it is one.
    found: Attributes = {
        "gen_ai.operation.name": EXECUTE_TOOL,
        "gen_ai.tool.name": step.name or kind,
        "gen_ai.tool.type": tool_type(kind),
        f"{OWN}tool.side": "provider",
        f"{OWN}step.index": step.step_index,
        f"{OWN}step.type": step.type,
    }
    if step.call_id is not None:
        found["gen_ai.tool.call.id"] = step.call_id
    if step.server_name is not None:
        found[f"{OWN}tool.server"] = step.server_name
    last = call
    if result is not None:
        last = result
        found[f"{OWN}tool.result_index"] = result.step.step_index
    else:
        found[f"{OWN}tool.result_seen"] = False
    if last.is_cut:
        found["error.type"] = STREAM_INTERRUPTED
        found[f"{OWN}step.truncated"] = True
        return found, True
    if result is not None and result.step.is_error:
        found["error.type"] = "tool_error"
        return found, True
    return found, False


def _step_attributes(one: Timed) -> tuple[Attributes, bool]:
    step = one.step
    found = _about(step)
    found[f"{OWN}step.deltas"] = step.delta_count
    if step.step_tokens is not None:
        found[f"{OWN}step.usage.tokens"] = step.step_tokens
    if one.is_cut:
        found["error.type"] = STREAM_INTERRUPTED
        found[f"{OWN}step.truncated"] = True
        return found, True
    if step.is_error:
        found["error.type"] = step.error_code or "step_error"
        return found, True
    return found, False


def _about(step: StepFact) -> Attributes:
    found: Attributes = {
        f"{OWN}step.index": step.step_index,
        f"{OWN}step.type": step.type[:RAW_TYPE_CHARACTERS_MAX],
    }
    if step.name is not None:
        found["gen_ai.tool.name"] = step.name
    if step.call_id is not None:
        found["gen_ai.tool.call.id"] = step.call_id
    return found


def step_events(recording: Recording, at: int, *, timed_too: bool) -> tuple[SpanEvent, ...]:
    """An event for each output step whose times nobody told, and one that counts what was left out.

    `timed_too`: for those with times as well, where they are no spans.
    """
    outputs = [one for one in recording.steps if one.side == "output"]
    told = [one for one in outputs if timed_too or one.started_at is None]
    omitted = max(len(told) - STEPS_MAX, 0)
    if not timed_too:
        omitted += max(len(outputs) - len(told) - STEPS_MAX, 0)
    found = [SpanEvent(f"{OWN}step", at, _about(one)) for one in told[:STEPS_MAX]]
    if omitted:
        found.append(SpanEvent(f"{OWN}steps.omitted", at, {f"{OWN}step.count": omitted}))
    return tuple(found)
