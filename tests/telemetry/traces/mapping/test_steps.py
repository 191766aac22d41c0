from __future__ import annotations

from dataclasses import replace
from typing import Any

from proxy.journal.format import Outcome
from proxy.recording.facts import Recording
from proxy.recording.interpret import interpret
from proxy.telemetry.traces.mapping.steps import (
    STEPS_MAX,
    step_context,
    step_events,
    step_spans,
    timed_steps,
)
from proxy.telemetry.traces.span import Span, SpanContext
from tests.recording.samples import event, stream
from tests.telemetry.traces.mapping import trees
from tests.telemetry.traces.mapping.trees import create, names, streamed

ABOVE = SpanContext(b"t" * 16, b"s" * 8)
SEARCH = {"type": "google_search_call", "id": "c1"}
FOUND = {"type": "google_search_result", "call_id": "c1"}


def told(*steps: dict[str, Any], **more: Any) -> Recording:
    chunks = [chunk for index, step in enumerate(steps) for chunk in trees.step_events(index, step)]
    return interpret(streamed(*chunks, **more))


def spans(recording: Recording) -> list[Span]:
    return step_spans(recording, ABOVE, None)


def test_each_step_of_a_stream_lasts_from_its_start_to_its_stop() -> None:
    recording = told({"type": "thought"}, {"type": "model_output"})
    first, second = spans(recording)
    starts = [one.since_start_ns for one in recording.events if one.event_type == "step.start"]
    stops = [one.since_start_ns for one in recording.events if one.event_type == "step.stop"]
    began = recording.exchange.started_at

    assert names([first, second]) == [
        "INTERNAL interaction.step thought",
        "INTERNAL interaction.step model_output",
    ]
    assert [first.start - began, second.start - began] == starts
    assert [first.end - began, second.end - began] == stops
    assert {one.parent for one in (first, second)} == {ABOVE.span_id}


def test_a_call_and_its_result_are_one_tool() -> None:
    recording = told(SEARCH, {"type": "thought"}, FOUND)
    tool, thought = spans(recording)

    assert names([tool, thought]) == [
        "INTERNAL execute_tool google_search",
        "INTERNAL interaction.step thought",
    ]
    assert tool.start < thought.start < thought.end < tool.end
    assert tool.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "google_search",
        "gen_ai.tool.type": "extension",
        "gen_ai.tool.call.id": "c1",
        "ixp.tool.side": "provider",
        "ixp.step.index": 0,
        "ixp.step.type": "google_search_call",
        "ixp.tool.result_index": 2,
    }


def test_a_call_without_a_result_and_a_result_without_a_call_stand_alone() -> None:
    alone = spans(told(SEARCH))
    assert alone[0].attributes["ixp.tool.result_seen"] is False
    other = {**FOUND, "call_id": "c2"}

    assert names(spans(told(SEARCH, other))) == [
        "INTERNAL execute_tool google_search",
        "INTERNAL interaction.step google_search_result",
    ]


def test_tools_on_foreign_servers_have_their_own_names() -> None:
    call = {"type": "mcp_server_tool_call", "id": "c1", "name": "lookup", "server_name": "crm"}
    (tool,) = spans(told(call))

    assert tool.name == "execute_tool lookup"
    assert tool.attributes["ixp.tool.server"] == "crm"


def test_a_result_that_says_so_is_an_error() -> None:
    assert names(spans(told(SEARCH, {**FOUND, "is_error": True}))) == [
        "INTERNAL execute_tool google_search !tool_error"
    ]


def test_a_function_of_the_caller_is_a_step_since_nobody_saw_it_run() -> None:
    (step,) = spans(told({"type": "function_call", "id": "c1", "name": "get_weather"}))

    assert step.name == "interaction.step function_call"
    assert step.attributes["gen_ai.tool.name"] == "get_weather"
    assert step.attributes["gen_ai.tool.call.id"] == "c1"


def test_a_step_that_was_cut_ends_where_it_was_seen_last() -> None:
    chunks = [
        *trees.step_events(0, {"type": "thought"}),
        *trees.step_events(1, {"type": "model_output"}, is_stopped=False),
        event("step.delta", index=1, delta={"type": "text", "text": "So"}),
    ]
    recording = interpret(
        stream(
            event("interaction.created", interaction={"id": "v1_a"}),
            *chunks,
            outcome=Outcome.UPSTREAM_ABORTED,
        )
    )
    cut = spans(recording)[-1]

    assert names([cut]) == ["INTERNAL interaction.step model_output !stream_interrupted"]
    assert cut.attributes["ixp.step.truncated"] is True
    assert cut.end - recording.exchange.started_at == recording.events[-1].since_start_ns


def test_a_type_without_a_name_here_is_told_as_an_attribute() -> None:
    (step,) = spans(told({"type": "dream"}))

    assert step.name == "interaction.step unknown"
    assert step.attributes["ixp.step.type"] == "dream"


def test_steps_without_times_are_events_of_no_length() -> None:
    recording = create(steps=[{"type": "thought"}, {"type": "function_call", "name": "f"}])

    assert spans(recording) == []
    events = step_events(recording, 7, timed_too=False)
    assert [(one.at, one.attributes["ixp.step.type"]) for one in events] == [
        (7, "thought"),
        (7, "function_call"),
    ]


def test_more_steps_than_anybody_looks_at_are_counted() -> None:
    many = [{"type": "thought"}] * (STEPS_MAX + 3)
    unary, timed = create(steps=many), told(*many)

    events = step_events(unary, 7, timed_too=False)
    assert len(events) == STEPS_MAX + 1
    assert events[-1].attributes == {"ixp.step.count": 3}
    assert len(spans(timed)) == STEPS_MAX
    assert step_events(timed, 7, timed_too=False)[-1].attributes == {"ixp.step.count": 3}


def test_a_clock_that_is_set_in_between_turns_no_time_round() -> None:
    recording = told({"type": "thought"}, {"type": "model_output"})
    steps = tuple(
        replace(one, started_at=(one.started_at or 0) - 10**12) for one in recording.steps
    )

    for one in timed_steps(replace(recording, steps=steps)):
        assert recording.exchange.started_at <= one.start <= one.end


def test_a_steps_span_is_named_by_its_place() -> None:
    recording = told({"type": "thought"})

    assert spans(recording)[0].context == step_context(
        recording.exchange, ABOVE.trace_id, recording.steps[-1]
    )
