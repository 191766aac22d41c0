"""A stretch of wire that can be listened to: passes bytes on, and keeps those of the client."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from tests.outside.listener import READ_BYTES, Listener


class Wire(Listener):
    """Stands before an HTTP server."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._there = host, int(port)
        self._sent = bytearray()
        """Of all connections: the clients that use it send one request after the other."""
        super().__init__("wire")

    def lines(self, name: str) -> list[bytes]:
        """All header lines of this name that clients sent, as they sent them, in order."""
        wanted = re.compile(rb"(?im)^" + name.encode() + rb":[^\r\n]*")
        return wanted.findall(self._sent)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, there_writer, self._sent))
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
