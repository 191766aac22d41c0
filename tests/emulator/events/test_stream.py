"""The events of a stream: their order, their pieces, and that nothing of the answer is lost in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.answers.composition import Context
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.request import read_create
from proxy.emulator.events.stream import block, error_event, events, pieces

FUNCTION = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
TOOLS = [FUNCTION, {"type": "google_search"}, {"type": "code_execution"}, {"type": "mcp_server"}]


def interaction(seed: int = 1, **body: Any) -> Interaction:
    base = {"model": "gemini-3-flash-preview", "input": "Weather in Oslo?", "stream": True}
    request = read_create(base | body)
    composition = compose(request, Context(), Wishes(), Chance(seed, 1))
    status = "in_progress" if request.is_background else composition.status
    return Interaction("v1_a", request, composition, "standard", 0, 1, status)


def rebuilt(all_events: list[Any]) -> list[Any]:
    """The steps again, from the events alone."""
    steps: dict[int, Any] = {}
    arguments: dict[int, str] = {}
    for event in all_events:
        index = event.get("index")
        if event["event_type"] == "step.start":
            steps[index] = dict(event["step"])
        elif event["event_type"] == "step.delta":
            delta = dict(event["delta"])
            kind = delta.pop("type")
            step = steps[index]
            if kind == "text":
                contents = step.setdefault("content", [{"text": "", "type": "text"}])
                contents[0]["text"] += delta["text"]
            elif kind == "text_annotation_delta":
                step["content"][0]["annotations"] = delta["annotations"]
            elif kind == "thought_summary":
                summary = step.setdefault("summary", [{"text": "", "type": "text"}])
                summary[0]["text"] += delta["content"]["text"]
            elif kind == "arguments_delta":
                arguments[index] = arguments.get(index, "") + delta["arguments"]
            else:
                step |= delta
    for index, text in arguments.items():
        steps[index]["arguments"] = orjson.loads(text)
    return list(steps.values())


@given(
    st.lists(st.sampled_from(TOOLS), max_size=3),
    st.sampled_from(["Weather in Oslo?", "Good day.", "Ünïcödé ✓ 日本"]),
    st.none() | st.integers(1, 60),
    st.booleans(),
)
def test_the_steps_can_be_rebuilt_from_the_events_however_long_the_pieces(
    tools: list[Any],
    text: str,
    piece: int | None,
    is_summed_up: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    config = {"thinking_summaries": "auto" if is_summed_up else "none"}
    whole = interaction(tools=tools, input=text, generation_config=config)

    told = list(events(whole, piece=piece))

    assert rebuilt(told) == list(whole.composition.steps)


def test_the_order_is_created_update_steps_completed() -> None:
    told = list(events(interaction(tools=[{"type": "google_search"}])))

    names = [event["event_type"] for event in told]
    assert names[:2] == ["interaction.created", "interaction.status_update"]
    assert names[-1] == "interaction.completed"
    bodies = told[2:-1]
    assert [e["index"] for e in bodies] == sorted(e["index"] for e in bodies)
    for index in range(4):
        own = [e["event_type"] for e in bodies if e["index"] == index]
        assert own == ["step.start", *["step.delta"] * (len(own) - 2), "step.stop"]


def test_a_thought_ends_with_its_signature() -> None:
    told = events(interaction(generation_config={"thinking_summaries": "auto"}))

    deltas = [
        event["delta"]["type"] for event in told if event.get("index") == 0 and "delta" in event
    ]
    assert deltas[:-1] == ["thought_summary"] * (len(deltas) - 1)
    assert deltas[-1] == "thought_signature"


def test_arguments_come_in_pieces_of_a_json_text() -> None:
    told = events(interaction(tools=[FUNCTION]))

    parts = [
        event["delta"]["arguments"]
        for event in told
        if event.get("delta", {}).get("type") == "arguments_delta"
    ]
    assert len(parts) > 1
    assert orjson.loads("".join(parts)) == {"city": "Oslo"}


def test_the_last_event_has_usage_and_no_steps() -> None:
    *_, last = events(interaction())

    assert last["interaction"]["usage"]["total_tokens"] > 0
    assert last["interaction"]["status"] == "completed"
    assert "steps" not in last["interaction"]


def test_what_is_not_stored_has_an_empty_id() -> None:
    told = list(events(replace(interaction(store=False), id=None)))

    ids = {told[0]["interaction"]["id"], told[1]["interaction_id"], told[-1]["interaction"]["id"]}
    assert ids == {""}


def test_background_events_are_numbered_in_order_and_foreground_ones_not_at_all() -> None:
    numbered = [event["event_id"] for event in events(interaction(background=True))]

    assert numbered == sorted(set(numbered))
    assert not any("event_id" in event for event in events(interaction()))


def test_a_block_is_a_name_and_one_line_of_json() -> None:
    assert block(error_event("c", "m")) == (
        b'event: error\ndata: {"event_type":"error","error":{"code":"c","message":"m"}}\n\n'
    )


@given(st.text(), st.none() | st.integers(1, 100))
def test_pieces_lose_nothing(text: str, size: int | None) -> None:
    assert "".join(pieces(text, size)) == text


def test_a_huge_text_has_longer_pieces_rather_than_more() -> None:
    assert len(list(pieces("x" * 10_000_000))) <= 2000
