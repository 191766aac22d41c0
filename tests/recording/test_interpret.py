"""What exchanges turn out to mean, from bytes to facts; tests/corpus holds the captured ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from proxy.interactions.interaction import id_hash
from proxy.journal.format import Outcome
from proxy.recording.decision import Decision
from proxy.recording.facts import Recording
from proxy.recording.interpret import interpret
from tests.recording.samples import (
    ID,
    MODEL,
    Captured,
    captured,
    event,
    exchange,
    gzipped,
    stream,
)

ASKED = {"model": MODEL, "input": "hello"}
ANSWER = {
    "id": ID,
    "status": "completed",
    "model": MODEL,
    "usage": {"total_tokens": 9, "input_tokens_by_modality": [{"modality": "text", "tokens": 9}]},
    "steps": [
        {"type": "thought", "signature": "c2ln"},
        {"type": "function_call", "id": "c1", "name": "f", "arguments": {}},
        {"type": "model_output", "content": [{"type": "text", "text": "hi"}]},
    ],
}
EXPECTED_PROBLEMS = {
    "python-3.4.0/checkpoint_abort": ["no_last_event"],
    "python-3.4.0/err_502_html": ["not_json"],
    "python-3.4.0/ok_broken_json": ["json_broken"],
    "python-3.4.0/ok_no_content_type": ["content_type_unexpected"],
    "python-3.4.0/sse_abort": ["no_last_event"],
    "python-3.4.0/sse_after_done": ["after_done"],
    "python-3.4.0/sse_bad_json": ["json_broken"],
    "python-3.4.0/sse_clean_cut": ["no_last_event"],
    "python-3.4.0/sse_half_block": ["truncated_tail"],
    "python-3.4.0/sse_wrong_type": ["content_type_unexpected"],
}
"""Of the corpus: what was made odd on purpose. Every other exchange gives none."""
EXPECTED_UNKNOWNS = {
    "python-3.4.0/all_steps": {"brand_new_step", "some_new_citation", "hologram"},
    "python-3.4.0/sse_unknown_events": {
        "ping",
        "step.sparkle",
        "brand_new_delta",
        "brand_new_step",
    },
    "python-3.4.0/status_extra": {"brand_new_field", "brand_new_status"},
}
CORPUS = captured()


def kinds(recording: Recording) -> list[str]:
    return [problem.kind for problem in recording.problems]


def sides(recording: Recording) -> list[tuple[str, str]]:
    return [(step.side, step.type) for step in recording.steps]


@pytest.mark.parametrize("given_exchange", CORPUS, ids=lambda captured: captured.name)
def test_a_captured_exchange_is_understood(given_exchange: Captured) -> None:
    recording = interpret(given_exchange.exchange)

    assert kinds(recording) == EXPECTED_PROBLEMS.get(given_exchange.name, [])
    assert {unknown.name for unknown in recording.unknowns} == EXPECTED_UNKNOWNS.get(
        given_exchange.name, set()
    )
    assert recording.exchange.operation != "other"


@pytest.mark.parametrize("given_exchange", CORPUS, ids=lambda captured: captured.name)
def test_no_content_of_a_captured_exchange_stands_in_clear(given_exchange: Captured) -> None:
    recording = interpret(given_exchange.exchange)

    clear = str(replace(recording, contents=(), media=()))

    for text in ("Hello", "wörld", "Oslo", "Bearer made-up", "Say ", "example.com"):
        assert text not in clear


def test_a_create_gives_an_observation_steps_usage_and_contents() -> None:
    recording = interpret(exchange(request=ASKED, response=ANSWER))

    assert sides(recording) == [
        ("input", "user_input"),
        ("output", "thought"),
        ("output", "function_call"),
        ("output", "model_output"),
    ]
    (seen,) = recording.observations
    assert (seen.how, seen.interaction, seen.id_hash) == ("created", ID, id_hash(ID))
    assert (seen.status, seen.is_terminal, seen.is_complete) == ("completed", True, True)
    assert (seen.input_step_count, seen.output_step_count, seen.function_call_count) == (1, 3, 1)
    assert (seen.store, seen.total_tokens) == ("inherited", 9)
    assert [(line.kind, line.modality, line.tokens) for line in recording.usage] == [
        ("input", "text", 9)
    ]
    assert [json.loads(content) for content in recording.contents] == [
        {"type": "user_input", "content": [{"type": "text", "text": "hello"}]},
        *ANSWER["steps"],
    ]
    assert recording.exchange.interaction == ID
    assert recording.problems == ()
    assert recording.unknowns == ()


def test_an_unstored_interaction_is_named_after_its_exchange() -> None:
    answer = {key: value for key, value in ANSWER.items() if key != "id"}

    recording = interpret(exchange(request={**ASKED, "store": False}, response=answer))

    name = f"exchange:{recording.exchange.exchange}"
    (seen,) = recording.observations
    assert (seen.interaction, seen.interaction_id, seen.store) == (name, None, "false")
    assert (
        {step.interaction for step in recording.steps} == {recording.exchange.interaction} == {name}
    )


def test_a_get_mixes_both_sides_and_is_no_create() -> None:
    timeline = [
        {"type": "user_input", "content": []},
        {"type": "function_result"},
        {"type": "thought"},
    ]

    recording = interpret(
        exchange(
            method="GET", target=f"/v1/interactions/{ID}", response={**ANSWER, "steps": timeline}
        )
    )

    assert [side for side, _ in sides(recording)] == ["input", "input", "output"]
    (seen,) = recording.observations
    assert (seen.how, seen.store, seen.is_background) == ("read", None, None)


def test_an_input_told_beside_the_timeline_is_told_once() -> None:
    target = f"/v1/interactions/{ID}?include_input=true"
    timeline = [{"type": "user_input", "content": []}, {"type": "thought"}]

    without = interpret(
        exchange(method="GET", target=target, response={**ANSWER, "input": "hello"})
    )
    both = interpret(
        exchange(
            method="GET", target=target, response={**ANSWER, "input": "hello", "steps": timeline}
        )
    )

    assert [side for side, _ in sides(without)].count("input") == 1
    assert [side for side, _ in sides(both)].count("input") == 1


@pytest.mark.parametrize(("response", "status"), [({}, None), (b"", None)])
def test_a_deletion_is_observed_by_the_id_in_its_path(response: object, status: str | None) -> None:
    recording = interpret(
        exchange(method="DELETE", target=f"/v1/interactions/{ID}", response=response)
    )

    (seen,) = recording.observations
    assert (seen.how, seen.interaction, seen.status, seen.is_complete) == (
        "deleted",
        ID,
        status,
        True,
    )


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_refused_read_or_deletion_tells_nothing_of_the_interaction(method: str) -> None:
    refused = {"error": {"code": "not_found", "message": "x"}}

    recording = interpret(
        exchange(method=method, target=f"/v1/interactions/{ID}", response=refused, status=404)
    )

    assert recording.observations == ()
    assert (recording.exchange.error_code, recording.exchange.interaction) == ("not_found", ID)


def test_a_failed_create_is_observed_with_its_error() -> None:
    refused = {"error": {"code": "rate_limit_exceeded", "message": "x"}}

    recording = interpret(exchange(request=ASKED, response=refused, status=429))

    (seen,) = recording.observations
    assert (seen.error_code, seen.status, seen.model) == ("rate_limit_exceeded", None, MODEL)
    assert seen.input_step_count == 1


@pytest.mark.parametrize(
    ("outcome", "count"),
    [(Outcome.UPSTREAM_ABORTED, 1), (Outcome.INTERRUPTED, 1), (Outcome.REFUSED, 0)],
)
def test_a_create_without_an_answer_is_observed_if_it_was_sent(
    outcome: Outcome, count: int
) -> None:
    recording = interpret(exchange(request=ASKED, status=None, outcome=outcome))

    assert [seen.is_complete for seen in recording.observations] == [False] * count


def test_a_request_that_never_came_whole_is_not_interpreted() -> None:
    cut = replace(exchange(request=b'{"mod', status=None), request_ended_mono_ns=None)

    recording = interpret(cut)

    assert (recording.observations, recording.problems) == ((), ())


def test_a_doubled_store_is_a_problem_and_keeps() -> None:
    doubled = b'{"model":"m","input":"x","store":true,"store":false}'

    recording = interpret(exchange(request=doubled, response=ANSWER))

    assert kinds(recording) == ["duplicate_key"]
    assert recording.observations[0].store == "true"


def test_compressed_bodies_are_read() -> None:
    packed = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]

    recording = interpret(
        exchange(
            request=gzipped(ASKED),
            request_headers=packed,
            response=gzipped(ANSWER),
            response_headers=packed,
        )
    )

    assert len(recording.steps) == 4
    assert recording.exchange.content_encoding == "gzip"


def test_lost_frames_are_a_problem() -> None:
    assert kinds(
        interpret(replace(exchange(request=ASKED, response=ANSWER), has_lost_frames=True))
    ) == ["lost_frames"]


def test_a_cut_body_is_one_problem_and_leaves_the_exchange() -> None:
    whole = exchange(request=ASKED, response=ANSWER)
    cut = replace(whole.response, data=whole.response.data[:50], was_truncated=True)

    recording = interpret(replace(whole, response=cut))

    assert kinds(recording) == ["body_cut"]
    assert recording.observations[0].is_complete is False
    assert recording.exchange.response_bytes == whole.response.size


def test_a_resumed_stream_shows_a_part_and_says_so() -> None:
    recording = interpret(
        stream(
            event("step.delta", index=1, delta={"type": "text", "text": "b"}),
            event("interaction.completed", interaction={"id": ID, "status": "completed"}),
            method="GET",
            target=f"/v1/interactions/{ID}?last_event_id=e&stream=true",
            request=None,
        )
    )

    (seen,) = recording.observations
    assert (seen.how, seen.status, seen.is_complete) == ("resumed", "completed", False)
    assert kinds(recording) == []


def test_a_stream_of_several_interactions_gives_an_observation_each() -> None:
    def hop(name: str) -> list[bytes]:
        return [
            event("interaction.created", interaction={"id": name}),
            event("step.start", index=0, step={"type": "model_output"}),
            event("interaction.completed", interaction={"id": name, "status": "completed"}),
        ]

    recording = interpret(stream(*hop("v1_a"), *hop("v1_b")))

    assert [(seen.interaction, seen.output_step_count) for seen in recording.observations] == [
        ("v1_a", 1),
        ("v1_b", 1),
    ]
    assert [seen.input_step_count for seen in recording.observations] == [1, 0]
    assert [(step.side, step.step_index) for step in recording.steps] == [
        ("input", 0),
        ("output", 0),
        ("output", 1),
    ]
    assert [fact.interaction for fact in recording.events] == ["v1_a"] * 3 + ["v1_b"] * 3


def test_media_is_told_apart_from_its_step() -> None:
    image = {"type": "image", "mime_type": "image/png", "data": "AAEC"}

    recording = interpret(exchange(request={**ASKED, "input": [image]}, response=ANSWER))

    assert [media.data for media in recording.media] == [b"\x00\x01\x02"]
    assert recording.media_facts[0].side == "input"
    assert b"AAEC" not in b"".join(recording.contents)


@pytest.mark.parametrize(
    "target", ["/v1/models/m:generateContent", "/v1/credentials", "/upload/v1/files", "/"]
)
def test_other_calls_are_an_exchange_and_nothing_more(target: str) -> None:
    recording = interpret(exchange(target=target, request={"a": 1}, response={"b": 2}))

    assert recording == Recording(recording.exchange, unknowns=recording.unknowns)


def test_an_unknown_operation_is_counted() -> None:
    recording = interpret(exchange(target=f"/v1/interactions/{ID}/fork"))

    assert [(u.kind, u.name, u.where) for u in recording.unknowns] == [
        ("operation", "fork", "/{v}/interactions/{id}/{other}")
    ]


def test_hops_without_an_id_are_interactions_of_their_own_and_counted_once() -> None:
    hop = [
        event("interaction.created", interaction={"id": ""}),
        event("step.start", index=0, step={"type": "thought"}),
        event("interaction.completed", interaction={"usage": {"total_tokens": 5}}),
    ]

    told = interpret(stream(*hop, *hop))

    names = [seen.interaction for seen in told.observations]
    assert names == [f"exchange:{told.exchange.exchange}", f"exchange:{told.exchange.exchange}/2"]
    assert [seen.output_step_count for seen in told.observations] == [1, 1]
    assert [seen.interaction_id for seen in told.observations] == [None, None]
    assert [event.interaction for event in told.events] == [names[0]] * 3 + [names[1]] * 3


@pytest.mark.parametrize("kind", ["content", "annotation", "event"])
def test_a_nesting_as_deep_as_the_parser_bears_never_raises(kind: str) -> None:
    deep = b"[" * 990 + b"]" * 990
    content = b'{"type": "text", "annotations": [{"type": %b}]}' % deep
    content = content if kind == "annotation" else b'{"type": %b}' % deep
    body = b'{"id": "v1_a", "steps": [{"type": "model_output", "content": [%b]}]}' % content

    told = interpret(
        stream(b"data: " + content + b"\n\n") if kind == "event" else exchange(response=body)
    )

    assert len(told.observations) <= 1


def test_what_a_policy_sent_instead_counts_and_not_what_the_client_said() -> None:
    asked = exchange(request={**ASKED, "store": True}, response={"status": "completed"})
    body = json.dumps({**ASKED, "store": False}).encode()
    decided = Decision("rewrite", "no-storage", "as asked", body=body).encode()

    seen = interpret(replace(asked, decision=decided)).observations[0]
    odd = interpret(replace(asked, decision=b"?")).observations[0]
    refused = Decision("refuse", "no-storage", "as asked").encode()
    plain = interpret(replace(asked, decision=refused)).observations[0]

    assert (seen.store, odd.store, plain.store) == ("false", "true", "true")
