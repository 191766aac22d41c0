"""The resource shows what the API shows, when it shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proxy.emulator.answers.composition import Composition
from proxy.emulator.answers.resource import Interaction, resource, timestamp
from proxy.emulator.asked.request import read_create

OUTPUT = {"type": "model_output", "content": [{"type": "text", "text": "Hello."}]}


def interaction(**body: Any) -> Interaction:
    request = read_create({"model": "gemini-3-flash-preview", "input": "Hi."} | body)
    return Interaction(
        id="v1_a",
        request=request,
        composition=Composition((OUTPUT,), "completed", {"total_tokens": 3}),
        tier="flex",
        created_s=1_795_600_800,
        updated_s=1_795_600_802,
        status="completed",
    )


def test_timestamps_have_whole_seconds_and_a_z() -> None:
    assert timestamp(1_795_600_800) == "2026-11-25T10:00:00Z"


def test_a_post_answers_with_the_model_s_steps_alone() -> None:
    assert resource(interaction(), has_whole_timeline=False) == {
        "id": "v1_a",
        "status": "completed",
        "created": "2026-11-25T10:00:00Z",
        "updated": "2026-11-25T10:00:02Z",
        "object": "interaction",
        "model": "gemini-3-flash-preview",
        "usage": {"total_tokens": 3},
        "service_tier": "flex",
        "steps": [OUTPUT],
    }


def test_a_get_starts_with_what_the_caller_said() -> None:
    shown = resource(interaction(), has_whole_timeline=True, has_input=True)

    assert [step["type"] for step in shown["steps"]] == ["user_input", "model_output"]
    assert shown["input"] == "Hi."


def test_a_running_interaction_has_neither_steps_nor_usage() -> None:
    running = replace(interaction(), status="in_progress")

    assert not {"steps", "usage", "service_tier"} & set(resource(running, has_whole_timeline=True))


def test_an_interaction_that_is_not_stored_has_no_id() -> None:
    assert "id" not in resource(replace(interaction(), id=None), has_whole_timeline=False)


def test_a_failed_one_says_why() -> None:
    failed = replace(
        interaction(),
        status="failed",
        composition=Composition((), "failed", {}, ({"code": "api_error", "message": "x"},)),
    )

    assert resource(failed, has_whole_timeline=False)["errors"][0]["code"] == "api_error"


def test_a_cancelled_one_keeps_what_the_model_would_have_said_to_itself() -> None:
    cancelled = replace(interaction(), status="cancelled")

    shown = resource(cancelled, has_whole_timeline=True)

    assert [step["type"] for step in shown["steps"]] == ["user_input"]
    assert "usage" not in shown
