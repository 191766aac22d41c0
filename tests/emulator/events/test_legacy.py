"""The old schema, as its SDKs read it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.answers.composition import Context
from proxy.emulator.answers.resource import Interaction, resource
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.request import read_create
from proxy.emulator.events.legacy import is_asked_for, old_events, resource_from_new


def interaction(**body: Any) -> Interaction:
    request = read_create(
        {"model": "gemini-2.5-flash", "input": "Weather in Oslo?"} | body, is_legacy=True
    )
    composition = compose(request, Context(), Wishes(), Chance(1, 1))
    return Interaction("v1_a", request, composition, "standard", 0, 1, composition.status)


@pytest.mark.parametrize(
    ("agents", "revision", "is_old"),
    [
        pytest.param(
            ["GeminiNextGenAPIClient/Python 1.55.0", "google-genai-sdk/1.55.0 gl-python/3.11"],
            None,
            True,
            id="an old SDK with two lines",
        ),
        pytest.param(["google-genai-sdk/3.4.0 gl-python/3.11.7"], None, False, id="a new one"),
        pytest.param(["google-genai-sdk/2.0.0"], "2026-05-20", False, id="new by revision"),
        pytest.param(["curl"], "2026-05-07", True, id="old by revision"),
        pytest.param([], None, False, id="no agent"),
    ],
)
def test_the_schema_follows_revision_and_user_agent(
    agents: list[str],
    revision: str | None,
    is_old: bool,  # noqa: FBT001
) -> None:
    assert is_asked_for(agents, revision) is is_old


def test_steps_become_flat_outputs_and_a_role() -> None:
    made = interaction(tools=[{"type": "google_search"}], input="Search.")

    old = resource_from_new(resource(made, has_whole_timeline=True))

    assert "steps" not in old
    assert old["role"] == "model"
    kinds = [output["type"] for output in old["outputs"]]
    assert kinds == ["thought", "google_search_call", "google_search_result", "text"]
    assert set(old["outputs"][2]["result"][0]) == {"rendered_content"}
    assert set(old["outputs"][3]["annotations"][0]) == {"start_index", "end_index", "source"}


def test_old_streams_have_contents_in_place_of_steps() -> None:
    told = [event["event_type"] for event in old_events(interaction())]

    assert told[:2] == ["interaction.start", "interaction.status_update"]
    assert set(told[2:-1]) == {"content.start", "content.delta", "content.stop"}
    assert told[-1] == "interaction.complete"


def test_an_old_function_call_comes_in_one_delta() -> None:
    function = {"type": "function", "name": "get_weather"}

    told = list(old_events(interaction(tools=[function])))

    (delta,) = [
        event["delta"] for event in told if event.get("delta", {}).get("type") == "function_call"
    ]
    assert delta["name"] == "get_weather"
    assert isinstance(delta["arguments"], dict)


def test_background_events_are_numbered_here_too() -> None:
    told = list(old_events(interaction(background=True)))

    ids = [event["event_id"] for event in told]
    assert ids == sorted(set(ids))
