"""Models as Google's own SDK lists them, and what each of them can be asked."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import errors

from proxy.emulator.asked import catalogue
from tests.emulator.neighbours.visits import Caller


async def test_models_are_listed_over_pages(sdk: Any) -> None:
    found = [model.name async for model in await sdk.models.list(config={"page_size": 7})]

    assert len(found) == len(set(found)) > len(catalogue.MODELS)
    assert {f"models/{name}" for name in catalogue.MODELS} < set(found)
    assert not any("deep-research" in name for name in found)


@pytest.mark.parametrize(
    ("name", "actions", "limit", "thinks"),
    [
        ("gemini-2.5-flash", ["generateContent", "countTokens"], 1_048_576, True),
        ("gemma-4-31b-it", ["generateContent"], 1_048_576, None),
        ("gemini-2.5-flash-image", ["generateContent"], 65_536, True),
        ("gemini-3.1-flash-tts-preview", ["generateContent"], 8_192, None),
        ("gemini-embedding-001", ["embedContent", "asyncBatchEmbedContent"], 2_048, None),
        ("gemini-3.1-flash-live-preview", ["bidiGenerateContent"], 131_072, None),
        ("veo-3.1-generate-preview", ["predictLongRunning"], 480, None),
    ],
)
async def test_a_model_has_what_is_usual_for_its_kind(
    sdk: Any, name: str, actions: list[str], limit: int, thinks: object
) -> None:
    model = await sdk.models.get(model=name)

    assert set(actions) <= set(model.supported_actions)
    assert (model.input_token_limit, model.thinking) == (limit, thinks)
    assert model.display_name


async def test_vertex_lists_what_publishers_offer(vertex: Any) -> None:
    names = [model.name async for model in await vertex.models.list()]

    assert "publishers/google/models/gemini-2.5-flash" in names
    assert (await vertex.models.get(model="gemini-2.5-flash")).name in names


async def test_an_unknown_model_is_an_error_of_the_classic_kind(sdk: Any) -> None:
    with pytest.raises(errors.ClientError) as refused:
        await sdk.models.get(model="gemini-0")

    assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")


@pytest.mark.parametrize("name", catalogue.AGENTS)
def test_an_agent_wants_interactions(call: Caller, name: str) -> None:
    refusal = call.refused("POST", f"/v1/models/{name}:generateContent", {"contents": "x"})

    assert (refusal.status, refusal.message) == (400, "This model only supports Interactions API.")


def test_a_model_that_cannot_is_not_found_for_it(call: Caller) -> None:
    refusal = call.refused("POST", "/v1beta/models/gemini-embedding-001:generateContent")

    assert refusal.status == 404
    assert "not supported for generateContent" in refusal.message
    assert "API version v1beta" in refusal.message
