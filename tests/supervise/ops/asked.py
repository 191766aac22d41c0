"""Questions to an ops listener, and a stand-in for the recorder behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any


async def get(
    url: str, path: str, *, raw: bytes | None = None, accept: str = "*/*"
) -> tuple[int, str, str]:
    """Status, head and body of one answer; `raw`: these bytes instead of a request."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"GET {path} HTTP/1.1\r\nHost: ops\r\nAccept: {accept}\r\n\r\n".encode()
    writer.write(request if raw is None else raw)
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return (int(head.split()[1]) if head else 0), head, body


STATUS: dict[str, Any] = {"pid": 0, "exchanges": 5, "caught_up_mono_ns": 0, "taken": []}


@asynccontextmanager
async def recorder(
    run_folder: Path, text: str, status: dict[str, Any] | None = None
) -> AsyncIterator[None]:
    """Answers /status and /metrics; an empty text: it takes connections and never answers."""
    told = STATUS if status is None else status

    handling: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        with contextlib.suppress(ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            if text:
                body = json.dumps(told) if b" /status " in head else text
                writer.write(f"HTTP/1.1 200 OK\r\n\r\n{body}".encode())
            else:
                await reader.read()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_unix_server(serve, str(run_folder / "recorder.sock"))
    try:
        yield
    finally:
        server.close()
        await asyncio.gather(*handling)
