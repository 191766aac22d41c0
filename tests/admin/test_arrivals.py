"""Connections to the admin listener: how many, and how long a handshake may take."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.admin import arrivals
from proxy.config.certificates import server_context
from tests.certificates import certificate

WAIT_S = 60.0


class Greeter(asyncio.Protocol):
    """Says hello, and counts who is connected."""

    connected = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        Greeter.connected += 1
        transport.write(b"hello")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        Greeter.connected -= 1


@asynccontextmanager
async def taking(tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    Greeter.connected = 0
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(
                arrivals.take(bound, Greeter, lambda: Greeter.connected, tls), name="taking"
            )
            yield bound.getsockname()[1]
            task.cancel()


async def test_a_connection_beyond_the_limit_is_closed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrivals, "CONNECTIONS_MAX", 1)
    async with asyncio.timeout(WAIT_S), taking(None) as port:
        first = await asyncio.open_connection("127.0.0.1", port)
        assert await first[0].readexactly(5) == b"hello"
        second = await asyncio.open_connection("127.0.0.1", port)

        assert await second[0].read() == b""

        for _, writer in (first, second):
            writer.close()


async def test_an_idle_handshake_counts_and_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crt, key = certificate(tmp_path, "localhost")
    monkeypatch.setattr(arrivals, "CONNECTIONS_MAX", 1)
    monkeypatch.setattr(arrivals, "HANDSHAKE_S", 3.0)
    context = ssl.create_default_context(cafile=str(crt))
    async with asyncio.timeout(WAIT_S), taking(server_context(crt, key)) as port:
        idle = await asyncio.open_connection("127.0.0.1", port)
        refused = await asyncio.open_connection("127.0.0.1", port)
        assert await refused[0].read() == b""

        assert await idle[0].read() == b""

        monkeypatch.setattr(arrivals, "HANDSHAKE_S", WAIT_S)
        served = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        assert await served[0].readexactly(5) == b"hello"
        for _, writer in (idle, refused, served):
            writer.close()
