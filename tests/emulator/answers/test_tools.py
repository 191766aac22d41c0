"""Which tools are used, and what they leave behind."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.tools import function_calls, server_pairs
from proxy.emulator.asked.request import CreateRequest, read_create


def function(name: str, description: str = "") -> dict[str, Any]:
    return {"type": "function", "name": name, "description": description}


def asked(*tools: dict[str, Any], **body: Any) -> CreateRequest:
    base = {"model": "gemini-3-flash-preview", "input": "x", "tools": list(tools)}
    return read_create(base | body)


def called(request: CreateRequest, text: str) -> list[str]:
    return [call["name"] for call in function_calls(request, text, Chance(1, 1))]


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
    request = asked(function("get_weather"), function("sendLetter", "Writes a mail."))

    assert called(request, text) == names


def test_tool_choice_forbids_forces_and_narrows() -> None:
    tools = function("get_weather"), function("get_time")
    narrow = {"allowed_tools": {"mode": "any", "tools": ["get_time"]}}

    assert called(asked(*tools, generation_config={"tool_choice": "none"}), "weather?") == []
    assert called(asked(*tools, generation_config={"tool_choice": "any"}), "Hi.") == ["get_weather"]
    assert called(asked(*tools, generation_config={"tool_choice": narrow}), "Hi.") == ["get_time"]


@pytest.mark.parametrize(
    "kind",
    ["google_search", "url_context", "code_execution", "file_search", "google_maps", "mcp_server"],
)
def test_a_tool_of_google_s_leaves_a_call_and_its_result(kind: str) -> None:
    steps, _ = server_pairs(asked({"type": kind}), "See https://example.com/a", Chance(1, 1))

    call, result = steps
    stem = "mcp_server_tool" if kind == "mcp_server" else kind
    assert (call["type"], result["type"]) == (f"{stem}_call", f"{stem}_result")
    assert call["id"] == result["call_id"]
