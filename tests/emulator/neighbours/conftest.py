"""Google's own SDK against the emulator's neighbours, on the Gemini API and on Vertex."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.auth.credentials import Credentials

from proxy.emulator.neighbours.desk import Neighbours
from tests.emulator.conftest import KEY, Running
from tests.emulator.neighbours.visits import Caller

HARMLESS = (
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning",
    "ignore:Sending a large body directly:ResourceWarning",
    "ignore:.* experimental",
    "ignore:.* is deprecated and will be removed",
)
"""google-genai 3.4.0 derives from aiohttp's session and hands it pieces of 8 MiB; aiohttp minds both.
Its own warnings say that agents and their like may change, and that others will go."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent) + os.sep
    for item in items:
        if str(item.path).startswith(here):  # of 8,000: `parents` takes a second
            for warning in HARMLESS:
                item.add_marker(pytest.mark.filterwarnings(warning))


class Anyone(Credentials):  # type: ignore[no-untyped-call, misc, unused-ignore]
    """A token that never ends."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.token = "a-token-of-tests"

    def refresh(self, _request: object) -> None:
        self.token = "a-token-of-tests"


@pytest.fixture
async def sdk(emulator: Running) -> AsyncIterator[Any]:
    options: Any = {"base_url": emulator.url, "retry_options": {"attempts": 1}}
    client = genai.Client(api_key=KEY, http_options=options)
    yield client.aio
    await client.aio.aclose()
    client.close()


@pytest.fixture
async def vertex(emulator: Running) -> AsyncIterator[Any]:
    client = genai.Client(
        vertexai=True,
        project="p",
        location="global",
        credentials=Anyone(),
        http_options={"base_url": emulator.url},
    )
    yield client.aio
    await client.aio.aclose()
    client.close()


@pytest.fixture(params=["sdk", "vertex"])
def either(request: pytest.FixtureRequest) -> Any:
    """The SDK on the Gemini API and on Vertex."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def call() -> Caller:
    """All rooms of the neighbours, without a server."""
    return Caller(Neighbours().answer)
