"""The resource shows what the API shows, when it shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.emulator.answers.resource import Interaction, resource, timestamp
from tests.emulator.examples import CONTENTS, STEPS, USAGE, interaction_of

OUTPUT = {"type": "model_output", "content": [{"type": "text", "text": "Hello."}]}
FAILURE = {"code": "api_error", "message": "Emulated failure."}


def interaction(**body: Any) -> Interaction:
    return replace(interaction_of(OUTPUT, **body), tier="flex")


def with_composition(made: Interaction, **changes: Any) -> Interaction:
    return replace(made, composition=replace(made.composition, **changes))


def kinds(shown: dict[str, Any]) -> list[str]:
    return [step["type"] for step in shown["steps"]]


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
        "usage": USAGE,
        "service_tier": "flex",
        "steps": [OUTPUT],
    }


def test_a_get_starts_with_what_the_caller_said() -> None:
    shown = resource(interaction(), has_whole_timeline=True, has_input=True)

    assert kinds(shown) == ["user_input", "model_output"]
    assert shown["input"] == "Where is Zürich?"


def test_input_is_shown_on_demand_only_and_settings_never() -> None:
    made = interaction(
        labels={"team": "atlas"}, system_instruction="Be short.", previous_interaction_id="v1_b"
    )

    shown = resource(made, has_whole_timeline=True)

    hidden = {"input", "labels", "system_instruction", "previous_interaction_id"}
    assert not hidden & shown.keys()


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_running_interaction_has_neither_steps_nor_usage(status: str) -> None:
    running = replace(interaction(), status=status)

    shown = resource(running, has_whole_timeline=True)

    assert shown["status"] == status
    assert not {"steps", "usage", "service_tier"} & shown.keys()


def test_a_running_interaction_shows_the_steps_it_has_come_to() -> None:
    running = replace(interaction_of(*STEPS.values(), background=True), status="in_progress")

    shown = resource(running, has_whole_timeline=True, steps_shown=2)

    assert kinds(shown) == ["user_input", *list(STEPS)[:2]]
    assert "usage" not in shown
    assert "steps" not in resource(running, has_whole_timeline=True, steps_shown=0)


def test_an_interaction_that_is_not_stored_has_no_id() -> None:
    assert "id" not in resource(interaction(store=False), has_whole_timeline=False)


@pytest.mark.parametrize("status", ["failed", "incomplete"])
def test_one_that_failed_or_was_blocked_says_why(status: str) -> None:
    failed = with_composition(replace(interaction(), status=status), errors=(FAILURE,))

    assert resource(failed, has_whole_timeline=False)["errors"] == [FAILURE]


def test_one_that_went_well_names_no_errors() -> None:
    assert "errors" not in resource(interaction(), has_whole_timeline=False)


def test_a_cancelled_one_keeps_what_the_model_would_have_said_to_itself() -> None:
    cancelled = replace(interaction(), status="cancelled")

    shown = resource(cancelled, has_whole_timeline=True)

    assert kinds(shown) == ["user_input"]
    assert "usage" not in shown
    partly = resource(cancelled, has_whole_timeline=True, steps_shown=1)
    assert kinds(partly) == ["user_input", "model_output"]


def test_the_sandbox_is_named() -> None:
    made = with_composition(interaction(), environment_id="env_1")

    assert resource(made, has_whole_timeline=False)["environment_id"] == "env_1"
    assert "environment_id" not in resource(interaction(), has_whole_timeline=False)


def test_a_long_decode_hands_out_its_token_when_the_hop_is_over() -> None:
    hop = replace(interaction(), status="requires_continuation", continuation_token="token")

    assert resource(hop, has_whole_timeline=False)["continuation_token"] == "token"
    running = replace(hop, status="in_progress")
    assert "continuation_token" not in resource(running, has_whole_timeline=False)


def test_an_agent_is_named_as_one() -> None:
    shown = resource(interaction(agent="antigravity-preview-09-2026"), has_whole_timeline=False)

    assert shown["agent"] == "antigravity-preview-09-2026"
    assert "model" not in shown


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("lyria-3-clip-preview", "outputs"),
        ("lyria-3-pro-preview", "outputs"),
        ("lyria-3.5", "steps"),
    ],
)
def test_two_music_models_still_answer_in_outputs(model: str, field: str) -> None:
    music = {"type": "model_output", "content": [CONTENTS["audio"]]}

    shown = resource(interaction_of(STEPS["thought"], music, model=model), has_whole_timeline=True)

    assert field in shown
    assert not {"steps", "outputs"} - {field} & shown.keys()
    assert shown.get("outputs", [CONTENTS["audio"]]) == [CONTENTS["audio"]]
