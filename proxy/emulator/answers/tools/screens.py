"""Computer use: actions on a screen as function calls with predefined names, one at a time.

The caller answers each with a `function_result` that holds a screenshot; after the last the model
speaks. Source: the protocol reference, sections 5.3 and 7; the names are those of the browser tool's
documentation, their order here is made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.asked.input import contents_of
from proxy.emulator.asked.request import Json
from proxy.emulator.asked.settings import either

SCRIPTS: Final[dict[str, tuple[tuple[str, Json], ...]]] = {
    "browser": (
        ("open_web_browser", {}),
        ("navigate", {"url": "https://example.com/"}),
        ("click_at", {"x": 371, "y": 220}),
        ("type_text_at", {"x": 371, "y": 220, "text": "", "press_enter": True}),
    ),
    "mobile": (
        ("open_app", {"app_name": "Notes"}),
        ("click_at", {"x": 500, "y": 120}),
        ("type_text_at", {"x": 500, "y": 120, "text": "", "press_enter": False}),
        ("go_home", {}),
    ),
    "desktop": (
        ("click_at", {"x": 40, "y": 980}),
        ("wait_5_seconds", {}),
        ("type_text_at", {"x": 480, "y": 510, "text": "", "press_enter": True}),
    ),
}
"""By environment: the actions of one task. Coordinates go from 0 to 999, whatever the screen's size."""

RISKY: Final = "type_text_at"
"""The action that prompt-injection detection wants confirmed."""

SAFETY_DECISION: Final[Json] = {
    "decision": "require_confirmation",
    "explanation": "The page asks for text to be entered: confirm that this is what you want.",
}


def actions(occasion: Occasion) -> list[Json]:
    """The next action of the task, as a function call; none when the task is done or there is none."""
    if occasion.is_plain:
        return []
    tool = occasion.request.tool("computer_use")
    if tool is None and "computer_use" in occasion.orders:
        tool = {"type": "computer_use"}
    if tool is None or occasion.config.get("tool_choice") == "none":
        return []
    excluded = either(tool, "excluded_predefined_functions")
    excluded = excluded if isinstance(excluded, list) else []
    script = SCRIPTS.get(str(tool.get("environment", "browser")), SCRIPTS["browser"])
    left = [action for action in script if action[0] not in excluded]
    done = sum(call in ACTION_NAMES for call in _answered(occasion))
    if done >= len(left):
        return []
    name, usual = left[done]
    arguments = dict(usual)
    if "text" in arguments:
        arguments["text"] = _task(occasion)[:60]
    if name == RISKY and either(tool, "enable_prompt_injection_detection"):
        arguments["safety_decision"] = SAFETY_DECISION
    call_id = occasion.chance.call_id()
    return [{"id": call_id, "name": name, "type": "function_call", "arguments": arguments}]


ACTION_NAMES: Final = frozenset(name for script in SCRIPTS.values() for name, _ in script)


def _answered(occasion: Occasion) -> Iterator[str]:
    """Names of the calls that the model made since the user last said something."""
    steps = (*occasion.context.before, *occasion.request.steps)
    since = max((place for place, step in enumerate(steps) if _task_of(step)), default=-1)
    for step in steps[since + 1 :]:
        if step.get("type") == "function_call":
            yield str(step.get("name"))


def _task(occasion: Occasion) -> str:
    """What the user last said: screenshots may bring texts of their own."""
    for step in reversed((*occasion.context.before, *occasion.request.steps)):
        if task := _task_of(step):
            return task
    return occasion.query


def _task_of(step: Json) -> str:
    if step.get("type") != "user_input":
        return ""
    return " ".join(str(c.get("text")) for c in contents_of(step) if c.get("type") == "text")
