"""Every feature of the API through Google's own SDK: each step, model and agent, and the loops callers run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from proxy.emulator.answers.occasion import ORDERS
from proxy.emulator.asked import catalogue

if TYPE_CHECKING:
    from tests.emulator.conftest import Running

MODEL = "gemini-3-flash-preview"
SCREENSHOT = {"type": "image", "data": "iVBORw0KGgo=", "mime_type": "image/png"}
POLLS_MAX = 10


def step_types(interaction: Any) -> list[str]:
    return [step.type for step in interaction.steps]


@pytest.mark.parametrize("word", sorted(ORDERS))
async def test_every_step_can_be_ordered_and_the_sdk_knows_it_whole_and_streamed(
    emulator: Running, word: str
) -> None:
    asked = {"model": MODEL, "input": f"Please. emulate: {word}"}

    whole = await emulator.sdk.create(**asked)
    events = [event async for event in await emulator.sdk.create(**asked, stream=True)]

    started = [event.step.type for event in events if event.event_type == "step.start"]
    assert started == step_types(whole)
    if whole.status == "failed":
        assert whole.errors[0].code in [e.error.code for e in events if e.event_type == "error"]
    else:
        assert events[-1].interaction.status == whole.status
    unknown = [event for event in events if "is_unknown=True" in repr(event)]
    assert len(unknown) == (word == "unknown_step")
    assert ("UNKNOWN" in step_types(whole)) == (word == "unknown_step")


@pytest.mark.parametrize("name", catalogue.MODELS)
async def test_every_model_answers(emulator: Running, name: str) -> None:
    answer = await emulator.sdk.create(model=name, input="Hello.")

    assert (answer.status, answer.model) == ("completed", name)
    assert step_types(answer)[-1] == "model_output"


@pytest.mark.parametrize("name", catalogue.AGENTS)
async def test_every_agent_runs_in_the_background(emulator: Running, name: str) -> None:
    answer = await emulator.sdk.create(agent=name, input="Larches.", background=True)
    for _ in range(POLLS_MAX):
        if answer.status == "completed":
            break
        answer = await emulator.sdk.get(id=answer.id)

    assert (answer.status, answer.agent) == ("completed", name)
    assert answer.output_text


async def test_a_conversation_remembers_over_models_and_agents(emulator: Running) -> None:
    first = await emulator.sdk.create(model=MODEL, input="My cat is Mimi.")
    second = await emulator.sdk.create(
        agent="antigravity-preview-09-2026", input="Note it.", previous_interaction_id=first.id
    )
    third = await emulator.sdk.create(
        model="gemini-2.5-pro",
        input="What did I say first?",
        previous_interaction_id=second.id,
    )

    assert "My cat is Mimi." in third.output_text


async def test_a_sandbox_keeps_its_files_from_turn_to_turn(emulator: Running) -> None:
    agent = {"agent": "antigravity-preview-09-2026"}

    first = await emulator.sdk.create(**agent, input="Write.", environment="remote")
    second = await emulator.sdk.create(
        **agent,
        input="Write more.",
        environment=first.environment_id,
        previous_interaction_id=first.id,
    )

    assert second.environment_id == first.environment_id
    assert "one of 2 files" in second.output_text


async def test_a_computer_is_used_screen_by_screen_until_the_task_is_done(
    emulator: Running,
) -> None:
    tools = [{"type": "computer_use", "environment": "browser"}]
    answer = await emulator.sdk.create(model=MODEL, input="Look up larches.", tools=tools)
    names = []
    for _ in range(POLLS_MAX):
        if answer.status != "requires_action":
            break
        call = answer.steps[-1]
        names.append(call.name)
        result = {
            "type": "function_result",
            "call_id": call.id,
            "name": call.name,
            "result": [SCREENSHOT],
        }
        answer = await emulator.sdk.create(
            model=MODEL, input=[result], tools=tools, previous_interaction_id=answer.id
        )

    assert names == ["open_web_browser", "navigate", "click_at", "type_text_at"]
    assert answer.status == "completed"


async def test_parallel_calls_are_answered_without_state_too(emulator: Running) -> None:
    tools = [{"type": "function", "name": f"get_{word}"} for word in ("weather", "time")]
    said = {"type": "user_input", "content": [{"type": "text", "text": "The weather and time?"}]}

    asked = await emulator.sdk.create(model=MODEL, input=[said], tools=tools, store=False)
    steps = [step.model_dump(exclude_none=True) for step in asked.steps]
    results = [
        {"type": "function_result", "call_id": step["id"], "name": step["name"], "result": "ok"}
        for step in steps
        if step["type"] == "function_call"
    ]
    answer = await emulator.sdk.create(
        model=MODEL, input=[said, *steps, *results], tools=tools, store=False
    )

    assert len(results) == 2
    assert answer.status == "completed"


async def test_a_plan_is_agreed_on_before_the_research(emulator: Running) -> None:
    agent: dict[str, Any] = {
        "agent": "deep-research-preview-04-2026",
        "background": True,
        "agent_config": {"type": "deep-research", "collaborative_planning": True},
    }

    async def done(**body: Any) -> Any:
        answer = await emulator.sdk.create(**agent, **body)
        for _ in range(POLLS_MAX):
            if answer.status == "completed":
                break
            answer = await emulator.sdk.get(id=answer.id)
        return answer

    plan = await done(input="Larches.")
    report = await done(input="Go ahead.", previous_interaction_id=plan.id)

    assert plan.output_text.startswith("# Research plan")
    assert "# Report" in report.output_text
