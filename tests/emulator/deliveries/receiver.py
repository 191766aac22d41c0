"""Somebody who takes webhook deliveries on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass(frozen=True, slots=True)
class Taken:
    """One delivery as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return orjson.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Answers with the statuses it was given, one after the other, then with 200."""

    uri: str = ""
    statuses: list[int] = field(default_factory=list)
    taken: asyncio.Queue[Taken] = field(default_factory=asyncio.Queue)

    async def next(self) -> Taken:
        """The next delivery."""
        async with asyncio.timeout(30):
            return await self.taken.get()

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.taken.put_nowait(Taken(headers, await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"Location": self.uri})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver, as long as the context lasts."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receiver.uri = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield receiver
    finally:
        await runner.cleanup()
