"""What holds for every exchange: any cut, any prefix, any order, and whatever noise comes."""

from __future__ import annotations

import json
import random
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.exchange import Exchange
from proxy.recording.facts import Recording
from proxy.recording.interpret import interpret
from proxy.store.fact_rows import facts_to_json, without_content
from proxy.store.position import CommittedFacts
from tests.recording.samples import ID, MODEL, body, captured, event, exchange, stream
from tests.strategies import cut_at, cuts_of, interactions, json_objects, json_values, streams_of

ASKED = {"model": MODEL, "input": "hello"}
ANSWER = {"id": ID, "status": "completed", "model": MODEL, "steps": [{"type": "thought"}]}
CORPUS = captured()


def kinds(recording: Recording) -> list[str]:
    return [problem.kind for problem in recording.problems]


@given(st.data())
def test_a_stream_and_its_interaction_mean_the_same(data: st.DataObject) -> None:
    interaction = data.draw(interactions())
    events = data.draw(streams_of(interaction))
    chunks = [event(raw.pop("event_type"), **raw) for raw in events]

    told, streamed = (
        interpret(exchange(request=ASKED, response=interaction)),
        interpret(stream(*chunks)),
    )

    assert _sorted(streamed) == _sorted(told)
    assert kinds(told) == kinds(streamed) == []
    assert streamed.usage == () == told.usage


def _sorted(recording: Recording) -> list[str]:
    """Contents with their keys in order: a stream adds fields as they come."""
    return [json.dumps(json.loads(content), sort_keys=True) for content in recording.contents[1:]]


@given(st.data())
def test_a_recording_does_not_depend_on_where_the_answer_was_cut(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(CORPUS)).exchange
    chunks = cut_at(sample.response.data, data.draw(cuts_of(sample.response.data)))

    found, whole = interpret(_with_response(sample, chunks)), interpret(sample)

    assert found.contents == whole.contents
    assert [problem.kind for problem in found.problems] == kinds(whole)
    assert [step.type for step in found.steps] == [step.type for step in whole.steps]
    assert [seen.status for seen in found.observations] == [
        seen.status for seen in whole.observations
    ]


@given(st.data())
def test_a_prefix_of_an_answer_gives_at_most_one_problem_more(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(CORPUS)).exchange
    size = data.draw(st.integers(0, len(sample.response.data)))

    found = interpret(_with_response(sample, [sample.response.data[:size]]))

    assert len(found.problems) <= 1 + len(interpret(sample).problems)


def test_the_order_of_exchanges_does_not_change_their_recordings() -> None:
    mixed = list(CORPUS)
    random.Random(7).shuffle(mixed)

    shuffled = {sample.name: interpret(sample.exchange) for sample in mixed}

    assert shuffled == {sample.name: interpret(sample.exchange) for sample in CORPUS}


TARGETS = st.sampled_from(
    [
        ("POST", "/v1/interactions"),
        ("GET", f"/v1/interactions/{ID}"),
        ("GET", f"/v1/interactions/{ID}?stream=true&last_event_id=x"),
        ("DELETE", f"/v1/interactions/{ID}"),
        ("POST", f"/v1/interactions/{ID}/cancel"),
        ("POST", "/v1/models/m:generateContent"),
    ]
)
TYPES = st.sampled_from(["application/json", "text/event-stream", "text/html", "odd"])


@given(TARGETS, TYPES, st.binary(max_size=80), st.binary(max_size=80), st.sampled_from([200, 400]))
def test_random_bytes_give_problems_and_never_raise(
    line: tuple[str, str], kind: str, asked: bytes, answered: bytes, status: int
) -> None:
    method, target = line
    recording = interpret(
        exchange(
            method=method,
            target=target,
            request=[asked],
            response=[answered],
            status=status,
            response_headers=[("Content-Type", kind)],
        )
    )

    assert _is_well_formed(recording)


@given(TARGETS, json_objects(), st.one_of(json_objects(), json_values()))
def test_random_json_never_raises(
    line: tuple[str, str], asked: dict[str, Any], answered: Any
) -> None:
    method, target = line

    recording = interpret(exchange(method=method, target=target, request=asked, response=answered))

    assert _is_well_formed(recording)


