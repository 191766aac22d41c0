"""An upstream and clients for bodies of any size: they make, count and forget what they carry."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

PIECE_BYTES: Final = 256 * 1024
EACH_WITHIN_S: Final = 240.0
_LENGTH: Final = re.compile(rb"(?im)^content-length: *(\d+)")
_SIZE: Final = re.compile(rb"^\S+ /bytes/(\d+)")


@asynccontextmanager
async def far_end() -> AsyncIterator[str]:
    """An HTTP server: takes any body, answers /bytes/<n> with n bytes that cannot be compressed."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=PIECE_BYTES)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def carry(address: tuple[str, int], *, up: int, down: int, count: int, abreast: int) -> int:
    """Exchange `count` times, `abreast` at once: `up` bytes there, `down` bytes back.

    Returns the bytes of all answers.
    """
    async with asyncio.timeout(EACH_WITHIN_S), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_client(address, up, down, count // abreast)) for _ in range(abreast)
        ]
    return sum(task.result() for task in tasks)


async def _client(address: tuple[str, int], up: int, down: int, count: int) -> int:
    reader, writer = await asyncio.open_connection(*address, limit=PIECE_BYTES)
    received = 0
    for _ in range(count):
        head = f"POST /bytes/{down} HTTP/1.1\r\nHost: stage\r\nContent-Length: {up}\r\n\r\n"
        writer.write(head.encode())
        await _write(writer, up)
        received += await _read(reader)
    writer.close()
    await writer.wait_closed()
    return received


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await _skip(reader, head)
            size = _SIZE.search(head)
            down = int(size[1]) if size else 0
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % down)
            await _write(writer, down)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _read(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return await _skip(reader, head)


async def _skip(reader: asyncio.StreamReader, head: bytes) -> int:
    told = _LENGTH.search(head)
    left = size = int(told[1]) if told else 0
    while left:
        data = await reader.read(min(left, PIECE_BYTES))
        if not data:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(data)
    return size


async def _write(writer: asyncio.StreamWriter, size: int) -> None:
    for start in range(0, size, PIECE_BYTES):
        writer.write(os.urandom(min(PIECE_BYTES, size - start)))
        await writer.drain()
