"""A small HTTP server for GET on three paths: it must not need anything that could be broken.

One request a connection. No TLS and no authentication: it tells numbers, and belongs on loopback or
behind a network policy.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

from proxy.config.catalogue import Settings
from proxy.supervise.listen import open_listeners, url_of
from proxy.supervise.ops.answers import Clocks, Ops
from proxy.telemetry.metrics.written import Form, form_for

OFF: Final = "off"
CONNECTIONS_MAX: Final = 32
"""At once; more are closed unanswered. A scraper, two probes and somebody who looks are five."""
REQUEST_S: Final = 5.0
"""For a request head to arrive."""
ANSWER_S: Final = 10.0
"""For the answer to be taken."""
HEAD_BYTES_MAX: Final = 8192

_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
_PLAIN: Final = "text/plain; charset=utf-8"

Answer = tuple[int, str, str]
"""Status, content type, body."""


@contextlib.asynccontextmanager
async def served_ops(
    settings: Settings, starts: Mapping[str, int], is_stopping: Callable[[], bool]
) -> AsyncIterator[str | None]:
    """Answer on ops.address and ops.port; gives the URL, or None where it is off.

    Raises:
        StartRefused: the port is taken, or the address is not this machine's.
    """
    if settings.ops_address == OFF:
        yield None
        return
    (bound,) = open_listeners(settings.ops_address, settings.ops_port, 1, "ops.port")
    clocks = Clocks(time.time_ns, time.monotonic_ns)
    ops = Ops(
        settings.run_folder,
        clocks,
        segment_bytes=settings.journal_segment_bytes,
        starts=starts,
        is_stopping=is_stopping,
        has_fleet=settings.fleet_engine_file is not None,
    )
    url = url_of(bound)
    async with asyncio.TaskGroup() as tasks:
        server = await asyncio.start_server(Server(ops).serve, sock=bound, limit=HEAD_BYTES_MAX)
        looking = tasks.create_task(ops.keep_looking(), name="look for workers")
        _leave_note(settings.run_folder / "ops.json", url)
        try:
            yield url
        finally:
            looking.cancel()
            server.close()


class Server:
    """Reads a request, writes an answer, closes."""

    def __init__(self, ops: Ops) -> None:
        self._ops = ops
        self._connection_count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._connection_count += 1
        try:
            if self._connection_count <= CONNECTIONS_MAX:
                await self._serve_one(reader, writer)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass  # whoever asked is gone, too slow, or no HTTP client
        finally:
            self._connection_count -= 1
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(REQUEST_S):
            head = await _read_head(reader)
        method, target, accept = head
        status, kind, body = await self._answer(method, target.partition("?")[0], accept)
        data = body.encode()
        reason = _REASONS.get(status, "Service Unavailable")
        writer.write(
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
        )
        if method != "HEAD":
            writer.write(data)
        async with asyncio.timeout(ANSWER_S):
            await writer.drain()
            writer.write_eof()

    async def _answer(self, method: str, path: str, accept: str) -> Answer:
        if method not in {"GET", "HEAD"}:
            return 405, _PLAIN, "only GET is answered here\n"
        match path:
            case "/metrics":
                form: Form = form_for(accept)
                return 200, form.value, await self._ops.metrics(form)
            case "/livez":
                return _verdict(self._ops.not_alive(), "alive")
            case "/readyz":
                return _verdict(self._ops.not_ready(), "ready")
            case _:
                return 404, _PLAIN, "here are /metrics, /livez and /readyz\n"


def _verdict(problem: str, well: str) -> Answer:
    return (503, _PLAIN, f"{problem}\n") if problem else (200, _PLAIN, f"{well}\n")


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, str, str]:
    """Method, target, Accept. Raises EOFError, ValueError: no request, or one that is too long."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise ValueError("not HTTP/1")
    accept = ",".join(
        value.strip()
        for name, _, value in (line.partition(":") for line in lines)
        if name.lower() == "accept"
    )
    return words[0], words[1], accept


def _leave_note(path: Path, url: str) -> None:
    """Where `interactions-proxy top` finds us, whatever port it became."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump({"url": url}, opened)
    beside.replace(path)
