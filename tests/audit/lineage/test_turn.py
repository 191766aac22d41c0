from __future__ import annotations

from typing import Any

import pytest

from proxy.audit.lineage.turn import Turn, cached_share, can_go_on, fell_away, was_refused


def turn(**given: Any) -> Turn:
    return Turn("v1_a", 0, **given)


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("system_instruction,tools", "tools", ("system_instruction",)),
        ("generation_config,tools", "", ("generation_config", "tools")),
        ("tools", "tools", ()),
        ("", "tools", ()),
        ("labels,service_tier", "", ()),
        (None, "", ()),
        ("tools", None, ()),
    ],
)
def test_what_was_sent_before_and_not_again_fell_away(
    before: str | None, after: str | None, lost: tuple[str, ...]
) -> None:
    assert fell_away(turn(settings_sent=before), turn(settings_sent=after)) == lost


def test_a_single_tool_can_fall_away() -> None:
    both = turn(settings_sent="tools", tool_types="function,google_search")

    assert fell_away(both, turn(settings_sent="tools", tool_types="function")) == (
        "tools.google_search",
    )
    assert fell_away(both, turn(settings_sent="")) == ("tools",)


def test_what_an_agent_or_a_model_cannot_have_is_not_missed() -> None:
    model = turn(model="m", settings_sent="generation_config")
    agent = turn(agent="a", settings_sent="agent_config,environment")

    assert fell_away(model, turn(agent="a", settings_sent="")) == ()
    assert fell_away(agent, turn(model="m", settings_sent="")) == ()
    assert fell_away(agent, turn(agent="a", settings_sent="")) == ("agent_config", "environment")


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ({"input_tokens": 8, "cached_tokens": 6}, 0.75),
        ({"input_tokens": 8, "cached_tokens": 0}, 0.0),
        ({"input_tokens": 8, "cached_tokens": 9}, 1.0),
        ({"input_tokens": 8}, None),
        ({"input_tokens": 0, "cached_tokens": 0}, None),
    ],
)
def test_the_cached_share_is_part_of_the_input(given: dict[str, int], share: float | None) -> None:
    assert cached_share(turn(**given)) == share


@pytest.mark.parametrize(
    ("given", "can"),
    [
        ({"status": "completed"}, True),
        ({"status": "requires_action"}, True),
        ({"status": "in_progress"}, True),
        ({"status": "completed", "deleted_at": 5}, False),
        ({"status": "failed"}, False),
        ({"status": "cancelled"}, False),
        ({}, False),
    ],
)
def test_a_conversation_goes_on_from_what_is_there(given: dict[str, Any], can: object) -> None:
    assert can_go_on(turn(**given)) is can


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"error_code": "invalid_request"}, True),
        ({"status": "failed", "error_code": "internal"}, False),
        ({"status": "completed"}, False),
        ({}, False),
    ],
)
def test_a_turn_without_a_status_and_with_an_error_was_refused(
    given: dict[str, Any], refused: object
) -> None:
    assert was_refused(turn(**given)) is refused
