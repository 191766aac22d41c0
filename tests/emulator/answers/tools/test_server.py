"""Every tool that Google runs leaves a call and a result; new types of tools do no harm."""

from __future__ import annotations

import pytest

from proxy.emulator.answers.occasion import SERVER_TOOLS
from proxy.emulator.answers.tools.server import server_pairs
from tests.emulator.answers.asking import asked, unknown_to_sdk


@pytest.mark.parametrize("kind", SERVER_TOOLS)
def test_a_tool_is_used_when_given_or_ordered(kind: str) -> None:
    stem = "mcp_server_tool" if kind == "mcp_server" else kind
    for occasion in (asked("Hi.", {"type": kind}), asked(f"emulate: {kind}")):
        steps = server_pairs(occasion).steps

        call, result = steps
        assert (call["type"], result["type"]) == (f"{stem}_call", f"{stem}_result")
        assert call["id"] == result["call_id"]
        assert unknown_to_sdk(steps) == []


def test_a_tool_of_an_unknown_type_is_passed_over() -> None:
    used = server_pairs(asked("Hi.", {"type": "filesystem"}, {"type": "google_search"}))

    assert [step["type"] for step in used.steps] == ["google_search_call", "google_search_result"]


def test_each_remote_server_is_called() -> None:
    used = server_pairs(asked("Hi.", *({"type": "mcp_server", "name": n} for n in "ab")))

    assert [step["server_name"] for step in used.steps] == ["a", "a", "b", "b"]


def test_a_prompt_may_order_what_no_request_can_ask_for() -> None:
    used = server_pairs(asked("emulate: function_result, unknown_step"))

    assert [step["type"] for step in used.steps] == [
        "function_call",
        "function_result",
        "step_of_a_later_release",
    ]
    assert len(unknown_to_sdk(used.steps)) == 1
