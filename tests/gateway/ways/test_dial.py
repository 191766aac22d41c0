from __future__ import annotations

import asyncio
from pathlib import Path

from proxy.journal.format import Outcome
from tests.certificates import certificate
from tests.gateway.stage import GET, OK, Stage
from tests.gateway.test_server import answer_once, serving


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(10_000):
        writer.write(data)
    writer.close()


async def outbound(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Opens the way to any port of this machine that it is asked for."""
    asked = (await reader.readuntil(b"\r\n\r\n")).split()[1]
    inner = await asyncio.open_connection("127.0.0.1", int(asked.rpartition(b":")[2]))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    async with asyncio.TaskGroup() as both:
        both.create_task(relay(reader, inner[1]))
        both.create_task(relay(inner[0], writer))


async def test_upstream_is_reached_through_an_outbound_proxy_and_its_name_is_checked(
    tmp_path: Path,
) -> None:
    files = certificate(tmp_path, "localhost")
    async with await asyncio.start_server(outbound, "127.0.0.1", 0) as server:
        proxy = server.sockets[0].getsockname()
        async with Stage(tmp_path, ca_file=files[0], upstream_proxy=proxy) as stage:
            upstream = await stage.tls_upstream(serving(files), answer_once)
            client = await stage.client()

            await client.send(GET)

            assert await client.message() == OK
            client.close()
            assert (await stage.only()).outcome is Outcome.COMPLETE
            upstream.close()


async def test_an_outbound_proxy_that_refuses_is_a_502_that_says_so(tmp_path: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        proxy = server.sockets[0].getsockname()
        async with Stage(tmp_path, upstream_proxy=proxy) as stage:
            client = await stage.client()

            await client.send(GET)

            answer = await client.end()
            assert answer.startswith(b"HTTP/1.1 502 ")
            assert b"the outbound proxy refused with 403" in answer
            assert str(proxy[1]).encode() not in answer
            assert (await stage.only()).outcome is Outcome.PROXY_ERROR
