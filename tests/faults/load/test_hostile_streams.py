"""Streams of nothing but tiny events, many abreast: what the recorder holds of them at once has a bound.

One of 2 MB becomes 140,000 rows. HOSTILE_STREAMS says how many come.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.end_to_end.programs import peak_bytes, reset_peak
from tests.end_to_end.stage import Proxy
from tests.end_to_end.wire.sockets import ask, post

COUNT: Final = int(os.environ.get("HOSTILE_STREAMS", "20"))
ABREAST: Final = 20
EVENT: Final = b'data: {"a":1}\n\n'
STREAM: Final = EVENT * (2_000_000 // len(EVENT))
ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(STREAM), STREAM)
)
PEAK_BYTES: Final = 512 * 1024 * 1024
"""Of the whole recorder, however many come."""


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)
    await writer.drain()
    writer.close()


@asynccontextmanager
async def far_end() -> AsyncIterator[str]:
    async with await asyncio.start_server(_serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _play(folder: Path) -> tuple[int, int, list[int]]:
    """The recorder's peak, its rows of events, the sizes of the answers."""
    async with far_end() as url:
        proxy = await asyncio.to_thread(Proxy, folder, url)
        try:
            ((recorder,),) = (proxy.recorders(),)
            reset_peak(recorder)
            request = post("hostile", b'{"stream": true}', "Connection: close")
            sizes: list[int] = []
            for _ in range(COUNT // ABREAST):
                answers = await asyncio.gather(
                    *(ask(proxy.address, request) for _ in range(ABREAST))
                )
                sizes += [len(answer.body()[0]) for answer in answers]
            await asyncio.to_thread(proxy.flush)
            ((rows,),) = await asyncio.to_thread(proxy.rows, "SELECT count(*) FROM events")
            return peak_bytes(recorder), int(rows), sizes
        finally:
            await asyncio.to_thread(proxy.stop)
            print(proxy.program.log_tail())


def test_many_at_once_cost_no_more_than_a_few(tmp_path: Path) -> None:
    peak, rows, sizes = asyncio.run(_play(tmp_path))
    print(f"peak {peak / 1e6:.0f} MB, {rows} rows")

    assert sizes == [len(STREAM)] * COUNT
    assert rows > 1000 * COUNT
    assert peak < PEAK_BYTES
