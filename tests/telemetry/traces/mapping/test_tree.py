from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from proxy.journal.format import Outcome
from proxy.recording.facts import EventFact, ObservationFact, Recording, StepFact
from proxy.recording.interpret import interpret
from proxy.telemetry.traces.mapping.tree import fetch_error, inference_error
from proxy.telemetry.traces.sampling import Sampler
from proxy.telemetry.traces.sdk.readable import readable
from proxy.telemetry.traces.span import Span, own_trace_id
from tests.recording.samples import MODEL, captured, event, exchange, stream
from tests.strategies import json_values
from tests.telemetry.traces.mapping import trees
from tests.telemetry.traces.mapping.trees import (
    BORN,
    OVER,
    ROOT_ID,
    create,
    named,
    names,
    poll,
    span_tree,
    streamed,
)

GENERATE = f"generate_content {MODEL}"
CANARY = "canary-of-content"


def test_an_answer_in_one_piece() -> None:
    spans = span_tree().spans(create())

    assert names(spans) == ["SERVER POST /v1/interactions", f"CLIENT {GENERATE}", "CLIENT POST"]
    server, inference, attempt = spans
    assert (server.parent, inference.parent) == (None, server.context.span_id)
    assert attempt.parent == inference.context.span_id
    assert {one.context.trace_id for one in spans} == {own_trace_id(create().exchange.exchange)}


def test_a_stream_has_its_steps_below() -> None:
    spans = span_tree().spans(interpret(streamed(*trees.step_events(0, {"type": "thought"}))))

    assert names(spans)[1:] == [
        f"CLIENT {GENERATE}",
        "CLIENT POST",
        "INTERNAL interaction.step thought",
    ]
    assert named(spans, GENERATE).attributes["gen_ai.response.time_to_first_chunk"] == 0.01


def test_the_callers_trace_is_joined() -> None:
    recording = create()
    fact = replace(recording.exchange, trace_id="1" * 32, parent_span_id="2" * 16, is_sampled=True)
    server, *below = span_tree().spans(replace(recording, exchange=fact))

    assert (server.parent, server.is_parent_remote) == (b"\x22" * 8, True)
    assert {one.context.trace_id for one in (server, *below)} == {b"\x11" * 16}
    assert not any(one.is_parent_remote for one in below)
    unsampled = replace(fact, is_sampled=False)
    assert span_tree().spans(replace(recording, exchange=unsampled)) == []


def test_what_the_proxy_refused_was_not_asked_of_anybody() -> None:
    refused = interpret(exchange(status=503, outcome=Outcome.REFUSED, request={"model": MODEL}))

    assert names(span_tree().spans(refused)) == ["SERVER POST /v1/interactions !503"]


def test_turns_are_tied_by_links_and_a_conversation() -> None:
    tree = span_tree()
    first = tree.spans(create())
    asked = {"model": MODEL, "input": "x", "previous_interaction_id": ROOT_ID}
    second = tree.spans(create(2, asked=asked, id="v1_second"))

    one, two = named(first, GENERATE), named(second, GENERATE)
    assert [link.context for link in two.links] == [one.context]
    assert one.context.trace_id != two.context.trace_id
    assert two.attributes["ixp.chain.turn"] == 2
    assert two.attributes["gen_ai.conversation.id"] == ROOT_ID


def test_a_conversation_that_began_elsewhere_has_no_name() -> None:
    history = [{"type": "user_input"}, {"type": "model_output"}, {"type": "user_input"}]
    for asked in (
        {"model": MODEL, "input": history},
        {"model": MODEL, "input": "x", "previous_interaction_id": "v1_unknown"},
    ):
        attributes = named(span_tree().spans(create(asked=asked)), GENERATE).attributes
        assert "gen_ai.conversation.id" not in attributes
        assert "ixp.chain.turn" not in attributes


