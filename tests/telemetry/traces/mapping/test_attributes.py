from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.recording.facts import ExchangeFact
from proxy.telemetry.traces.mapping.attributes import (
    attempt_attributes,
    attempt_error,
    end_of,
    fetch_attributes,
    inference_attributes,
    inference_name,
    mode_of,
    operation_of,
    path_of,
    result_attributes,
    route_of,
    server_attributes,
    server_error,
    went_out,
)
from tests.recording.samples import MODEL
from tests.telemetry.traces.mapping.trees import ROOT_ID, UPSTREAM, create, poll

CREATE = create(
    asked={
        "model": MODEL,
        "input": "x",
        "generation_config": {"max_output_tokens": 9, "thinking_level": "low"},
        "response_format": {"type": "audio"},
    },
    usage={
        "total_input_tokens": 10,
        "total_cached_tokens": 4,
        "total_output_tokens": 5,
        "total_thought_tokens": 7,
        "total_tool_use_tokens": 2,
        "input_tokens_by_modality": [{"modality": "text", "tokens": 10}],
    },
)
SEEN = CREATE.observations[0]
POLL = poll(2, "budget_exceeded")


def fact(**more: object) -> ExchangeFact:
    return replace(POLL.exchange, **more)  # type: ignore[arg-type]  # fields by name


def test_the_span_of_a_create_says_what_was_asked_and_what_it_took() -> None:
    found = inference_attributes(CREATE, SEEN, UPSTREAM)

    assert found == {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gemini",
        "server.address": "generativelanguage.googleapis.com",
        "server.port": 443,
        "gen_ai.request.model": MODEL,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.reasoning.level": "low",
        "gen_ai.output.type": "speech",
        "gen_ai.response.id": ROOT_ID,
        "gen_ai.response.model": MODEL,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.output_tokens": 12,
        "gen_ai.usage.reasoning.output_tokens": 7,
        "gen_ai.usage.text.input_tokens": 10,
        "ixp.audit.record_id": CREATE.exchange.exchange,
        "ixp.mode": "unary",
        "ixp.store": "inherited",
        "ixp.interaction.status": "completed",
    }


def test_a_read_tells_a_status_and_no_tokens() -> None:
    found = fetch_attributes(POLL.exchange, POLL.observations[0], UPSTREAM)

    assert found["gen_ai.response.status"] == "incomplete"
    assert found["gen_ai.response.id"] == ROOT_ID
    assert not [name for name in found if "usage" in name]
    resumed = fetch_attributes(fact(resumed_after="e7", is_streaming=True), None, UPSTREAM)
    assert resumed["gen_ai.request.stream_cursor"] == "e7"


def test_what_an_interaction_took_is_that_of_its_own_lines() -> None:
    assert "gen_ai.usage.text.input_tokens" not in result_attributes(
        replace(SEEN, interaction="another"), CREATE.usage
    )


def test_paths_are_filled_with_what_may_be_told() -> None:
    assert path_of(POLL.exchange) == f"/v1beta/interactions/{ROOT_ID}"
    assert route_of(POLL.exchange) == "/v1beta/interactions/{id}"
    unnamed = fact(interaction="exchange:x0-1-1")
    assert path_of(unnamed) == "/v1beta/interactions/{id}"
    assert path_of(fact(route="/{v}/files/{id}", interaction="a")) == "/v1beta/files/{id}"


@pytest.mark.parametrize(
    ("more", "server", "attempt"),
    [
        ({}, None, None),
        ({"status": 404}, None, "404"),
        ({"status": 500}, "500", "500"),
        ({"status": None, "outcome": "upstream_aborted"}, "upstream_aborted", "upstream_aborted"),
        ({"status": 502, "is_own_answer": True, "outcome": "timeout"}, "502", "timeout"),
        ({"status": None, "outcome": "client_gone"}, None, None),
        ({"outcome": "client_gone"}, None, None),
    ],
)
def test_errors_are_those_of_whoever_made_them(
    more: dict[str, object], server: str | None, attempt: str | None
) -> None:
    assert server_error(fact(**more)) == server
    assert attempt_error(fact(**more)) == attempt


def test_the_root_says_which_record_it_is_about() -> None:
    found = server_attributes(fact(outcome="client_gone", purpose="steward"), None)

    assert found["ixp.audit.record_id"] == POLL.exchange.exchange
    assert found["ixp.operation"] == "interactions.get"
    assert found["ixp.client_disconnected"] is True
    assert found["ixp.purpose"] == "steward"
    assert operation_of(fact(operation="files")) == "files"


def test_what_went_upstream_is_named_whole_but_for_its_query() -> None:
    found = attempt_attributes(POLL.exchange, UPSTREAM)

    assert found["url.full"] == f"{UPSTREAM.origin}/v1beta/interactions/{ROOT_ID}"
    assert "http.response.status_code" not in attempt_attributes(fact(is_own_answer=True), UPSTREAM)
    assert not went_out(fact(outcome="refused"))


def test_agents_are_invoked_and_background_is_a_mode() -> None:
    agent = replace(SEEN, agent="deep-research", is_background=True)

    assert inference_name(agent) == ("invoke_agent", "invoke_agent deep-research")
    assert inference_name(replace(SEEN, model=None))[1] == "generate_content"
    assert [mode_of(one) for one in (agent, SEEN, replace(SEEN, is_streaming=True))] == [
        "background",
        "unary",
        "stream",
    ]


def test_no_exchange_ends_before_it_begins() -> None:
    odd = fact(duration_ns=-5)

    assert end_of(odd) == odd.started_at
