"""An emulator on a free port with a seed and a clock that only requests move, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from google import genai

from proxy.emulator.ledger import Ledger
from proxy.emulator.server import deterministic, serving

KEY = "a-key-of-tests"


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    ledger: Ledger
    http: aiohttp.ClientSession
    sdk: Any
    """`interactions` of Google's own asynchronous client."""

    @property
    def path(self) -> str:
        return f"{self.url}/v1/interactions"

    async def create(self, fault: str = "", **body: Any) -> tuple[int, Any]:
        body = {"model": "gemini-3-flash-preview", "input": "Hello?"} | body
        headers = {"x-emulator-fault": fault} if fault else {}
        async with self.http.post(self.path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    def answered(self) -> dict[str, Any]:
        """The ledger's last line on an answer."""
        return [line for line in self.ledger.lines if line["event"] == "answered"][-1]


@pytest.fixture
async def emulator() -> AsyncIterator[Running]:
    ledger = Ledger()
    async with (
        serving(deterministic(seed=7), ledger) as url,
        aiohttp.ClientSession(headers={"x-goog-api-key": KEY}) as http,
    ):
        options: Any = {"base_url": url, "retry_options": {"attempts": 1}}
        client = genai.Client(api_key=KEY, http_options=options)
        yield Running(url, ledger, http, client.aio.interactions)
        await client.aio.aclose()
        client.close()