def test_background_work_is_told_once_when_its_end_is_seen() -> None:
    tree = span_tree()
    asked = {"model": MODEL, "input": "x", "background": True}
    (_, inference, _) = tree.spans(create(asked=asked, status="in_progress"))
    early = tree.spans(poll(2, "in_progress"))
    last = tree.spans(poll(3, "completed", created=BORN, updated=OVER))
    again = tree.spans(poll(4, "completed"))

    assert inference.attributes["ixp.mode"] == "background"
    assert named(early, "fetch_response").attributes["ixp.poll.unchanged"] is True
    run = named(last, "interaction.run")
    assert run.parent == inference.context.span_id
    fetch = named(last, "fetch_response")
    assert [link.context for link in fetch.links] == [inference.context, run.context]
    assert "interaction.run" not in {one.name for one in again}


def test_a_cancel_that_ends_a_run_tells_of_it() -> None:
    tree = span_tree()
    asked = {"model": MODEL, "input": "x", "background": True}
    tree.spans(create(asked=asked, status="in_progress"))
    target = f"/v1/interactions/{ROOT_ID}/cancel"
    body = {"id": ROOT_ID, "status": "cancelled"}
    spans = tree.spans(interpret(exchange(target=target, response=body, sequence=2)))

    assert names(spans) == [
        "SERVER POST /v1/interactions/{id}/cancel",
        "CLIENT POST",
        "INTERNAL interaction.run",
    ]
    assert spans[0].attributes["ixp.operation"] == "interactions.cancel"


def test_of_polls_without_news_one_in_so_many_is_told() -> None:
    tree = span_tree(one_in=3)
    tree.spans(create(status="in_progress"))
    told = [bool(tree.spans(poll(number, "in_progress"))) for number in range(2, 9)]

    assert told == [True, False, False, True, False, False, True]


def test_a_read_of_what_failed_succeeded() -> None:
    spans = span_tree().spans(poll(1, "failed"))

    assert names(spans)[1] == "CLIENT fetch_response"
    assert spans[1].attributes["gen_ai.response.status"] == "failed"


def test_what_was_deleted_is_forgotten() -> None:
    tree = span_tree()
    tree.spans(create())
    target = f"/v1/interactions/{ROOT_ID}"
    tree.spans(interpret(exchange(method="DELETE", target=target, response={}, sequence=2)))

    assert named(tree.spans(poll(3, "completed")), "fetch_response").links == ()


def test_a_trace_that_is_not_sampled_is_not_pointed_to() -> None:
    tree = span_tree(Sampler(lambda _, caller: bool(caller)))
    assert tree.spans(create()) == []
    fact = {"trace_id": "1" * 32, "parent_span_id": "2" * 16, "is_sampled": True}
    read = poll(2, "completed")
    spans = tree.spans(replace(read, exchange=replace(read.exchange, **fact)))  # type: ignore[arg-type]

    assert named(spans, "fetch_response").links == ()


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"status": 429}, "429"),
        ({"response": {"id": "v1_a", "status": "failed"}}, "failed"),
        ({"response": {"id": "v1_a", "status": "incomplete"}}, None),
        ({"response": {"id": "v1_a", "status": "requires_action"}}, None),
        ({"outcome": Outcome.CLIENT_GONE}, None),
        ({"status": None, "outcome": Outcome.TIMEOUT}, "timeout"),
    ],
)
def test_an_error_is_what_the_call_failed_with(more: dict[str, Any], error: str | None) -> None:
    asked = {"model": MODEL, "input": "x"}
    recording = interpret(exchange(**{"request": asked, **more}))

    assert inference_error(recording.exchange, recording.observations[0]) == error


def test_a_stream_that_ends_early_is_an_error_unless_its_caller_left() -> None:
    for outcome, error in (
        (Outcome.UPSTREAM_ABORTED, "stream_interrupted"),
        (Outcome.COMPLETE, "stream_interrupted"),
        (Outcome.CLIENT_GONE, None),
    ):
        started = event("interaction.created", interaction={"id": ROOT_ID})
        recording = interpret(stream(started, outcome=outcome))
        assert inference_error(recording.exchange, recording.observations[0]) == error


def test_a_resumed_stream_that_breaks_off_is_an_error_of_the_read() -> None:
    started = event("interaction.created", interaction={"id": ROOT_ID})
    target = f"/v1beta/interactions/{ROOT_ID}?stream=true&last_event_id=e1"
    broken = stream(
        started, method="GET", target=target, request=None, outcome=Outcome.UPSTREAM_ABORTED
    )
    recording = interpret(broken)

    assert fetch_error(recording.exchange, recording.observations[0]) == "stream_interrupted"


