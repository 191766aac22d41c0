from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.interaction import (
    NO_USAGE,
    DecodedId,
    UsageLine,
    decode_id,
    id_hash,
    interaction_from_json,
    request_from_json,
    usage_from_json,
)
from proxy.interactions.known import STATUSES
from proxy.interactions.problems import Notes, ProblemKind
from tests.strategies import base64url, json_objects, json_values, make_id, turn

CREATED_S = 1_795_000_000


@given(
    st.integers(0, 2**32 - 1),
    st.binary(min_size=12, max_size=13),
    st.binary(min_size=12, max_size=13),
)
def test_an_id_says_its_conversation_its_turn_and_its_second(
    created_s: int, first: bytes, second: bytes
) -> None:
    root, own = turn(CREATED_S, first), turn(created_s, second)

    decoded = decode_id(make_id(root, own))

    assert decoded == DecodedId(root, own, created_s)
    assert decoded.root_id == make_id(root, root)
    assert decoded.is_root is (root == own)


ROOT = turn(CREATED_S, b"x" * 13)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1_",
        "v1_x",
        "v2_" + make_id(ROOT, ROOT)[3:],
        make_id(ROOT, ROOT)[:-2],
        make_id(ROOT, ROOT) + "AA",
        make_id("short", ROOT),
        make_id(ROOT, "short"),
        make_id(ROOT, "\x00" * 22),
        make_id(ROOT, ROOT).replace("v1_C", "v1_!"),
        "v1_" + base64url(b"\x0a\x05hello"),
        "v1_" + base64url(b"\x0a\x16" + b"\xff" * 22 + b"\x12\x16" + b"\xff" * 22),
        "v1_\u00e9",
        "x" * 600,
    ],
)
def test_any_other_text_is_an_opaque_id(text: str) -> None:
    assert decode_id(text) is None


def test_the_hash_of_an_id_is_stable() -> None:
    assert id_hash("v1_a") == 0xDE766A7580B2201F
    assert id_hash("\ud800") > 0


def test_usage_reads_totals_lines_and_the_old_name_of_thoughts() -> None:
    notes = Notes()

    usage = usage_from_json(
        {
            "total_tokens": 10,
            "total_input_tokens": "4",
            "total_reasoning_tokens": 3,
            "initial_input_tokens": 1,
            "input_tokens_by_modality": [
                {"modality": "text", "tokens": 4},
                7,
                {"modality": "image"},
            ],
            "grounding_tool_count": [{"type": "google_search", "count": 2}],
            "tool_use_tokens_by_modality": {"modality": "text"},
        },
        notes,
    )

    assert (usage.total_tokens, usage.input_tokens, usage.thought_tokens) == (10, 4, 3)
    assert (usage.cached_tokens, usage.output_tokens, usage.tool_use_tokens) == (None, None, None)
    assert usage.lines == (
        UsageLine("input", "text", 4),
        UsageLine("grounding", "google_search", 2),
    )
    assert notes == Notes()


def test_usage_of_another_shape_is_a_problem_and_no_usage_is_none() -> None:
    notes = Notes()

    assert usage_from_json(None, notes) is NO_USAGE
    assert usage_from_json(7, notes) is NO_USAGE
    usage_from_json({"total_joules": 1}, notes)

    assert [problem.kind for problem in notes.problems] == [ProblemKind.WRONG_SHAPE]
    assert dict(notes.unknowns) == {("field", "total_joules", "usage"): 1}


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_each_status_is_known(status: str) -> None:
    notes = Notes()

    assert interaction_from_json({"status": status}, notes).status == status
    assert notes == Notes()


def test_an_interaction_reads_its_fields_and_counts_what_it_does_not_know() -> None:
    notes = Notes()
    raw = {
        "id": "v1_a",
        "status": "brand_new",
        "model": "m",
        "continuation_token": "t",
        "errors": [7, {"code": "safety"}],
        "steps": [{"type": "thought"}],
        "previous_interaction_id": "",
        "shade": 1,
    }

    found = interaction_from_json(raw, notes)

    assert (found.id, found.status, found.model, found.agent) == ("v1_a", "brand_new", "m", None)
    assert found.has_continuation_token
    assert found.error_code == "safety"
    assert found.previous_interaction_id is None
    assert [step.type for step in found.steps] == ["thought"]
    assert dict(notes.unknowns) == {
        ("field", "shade", "interaction"): 1,
        ("status", "brand_new", "interaction"): 1,
    }


def test_an_unstored_interaction_has_no_id() -> None:
    assert interaction_from_json({"id": ""}, Notes()).id is None
    assert interaction_from_json({}, Notes()).id is None


def test_outputs_are_read_where_steps_are_missing() -> None:
    outputs = [{"type": "thought"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]

    found = interaction_from_json({"outputs": outputs, "role": "model"}, Notes())

    assert [step.type for step in found.steps] == ["thought", "model_output"]


def test_a_request_reads_what_decides_and_normalises_its_input() -> None:
    notes = Notes()

    asked = request_from_json(
        {
            "model": "m",
            "input": "hello",
            "store": False,
            "background": True,
            "previous_interaction_id": "v1_a",
            "environment": {"environment_id": "env"},
            "service_tier": "flex",
        },
        notes,
    )

    assert (asked.model, asked.agent, asked.store, asked.is_background) == ("m", None, False, True)
    assert (asked.previous_interaction_id, asked.environment_id) == ("v1_a", "env")
    assert (asked.is_streaming, asked.service_tier, asked.has_continuation_token) == (
        False,
        "flex",
        False,
    )
    assert [step.type for step in asked.steps] == ["user_input"]
    assert notes == Notes()


@pytest.mark.parametrize(
    ("raw", "store"), [({}, None), ({"store": True}, True), ({"store": 0}, None)]
)
def test_store_has_three_states(raw: dict[str, Any], *, store: bool | None) -> None:
    assert request_from_json(raw, Notes()).store is store


def test_a_request_notes_unknown_fields_and_flags_that_are_no_booleans() -> None:
    notes = Notes()

    request_from_json({"stream": "yes", "colour": 1, "environment": "remote"}, notes)

    assert [problem.where for problem in notes.problems] == ["/stream"]
    assert dict(notes.unknowns) == {("field", "colour", "request"): 1}


@given(json_objects())
def test_noise_never_raises(raw: dict[str, Any]) -> None:
    interaction_from_json(raw, Notes())
    request_from_json(raw, Notes())


@given(json_values())
def test_noise_as_usage_never_raises(raw: Any) -> None:
    usage_from_json(raw, Notes())


@given(st.text(max_size=90))
def test_noise_as_an_id_never_raises(text: str) -> None:
    decode_id("v1_" + text)
    id_hash(text)
