"""The proxy before a server that echoes is as good a server of HTTP/1.1 as h1spec asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.wire.conformance import CHECKS, WAITS, Check
from tests.gateway.stage import Stage

SILENCE_S = 0.5
"""How long h1spec looks whether an unfinished request is answered."""


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request after another: the body comes back as it came, in chunks if it did."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            framing, body = b"content-length: 0", b""
            if b"\r\ntransfer-encoding: chunked\r\n" in head:
                framing, body = b"transfer-encoding: chunked", await reader.readuntil(b"0\r\n\r\n")
            elif b"\r\ncontent-length:" in head:
                size = int(head.partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0])
                framing, body = b"content-length: %d" % size, await reader.readexactly(size)
            writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n" + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@asynccontextmanager
async def echoing(folder: Path) -> AsyncIterator[Stage]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Stage(folder, upstream_url=url) as stage:
            yield stage


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
async def test_h1spec(tmp_path: Path, check: Check) -> None:
    async with echoing(tmp_path) as stage:
        client = await stage.client()
        await client.send(check.sent)

        if check.statuses is WAITS:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(SILENCE_S):
                    await client._more()
        else:
            status = int((await client.until(b"\r\n"))[9:12])
            assert status in check.statuses
        client.close()


def test_all_of_its_cases_are_here() -> None:
    """33, as its description lists them."""
    assert len({check.sent for check in CHECKS}) == len(CHECKS)
    assert len(CHECKS) >= 33


def test_a_cut_is_a_cut() -> None:
    fragments = [check.sent for check in CHECKS if check.statuses is WAITS]

    assert sorted(fragments, key=len) == fragments
    assert b"GET /hello HTTP/1.1\r\nHost: localhost\r" in fragments
