"""An emulator that plays a scenario, and Google's SDK in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from google import genai

from proxy.emulator.ledger import Ledger
from proxy.emulator.scenarios.format.check import scenario_from_source
from proxy.emulator.scenarios.format.source import read_source
from proxy.emulator.scenarios.script import Scenario
from proxy.emulator.server import deterministic, serving

KEY = "a-key-of-tests"


@dataclass
class Waits:
    """Takes the place of sleeping: remembers for how long, and goes on at once."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(round(seconds, 6))


@dataclass(frozen=True, slots=True)
class Staged:
    url: str
    sdk: Any
    """`interactions` of the SDK's asynchronous client, which does not retry."""
    retrying: Any
    """The same, with the SDK's retries."""
    http: aiohttp.ClientSession
    waits: Waits

    async def post(self, **body: Any) -> tuple[int, Any]:
        """A create as plain HTTP: status and JSON."""
        asked = {"model": "gemini-3-flash-preview"} | body
        async with self.http.post(f"{self.url}/v1/interactions", json=asked) as answer:
            return answer.status, await answer.json(content_type=None)

    async def call(self, method: str, path: str) -> tuple[int, Any]:
        async with self.http.request(method, f"{self.url}/v1/interactions/{path}") as answer:
            return answer.status, await answer.json(content_type=None)


def written(text: str) -> Scenario:
    """A scenario from its text."""
    return scenario_from_source(read_source(text.encode(), "test.yaml"))


@asynccontextmanager
async def staged(scenario: Scenario, *, speed: float = 0.0) -> AsyncIterator[Staged]:
    waits = Waits()
    settings = replace(deterministic(seed=7), scenario=scenario, speed=speed, pause=waits)
    async with (
        serving(settings, Ledger()) as url,
        aiohttp.ClientSession(headers={"x-goog-api-key": KEY}) as http,
    ):
        once: Any = {"base_url": url, "retry_options": {"attempts": 1}}
        again: Any = {"base_url": url}
        first, second = (
            genai.Client(api_key=KEY, http_options=options) for options in (once, again)
        )
        yield Staged(url, first.aio.interactions, second.aio.interactions, http, waits)
        for client in (first, second):
            await client.aio.aclose()
            client.close()