CORPUS = [interpret(one.exchange) for one in captured()]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(["", "create", "get", "exchange:x", CANARY, "1" * 32, "2" * 16, "client_gone"]),
)
SETTLED = frozenset({"exchange", "interaction", "started_at", "route", "method", "type"})


def encoded(span: Span) -> bytes:
    sent = encode_spans([readable(span, Resource({}), InstrumentationScope("x"))])
    return bytes(sent.SerializeToString())


@settings(max_examples=25)
@given(st.data())
def test_odd_recordings_never_raise_and_always_encode(data: st.DataObject) -> None:
    tree = span_tree(has_client_tools=True, one_in=data.draw(st.integers(1, 3)))
    for recording in data.draw(st.lists(st.sampled_from(CORPUS), min_size=1, max_size=5)):
        shaken = _shaken(data, recording)
        for span in tree.spans(shaken):
            assert encoded(span)
            assert span.end >= span.start


def _shaken(data: st.DataObject, recording: Recording) -> Recording:
    """The same with times and texts that no interpreter would make."""
    numbers = st.integers(-(2**40), 2**62)
    fact = replace(
        recording.exchange,
        duration_ns=data.draw(numbers),
        trace_id=data.draw(st.sampled_from([None, "", "1" * 32, "x" * 32])),
        parent_span_id=data.draw(st.sampled_from([None, "2" * 16, "\ud800"])),
        is_sampled=data.draw(st.sampled_from([None, True, False])),
        status=data.draw(st.sampled_from([None, 0, 200, 404, 599])),
        outcome=data.draw(st.sampled_from(["complete", "client_gone", "timeout", "refused"])),
        first_event_ns=data.draw(st.one_of(st.none(), numbers)),
    )
    steps = tuple(_with_odd_times(data, one) for one in recording.steps)
    events = tuple(replace(one, since_start_ns=data.draw(numbers)) for one in recording.events[:3])
    seen = tuple(
        replace(
            one,
            created=data.draw(st.sampled_from([None, "x", BORN, "9999-12-31T23:59:59Z"])),
            status=data.draw(st.sampled_from([None, "completed", "in_progress", "(odd)"])),
            is_terminal=data.draw(st.booleans()),
            is_background=data.draw(st.sampled_from([None, True, False])),
        )
        for one in recording.observations
    )
    return replace(recording, exchange=fact, steps=steps, events=events, observations=seen)


def _with_odd_times(data: st.DataObject, step: StepFact) -> StepFact:
    times = st.one_of(st.none(), st.integers(0, 2**62))
    return replace(
        step,
        started_at=data.draw(times),
        ended_at=data.draw(times),
        duration_ns=data.draw(st.one_of(st.none(), st.integers(-5, 2**50))),
        call_id=data.draw(st.sampled_from([None, "c1"])),
    )


@settings(max_examples=15)
@given(json_values())
def test_content_is_in_no_span(value: Any) -> None:
    content = [{"type": "text", "text": CANARY}, {"type": "text", "text": str(value)}]
    steps = [
        {"type": "model_output", "content": content},
        {
            "type": "function_call",
            "id": "c1",
            "name": f"a name {CANARY}",
            "arguments": {CANARY: value},
        },
        {"type": f"a type {CANARY}", "content": content},
    ]
    asked = {
        "model": f"{CANARY} {value}",
        "input": [{"type": "function_result", "call_id": CANARY * 20}],
    }
    spans = span_tree(has_client_tools=True).spans(create(asked=asked, steps=steps))

    assert spans
    assert not [one for one in spans if CANARY.encode() in encoded(one)]


def test_the_facts_that_spans_are_made_of_are_the_ones_that_hold_no_content() -> None:
    """A new kind of fact is looked at before it is told."""
    assert {one.name for one in fields(Recording)} >= {"exchange", "observations", "steps"}
    assert not {"text", "content", "arguments"} & {
        one.name for kind in (ObservationFact, StepFact, EventFact) for one in fields(kind)
    }