@given(st.lists(json_objects(), max_size=6), st.data())
def test_random_events_never_raise(raws: list[dict[str, Any]], data: st.DataObject) -> None:
    names = [
        "step.start",
        "step.delta",
        "step.stop",
        "interaction.created",
        "interaction.completed",
    ]
    chunks = [
        event(data.draw(st.sampled_from(names)), **{"index": 0, **raw})
        for raw in raws
        if "event_type" not in raw
    ]

    assert _is_well_formed(interpret(stream(*chunks)))


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_random_heads_never_raise(asked: bytes, answered: bytes) -> None:
    sample = exchange(request=ASKED, response=ANSWER)

    odd = replace(sample, intent=replace(sample.intent, head=asked), response_head=answered)

    assert _is_well_formed(interpret(odd))


def _with_response(sample: Exchange, chunks: list[bytes]) -> Exchange:
    return replace(sample, response=body([chunk for chunk in chunks if chunk]))


def _is_well_formed(recording: Recording) -> bool:
    """What the store relies on: contents and media are there where rows point, numbers fit 64 bits."""
    about = [told.about_index for told in recording.observations if told.about_index is not None]
    pointed_at = sorted([*about, *(step.content_index for step in recording.steps)])
    assert pointed_at == list(range(len(recording.contents)))
    assert [media.media_index for media in recording.media_facts] == list(
        range(len(recording.media))
    )
    assert recording.exchange.problem_count == len(recording.problems)
    rows: list[Any] = [recording.exchange, *recording.observations, *recording.steps]
    for row in [*rows, *recording.usage, *recording.events, *recording.media_facts]:
        for field in fields(row):
            value = getattr(row, field.name)
            assert not isinstance(value, int) or -(2**63) <= value < 2**64
            assert not isinstance(value, str) or value.isprintable()
    return True


KEY = "AIzaSyPlanted-0123456789_abcdefghijklmn"
"""Made up, of the length and letters of a real one."""


def _with_key_as_a_name() -> list[Exchange]:
    """A credential wherever a name of somebody else's may stand in clear."""
    labels = {"id": KEY, "call_id": KEY, "name": KEY, "server_name": KEY, KEY: KEY}
    content = [{"type": KEY}, {"type": "text", KEY: 1, "annotations": [{"type": KEY}]}]
    media = {"type": "image", "mime_type": f"image/{KEY}", "data": "aGk="}
    steps = [
        {"type": KEY},
        {"type": "function_call", **labels},
        {"type": "mcp_server_tool_result", **labels, "result": [{"type": KEY}]},
        {"type": "model_output", "content": [*content, media]},
    ]
    names = ("model", "agent", "service_tier", "previous_interaction_id", KEY)
    asked = {**dict.fromkeys(names, KEY), "input": steps, "environment": KEY}
    usage = {KEY: 1, "input_tokens_by_modality": [{"modality": KEY, "tokens": 1}]}
    answer = {**asked, "id": KEY, "status": KEY, "created": KEY, "usage": usage, "steps": steps}
    headers = [
        ("Content-Type", f"{KEY}/json"),
        ("User-Agent", f"google-genai-sdk/{KEY} gl-python/{KEY}"),
        ("Content-Encoding", KEY),
    ]
    return [
        exchange(request=asked, response={**answer, "errors": [{"code": KEY}]}),
        exchange(response=answer, request_headers=headers, response_headers=headers),
        exchange(request=asked, status=400, response={"error": {"status": KEY, "message": KEY}}),
        stream(event(KEY), event("step.delta", index=0, delta={"type": KEY}, event_id=KEY)),
        stream(event("error", error={"code": KEY}), f"event: {KEY}\ndata: x\n\n".encode()),
        exchange(method="GET", target=f"/v1/interactions/{KEY}"),
        exchange(method="DELETE", target=f"/v1/interactions/{KEY}"),
        exchange(target=f"/v1/{KEY}/{KEY}"),
        exchange(target=f"/{KEY}/models/m:{KEY}"),
    ]


@pytest.mark.parametrize("place", range(9))
def test_a_credential_where_a_name_belongs_is_not_told_in_clear(place: int) -> None:
    told = interpret(_with_key_as_a_name()[place])

    rows = facts_to_json([CommittedFacts(without_content(told), None, (), "x")])
    assert KEY.lower() not in rows.decode().lower()
