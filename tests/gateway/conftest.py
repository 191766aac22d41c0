"""The gateway is tested on the loop it runs on, one worker in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from proxy.journal.format import Mode
from tests.gateway.stage import Stage


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - the hook's signature
    item: pytest.Item,  # noqa: ARG001
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """One worker, journal mode strict, with an upstream that the test plays."""
    async with Stage(tmp_path) as opened:
        yield opened


@pytest.fixture
async def available(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, mode=Mode.AVAILABLE) as opened:
        yield opened
