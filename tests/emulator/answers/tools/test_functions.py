"""Which functions are called, and how a tool search finds them."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.functions import CALLS_MAX, calls
from tests.emulator.answers.asking import asked, function, unknown_to_sdk

WEATHER = function(
    "get_weather", parameters={"type": "object", "properties": {"city": {"type": "string"}}}
)
MAIL = function("sendLetter", "Writes a mail.")


def called(occasion: Occasion) -> list[str]:
    return [step["name"] for step in calls(occasion) if step["type"] == "function_call"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("The weather, please.", ["get_weather"], id="by its name"),
        pytest.param("Send some mail.", ["sendLetter"], id="by its description"),
        pytest.param("Weather and mail.", ["get_weather", "sendLetter"], id="two in parallel"),
        pytest.param("How are you?", ["get_weather"], id="the first one for a question"),
        pytest.param("Good day.", [], id="none for a statement"),
    ],
)
def test_functions_are_called_when_the_prompt_speaks_of_them(text: str, names: list[str]) -> None:
    assert called(asked(text, WEATHER, MAIL)) == names


def test_arguments_take_names_from_the_prompt() -> None:
    (call,) = calls(asked("What is the weather in Oslo?", WEATHER))

    assert call["arguments"] == {"city": "Oslo"}
    assert len(call["id"]) == 8


@pytest.mark.parametrize(
    ("choice", "text", "names"),
    [
        ("none", "The weather?", []),
        ("any", "Hi.", ["get_weather"]),
        ("auto", "Hi.", []),
        ("validated", "The weather?", ["get_weather"]),
        ({"allowed_tools": {"mode": "any", "tools": ["sendLetter"]}}, "Hi.", ["sendLetter"]),
        ({"allowed_tools": {"mode": "auto", "tools": []}}, "The weather?", []),
    ],
)
def test_tool_choice_forbids_forces_and_narrows(choice: Any, text: str, names: list[str]) -> None:
    occasion = asked(text, WEATHER, MAIL, generation_config={"tool_choice": choice})

    assert called(occasion) == names


def test_not_more_are_called_at_once_than_the_limit() -> None:
    many = [function(f"weather_{number}") for number in range(CALLS_MAX + 3)]

    assert len(called(asked("The weather.", *many))) == CALLS_MAX


def test_after_a_result_nothing_is_called() -> None:
    given = [
        {"type": "function_call", "id": "a", "name": "get_weather", "arguments": {}},
        {"type": "function_result", "call_id": "a", "result": "Weather: 4 C?"},
    ]

    assert calls(asked(given, WEATHER)) == []


def test_a_search_at_google_finds_deferred_functions_and_calls_them() -> None:
    hidden = WEATHER | {"defer_loading": True}

    steps = calls(asked("The weather?", hidden, MAIL, {"type": "tool_search"}))

    assert [step["type"] for step in steps] == [
        "tool_search_call",
        "tool_search_result",
        "function_call",
    ]
    assert steps[0]["arguments"] == {"function_names": ["get_weather"]}
    assert steps[1]["result"] == [WEATHER]
    assert unknown_to_sdk(steps) == []


def test_functions_at_hand_need_no_search() -> None:
    assert called(asked("Mail it.", MAIL, {"type": "tool_search"})) == ["sendLetter"]
    assert called(asked("Good day.", MAIL, {"type": "tool_search"})) == []


def test_a_search_of_the_caller_is_a_call_and_what_it_declares_can_be_called() -> None:
    search = {
        "type": "tool_search",
        "execution": "client",
        "name": "find_tools",
        "parameters": {"type": "object", "properties": {"goal": {"type": "string"}}},
    }

    (call,) = calls(asked("The weather?", search))
    result = {"type": "function_result", "call_id": call["id"], "result": [WEATHER]}
    before = ({"type": "user_input", "content": "The weather?"}, call)

    assert (call["name"], set(call["arguments"])) == ("find_tools", {"goal"})
    assert called(asked([result], search, before=before)) == ["get_weather"]


def test_a_prompt_may_order_a_call_or_a_search() -> None:
    assert called(asked("emulate: function_call")) == ["emulated_function"]
    assert [step["type"] for step in calls(asked("emulate: tool_search"))] == [
        "tool_search_call",
        "tool_search_result",
    ]
