"""A recorder in this process, served on its socket; and questions to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from proxy.recorder.server import Recorder, held_recorder_lock
from tests.journal.written import WAIT_S
from tests.recorder.played import Scene


@asynccontextmanager
async def serving(scene: Scene, within_s: float = WAIT_S) -> AsyncIterator[Recorder]:
    settings = scene.settings()
    stop, ready = asyncio.Event(), asyncio.Event()
    with held_recorder_lock(settings.run_folder):
        recorder = Recorder(settings)
        try:
            async with asyncio.timeout(within_s), asyncio.TaskGroup() as tasks:
                tasks.create_task(recorder.serve(stop, ready.set), name="recorder")
                await ready.wait()
                try:
                    yield recorder
                finally:
                    stop.set()
        finally:
            recorder.close()


async def ask(run_folder: Path, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connector = aiohttp.UnixConnector(str(run_folder / "recorder.sock"))
    async with (
        aiohttp.ClientSession("http://recorder", connector=connector) as session,
        session.request(method, path, json=body) as response,
    ):
        return response.status, await response.json()
