from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from proxy.errors import StoreError
from proxy.recorder.erasing import heeding as heeding_module
from proxy.recorder.erasing.heeding import heeding


@asynccontextmanager
async def door(
    path: Path, status: int = 200, *, is_frozen: bool = False
) -> AsyncIterator[list[str]]:
    heard: list[str] = []

    async def heed(request: web.Request) -> web.Response:
        heard.append(request.path)
        if is_frozen:
            await asyncio.Event().wait()
        return web.json_response({}, status=status)

    application = web.Application()
    application.router.add_post("/heed", heed)
    runner = web.AppRunner(application, shutdown_timeout=0.01)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    yield heard
    await runner.cleanup()


async def test_a_door_that_knows_is_enough(tmp_path: Path) -> None:
    async with door(tmp_path / "d") as heard:
        await heeding(tmp_path / "d")()
    assert heard == ["/heed"]


async def test_where_no_door_runs_there_is_nobody_to_tell(tmp_path: Path) -> None:
    await heeding(None)()
    await heeding(tmp_path / "nobody")()


async def test_a_door_whose_queue_is_full_stands_still_and_is_told_of(tmp_path: Path) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(tmp_path / "d"))
        listener.listen(0)
        waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
        waiting.connect(str(tmp_path / "d"))

        with pytest.raises(StoreError, match="has not acknowledged"):
            await heeding(tmp_path / "d")()


async def test_a_door_that_does_not_say_so_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with door(tmp_path / "d", 503):
        with pytest.raises(StoreError, match="has not acknowledged"):
            await heeding(tmp_path / "d")()
    monkeypatch.setattr(heeding_module, "WITHIN_S", 0.05)
    async with door(tmp_path / "e", is_frozen=True):
        with pytest.raises(StoreError, match="on record"):
            await heeding(tmp_path / "e")()
