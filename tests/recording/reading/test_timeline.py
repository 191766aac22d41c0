"""proxy/recording/reading/timeline.py: whose step is whose."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from proxy.recording.reading.timeline import said_by_caller


@dataclass(frozen=True, slots=True)
class Told:
    type: str


@pytest.mark.parametrize(
    ("types", "count"),
    [
        ("", 0),
        ("user_input", 1),
        ("user_input thought model_output", 1),
        ("function_result function_result thought model_output", 2),
        ("user_input function_result thought", 2),
        ("user_input thought model_output user_input thought", 4),
        ("user_input thought function_call function_result model_output", 1),
        ("thought function_call function_result", 0),
        ("mcp_server_tool_result user_input", 2),
    ],
)
def test_the_callers_steps_come_first(types: str, count: int) -> None:
    assert said_by_caller([Told(type_) for type_ in types.split()]) == count
