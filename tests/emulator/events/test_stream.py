"""The events of a stream: their order, their ids, what the lifecycle events carry."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from proxy.emulator.answers.composition import Composition
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.events.stream import (
    block,
    closing,
    ended,
    error_event,
    events,
    is_last,
)
from tests.emulator.examples import STEPS, USAGE, interaction_of

SEARCH = (
    STEPS["thought"],
    STEPS["google_search_call"],
    STEPS["google_search_result"],
    STEPS["model_output"],
)
AGENT = {"agent": "antigravity-preview-09-2026"}
FAILURE = {"code": "api_error", "message": "Emulated failure."}


def names(interaction: Interaction) -> list[str]:
    return [event["event_type"] for event in events(interaction)]


def with_composition(interaction: Interaction, **changes: Any) -> Interaction:
    return replace(interaction, composition=replace(interaction.composition, **changes))


def test_the_order_is_created_update_steps_completed() -> None:
    told = list(events(interaction_of(*SEARCH)))

    assert names(interaction_of(*SEARCH))[:2] == [
        "interaction.created",
        "interaction.status_update",
    ]
    assert told[-1]["event_type"] == "interaction.completed"
    bodies = told[2:-1]
    assert [e["index"] for e in bodies] == sorted(e["index"] for e in bodies)
    for index in range(4):
        own = [e["event_type"] for e in bodies if e["index"] == index]
        assert own == ["step.start", *["step.delta"] * (len(own) - 2), "step.stop"]


def test_the_first_events_say_who_it_is_and_that_it_is_at_work() -> None:
    created, update, *_ = events(interaction_of(*SEARCH))

    assert created["interaction"] == {
        "id": "v1_a",
        "status": "in_progress",
        "object": "interaction",
        "model": "gemini-3-flash-preview",
    }
    assert (update["interaction_id"], update["status"]) == ("v1_a", "in_progress")


def test_a_queued_run_is_created_as_queued() -> None:
    queued = replace(interaction_of(*SEARCH, background=True), status="queued")

    created, update, *_ = events(queued)

    assert (created["interaction"]["status"], update["status"]) == ("queued", "in_progress")


@pytest.mark.parametrize(
    "status",
    ["completed", "requires_action", "incomplete", "budget_exceeded", "requires_continuation"],
)
def test_the_last_event_has_status_and_usage_and_no_steps(status: str) -> None:
    *_, last = events(interaction_of(*SEARCH, status=status))

    assert last["event_type"] == "interaction.completed"
    assert last["interaction"] == {
        "id": "v1_a",
        "status": status,
        "created": "2026-11-25T10:00:00Z",
        "updated": "2026-11-25T10:00:02Z",
        "object": "interaction",
        "model": "gemini-3-flash-preview",
        "service_tier": "standard",
        "usage": USAGE,
    }
    assert is_last(last)


def test_a_failed_interaction_ends_with_its_error_after_what_was_said() -> None:
    failed = with_composition(
        interaction_of(STEPS["thought"], status="failed"), errors=(FAILURE, FAILURE)
    )

    *_, stop, last = events(failed)

    assert stop["event_type"] == "step.stop"
    assert last == {"event_type": "error", "error": FAILURE}
    assert is_last(last)


def test_a_blocked_step_tells_its_error_when_it_starts() -> None:
    error = {"code": 3, "message": "Blocked."}
    blocked = interaction_of({"type": "model_output", "error": error})

    (start,) = [event for event in events(blocked) if event["event_type"] == "step.start"]

    assert start["step"] == {"type": "model_output", "error": error}


def test_a_cancelled_run_says_no_more_and_costs_nothing() -> None:
    cancelled = replace(interaction_of(*SEARCH, background=True), status="cancelled")

    told = list(events(cancelled))

    assert len(told) == 3
    assert told[-1]["interaction"]["status"] == "cancelled"
    assert "usage" not in told[-1]["interaction"]


def test_a_long_decode_hands_out_its_token_at_the_end() -> None:
    hop = replace(
        interaction_of(*SEARCH, status="requires_continuation"), continuation_token="token"
    )

    assert closing(hop)["interaction"]["continuation_token"] == "token"


def test_checkpoints_offer_their_tokens_behind_their_steps() -> None:
    hop = with_composition(interaction_of(*SEARCH), checkpoints=(0, 3))
    hop = replace(hop, checkpoint_tokens=("first", "second"))

    told = list(events(hop))

    updates = [place for place, event in enumerate(told) if "continuation_token" in event]
    assert [told[place]["continuation_token"] for place in updates] == ["first", "second"]
    assert [told[place - 1]["index"] for place in updates] == [0, 3]
    assert {told[place - 1]["event_type"] for place in updates} == {"step.stop"}


def test_an_agent_tells_what_it_has_used_so_far() -> None:
    told = list(events(interaction_of(*SEARCH, *SEARCH, **AGENT)))

    stops = [event for event in told if event["event_type"] == "step.stop"]
    totals = [stop["usage"]["total_tokens"] for stop in stops]
    assert totals == sorted(totals)
    assert totals[-1] == USAGE["total_tokens"]
    own = [stop["step_usage"]["total_tokens"] for stop in stops]
    assert all(
        after - before == step
        for (before, after), step in zip(pairwise(totals), own[1:], strict=True)
    )
    in_deltas = [e["metadata"]["total_usage"] for e in told if "metadata" in e]
    assert in_deltas == [stop["usage"] for stop in stops]
    between = [e for e in told[2:-1] if e["event_type"] == "interaction.status_update"]
    assert [update["usage"] for update in between] == [stops[3]["usage"], stops[7]["usage"]]


def test_an_agent_that_needs_the_caller_says_so_before_it_ends() -> None:
    waiting = interaction_of(STEPS["function_call"], status="requires_action", **AGENT)

    *_, update, last = events(waiting)

    assert update["status"] == last["interaction"]["status"] == "requires_action"


def test_a_model_does_not_speak_of_usage_before_its_end() -> None:
    *before, _ = events(interaction_of(*SEARCH))

    assert not any({"usage", "step_usage", "metadata"} & event.keys() for event in before)


def test_what_is_not_stored_has_an_empty_id() -> None:
    told = list(events(interaction_of(*SEARCH, store=False)))

    ids = {told[0]["interaction"]["id"], told[1]["interaction_id"], told[-1]["interaction"]["id"]}
    assert ids == {""}


@pytest.mark.parametrize("asked", [{}, AGENT], ids=["model", "agent"])
def test_background_events_are_numbered_in_order_and_foreground_ones_not_at_all(
    asked: dict[str, Any],
) -> None:
    numbered = [e["event_id"] for e in events(interaction_of(*SEARCH, background=True, **asked))]

    assert numbered == sorted(set(numbered))
    assert not any("event_id" in event for event in events(interaction_of(*SEARCH, **asked)))


def test_the_ids_of_a_run_stay_the_same_when_it_is_over() -> None:
    running = interaction_of(*SEARCH, background=True)
    over = replace(running, status="completed", updated_s=running.updated_s + 60)

    pairs = zip(events(running), events(over), strict=True)

    assert all(before["event_id"] == after["event_id"] for before, after in pairs)


def test_a_scenario_s_events_are_told_as_given_with_the_interaction_s_id() -> None:
    given = (
        {"event_type": "interaction.created", "interaction": {"id": "{id}", "status": "x"}},
        {"event_type": "step.sparkle", "colour": "green"},
    )
    scripted = with_composition(interaction_of(), events=given)

    created, sparkle = events(scripted)

    assert created["interaction"]["id"] == "v1_a"
    assert sparkle == given[1]


def test_a_scenario_s_events_of_a_run_get_ids_where_they_have_none() -> None:
    given = ({"event_type": "a", "event_id": "own"}, {"event_type": "b"})
    scripted = with_composition(interaction_of(background=True), events=given)

    assert [event["event_id"] for event in events(scripted)] == ["own", "evt_000001"]


def test_a_block_is_a_name_and_one_line_of_json() -> None:
    assert block(error_event("c", "m")) == (
        b'event: error\ndata: {"event_type":"error","error":{"code":"c","message":"m"}}\n\n'
    )


def test_an_answer_without_steps_is_a_stream_too() -> None:
    nothing = replace(interaction_of(), composition=Composition((), "completed", {}))

    assert len(names(nothing)) == 3


def test_the_last_event_of_a_run_has_the_time_at_which_it_ended() -> None:
    running = replace(interaction_of(STEPS["model_output"]), status="in_progress")
    over = replace(running, status="completed", updated_s=running.updated_s + 9)
    told = closing(running)

    assert ended(told, over) == closing(over)
    assert ended(told, running) == told
    scripted = with_composition(over, events=(told,))
    assert ended(told, scripted) == told
