"""Usage adds up, whatever was counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.composition import Context
from proxy.emulator.answers.usage import (
    context_tokens,
    counted,
    running,
    text_tokens,
    tokens_by_modality,
    usage,
)
from proxy.emulator.asked.request import read_create

PARTS = ("input", "output", "thought", "tool_use")
counts = st.dictionaries(st.sampled_from(["text", "image", "audio"]), st.integers(0, 10**6)).map(
    Counter
)
amounts = st.integers(0, 10**6)
step_lists = st.lists(
    st.sampled_from(
        [
            {"type": "thought", "signature": "x"},
            {"type": "model_output", "content": [{"type": "text", "text": "Some words."}]},
            {"type": "model_output", "content": [{"type": "image", "data": "AAAA"}]},
            {"type": "google_search_call", "id": "a", "arguments": {"queries": ["a", "b"]}},
            {"type": "google_search_result", "call_id": "a", "result": [{"x": "y" * 40}]},
            {"type": "google_maps_call", "id": "b", "arguments": {"queries": ["a"]}},
            {"type": "retrieval_call", "id": "c", "arguments": {}},
            {"type": "code_execution_result", "call_id": "d", "result": "2\n"},
            {
                "type": "mcp_server_tool_result",
                "call_id": "e",
                "result": [{"type": "text", "text": "t"}, {"type": "image", "data": "AAAA"}],
            },
            {"type": "function_call", "id": "f", "name": "g", "arguments": {"a": 1}},
        ]
    ),
    max_size=8,
)


def count(steps: list[dict[str, Any]], context: Context | None = None, **body: Any) -> Any:
    request = read_create({"model": "gemini-3-flash-preview", "input": "Hello."} | body)
    return counted(request, context or Context(), steps)


@given(counts, counts, counts, amounts, counts)
def test_the_total_is_the_sum_of_its_four_parts(
    new: Counter[str],
    history: Counter[str],
    output: Counter[str],
    thought: int,
    tool_use: Counter[str],
) -> None:
    made = usage(
        new_input=new,
        history=history,
        output=output,
        thought=thought,
        tool_use=tool_use,
        grounding={},
    )

    assert made["total_input_tokens"] == new.total() + history.total()
    assert made["total_tokens"] == sum(made[f"total_{part}_tokens"] for part in PARTS)
    assert context_tokens(made) == new.total() + history.total() + output.total()
    assert made["total_cached_tokens"] <= history.total()


@given(step_lists, amounts, st.sampled_from(["minimal", "high", "unheard of"]))
def test_every_list_of_an_answer_adds_up_to_its_total(
    steps: list[dict[str, Any]], history: int, level: str
) -> None:
    config = {"thinking_level": level}

    made = count(steps, Context(history=history), generation_config=config)

    assert made["total_tokens"] == sum(made[f"total_{part}_tokens"] for part in PARTS)
    for part in ("input", "output", "cached", "tool_use"):
        listed = made.get(f"{part}_tokens_by_modality")
        total = made[f"total_{part}_tokens"]
        assert listed is None or sum(entry["tokens"] for entry in listed) == total


@given(step_lists, amounts)
def test_the_running_counts_of_an_agent_never_fall_and_end_at_the_whole(
    steps: list[dict[str, Any]], history: int
) -> None:
    whole = count(steps, Context(history=history))

    told = list(running(whole, steps))

    totals = [so_far["total_tokens"] for so_far, _ in told]
    assert totals == sorted(totals)
    for so_far, own in told:
        for counts_made in (so_far, own):
            assert counts_made["total_tokens"] == sum(
                counts_made[f"total_{part}_tokens"] for part in PARTS
            )
    assert not told or totals[-1] == whole["total_tokens"]
    own_total = sum(own["total_tokens"] for _, own in told)
    assert not told or own_total == whole["total_tokens"] - whole["total_input_tokens"]


@given(st.text())
def test_four_bytes_begun_are_a_token(text: str) -> None:
    assert text_tokens(text) * 4 - len(text.encode()) in range(4)


def test_media_are_counted_under_their_own_name_and_thoughts_not_at_all() -> None:
    contents = [{"type": "text", "text": "four"}, {"type": "image", "data": ""}]
    steps: list[dict[str, Any]] = [
        {"type": "user_input", "content": contents},
        {"type": "thought", "signature": "x"},
    ]

    assert tokens_by_modality(steps) == Counter(text=1, image=258)


@pytest.mark.parametrize(
    ("resolution", "tokens"), [("low", 64), ("high", 1120), ("unheard of", 258)]
)
def test_an_image_costs_by_its_resolution(resolution: str, tokens: int) -> None:
    image = {"type": "image", "data": "", "resolution": resolution}

    assert tokens_by_modality([{"type": "user_input", "content": [image]}])["image"] == tokens


def test_a_screenshot_in_a_function_result_is_an_image() -> None:
    result = {"type": "function_result", "call_id": "a", "result": [{"type": "image", "data": ""}]}

    made = tokens_by_modality([result])

    assert made["image"] == 258
    assert 0 < made["text"] < 30


def test_grounding_is_counted_by_queries_and_tool() -> None:
    steps = [
        {"type": "google_search_call", "id": "a", "arguments": {"queries": ["a", "b"]}},
        {"type": "google_maps_call", "id": "b", "arguments": {"queries": ["c"]}},
        {"type": "retrieval_call", "id": "c", "arguments": {}},
    ]

    assert count(steps)["grounding_tool_count"] == [
        {"type": "google_maps", "count": 1},
        {"type": "google_search", "count": 2},
        {"type": "retrieval", "count": 1},
    ]


def test_an_answer_in_pictures_lists_its_output_by_modality() -> None:
    steps = [{"type": "model_output", "content": [{"type": "image", "data": "AAAA"}]}]

    assert count(steps)["output_tokens_by_modality"] == [{"modality": "image", "tokens": 258}]


def test_what_tools_fed_to_the_model_is_listed() -> None:
    steps = [{"type": "code_execution_result", "call_id": "a", "result": "2\n"}]

    (entry,) = count(steps)["tool_use_tokens_by_modality"]

    assert entry["modality"] == "text"


def test_a_long_history_comes_from_the_cache_in_whole_blocks() -> None:
    made = count([], Context(history=2500))

    assert made["total_cached_tokens"] == 2048
    assert made["cached_tokens_by_modality"] == [{"modality": "text", "tokens": 2048}]


def test_a_picture_of_an_earlier_turn_is_still_a_picture() -> None:
    turn = {"type": "user_input", "content": [{"type": "image", "data": ""}]}

    made = count([], Context(history=300, before=(turn,)))

    listed = {entry["modality"]: entry["tokens"] for entry in made["input_tokens_by_modality"]}
    assert listed["image"] == 258
    assert sum(listed.values()) == made["total_input_tokens"]


def test_a_continued_decode_names_the_input_of_its_first_hop() -> None:
    continued = count([], Context(history=900, hops_left=1, initial_input=7))

    assert continued["initial_input_tokens"] == 7
    assert "initial_input_tokens" not in count([])


def test_a_continued_decode_that_is_not_stored_brings_its_whole_input_again() -> None:
    continued = count([], Context(hops_left=1))

    assert continued["initial_input_tokens"] == continued["total_input_tokens"]
