"""The ledger's lines hold counts, names and digests."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.emulator.conftest import Running


async def line_of(emulator: Running, fault: str = "", **body: Any) -> dict[str, Any]:
    await emulator.create(fault, **body)
    return emulator.answered()


async def test_an_answered_create_says_who_and_what_it_cost(emulator: Running) -> None:
    line = await line_of(emulator, service_tier="flex")

    assert line["operation"] == "create"
    assert (line["name"], line["service_tier"]) == ("gemini-3-flash-preview", "flex")
    assert line["usage"]["total_tokens"] > 0
    assert line["step_types"][-1] == "model_output"
    assert not line["is_background"]
    assert not line["is_faulty"]


async def test_a_background_create_has_cost_nothing_yet(emulator: Running) -> None:
    line = await line_of(emulator, background=True)

    assert line["is_background"]
    assert (line["usage"], line["step_types"]) == ({}, [])


async def test_what_went_wrong_on_purpose_is_marked(emulator: Running) -> None:
    assert (await line_of(emulator, "status=503"))["is_faulty"]


@pytest.mark.parametrize("query", ["key=k", "access_token=t"])
async def test_credentials_in_the_query_count_and_are_struck_out(
    emulator: Running, query: str
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{emulator.url}/v1/models?{query}") as answer,
    ):
        assert answer.status == 200
    assert emulator.ledger.lines[0]["has_credential"]
    assert emulator.ledger.lines[0]["target"].endswith("=***")
