"""The example that has everything has everything that Google's newest SDK knows, whole and streamed."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.scenarios.library import example
from tests.emulator.scenarios.staged import staged
from tests.interactions.sdk_types import MODELS, STEPS, members, type_of

MODEL = "gemini-3-flash-preview"
DELTAS = MODELS["StepDelta"].model_fields["delta"].annotation
CONTENTS = MODELS["ModelOutputStep"].model_fields["content"].annotation
ANNOTATIONS = MODELS["TextContent"].model_fields["annotations"].annotation
NOT_ANSWERED = frozenset({"user_input"})
"""What the caller sends; GET shows it."""


def names(annotation: Any) -> set[str]:
    """The types in a union of the SDK, in a list or not."""
    arguments = getattr(annotation, "__args__", ())
    inner = [each for part in arguments for each in getattr(part, "__args__", (part,))]
    found = {type_of(each) for part in (annotation, *arguments, *inner) for each in models(part)}
    return {name for name in found if name}


def models(annotation: Any) -> list[Any]:
    return [each for each in members(annotation) if hasattr(each, "model_fields")]


@pytest.fixture
async def whole() -> Any:
    async with staged(example("every_step_type")) as stage:
        made = await stage.sdk.create(model=MODEL, input="Show me everything.")
        return await stage.sdk.get(id=made.id)


@pytest.fixture
async def events() -> list[Any]:
    async with staged(example("every_step_type")) as stage:
        stream = await stage.sdk.create(model=MODEL, input="Show me everything.", stream=True)
        return [event async for event in stream]


def test_every_step_is_there_and_known_to_the_sdk(whole: Any) -> None:
    assert {step.type for step in whole.steps} == names(STEPS)
    assert all(type(step) in MODELS.values() for step in whole.steps)


def test_every_content_and_annotation_is_there(whole: Any) -> None:
    contents = whole.steps[-1].content
    notes = [note for content in contents for note in getattr(content, "annotations", None) or ()]

    assert {content.type for content in contents} == names(CONTENTS)
    assert {note.type for note in notes} == names(ANNOTATIONS)
    assert all(type(each) in MODELS.values() for each in [*contents, *notes])


def test_every_delta_is_streamed(events: list[Any]) -> None:
    deltas = [event.delta for event in events if event.event_type == "step.delta"]

    assert {delta.type for delta in deltas} == names(DELTAS)
    assert all(type(delta) in MODELS.values() for delta in deltas)


def test_each_result_is_tied_to_its_call(whole: Any) -> None:
    calls = [step.id for step in whole.steps if step.type.endswith("_call")]
    results = [step.call_id for step in whole.steps if step.type.endswith("_result")]

    assert results == calls
    assert len(set(calls)) == len(calls)


async def test_a_call_waits_for_its_result_and_a_failure_says_why() -> None:
    async with staged(example("every_step_type")) as stage:
        call = await stage.sdk.create(model=MODEL, input="A call, please.")
        failed = await stage.sdk.create(model=MODEL, input="Please fail.")

    assert call.status == "requires_action"
    assert (failed.status, failed.errors[0].code) == ("failed", "safety")
    assert failed.steps[0].error.code == 3
