"""Custom agents by Google's own SDK."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai._interactions import APIStatusError

from tests.emulator.neighbours.visits import Caller

BASE = "antigravity-preview-09-2026"


async def test_an_agent_is_made_found_and_deleted(sdk: Any) -> None:
    made = await sdk.agents.create(
        id="sentinel",
        base_agent=BASE,
        system_instruction="Be kind.",
        tools=[{"type": "code_execution"}],
    )
    found = await sdk.agents.get(id="sentinel")
    await sdk.agents.delete(id="sentinel")

    assert made == found
    assert (made.base_agent, made.system_instruction) == (BASE, "Be kind.")
    assert made.tools[0].type == "code_execution"
    with pytest.raises(APIStatusError) as refused:
        await sdk.agents.get(id="sentinel")
    assert refused.value.status_code == 404


async def test_agents_are_listed_in_pages(sdk: Any) -> None:
    made = [(await sdk.agents.create(base_agent=BASE)).id for _ in range(5)]

    found, token = [], None
    while True:
        page = await sdk.agents.list(page_size=2, page_token=token)
        found += [agent.id for agent in page.agents]
        token = page.next_page_token
        if not token:
            break

    assert found == made


async def test_an_interaction_is_held_with_a_custom_agent(sdk: Any) -> None:
    await sdk.agents.create(id="sentinel", base_agent=BASE, system_instruction="Be kind.")

    made = await sdk.interactions.create(agent="sentinel", input="Larches?", background=True)
    await sdk.agents.delete(id="sentinel")

    assert made.status == "in_progress"
    with pytest.raises(APIStatusError, match="sentinel"):
        await sdk.interactions.create(agent="sentinel", input="Larches?", background=True)


async def test_vertex_has_the_same_agents(vertex: Any) -> None:
    await vertex.agents.create(id="mine", base_agent=BASE)

    assert [agent.id for agent in (await vertex.agents.list()).agents] == ["mine"]


def test_an_agent_may_extend_a_custom_one(call: Caller) -> None:
    call("POST", "/v1/agents", {"id": "parent", "base_agent": BASE})

    assert call("POST", "/v1/agents", {"id": "child", "base_agent": "parent"})["id"] == "child"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"base_agent": "nobody"}, 400, "invalid_request"),
        ({"name": "x"}, 400, "parameter_unknown"),
        ({"id": BASE}, 409, "already_exists"),
        ({"id": "mine"}, 409, "already_exists"),
    ],
)
def test_what_cannot_be_an_agent_is_refused(
    call: Caller, body: dict[str, Any], status: int, code: str
) -> None:
    call("POST", "/v1/agents", {"id": "mine"})

    refusal = call.refused("POST", "/v1/agents", body)

    assert (refusal.status, refusal.code) == (status, code)
