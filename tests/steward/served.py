"""Small servers on Unix sockets in the place of recorder and gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(path: Path, handle: Handle) -> AsyncIterator[None]:
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(path)).start()
        yield
    finally:
        await runner.cleanup()
