"""A stretch of wire that can be listened to: passes bytes on, and keeps them."""

from __future__ import annotations

import asyncio
import http.client
import io
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

from tests.outside.listener import READ_BYTES, Listener


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
        """All whole bodies that the server sent, without their framing.

        Not those that broke off: a reset takes what was not yet read with it, here or there.
        """
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
    with suppress(ConnectionError):
        while data := await reader.read(READ_BYTES):
            kept += data
            writer.write(data)
            await writer.drain()
    writer.close()


def _bodies(heard: bytes) -> Iterator[bytes]:
    source = _Heard(heard)
    while source.tell() < len(heard):
        response = http.client.HTTPResponse(cast("socket.socket", source))
        with suppress(http.client.HTTPException):
            response.begin()
            is_framed = response.chunked or response.length is not None
            body = response.read()
            if is_framed:
                yield body


class _Heard(io.BytesIO):
    """As much of a socket as an HTTPResponse needs; stays open for the next one."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self

    def close(self) -> None:
        """Not yet."""
