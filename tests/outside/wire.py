"""A stretch of wire that can be listened to: passes bytes on, and keeps those of the client."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import suppress
from typing import Final

READ_BYTES: Final = 65536
START_WITHIN_S: Final = 30.0


class Wire:
    """Listens on a free port before an HTTP server. Has a thread with an event loop of its own."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._there = host, int(port)
        self._loop = asyncio.new_event_loop()
        self._connections: list[bytearray] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire")
        self._thread.start()
        opening = asyncio.start_server(self._pass, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(START_WITHIN_S)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def lines(self, name: str) -> list[bytes]:
        """All header lines of this name that clients sent, as they sent them, in order."""
        wanted = re.compile(rb"(?im)^" + name.encode() + rb":[^\r\n]*")
        return [line for sent in self._connections for line in wanted.findall(sent)]

    def close(self) -> None:
        """Both ends of all connections must be gone."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_WITHIN_S)
        self._loop.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        kept = bytearray()
        self._connections.append(kept)
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, there_writer, kept))
            group.create_task(_copy(there_reader, writer, None))


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None
) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(READ_BYTES):
            if kept is not None:
                kept += data
            writer.write(data)
            await writer.drain()
    writer.close()
