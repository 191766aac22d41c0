"""A stretch of wire that can be listened to: passes bytes on, and keeps them."""

from __future__ import annotations

import asyncio
import http.client
import io
import re
import socket
import struct
from collections.abc import Iterator
from typing import Final, cast

from tests.outside.listener import READ_BYTES, Listener

RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with zero seconds: closing sends a reset."""


class Wire(Listener):
    """Stands before an HTTP server."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._there = host, int(port)
        self._sent = bytearray()
        """Of all connections: the clients that use it send one request after the other."""
        self._heard: list[bytearray] = []
        """What the server said, by connection."""
        super().__init__("wire")

    def lines(self, name: str) -> list[bytes]:
        """All header lines of this name that clients sent, as they sent them, in order."""
        wanted = re.compile(rb"(?im)^" + name.encode() + rb":[^\r\n]*")
        return wanted.findall(self._sent)

    def bodies(self) -> list[bytes]:
        """All bodies that the server sent, without their framing; of a broken one, what came."""
        return [body for heard in self._heard for body in _bodies(bytes(heard))]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        heard = bytearray()
        self._heard.append(heard)
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, there_writer, self._sent))
            group.create_task(_copy(there_reader, writer, heard))


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
) -> None:
    """Until the end. A break is passed on as a break."""
    try:
        while data := await reader.read(READ_BYTES):
            kept += data
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE
        )
        writer.transport.abort()
    writer.close()


def _bodies(heard: bytes) -> Iterator[bytes]:
    source = _Heard(heard)
    while source.tell() < len(heard):
        response = http.client.HTTPResponse(cast("socket.socket", source))
        try:
            response.begin()
            yield response.read()
        except http.client.IncompleteRead as broken:
            yield broken.partial


class _Heard(io.BytesIO):
    """As much of a socket as an HTTPResponse needs; stays open for the next one."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self

    def close(self) -> None:
        """Not yet."""
