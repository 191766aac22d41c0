"""Computer use: one action after the other, each answered with a screenshot, until the task is done."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.tools.screens import SCRIPTS, actions
from tests.emulator.answers.asking import asked

SCREENSHOT = {"type": "image", "data": "iVBORw0KGgo=", "mime_type": "image/png"}
TASK = "Look up larches."


def played(**tool: Any) -> list[dict[str, Any]]:
    """All actions of a task, whose screenshots the caller sends back turn by turn."""
    before: tuple[dict[str, Any], ...] = ()
    given: Any = [{"type": "user_input", "content": TASK}]
    done: list[dict[str, Any]] = []
    while calls := actions(asked(given, {"type": "computer_use", **tool}, before=before)):
        (call,) = calls
        before = (*before, *given, call)
        result = {"type": "function_result", "call_id": call["id"], "result": [SCREENSHOT]}
        given = [result]
        done.append(call)
    return done


@pytest.mark.parametrize("environment", ["browser", "mobile", "desktop"])
def test_a_task_takes_the_actions_of_its_environment_one_at_a_time(environment: str) -> None:
    done = played(environment=environment)

    assert [call["name"] for call in done] == [name for name, _ in SCRIPTS[environment]]
    assert len({call["id"] for call in done}) >= 1
    (typed,) = [call for call in done if call["name"] == "type_text_at"]
    assert typed["arguments"]["text"] == TASK


@pytest.mark.parametrize(
    "spelling", ["excluded_predefined_functions", "excludedPredefinedFunctions"]
)
def test_excluded_functions_are_never_called(spelling: str) -> None:
    done = played(**{spelling: ["open_web_browser", "click_at"]})

    assert [call["name"] for call in done] == ["navigate", "type_text_at"]


def test_with_injection_detection_a_risky_action_wants_to_be_confirmed() -> None:
    done = played(enable_prompt_injection_detection=True)

    decided = [call["name"] for call in done if "safety_decision" in call["arguments"]]
    assert decided == ["type_text_at"]
    assert not any("safety_decision" in call["arguments"] for call in played())


def test_there_is_no_action_without_the_tool_or_with_tools_forbidden() -> None:
    tool = {"type": "computer_use"}

    assert actions(asked(TASK)) == []
    assert actions(asked(TASK, tool, generation_config={"tool_choice": "none"})) == []
    assert actions(asked("emulate: computer_use"))
