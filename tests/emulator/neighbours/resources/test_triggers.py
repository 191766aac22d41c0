"""Triggers by Google's own SDK: made, paused, run by hand, deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from google.genai._interactions import APIStatusError

from tests.emulator.neighbours.visits import Caller

GIVEN: dict[str, Any] = {
    "interaction": {"agent": "antigravity-preview-09-2026", "input": "Larches."},
    "schedule": "0 9 * * *",
    "time_zone": "UTC",
}


async def test_a_trigger_lives(sdk: Any) -> None:
    made = await sdk.triggers.create(**GIVEN, display_name="Morning")
    paused = await sdk.triggers.update(id=made.id, status="paused")
    resumed = await sdk.triggers.update(id=made.id, status="active", display_name="Noon")
    listed = await sdk.triggers.list()
    await sdk.triggers.delete(id=made.id)

    assert (made.status, made.display_name, made.consecutive_failure_count) == (
        "active",
        "Morning",
        0,
    )
    assert made.interaction.agent == GIVEN["interaction"]["agent"]
    assert made.next_run_time == datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert (paused.status, paused.next_run_time) == ("paused", None)
    assert paused.last_pause_time
    assert (resumed.display_name, resumed.next_run_time) == ("Noon", made.next_run_time)
    assert [trigger.id for trigger in listed.triggers] == [made.id]
    with pytest.raises(APIStatusError):
        await sdk.triggers.get(id=made.id)


async def test_a_run_by_hand_is_recorded_as_started(sdk: Any) -> None:
    made, other = [await sdk.triggers.create(**GIVEN) for _ in range(2)]

    run = await sdk.triggers.run(trigger_id=made.id)
    executions = await sdk.triggers.list_executions(trigger_id=made.id)
    after = await sdk.triggers.get(id=made.id)

    assert (run.trigger_id, run.status) == (made.id, "in_progress")
    assert executions.trigger_executions == [run]
    assert after.last_run_time == run.start_time
    assert (await sdk.triggers.list_executions(trigger_id=other.id)).trigger_executions is None


@pytest.mark.parametrize(
    "change",
    [{"schedule": "daily"}, {"time_zone": "Mars"}, {"interaction": "x"}, {"interaction": None}],
)
def test_what_cannot_be_a_trigger_is_refused(call: Caller, change: dict[str, Any]) -> None:
    assert call.refused("POST", "/v1/triggers", GIVEN | change).status == 400


def test_a_status_that_is_none_is_refused(call: Caller) -> None:
    made = call("POST", "/v1/triggers", GIVEN)

    assert call.refused("PATCH", f"/v1/triggers/{made['id']}", {"status": "gone"}).status == 400


def test_executions_of_an_unknown_trigger_are_not_found(call: Caller) -> None:
    assert call.refused("POST", "/v1/triggers/none/executions").status == 404
    assert call.refused("GET", "/v1/triggers/none/executions").status == 404
