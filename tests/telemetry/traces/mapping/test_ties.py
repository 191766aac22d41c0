from __future__ import annotations

from dataclasses import replace

from proxy.recording.interpret import interpret
from proxy.telemetry.traces.mapping.memory import KnownCall, KnownInteraction
from proxy.telemetry.traces.mapping.ties import (
    calls_of,
    client_tool_spans,
    links_back,
    links_of_read,
)
from proxy.telemetry.traces.span import SpanContext
from tests.recording.samples import MODEL
from tests.telemetry.traces.mapping import trees
from tests.telemetry.traces.mapping.trees import ROOT_ID, create, streamed

BEFORE = SpanContext(b"t" * 16, b"s" * 8)
STEP = SpanContext(b"t" * 16, b"f" * 8)
LATER = SpanContext(b"u" * 16, b"l" * 8)
CALL = {"type": "function_call", "id": "c1", "name": "get_weather"}
ANSWER = create(
    asked={
        "model": MODEL,
        "previous_interaction_id": ROOT_ID,
        "input": [
            {"type": "function_result", "call_id": "c1", "result": "x", "is_error": True},
            {"type": "function_result", "call_id": "unknown", "result": "x"},
        ],
    }
)
KNOWN = KnownInteraction(
    context=BEFORE,
    started_at=1,
    known_at=5,
    status="requires_action",
    is_terminal=True,
    is_background=False,
    model=MODEL,
    agent=None,
    root=ROOT_ID,
    turn=1,
    calls={"c1": KnownCall("get_weather", STEP)},
)


def test_calls_are_remembered_with_the_span_of_their_step() -> None:
    timed = interpret(streamed(*trees.step_events(0, CALL)))

    assert calls_of(create(steps=[CALL]), BEFORE) == {"c1": KnownCall("get_weather", None)}
    assert calls_of(timed, None) == {"c1": KnownCall("get_weather", None)}
    step = calls_of(timed, BEFORE)["c1"].step
    assert step is not None
    assert step.trace_id == BEFORE.trace_id


def test_what_a_caller_did_between_two_turns_lies_in_the_trace_of_the_first() -> None:
    (tool,) = client_tool_spans(ANSWER, KNOWN, LATER)

    assert tool.name == "execute_tool get_weather"
    assert (tool.context.trace_id, tool.parent) == (BEFORE.trace_id, BEFORE.span_id)
    assert (tool.start, tool.end) == (KNOWN.known_at, ANSWER.exchange.started_at)
    assert tool.attributes["ixp.timing"] == "inferred"
    assert (tool.is_error, tool.attributes["error.type"]) == (True, "tool_error")
    assert [link.context for link in tool.links] == [LATER]


def test_nothing_is_inferred_from_a_turn_that_nobody_knows() -> None:
    assert client_tool_spans(ANSWER, None, LATER) == []
    assert client_tool_spans(ANSWER, replace(KNOWN, context=None), LATER) == []
    assert client_tool_spans(ANSWER, replace(KNOWN, calls={}), LATER) == []


def test_a_turn_points_to_the_one_before_and_to_the_calls_it_answers() -> None:
    found = [(one.context, one.attributes["ixp.link"]) for one in links_back(ANSWER, KNOWN)]

    assert found == [(BEFORE, "previous_interaction"), (STEP, "function_call")]
    assert links_back(ANSWER, None) == ()
    assert links_back(ANSWER, replace(KNOWN, context=None)) == ()


def test_a_read_points_to_the_create() -> None:
    assert [one.context for one in links_of_read(KNOWN, None)] == [BEFORE]
    assert links_of_read(None, None) == ()
