"""Ephemeral tokens are handed out once and let a caller in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from google import genai

from tests.emulator.conftest import KEY, Running


@pytest.fixture
async def tokens(emulator: Running) -> AsyncIterator[Any]:
    options: Any = {"base_url": emulator.url, "api_version": "v1alpha"}
    client = genai.Client(api_key=KEY, http_options=options)
    yield client.aio.auth_tokens
    await client.aio.aclose()
    client.close()


async def test_tokens_differ_and_stand_in_no_ledger(tokens: Any, emulator: Running) -> None:
    first = await tokens.create(config={"uses": 1})
    second = await tokens.create(config={"uses": 1})

    assert first.name.startswith("auth_tokens/")
    assert first.name != second.name
    secret = first.name.removeprefix("auth_tokens/")
    assert secret not in orjson.dumps(emulator.ledger.lines).decode()


@pytest.mark.parametrize("name", ["access_token", "key"])
async def test_a_token_in_the_address_is_a_credential(emulator: Running, name: str) -> None:
    async with emulator.http.get(
        f"{emulator.url}/v1/agents?{name}=auth_tokens/x", headers={"x-goog-api-key": ""}
    ) as answer:
        assert answer.status == 200
    assert "auth_tokens/x" not in orjson.dumps(emulator.ledger.lines).decode()
