"""What starts a step, what its deltas bring, and in what order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.events.deltas import WHOLE_FIELDS, deltas_of, pieces, start_of
from tests.emulator.examples import CONTENTS, STEPS


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("thought", {"type": "thought"}),
        ("model_output", {"type": "model_output"}),
        (
            "function_call",
            {"type": "function_call", "id": "a1b2c3d4", "name": "get_weather", "arguments": {}},
        ),
        (
            "google_search_call",
            {
                "type": "google_search_call",
                "id": "a1b2c3d4",
                "search_type": "web_search",
                "signature": "",
            },
        ),
        (
            "mcp_server_tool_result",
            {
                "type": "mcp_server_tool_result",
                "call_id": "a1b2c3d4",
                "name": "lookup",
                "server_name": "atlas",
            },
        ),
        ("user_input", STEPS["user_input"]),
    ],
)
def test_a_start_names_the_step_and_holds_nothing_that_deltas_bring(
    kind: str, start: dict[str, Any]
) -> None:
    assert start_of(STEPS[kind]) == start


def test_an_unknown_step_starts_whole_and_has_no_deltas() -> None:
    step = {"type": "brand_new_step", "value": 1}

    assert start_of(step) == step
    assert list(deltas_of(step)) == []


@pytest.mark.parametrize("kind", WHOLE_FIELDS)
def test_one_delta_of_the_same_name_fills_a_tool_s_step(kind: str) -> None:
    (delta,) = deltas_of(STEPS[kind])

    assert delta["type"] == kind
    assert "id" not in delta
    assert "call_id" not in delta


def test_a_thought_ends_with_its_signature() -> None:
    told = [delta["type"] for delta in deltas_of(STEPS["thought"])]

    assert told[:-1] == ["thought_summary"] * (len(told) - 1)
    assert told[-1] == "thought_signature"


def test_a_picture_in_a_summary_is_a_delta_of_its_own() -> None:
    kinds = [d["content"]["type"] for d in deltas_of(STEPS["thought"]) if "content" in d]

    assert kinds[-1] == "image"


def test_arguments_come_in_pieces_of_a_json_text() -> None:
    parts = [delta["arguments"] for delta in deltas_of(STEPS["function_call"])]

    assert len(parts) == 3
    assert orjson.loads("".join(parts)) == STEPS["function_call"]["arguments"]


def test_annotations_come_after_their_text_and_media_in_one_piece() -> None:
    kinds = [delta["type"] for delta in deltas_of(STEPS["model_output"])]

    assert kinds == [
        *["text"] * kinds.count("text"),
        "text_annotation_delta",
        "image",
        "audio",
        "video",
        "document",
    ]
    assert list(deltas_of(STEPS["model_output"]))[-1] == CONTENTS["document"]


@given(st.text(), st.none() | st.integers(1, 100))
def test_pieces_lose_nothing(text: str, size: int | None) -> None:
    assert "".join(pieces(text, size)) == text


def test_a_huge_text_has_longer_pieces_rather_than_more() -> None:
    assert len(list(pieces("x" * 10_000_000))) <= 2000


def test_an_empty_text_is_one_empty_piece() -> None:
    assert list(pieces("")) == [""]
