from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.gateway.ways.tunnel import HEAD_BYTES_MAX, TunnelRefused, tunnel_to

OPENED = b"HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n"


@asynccontextmanager
async def outbound(answer: bytes, asked: list[bytes]) -> AsyncIterator[tuple[str, int]]:
    """A proxy that says `answer` to what it is asked, then what it is told comes back."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(play, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()


@pytest.mark.parametrize(
    ("host", "authority"),
    [("up.example", b"up.example:443"), ("2001:db8::1", b"[2001:db8::1]:443")],
)
async def test_the_way_is_asked_for_and_then_open(host: str, authority: bytes) -> None:
    asked: list[bytes] = []
    loop = asyncio.get_running_loop()
    async with outbound(OPENED, asked) as proxy:
        way = await tunnel_to(loop, proxy, host, 443)
        await loop.sock_sendall(way, b"hello")
        assert await loop.sock_recv(way, 100) == b"hello"
        way.close()

    assert asked == [b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (authority, authority)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refused with 407"),
        (b"SSH-2.0-x\r\n\r\n", "does not answer as one"),
        (OPENED + b"HTTP/1.1 200 OK\r\n", "said more than its answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * HEAD_BYTES_MAX, "no answer"),
    ],
)
async def test_what_is_no_way_is_refused(answer: bytes, why: str) -> None:
    async with outbound(answer, []) as proxy:
        with pytest.raises(TunnelRefused, match=why):
            await tunnel_to(asyncio.get_running_loop(), proxy, "up.example", 443)


async def test_a_proxy_that_is_not_there_is_said_to_be_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        proxy = taken.getsockname()
    with pytest.raises(TunnelRefused, match="cannot be reached"):
        await tunnel_to(asyncio.get_running_loop(), proxy, "up.example", 443)


@pytest.mark.parametrize("name", ["outbound.invalid", "o" * 64 + ".invalid"])
async def test_an_outbound_proxy_whose_name_is_unknown_is_said_to_be_so(name: str) -> None:
    with pytest.raises(TunnelRefused, match="the outbound proxy's name is not known"):
        await tunnel_to(asyncio.get_running_loop(), (name, 3128), "up.example", 443)
