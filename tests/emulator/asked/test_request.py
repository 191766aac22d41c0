"""A create body is read into one form, or refused as the API would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.request import TOP_LEVEL_FIELDS, CreateRequest, read_create

MODEL = {"model": "gemini-3-flash-preview"}
TEXT = {"type": "text", "text": "hi"}
USER = {"type": "user_input", "content": [TEXT]}
RESULT = {"type": "function_result", "call_id": "a", "result": "4 C"}
RESEARCH: dict[str, Any] = {
    "model": None,
    "agent": "deep-research-preview-04-2026",
    "background": True,
}


@pytest.mark.parametrize(
    ("given", "steps"),
    [
        pytest.param("hi", (USER,), id="a text"),
        pytest.param(TEXT, (USER,), id="one content"),
        pytest.param([TEXT], (USER,), id="a list of contents"),
        pytest.param([USER], (USER,), id="a list of steps"),
        pytest.param([RESULT], (RESULT,), id="a function result"),
        pytest.param([TEXT, RESULT, TEXT], (USER, RESULT, USER), id="both in turn"),
    ],
)
def test_every_form_of_input_becomes_steps(given: Any, steps: tuple[Any, ...]) -> None:
    assert read_create(MODEL | {"input": given}).steps == steps


def test_old_turns_become_steps_for_old_sdks() -> None:
    turns = [{"role": "user", "content": "hi"}, {"role": "model", "content": [TEXT]}]

    request = read_create(MODEL | {"input": turns}, is_legacy=True)

    assert request.steps == (USER, {"type": "model_output", "content": [TEXT]})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"agent": "antigravity-preview-09-2026"}, "invalid_request", id="both"),
        pytest.param({"model": None}, "invalid_request", id="neither model nor agent"),
        pytest.param({"input": None}, "invalid_request", id="no input"),
        pytest.param({"background": True, "store": False}, "invalid_request", id="unstored run"),
        pytest.param({"stream": "yes"}, "invalid_request", id="a flag that is text"),
        pytest.param({"service_tier": "gold"}, "invalid_request", id="unknown tier"),
        pytest.param({"input": [{"role": "user", "content": "x"}]}, "invalid_request", id="turns"),
        pytest.param({"model": "gemini-0"}, "model_not_found", id="unknown model"),
        pytest.param(
            {"model": None, "agent": "deep-research-preview-04-2026"},
            "invalid_request",
            id="research in the foreground",
        ),
        pytest.param(
            {"model": None, "agent": "antigravity-preview-09-2026", "generation_config": {}},
            "invalid_request",
            id="an agent with a model's settings",
        ),
        pytest.param(
            {"agent_config": {"type": "dynamic"}}, "invalid_request", id="a model with an agent's"
        ),
        pytest.param({"model": None, "agent": "my-own"}, "model_not_found", id="unknown agent"),
        pytest.param({"labels": {"A": "b"}}, "invalid_request", id="a bad label"),
        pytest.param({"webhook_config": {}}, "invalid_request", id="a webhook in the foreground"),
        pytest.param(
            RESEARCH | {"tools": [{"type": "function", "name": "f"}]},
            "invalid_request",
            id="research with functions",
        ),
        pytest.param(
            RESEARCH | {"response_format": {"type": "text"}},
            "invalid_request",
            id="structured research",
        ),
        pytest.param(
            {"input": [USER, {"type": "thought"}, USER]},
            "missing_thought_signature",
            id="a thought without its signature",
        ),
    ],
)
def test_what_the_api_forbids_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_create(MODEL | {"input": "hi"} | change)

    assert refused.value.code == code


def test_thoughts_may_come_back_signed_or_to_a_model_that_does_not_think() -> None:
    signed = [USER, {"type": "thought", "signature": "c2ln"}, USER]
    bare = [USER, {"type": "thought"}, USER]

    assert len(read_create(MODEL | {"input": signed}).steps) == 3
    assert len(read_create({"model": "gemma-4-31b-it", "input": bare}).steps) == 3


AGENTS: dict[str, dict[str, Any]] = {
    "scribe": {
        "base_agent": "antigravity-preview-09-2026",
        "system_instruction": "Write short.",
        "tools": [{"type": "code_execution"}],
        "base_environment": "env-1",
        "agent_config": {"type": "antigravity", "max_total_tokens": 9},
    },
    "poet": {"base_agent": "scribe", "system_instruction": "Rhyme."},
    "circle": {"base_agent": "circle"},
}


def test_a_custom_agent_works_as_what_it_is_based_on() -> None:
    body = {"agent": "poet", "input": "hi", "tools": [{"type": "google_search"}]}

    request = read_create(body, custom_agent=AGENTS.get)

    assert (request.name, request.base_agent) == ("poet", "antigravity-preview-09-2026")
    assert request.system_instruction == "Rhyme."
    assert [tool["type"] for tool in request.tools] == ["google_search", "code_execution"]
    assert request.environment == "env-1"
    assert request.agent_config["max_total_tokens"] == 9


def test_a_custom_agent_based_on_itself_is_still_read() -> None:
    assert read_create({"agent": "circle", "input": "hi"}, custom_agent=AGENTS.get).definitions


def test_a_continuation_needs_no_input() -> None:
    assert read_create(MODEL | {"continuation_token": "t"}).steps == ()


def test_an_unknown_field_is_refused_in_strict_mode_only() -> None:
    body = MODEL | {"input": "hi", "wings": 2}

    assert read_create(body).name == "gemini-3-flash-preview"
    with pytest.raises(Refusal, match='Unknown name "wings"') as refused:
        read_create(body, is_strict=True)
    assert refused.value.shape == "rpc"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json | st.dictionaries(st.sampled_from(sorted(TOP_LEVEL_FIELDS)), json), st.booleans())
def test_any_json_is_read_or_refused_and_nothing_else(body: Any, is_legacy: bool) -> None:  # noqa: FBT001
    try:
        assert isinstance(read_create(body, is_legacy=is_legacy), CreateRequest)
    except Refusal as refused:
        assert refused.status in (400, 404)  # noqa: PT017 - either outcome is right
