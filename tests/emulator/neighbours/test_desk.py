"""Every call finds its room; what has none is not found."""

from __future__ import annotations

import pytest

from proxy.emulator.neighbours.desk import Neighbours
from tests.emulator.conftest import Running
from tests.emulator.neighbours.visits import Caller


async def test_a_path_without_a_room_is_not_found(emulator: Running) -> None:
    async with emulator.http.get(f"{emulator.url}/v1/tuningJobs") as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "not_found"


async def test_without_a_credential_nothing_is_answered(emulator: Running) -> None:
    async with emulator.http.get(
        f"{emulator.url}/v1/agents", headers={"x-goog-api-key": ""}
    ) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("start", ["", "agents/"])
def test_custom_agents_are_known_by_name(start: str) -> None:
    desk = Neighbours()
    call = Caller(desk.answer)
    made = call("POST", "/v1/agents", {"id": "mine", "base_agent": "antigravity-preview-09-2026"})

    assert desk.agent(f"{start}mine") == made
    assert desk.agent(f"{start}yours") is None


@pytest.mark.parametrize(
    "noun",
    [
        *("agents", "environments", "triggers", "credentials", "voices"),
        *("files", "cachedContents", "batches", "fileSearchStores", "models"),
    ],
)
def test_unknown_ids_are_not_found_in_the_form_of_their_family(call: Caller, noun: str) -> None:
    refusal = call.refused("GET", f"/v1/{noun}/nobody")

    assert refusal.status == 404
    has_string_code = b'"code":"not_found"' in refusal.body()[0]
    assert has_string_code == (
        noun in ("agents", "environments", "triggers", "credentials", "voices")
    )
